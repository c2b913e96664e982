/*
 * test_entry.c - unit tests of common/entry.c: the forms of networks and senders in lists.
 *
 * Run by `make check`. A good network is told as its first and last address.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "common/entry.h"

#define N(a) (sizeof(a) / sizeof *(a))
#define X63  "x12345678901234567890123456789012345678901234567890123456789012"

static const struct {
    struct view text;
    const char *wanted; /* or the begin of what is wrong with it */
} networks[] = {
    {VIEW("192.0.2.1"), "4 192.0.2.1 192.0.2.1"},
    {VIEW("192.0.2.0/24"), "4 192.0.2.0 192.0.2.255"},
    {VIEW("192.0.2.1/32"), "4 192.0.2.1 192.0.2.1"},
    {VIEW("0.0.0.0/0"), "4 0.0.0.0 255.255.255.255"},
    {VIEW("128.0.0.0/1"), "4 128.0.0.0 255.255.255.255"},
    {VIEW("192.0.2.1-192.0.2.9"), "4 192.0.2.1 192.0.2.9"},
    {VIEW("192.0.2.1 - 192.0.2.9"), "4 192.0.2.1 192.0.2.9"},
    {VIEW("192.0.2.9-192.0.2.9"), "4 192.0.2.9 192.0.2.9"},
    {VIEW("2001:db8::1"), "6 2001:db8::1 2001:db8::1"},
    {VIEW("2001:DB8::/32"), "6 2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
    {VIEW("::/0"), "6 :: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {VIEW("2001:db8::1-2001:db8::9"), "6 2001:db8::1 2001:db8::9"},
    {VIEW("::ffff:192.0.2.1"), "4 192.0.2.1 192.0.2.1"},
    {VIEW("::ffff:192.0.2.0/120"), "4 192.0.2.0 192.0.2.255"},
    {VIEW("::ffff:192.0.2.1-192.0.2.3"), "4 192.0.2.1 192.0.2.3"},
    {VIEW(""), "this is no address"},
    {VIEW("mx.example.org"), "this is no address"},
    {VIEW("192.0.2"), "this is no address"},
    {VIEW("192.0.2.256"), "this is no address"},
    {VIEW("192.0.2.1\0"), "this is no address"},
    {VIEW("192.0.2.*"), "this is no address"},
    {VIEW("[2001:db8::1]"), "this is no address"},
    {VIEW("fe80::1%eth0"), "this is no address"},
    {VIEW("2001:db8:0000:0000:0000:0000:0000:0000:0000:0000"), "this is no address"},
    {VIEW("example/24"), "this is no address"},
    {VIEW("192.0.2.0/33"), "this is no length of a network"},
    {VIEW("2001:db8::/129"), "this is no length of a network"},
    {VIEW("192.0.2.0/"), "this is no length of a network"},
    {VIEW("192.0.2.0/-1"), "this is no length of a network"},
    {VIEW("192.0.2.0/255.255.255.0"), "this is no length of a network"},
    {VIEW("192.0.2.0/24/24"), "this is no length of a network"},
    {VIEW("192.0.2.1/24"), "the address has bits beyond the length"},
    {VIEW("192.0.2.1/31"), "the address has bits beyond the length"},
    {VIEW("2001:db8::1/32"), "the address has bits beyond the length"},
    {VIEW("192.0.2.9-192.0.2.1"), "the range ends before it begins"},
    {VIEW("192.0.2.1-2001:db8::1"), "the range begins in IPv4"},
    {VIEW("192.0.2.1-"), "this is no range"},
    {VIEW("-192.0.2.1"), "this is no range"},
    {VIEW("192.0.2.1-9"), "this is no range"},
};

static void networks_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(networks); i++) {
        char said[200], first[64], last[64];
        struct entry_network net;
        const char *what = entry_parse_network(networks[i].text, &net);
        int at = net.is_ip4 ? 12 : 0, family = net.is_ip4 ? AF_INET : AF_INET6;

        inet_ntop(family, net.first + at, first, sizeof first);
        inet_ntop(family, net.last + at, last, sizeof last);
        snprintf(said, sizeof said, "%c %s %s", net.is_ip4 ? '4' : '6', first, last);
        assert_ptr_equal(entry_check_network(networks[i].text), what);
        if (what ? strncmp(what, networks[i].wanted, strlen(networks[i].wanted)) != 0 ||
                       !strstr(what, "; accepted: ")
                 : strcmp(said, networks[i].wanted) != 0)
            fail_msg("%s: %s", networks[i].text.p, what ? what : said);
    }
}

static const struct {
    struct view text;
    bool sender, domain; /* accepted as */
} names[] = {
    {VIEW("user@example.org"), true, false},
    {VIEW("example.org"), true, true},
    {VIEW("@example.org"), true, true},
    {VIEW(".example.org"), true, true},
    {VIEW("Example.ORG."), true, true},
    {VIEW("localhost"), true, true},
    {VIEW("user@localhost"), true, false},
    {VIEW("\xc3\xbc.example.org"), true, true},
    {VIEW("a_b.example.org"), true, true},
    {VIEW("user@[192.0.2.1]"), true, false},
    {VIEW("user@[IPv6:2001:db8::1]"), true, false},
    {VIEW("a@b@example.org"), true, false},
    {VIEW(X63 ".example.org"), true, true},
    {VIEW(X63 "3.example.org"), false, false},
    {VIEW(X63 "." X63 "." X63 "." X63), false, false},
    {VIEW(X63 "." X63 "." X63 ".x234567890123456789012345678901234567890123456789012345678901"), true, true},
    {VIEW(X63 "." X63 "." X63 ".x2345678901234567890123456789012345678901234567890123456789012"), false,
     false},
    {VIEW(""), false, false},
    {VIEW("."), false, false},
    {VIEW("@"), false, false},
    {VIEW("user@"), false, false},
    {VIEW("*@example.org"), false, false},
    {VIEW("*.example.org"), false, false},
    {VIEW("user@example..org"), false, false},
    {VIEW("..example.org"), false, false},
    {VIEW("a b@example.org"), false, false},
    {VIEW("<user@example.org>"), false, false},
    {VIEW("user@.example.org"), false, false},
    {VIEW("user@[192.0.2.256]"), false, false},
    {VIEW("example.org\0"), false, false},
    {VIEW("example.org/x"), false, false},
};

static void names_are_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(names); i++) {
        const char *sender = entry_check_sender(names[i].text), *domain = entry_check_domain(names[i].text);

        if (!sender != names[i].sender || !domain != names[i].domain)
            fail_msg("%s: %s, %s", names[i].text.p, sender ? sender : "a sender",
                     domain ? domain : "a domain");
        assert_true(!sender || strstr(sender, "accepted: user@example.org, "));
        assert_true(!domain || strstr(domain, "accepted: example.org, "));
    }
}

static void a_sender_is_bounded(void **state)
{
    char text[ENTRY_SENDER_MAX + 2];

    (void)state;
    for (size_t n = ENTRY_SENDER_MAX - 1; n <= ENTRY_SENDER_MAX + 1; n++) {
        memset(text, 'a', sizeof text);
        memcpy(text + n - 12, "@example.org", 12);
        assert_int_equal(!entry_check_sender((struct view){text, n}), n <= ENTRY_SENDER_MAX);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_are_read),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(a_sender_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
