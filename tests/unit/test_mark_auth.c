/*
 * test_mark_auth.c - unit tests of spoold/mark_auth.c: no property adds a result, a comment or another
 * property.
 *
 * Run by `make check`. Folds are shown as "|".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/edit.h"
#include "spoold/mark.h"

static const struct auth_case {
    const char *says;
    enum check check;
    enum check_result result;
    struct view props;
    const char *wanted; /* behind "mx;|\t"; NULL: it is no result of a method */
} auth_cases[] = {
    {"a token", CHECK_spf, RESULT_pass, VIEW("smtp.mailfrom=example.org"),
     "spf=pass smtp.mailfrom=example.org"},
    {"an address", CHECK_spf, RESULT_pass, VIEW("smtp.mailfrom=a@example.org"),
     "spf=pass smtp.mailfrom=a@example.org"},
    {"several, one quoted", CHECK_dkim, RESULT_pass, VIEW("header.d=example.org header.b=\"a/+=\""),
     "dkim=pass header.d=example.org header.b=\"a/+=\""},
    {"quotes that nobody needs", CHECK_dkim, RESULT_pass, VIEW("header.d=\"example.org\""),
     "dkim=pass header.d=example.org"},
    {"a quote and a backslash in quotes", CHECK_dkim, RESULT_pass, VIEW("header.s=\"a\\\"b\\\\\""),
     "dkim=pass header.s=\"a\\\"b\\\\\""},
    {"no property", CHECK_dkim, RESULT_none, VIEW(""), "dkim=none"},
    {"an IPv6 address", CHECK_iprev, RESULT_pass, VIEW("policy.iprev=2001:db8::1"),
     "iprev=pass policy.iprev=\"2001:db8::1\""},
    {"no reverse name", CHECK_iprev, RESULT_none, VIEW(""), "iprev=permerror"},
    {"a long one is folded", CHECK_dkim, RESULT_pass,
     VIEW("header.d=a-rather-long-name-of-a-domain.example.org header.s=selector header.a=rsa-sha256"),
     "dkim=pass header.d=a-rather-long-name-of-a-domain.example.org|\theader.s=selector header.a=rsa-sha256"},

    {"a semicolon", CHECK_spf, RESULT_fail, VIEW("smtp.mailfrom=a;dkim=pass"),
     "spf=fail smtp.mailfrom=\"a;dkim=pass\""},
    {"a semicolon and a blank", CHECK_spf, RESULT_fail, VIEW("smtp.mailfrom=a; dkim=pass header.d=b"),
     "spf=fail smtp.mailfrom=\"a;\" header.d=b"},
    {"a method", CHECK_spf, RESULT_fail, VIEW("dkim=pass"), "spf=fail"},
    {"a reason", CHECK_spf, RESULT_fail, VIEW("reason=\"x\" smtp.helo=b"), "spf=fail smtp.helo=b"},
    {"a comment", CHECK_spf, RESULT_fail, VIEW("smtp.helo=(a"), "spf=fail smtp.helo=\"(a\""},
    {"a quote without end", CHECK_spf, RESULT_fail, VIEW("smtp.helo=\"a smtp.mailfrom=b"), "spf=fail"},
    {"a quote within a value", CHECK_spf, RESULT_fail, VIEW("smtp.helo=a\"b"),
     "spf=fail smtp.helo=\"a\\\"b\""},
    {"an escape at the end", CHECK_spf, RESULT_fail, VIEW("smtp.helo=\"a\\"), "spf=fail"},
    {"line ends", CHECK_spf, RESULT_fail, VIEW("smtp.helo=a\r\nb"), "spf=fail"},
    {"a NUL", CHECK_spf, RESULT_fail, VIEW("smtp.helo=a\0b"), "spf=fail"},
    {"8-bit bytes", CHECK_spf, RESULT_fail, VIEW("smtp.helo=\xe4"), "spf=fail"},
    {"no value", CHECK_spf, RESULT_fail, VIEW("smtp.helo= smtp.mailfrom=a"), "spf=fail smtp.mailfrom=a"},
    {"a type that is none", CHECK_spf, RESULT_fail, VIEW("foo.bar=a"), "spf=fail"},
    {"a name that is none", CHECK_spf, RESULT_fail, VIEW("smtp.=a smtp.-=b smtp.a;b=c smtp.a.b=d"),
     "spf=fail"},
    {"more than anybody needs", CHECK_spf, RESULT_fail,
     VIEW("body.a=1 body.a=2 body.a=3 body.a=4 body.a=5 body.a=6 body.a=7 body.a=8 body.a=9"),
     "spf=fail body.a=1 body.a=2 body.a=3 body.a=4 body.a=5 body.a=6|\tbody.a=7 body.a=8"},

    {"not asked for", CHECK_spf, RESULT_skipped, VIEW(""), NULL},
    {"not known", CHECK_dkim, RESULT_unknown, VIEW(""), NULL},
    {"a result that the method has not", CHECK_dmarc, RESULT_softfail, VIEW(""), NULL},
    {"another check", CHECK_helo, RESULT_pass, VIEW("smtp.helo=a"), NULL},
};

static struct buf show(const struct antispam_verdict *v)
{
    struct mark_value value = {.column = sizeof "Authentication-Results: " - 1};
    struct buf edits = {0};

    mark_add_auth(&value, v, VIEW("mx"));
    assert_int_equal(edit_pack(&edits, EDIT_PREPEND, VIEW("A"), buf_view(&value.text)), 0);
    for (size_t i = 0; i < value.text.n; i++)
        if (value.text.p[i] == '\n')
            value.text.p[i] = '|';
    buf_free(&edits);
    return value.text;
}

static void a_result_is_written_by_the_grammar(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof auth_cases / sizeof *auth_cases; i++) {
        const struct auth_case *c = &auth_cases[i];
        struct antispam_result r = {.check = c->check, .result = c->result, .count = 1, .props = c->props};
        const struct antispam_verdict v = {.result = &r, .n = 1};
        struct buf b = show(&v), wanted = {0};

        buf_addf(&wanted, c->wanted ? "mx;|\t%s" : "mx; none", c->wanted ? c->wanted : "");
        if (!view_equal(buf_view(&b), buf_view(&wanted)))
            fail_msg("%s: %s", c->says, b.p);
        buf_free(&b);
        buf_free(&wanted);
    }
}

static void methods_stand_in_one_order_and_once(void **state)
{
    struct antispam_result r[] = {
        {.check = CHECK_iprev, .result = RESULT_fail, .count = 1},
        {.check = CHECK_dmarc, .result = RESULT_pass, .count = 1},
        {.check = CHECK_dkim, .result = RESULT_fail, .count = 1},
        {.check = CHECK_dkim, .result = RESULT_pass, .count = 1},
        {.check = CHECK_spf, .result = RESULT_unknown, .count = 1},
        {.check = CHECK_spf, .result = RESULT_neutral, .count = 1},
    };
    const struct antispam_verdict v = {.result = r, .n = 6};
    struct buf b = show(&v);

    (void)state;
    assert_string_equal(b.p, "mx;|\tspf=neutral;|\tdkim=fail;|\tdmarc=pass;|\tiprev=fail");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_written_by_the_grammar),
        cmocka_unit_test(methods_stand_in_one_order_and_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
