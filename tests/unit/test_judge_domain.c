/*
 * test_judge_domain.c - the organisational domain of names, and of what is none.
 *
 * Run by "make check". Only rules of the Public Suffix List that have stood for many years are relied on.
 */
#include "workers/antispam/judge_domain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void organisations(void **state)
{
    static const struct {
        const char *domain, *org;
    } cases[] = {
        {"example.org", "example.org"},
        {"mail.example.org", "example.org"},
        {"a.b.c.example.org", "example.org"},
        {"example.co.uk", "example.co.uk"},
        {"www.example.co.uk", "example.co.uk"},
        {"co.uk", "co.uk"},
        {"org", "org"},
        {"a.example.nosuchtld", "example.nosuchtld"},
        {"www.city.kawasaki.jp", "city.kawasaki.jp"}, /* an exception of a wildcard */
        {"a.b.c.kawasaki.jp", "b.c.kawasaki.jp"},
        {"192.0.2.1", "192.0.2.1"},
        {"[192.0.2.1]", "[192.0.2.1]"},
        {"2001:db8::1", "2001:db8::1"},
        {"", ""},
        {".example.org", ".example.org"},
        {"a..example.org", "a..example.org"},
        {"localhost", "localhost"},
    };
    struct buf why = {0};
    struct judge_domain *d = judge_domain_open(&why);

    (void)state;
    assert_non_null(d);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct view domain = view_of(cases[i].domain), org = judge_domain_find(d, domain);

        if (!view_equal(org, view_of(cases[i].org)))
            fail_msg("%s: %.*s", cases[i].domain, (int)org.n, org.p);
        assert_true(org.p >= domain.p && org.p + org.n == domain.p + domain.n);
    }
    judge_domain_free(&d);
    assert_null(d);
    judge_domain_free(&d);
}

static void hostile_names(void **state)
{
    struct buf why = {0}, name = {0};
    struct judge_domain *d = judge_domain_open(&why);

    (void)state;
    for (unsigned i = 0; i < 127; i++)
        buf_add_str(&name, "a.");
    for (size_t n = name.n - 6; n <= name.n; n++) {
        struct view v = {name.p, n}, org = judge_domain_find(d, v);

        assert_true(org.n <= n);
    }
    assert_int_equal(judge_domain_find(d, VIEW("a\0.example.org")).n, 14);
    assert_int_equal(judge_domain_find(d, VIEW("\xff\xfe.example.org")).n, 14);
    buf_free(&name);
    judge_domain_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(organisations), cmocka_unit_test(hostile_names)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
