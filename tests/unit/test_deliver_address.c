/*
 * test_deliver_address.c - unit tests of spoold/deliver_address.c: addresses that are read, and those that
 * are not.
 *
 * Run by `make check`.
 */
#include "spoold/deliver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

static void show(const struct deliver_address *a, char *to, size_t size)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)&a->to;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&a->to;
    char host[INET6_ADDRSTRLEN] = "";

    if (a->to.ss_family == AF_UNIX)
        snprintf(to, size, "unix %s", ((const struct sockaddr_un *)&a->to)->sun_path);
    else if (a->to.ss_family == AF_INET)
        snprintf(to, size, "4 %s %u", inet_ntop(AF_INET, &in->sin_addr, host, sizeof host),
                 ntohs(in->sin_port));
    else
        snprintf(to, size, "6 %s %u", inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host),
                 ntohs(in6->sin6_port));
    snprintf(to + strlen(to), size - strlen(to), "%s%s", a->lmtp ? " lmtp" : "", a->near ? " near" : "");
}

static void addresses_are_read(void **state)
{
    static const struct {
        const char *text, *wanted; /* NULL: refused */
    } cases[] = {
        {"smtp:127.0.0.1:10026", "4 127.0.0.1 10026 near"},
        {"smtp:192.0.2.1:25", "4 192.0.2.1 25"},
        {"lmtp:localhost:24", "4 127.0.0.1 24 lmtp near"},
        {"smtp:[2001:db8::1]:25", "6 2001:db8::1 25"},
        {"lmtp:[::1]:24", "6 ::1 24 lmtp near"},
        {"lmtp:/run/dovecot/lmtp", "unix /run/dovecot/lmtp lmtp near"},
        {"smtp:/x", "unix /x near"},
        {"", NULL},
        {"127.0.0.1:25", NULL},
        {"http:127.0.0.1:25", NULL},
        {"smtp:127.0.0.1", NULL},
        {"smtp:127.0.0.1:0", NULL},
        {"smtp:127.0.0.1:65536", NULL},
        {"smtp:127.0.0.1:25x", NULL},
        {"smtp:mail.example.org:25", NULL},
        {"smtp::25", NULL},
        {"smtp:2001:db8::1:25", NULL},
        {"smtp:[2001:db8::1:25", NULL},
        {"smtp:[]:25", NULL},
        {"smtp:relative/path", NULL},
        {"smtp:127.0.0.1:000025", NULL},
        {"lmtp:/a-path-that-is-too-long-for-a-socket/"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxxxxxxxxxxx",
         NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct deliver_address a;
        const char *why = NULL;
        char got[160] = "";
        int rc = deliver_address_parse((struct view){cases[i].text, strlen(cases[i].text)}, &a, &why);

        if ((rc == 0) != (cases[i].wanted != NULL))
            fail_msg("\"%s\": %d", cases[i].text, rc);
        if (rc == 0) {
            show(&a, got, sizeof got);
            assert_string_equal(got, cases[i].wanted);
        } else {
            assert_non_null(strstr(why, "smtp:ADDRESS:PORT"));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
