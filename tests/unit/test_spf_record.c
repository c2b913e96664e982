/*
 * test_spf_record.c - the grammar of SPF records: what is taken, what is not, and what a term says.
 *
 * Run by `make check`.
 */
#include "workers/antispam/spf_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static bool open_exact(struct view txt, char **owned, struct spf_record *r)
{
    *owned = malloc(txt.n);
    assert_non_null(*owned);
    memcpy(*owned, txt.p, txt.n);
    return spf_record_open(r, (struct view){*owned, txt.n});
}

static void versions_end_with_a_blank(void **state)
{
    static const struct {
        const char *txt;
        bool is;
    } rows[] = {
        {"v=spf1", true},        {"v=spf1 ", true},       {"V=SPF1 -all", true}, {"v=spf10", false},
        {"v=spf1\t-all", false}, {" v=spf1", false},      {"v=spf", false},      {"", false},
        {"v=spf1/a", false},     {"v=spf2.0/pra", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (spf_record_is(view_of(rows[i].txt)) != rows[i].is)
            fail_msg("\"%s\": taken for the contrary", rows[i].txt);
}

static void records_are_strict(void **state)
{
    static const struct {
        const char *terms, *wrong; /* wrong: NULL = right */
    } rows[] = {
        {"", NULL},
        {" ", NULL},
        {"  a   mx  ", NULL},
        {" +a -mx ~ptr ?all", NULL},
        {" ALL", NULL},
        {" Include:example.org", NULL},
        {" a/24 a//64 a/24//64 a:b.org/0//0 mx:b.org/32//128", NULL},
        {" a:%{d}/24 a:b/c.org/24 exists:%{i}/x.org", NULL},
        {" ip4:192.0.2.1 ip4:192.0.2.0/24 ip4:0.0.0.0/0", NULL},
        {" ip6:::1 ip6:2001:db8::/32 ip6:::/0 ip6:::ffff:192.0.2.1/128", NULL},
        {" x=y a.b-c_d=%{c}%_ unknown=", NULL},
        {" redirect=example.org exp=%{d}", NULL},
        {"\ta", "\ta"},
        {" a\tmx", "a\tmx"},
        {" a\n", "a\n"},
        {" b", "b"},
        {" -", "-"},
        {" --all", "--all"},
        {" all.", "all."},
        {" all:", "all:"},
        {" all/0", "all/0"},
        {" a:", "a:"},
        {" a:/24", "a:/24"},
        {" a/", "a/"},
        {" a//", "a//"},
        {" a/24/", "a/24/"},
        {" a/33", "a/33"},
        {" a//129", "a//129"},
        {" a/24/64", "a/24/64"},
        {" a//64/24", "a//64/24"},
        {" a///64", "a///64"},
        {" a/024", "a/024"},
        {" a/00", "a/00"},
        {" a/ 24", "a/"},
        {" a/99999999999999999999", "a/99999999999999999999"},
        {" a:b.org/33", "a:b.org/33"},
        {" a:org", "a:org"},
        {" a:b.org:80", "a:b.org:80"},
        {" a=b.org/%", "a=b.org/%"},
        {" ptr/24", "ptr/24"},
        {" ptr:", "ptr:"},
        {" include", "include"},
        {" include:", "include:"},
        {" include:b.org/24", "include:b.org/24"},
        {" exists", "exists"},
        {" exists:b.org/24", "exists:b.org/24"},
        {" ip4", "ip4"},
        {" ip4:", "ip4:"},
        {" ip4:192.0.2", "ip4:192.0.2"},
        {" ip4:192.0.2.256", "ip4:192.0.2.256"},
        {" ip4:192.0.2.01", "ip4:192.0.2.01"},
        {" ip4:192.0.2.1/33", "ip4:192.0.2.1/33"},
        {" ip4:192.0.2.1//32", "ip4:192.0.2.1//32"},
        {" ip4:192.0.2.1:80", "ip4:192.0.2.1:80"},
        {" ip4:::1", "ip4:::1"},
        {" ip6:1", "ip6:1"},
        {" ip6::1::1", "ip6::1::1"},
        {" ip6:::1/129", "ip6:::1/129"},
        {" ip6:::1//64", "ip6:::1//64"},
        {" ip6:::1%eth0", "ip6:::1%eth0"},
        {" redirect:b.org", "redirect:b.org"},
        {" redirect=", "redirect="},
        {" redirect=b.org redirect=c.org", "redirect=c.org"},
        {" exp=", "exp="},
        {" exp=b.org EXP=b.org", "EXP=b.org"},
        {" exp=%{r}.org", "exp=%{r}.org"},
        {" -exp=b.org", "-exp=b.org"},
        {" 1a=b", "1a=b"},
        {" =b", "=b"},
        {" x=%", "x=%"},
        {" x=%{d", "x=%{d"},
        {" x=\303\251", "x=\303\251"},
        {" -all a b", "b"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char txt[200], *owned;
        struct spf_record r;
        bool right;

        snprintf(txt, sizeof txt, "v=spf1%s", rows[i].terms);
        right = open_exact(view_of(txt), &owned, &r);
        if (right != !rows[i].wrong || (!right && !view_equal(r.wrong, view_of(rows[i].wrong))))
            fail_msg("\"%s\": %s, wrong is \"%.*s\"", txt, right ? "taken" : "not taken", (int)r.wrong.n,
                     r.wrong.p);
        free(owned);
    }
}

static void a_nul_is_no_end(void **state)
{
    static const struct view rows[] = {VIEW("v=spf1 a:b.org\0"), VIEW("v=spf1 ip4:192.0.2.1\0.5"),
                                       VIEW("v=spf1 all\0"), VIEW("v=spf1 \0"), VIEW("v=spf1 x=\0")};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct spf_record r;
        char *owned;

        assert_false(open_exact(rows[i], &owned, &r));
        free(owned);
    }
}

static void terms_say_what_they_are(void **state)
{
    static const struct {
        const char *text;
        enum spf_kind kind;
        char qualifier;
        const char *domain;
        unsigned char bits4, bits6;
    } rows[] = {
        {"all", SPF_ALL, '+', "", 32, 128},
        {"~iNCLUDE:a.org", SPF_INCLUDE, '~', "a.org", 32, 128},
        {"-a", SPF_A, '-', "", 32, 128},
        {"a/0", SPF_A, '+', "", 0, 128},
        {"a//0", SPF_A, '+', "", 32, 0},
        {"a:x/9.org/8//64", SPF_A, '+', "x/9.org", 8, 64},
        {"?mx:a.org//64", SPF_MX, '?', "a.org", 32, 64},
        {"mx:%{d}/9", SPF_MX, '+', "%{d}", 9, 128},
        {"ptr", SPF_PTR, '+', "", 32, 128},
        {"exists:%{i}.a.org", SPF_EXISTS, '+', "%{i}.a.org", 32, 128},
        {"ip4:192.0.2.0/24", SPF_IP4, '+', "", 24, 128},
        {"ip6:2001:db8::/32", SPF_IP6, '+', "", 32, 32},
        {"redirect=a.org", SPF_REDIRECT, 0, "a.org", 32, 128},
        {"EXP=a.org", SPF_EXP, 0, "a.org", 32, 128},
        {"all=a/24", SPF_OTHER, 0, "a/24", 32, 128},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct view terms = view_of(rows[i].text);
        struct spf_term t;

        if (spf_record_next(&terms, &t) != 1)
            fail_msg("%s: not taken", rows[i].text);
        assert_int_equal(spf_record_next(&terms, &(struct spf_term){0}), 0);
        if (t.kind != rows[i].kind || t.qualifier != rows[i].qualifier || t.bits4 != rows[i].bits4 ||
            t.bits6 != rows[i].bits6 || !view_equal(t.domain, view_of(rows[i].domain)) ||
            !view_equal(t.text, view_of(rows[i].text)))
            fail_msg("%s: got kind %d, '%c', \"%.*s\", /%u//%u", rows[i].text, t.kind, t.qualifier,
                     (int)t.domain.n, t.domain.p, t.bits4, t.bits6);
    }
}

static void networks_are_in_one_form(void **state)
{
    struct view terms = VIEW("ip4:192.0.2.1 ip6:2001:db8::1");
    struct spf_term t;

    (void)state;
    assert_int_equal(spf_record_next(&terms, &t), 1);
    assert_memory_equal(t.ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1", 16);
    assert_int_equal(spf_record_next(&terms, &t), 1);
    assert_memory_equal(t.ip, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
}

static void modifiers_are_found_wherever_they_stand(void **state)
{
    struct spf_record r;

    (void)state;
    assert_true(spf_record_open(&r, VIEW("v=spf1 redirect=a.org -all exp=b.org")));
    assert_true(view_equal(r.redirect, VIEW("a.org")) && view_equal(r.exp, VIEW("b.org")));
    assert_true(view_equal(r.terms, VIEW(" redirect=a.org -all exp=b.org")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_end_with_a_blank),
        cmocka_unit_test(records_are_strict),
        cmocka_unit_test(a_nul_is_no_end),
        cmocka_unit_test(terms_say_what_they_are),
        cmocka_unit_test(networks_are_in_one_form),
        cmocka_unit_test(modifiers_are_found_wherever_they_stand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
