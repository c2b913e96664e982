/*
 * test_mail_address.c - unit tests of workers/mail/mail_address.c: what stands in From, To and their like.
 *
 * Run by `make check`. Each case says its addresses in one line: name|local|domain, "group:" before them, "!"
 * behind a broken one, parted by " / ".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "common/buf.h"
#include "workers/mail/mail_address.h"
#include "workers/mail/mail_limits.h"

static const struct {
    const char *behaviour;
    struct view in;
    const char *wanted;
} cases[] = {
    {"nothing", VIEW(""), ""},
    {"blanks and commas are nothing", VIEW(" , ,\r\n ,"), ""},
    {"a bare address", VIEW("a@example.org"), "|a|example.org"},
    {"one in angle brackets", VIEW("<a@example.org>"), "|a|example.org"},
    {"with a name", VIEW("A B <a@example.org>"), "A B|a|example.org"},
    {"with a quoted name", VIEW("\"B, A\" <a@example.org>"), "\"B, A\"|a|example.org"},
    {"with a dot in the name", VIEW("A. B <a@example.org>"), "A. B|a|example.org"},
    {"a name directly before its bracket", VIEW("A<a@example.org>"), "A|a|example.org"},
    {"a folded name", VIEW("A\r\n B <a@example.org>"), "A\r\n B|a|example.org"},
    {"a comment is a name where there is no other", VIEW("a@example.org (A B)"), "A B|a|example.org"},
    {"behind angle brackets, too", VIEW("<a@example.org> (A B)"), "A B|a|example.org"},
    {"beside a name it is a comment", VIEW("A <a@example.org> (B)"), "A|a|example.org"},
    {"each has its own comment", VIEW("a@x (A), (B) b@x, c@x"), "A|a|x / B|b|x / |c|x"},
    {"several", VIEW("a@x, B <b@y>,c@z"), "|a|x / B|b|y / |c|z"},
    {"a domain is in lower case, a local part is not", VIEW("A.B@Example.ORG"), "|A.B|example.org"},
    {"a quoted local part", VIEW("\"a b\"@x"), "|a b|x"},
    {"with an at sign and escapes", VIEW("\"a@\\\"b\"@x"), "|a@\"b|x"},
    {"an empty one", VIEW("\"\"@x"), "||x"},
    {"quoted and unquoted words (obsolete)", VIEW("a.\"b c\".d@x"), "|a.b c.d|x"},
    {"blanks and comments around dots (obsolete)", VIEW("a (b) . c @ x . y"), "b|a.c|x.y"},
    {"a domain literal", VIEW("a@[192.0.2.1]"), "|a|[192.0.2.1]"},
    {"an IPv6 literal", VIEW("<a@[IPv6:2001:DB8::1]>"), "|a|[ipv6:2001:db8::1]"},
    {"a route (obsolete)", VIEW("<@x,@y:a@z>"), "|a|z"},
    {"a route with empty hops", VIEW("A <@x,,@y:a@z>, b@c"), "A|a|z / |b|c"},
    {"the empty path", VIEW("<>"), "||"},
    {"the empty path with blanks", VIEW("< >"), "||"},
    {"UTF-8 (RFC 6532)", VIEW("\xc3\xa4 <\xc3\xb6@\xc3\x9c.example>"), "\xc3\xa4|\xc3\xb6|\xc3\x9c.example"},
    {"a group", VIEW("G: a@x, B <b@y>;"), "G:|a|x / G:B|b|y"},
    {"a group and more", VIEW("a@x, \"G 1\": b@y;, c@z"), "|a|x / \"G 1\":|b|y / |c|z"},
    {"two groups without a comma", VIEW("G: a@x; H: b@y;"), "G:|a|x / H:|b|y"},
    {"an empty group", VIEW("undisclosed-recipients:;"), ""},
    {"an encoded word with a comma is one word", VIEW("=?utf-8?Q?B,_A?= <a@x>"), "=?utf-8?Q?B,_A?=|a|x"},
    {"with an at sign", VIEW("=?utf-8?Q?b@y?= <a@x>, c@z"), "=?utf-8?Q?b@y?=|a|x / |c|z"},
    {"an encoded word without its end is none", VIEW("=?utf-8?Q?b, <a@x>"), "|=?utf-8?Q?b|! / |a|x"},
    {"what only begins like one is none", VIEW("=?utf-8 b <a@x>"), "=?utf-8 b|a|x"},
    /* Broken ones. */
    {"no domain", VIEW("a"), "|a|!"},
    {"words only", VIEW("undisclosed recipients"), "|undisclosed recipients|!"},
    {"an empty domain", VIEW("a@"), "|a|!"},
    {"an empty local part", VIEW("@x"), "||x!"},
    {"two at signs: the last counts", VIEW("a@b@c"), "|a@b|c!"},
    {"a dot at the end of a local part", VIEW("a.@x"), "|a.|x!"},
    {"two dots", VIEW("a..b@x"), "|a..b|x!"},
    {"a dot at the begin", VIEW(".a@x"), "|.a|x!"},
    {"a dot at the end of a domain", VIEW("a@x."), "|a|x.!"},
    {"blanks in a local part", VIEW("<a b@x>"), "|a b|x!"},
    {"what is behind a domain is not it", VIEW("a@example.org and more"), "|a|example.org!"},
    {"a bracket without its end", VIEW("A <a@x, b@y"), "A|a|x! / |b|y"},
    {"a route without its end", VIEW("<@x, b@y"), "||x! / |b|y"},
    {"a bracket in a bracket", VIEW("<a@x <b@y>"), "|a|x! / |b|y!"},
    {"two in brackets", VIEW("A <a@x> <b@y>, c@z"), "A|a|x! / |b|y! / |c|z"},
    {"text behind a bracket", VIEW("<a@x> b, c@z"), "|a|x! / |c|z"},
    {"an address as a name", VIEW("a@x <b@y>"), "a@x|b|y!"},
    {"a closing bracket alone", VIEW("a@x>, b@y"), "|a|x! / |b|y"},
    {"a quote without its end", VIEW("\"A <a@x>, b@y"), "\"A|a|x! / |b|y"},
    {"a second one is a byte, too", VIEW("\"A <a@x>, \\\"b <b@y>"), "\"A|a|x! / \\\"b|b|y"},
    {"a comment without its end", VIEW("(A <a@x>, b@y"), "(A|a|x! / |b|y"},
    {"a literal without its end", VIEW("a@[192.0.2.1, b@y"), "|a|[192.0.2.1! / |b|y"},
    {"semicolons between", VIEW("a@x; b@y"), "|a|x! / |b|y"},
    {"a group without its end", VIEW("G: a@x, b@y"), "G:|a|x / G:|b|y!"},
    {"a group in a group", VIEW("G: H: a@x;"), "G:|H: a|x!"},
    {"a colon in front", VIEW(": a@x"), "|: a|x!"},
    {"a port", VIEW("a@x:25"), "|a|x!"},
    {"a name without an address", VIEW("A <>"), "A||!"},
    {"bytes that are no UTF-8", VIEW("\xe4@x"), "|\xe4|x!"},
    {"a surrogate is none", VIEW("\xed\xa0\x80@x"), "|\xed\xa0\x80|x!"},
    {"a control byte", VIEW("a\1@x"), "|a\1|x!"},
    {"a quoted domain", VIEW("a@\"x\""), "|a|\"x\"!"},
    {"a literal as a local part", VIEW("[a]@x"), "|[a]|x!"},
    {"two literals", VIEW("a@[x][y]"), "|a|[x]!"},
};

static void say(struct buf *b, const struct mail_address *at)
{
    if (b->n)
        buf_add_str(b, " / ");
    if (at->group.n) {
        buf_add_view(b, at->group);
        buf_add_char(b, ':');
    }
    buf_add_view(b, at->name);
    buf_add_char(b, '|');
    buf_add_view(b, at->local);
    buf_add_char(b, '|');
    buf_add_view(b, at->domain);
    if (at->broken)
        buf_add_char(b, '!');
}

static void addresses_are_found(void **state)
{
    struct mail_arena a = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mail_addresses list;
        struct buf got = {0};

        mail_address_parse(&a, cases[i].in, &list);
        for (unsigned n = 0; n < list.n; n++)
            say(&got, &list.address[n]);
        if (!view_equal(buf_view(&got), view_of(cases[i].wanted)))
            fail_msg("%s: \"%s\"", cases[i].behaviour, got.p ? got.p : "");
        assert_false(list.over);
        buf_free(&got);
    }
    mail_arena_free(&a);
}

static void ranges_are_exact(void **state)
{
    struct view in = VIEW(" A <a@x> (c) ,\r\n G: \tb@y ; ,<c@z> <d@z>");
    static const char *const wanted[] = {"A <a@x> (c)", "b@y", "<c@z>", "<d@z>"};
    struct mail_arena a = {0};
    struct mail_addresses list;

    (void)state;
    mail_address_parse(&a, in, &list);
    assert_int_equal(list.n, 4);
    assert_int_equal(list.groups, 1);
    for (unsigned i = 0; i < list.n; i++) {
        assert_true(view_equal(list.address[i].whole, view_of(wanted[i])));
        assert_true(list.address[i].whole.p > in.p && list.address[i].whole.p < in.p + in.n);
    }
    mail_arena_free(&a);
}

static void an_empty_group_is_counted(void **state)
{
    struct mail_arena a = {0};
    struct mail_addresses list;

    (void)state;
    mail_address_parse(&a, VIEW("undisclosed-recipients:;"), &list);
    assert_int_equal(list.n, 0);
    assert_int_equal(list.groups, 1);
    mail_arena_free(&a);
}

static void a_comment_as_a_name_is_told(void **state)
{
    struct mail_arena a = {0};
    struct mail_addresses list;

    (void)state;
    mail_address_parse(&a, VIEW("a@x (A), B <b@x>"), &list);
    assert_true(list.address[0].named_by_comment);
    assert_false(list.address[1].named_by_comment);
    mail_arena_free(&a);
}

static void the_limit_is_kept(void **state)
{
    (void)state;
    for (int more = -1; more <= 1; more++) {
        struct mail_arena a = {0};
        struct mail_addresses list;
        struct buf in = {0};

        for (int i = 0; i < MAIL_ADDRESSES_MAX + more; i++)
            buf_addf(&in, "a%d@example.org, ", i);
        mail_address_parse(&a, buf_view(&in), &list);
        assert_int_equal(list.n, more > 0 ? MAIL_ADDRESSES_MAX : MAIL_ADDRESSES_MAX + more);
        assert_int_equal(list.over, more > 0);
        assert_true(view_equal(list.address[list.n - 2].domain, VIEW("example.org")));
        buf_free(&in);
        mail_arena_free(&a);
    }
}

static const struct {
    const char *behaviour;
    struct view in;
    const char *wanted;
} names[] = {
    {"none", VIEW("a@x"), ""},
    {"a phrase", VIEW("A  B\r\n C. <a@x>"), "A B C."},
    {"a quoted one loses quotes and escapes", VIEW("\"A \\\"B\\\"\" <a@x>"), "A \"B\""},
    {"quoted and unquoted words", VIEW("A \"B, C\" D <a@x>"), "A B, C D"},
    {"a comment in a phrase is none of it", VIEW("A (x) B <a@x>"), "A B"},
    {"a comment as a name", VIEW("a@x (A \\) (B))"), "A ) (B)"},
    {"an encoded word", VIEW("=?utf-8?Q?=C3=A4_b?= <a@x>"), "\xc3\xa4 b"},
    {"two of them are one text", VIEW("=?utf-8?Q?=C3=A4?=\r\n =?utf-8?B?w7Y=?= <a@x>"), "\xc3\xa4\xc3\xb6"},
    {"one in quotes, as readers show it", VIEW("\"=?utf-8?Q?=C3=A4?=\" <a@x>"), "\xc3\xa4"},
    {"one in a comment", VIEW("a@x (=?utf-8?Q?=C3=A4?=)"), "\xc3\xa4"},
    {"a quote without its end", VIEW("\"A <a@x>"), "\"A"},
};

static void names_are_shown_as_readers_do(void **state)
{
    struct mail_arena a = {0};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct mail_addresses list;
        struct view got;

        mail_address_parse(&a, names[i].in, &list);
        assert_int_equal(list.n, 1);
        got = mail_address_name(&a, NULL, &list.address[0]);
        if (!view_equal(got, view_of(names[i].wanted)))
            fail_msg("%s: \"%.*s\"", names[i].behaviour, (int)got.n, got.p);
    }
    mail_arena_free(&a);
}

static void domains_are_compared_as_the_dns_does(void **state)
{
    (void)state;
    assert_true(mail_address_same_domain(VIEW("Example.org"), VIEW("example.ORG.")));
    assert_true(mail_address_same_domain(VIEW("example.org."), VIEW("example.org")));
    assert_true(mail_address_same_domain(VIEW(""), VIEW("")));
    assert_false(mail_address_same_domain(VIEW("example.org"), VIEW("example.org..")));
    assert_false(mail_address_same_domain(VIEW("example.org"), VIEW("example.com")));
    assert_false(mail_address_same_domain(VIEW("example.org"), VIEW("")));
}

static double seconds_for(const char *begin, const char *unit, size_t times)
{
    struct timespec from, to;
    struct mail_arena a = {0};
    struct mail_addresses list;
    struct buf in = {0};

    buf_add_str(&in, begin);
    for (size_t i = 0; i < times; i++)
        buf_add_str(&in, unit);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    mail_address_parse(&a, buf_view(&in), &list);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    buf_free(&in);
    mail_arena_free(&a);
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

static void time_is_linear(void **state)
{
    static const struct {
        const char *begin, *unit;
    } worst[] = {
        {"", "["},         {"", "("},     {"\"", "\\\""}, {"<@a", ",@a"}, {"<@a", ",(a)"},
        {"<@a", ",,"},     {"<", "   @"}, {"", ":"},      {"", "=?a?q?"}, {"", "@"},
        {"", "a."},        {"<", "@"},    {"", "(a)"},    {"", "\"a\""},  {"<@a,", "\\\" ,@"},
        {"", "=?a?q?\0,"}, {"", "   "},   {"a@", "[a "},  {"<@", "@:"},   {"", "a "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof worst / sizeof *worst; i++) {
        double one = seconds_for(worst[i].begin, worst[i].unit, 1u << 17);
        double two = seconds_for(worst[i].begin, worst[i].unit, 1u << 18);

        if (two > 4 * one + 0.05)
            fail_msg("\"%s%s\": %f s, twice of it %f s", worst[i].begin, worst[i].unit, one, two);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_found),
        cmocka_unit_test(ranges_are_exact),
        cmocka_unit_test(an_empty_group_is_counted),
        cmocka_unit_test(a_comment_as_a_name_is_told),
        cmocka_unit_test(the_limit_is_kept),
        cmocka_unit_test(names_are_shown_as_readers_do),
        cmocka_unit_test(domains_are_compared_as_the_dns_does),
        cmocka_unit_test(time_is_linear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
