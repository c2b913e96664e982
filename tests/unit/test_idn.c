/*
 * test_idn.c - unit tests of workers/antispam/idn.c: domains as they stand in mail become names of the DNS.
 *
 * Run by `make check`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/idn.h"

static void domains_become_names(void **state)
{
    static const struct {
        const char *says;
        struct view domain;
        const char *name; /* "": it is none */
    } cases[] = {
        {"a plain one", VIEW("Example.ORG."), "example.org"},
        {"another alphabet",
         VIEW("b\xc3\xbc"
              "cher.example"),
         "xn--bcher-kva.example"},
        {"in capitals",
         VIEW("B\xc3\x9c"
              "CHER.example"),
         "xn--bcher-kva.example"},
        {"full width letters",
         VIEW("\xef\xbd\x82"
              "ank.example"),
         "bank.example"},
        {"an ideographic dot",
         VIEW("bank\xe3\x80\x82"
              "example"),
         "bank.example"},
        {"nothing", VIEW(""), ""},
        {"a blank", VIEW("a b.example"), ""},
        {"bytes that are no UTF-8", VIEW("a\xff.example"), ""},
        {"a NUL behind another alphabet", VIEW("\xc3\xbc\0.example"), ""},
        {"an empty label", VIEW("\xc3\xbc..example"), ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char to[FACTS_NAME_MAX + 1] = "";
        size_t n = idn_to_name(cases[i].domain, to);

        if (n != strlen(cases[i].name) || memcmp(to, cases[i].name, n) != 0)
            fail_msg("%s: %.*s", cases[i].says, (int)n, to);
    }
}

static void what_is_too_long_is_no_name(void **state)
{
    char text[IDN_MAX + 1], to[FACTS_NAME_MAX + 1];

    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text, "\xc3\xbc", 2);
    assert_int_equal(idn_to_name((struct view){text, IDN_MAX}, to), 0);
    assert_int_equal(idn_to_name((struct view){text, IDN_MAX + 1}, to), 0);
    assert_true(idn_to_name((struct view){text, 50}, to) > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domains_become_names),
        cmocka_unit_test(what_is_too_long_is_no_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
