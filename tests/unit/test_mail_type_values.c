/*
 * test_mail_type_values.c - unit tests of workers/mail/mail_type_values.c: each value that some reader takes
 * for a boundary or a name.
 *
 * Run by `make check`. The first of them is the usual one; what ordinary mailers write has no other.
 */
#include "workers/mail/mail_type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

/* All values, each behind a "|". */
static void list(struct view value, struct view name, struct buf *to)
{
    struct view v[MAIL_WAYS_MAX];
    struct mail_arena arena = {0};
    struct mail_type t;
    unsigned n;

    mail_type_parse(&arena, value, &t);
    n = mail_type_values(&arena, &t, name, v, MAIL_WAYS_MAX);
    buf_clear(to);
    buf_add_str(to, "");
    for (unsigned i = 0; i < n && i < MAIL_WAYS_MAX; i++) {
        buf_add_char(to, '|');
        buf_add_view(to, v[i]);
    }
    if (n > MAIL_WAYS_MAX)
        buf_add_str(to, "|...");
    mail_arena_free(&arena);
}

struct one {
    const char *behaviour;
    struct view value; /* behind the type */
    struct view wanted;
};

static void check(const struct one *c, struct view name)
{
    struct buf value = {0}, out = {0};

    buf_add_str(&value, "multipart/mixed;");
    buf_add_view(&value, c->value);
    list(buf_view(&value), name, &out);
    if (!view_equal(buf_view(&out), c->wanted))
        fail_msg("%s: %s", c->behaviour, out.p);
    buf_free(&value);
    buf_free(&out);
}

static const struct one ordinary[] = {
    {"quoted", VIEW(" boundary=\"a\""), VIEW("|a")},
    {"quoted, with a semicolon at the end", VIEW("boundary=\"a\";"), VIEW("|a")},
    {"in capitals", VIEW(" BOUNDARY=\"a\""), VIEW("|a")},
    {"unquoted", VIEW(" boundary=a"), VIEW("|a")},
    {"unquoted, with blanks at the end", VIEW(" boundary=a \t"), VIEW("|a")},
    {"unquoted, with signs", VIEW(" boundary=----=_a/b:c+d.e?f@g!'h"), VIEW("|----=_a/b:c+d.e?f@g!'h")},
    {"quoted, with signs", VIEW(" boundary=\"= _(a)<b>[c],d:'e'\""), VIEW("|= _(a)<b>[c],d:'e'")},
    {"blanks in the middle", VIEW(" boundary=\"= a b c\""), VIEW("|= a b c")},
    {"a blank behind the equals sign", VIEW(" boundary= \"a\""), VIEW("|a")},
    {"a fold behind it", VIEW(" boundary=\r\n \"a\""), VIEW("|a")},
    {"with others", VIEW(" type=\"x/y\";\r\n\tboundary=\"a\"; charset=b"), VIEW("|a")},
    {"twice the same", VIEW(" boundary=a; boundary=\"a\""), VIEW("|a")},
    {"none", VIEW(" charset=b"), VIEW("")},
    {"another name", VIEW(" xboundary=a; boundary2=b"), VIEW("")},
    {"what only looks like an encoded word", VIEW(" boundary=\"--a?=_b=?c\""), VIEW("|--a?=_b=?c")},
};

static void an_ordinary_boundary_is_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ordinary / sizeof *ordinary; i++)
        check(&ordinary[i], VIEW("boundary"));
}

static const struct one cases[] = {
    {"two", VIEW(" boundary=a; boundary=b"), VIEW("|a|b")},
    {"three", VIEW(" boundary=a; boundary=b; Boundary=c"), VIEW("|a|b|c")},
    {"an empty one", VIEW(" boundary="), VIEW("|")},
    {"an empty one in quotes, and another", VIEW(" boundary=\"\"; boundary=a"), VIEW("||a")},
    {"an escape", VIEW(" boundary=\"a\\b\""), VIEW("|ab|a\\b")},
    {"an escaped quote", VIEW(" boundary=\"a\\\"b\""), VIEW("|a\"b|a\\\"b|a\\")},
    {"an escape outside of quotes", VIEW(" boundary=a\\b"), VIEW("|a\\b|ab|a")},
    {"something behind the quote", VIEW(" boundary=\"a\"b"), VIEW("|a|\"a\"b|ab|a\"b")},
    {"a comment behind the quote", VIEW(" boundary=\"a\" (b)"), VIEW("|a|\"a\" (b)|a (b)|a\" (b)")},
    {"no semicolon behind the quote", VIEW(" boundary=\"a\" x=b"), VIEW("|a|\"a\" x=b|a x=b|a\" x=b")},
    {"an open quote", VIEW(" boundary=\"a"), VIEW("|a|\"a")},
    {"an open quote and more", VIEW(" boundary=\"a; x=b"), VIEW("|a|a; x=b|\"a; x=b|\"a")},
    {"an open quote in folds", VIEW(" boundary=\"a\r\n x=b"), VIEW("|a x=b|a|\"a x=b")},
    {"a quote alone", VIEW(" boundary=\""), VIEW("|\"")},
    {"a semicolon in quotes", VIEW(" boundary=\"a;b\""), VIEW("|a;b|a")},
    {"blanks at the end", VIEW(" boundary=\"a \""), VIEW("|a |a")},
    {"blanks at the beginning", VIEW(" boundary=\" a\""), VIEW("| a|a")},
    {"a fold in quotes", VIEW(" boundary=\"a\r\n\tb\""), VIEW("|a\tb|a b|ab")},
    {"a NUL in quotes", VIEW(" boundary=\"a\0b\""), VIEW("|a\0b|a|ab")},
    {"a NUL", VIEW(" boundary=a\0b"), VIEW("|a|a\0b|ab")},
    {"a blank", VIEW(" boundary=a b"), VIEW("|a|a b")},
    {"a comment", VIEW(" boundary=a(b)c"), VIEW("|a(b)c|ac|a")},
    {"a comment behind a blank", VIEW(" boundary=a (b)"), VIEW("|a|a (b)")},
    {"a comment before", VIEW(" boundary=(b)a"), VIEW("|a|(b)a")},
    {"a comment before a quote", VIEW(" boundary=(b;c) \"a\""), VIEW("|a|(b")},
    {"a comma", VIEW(" boundary=a,b"), VIEW("|a,b|a")},
    {"a parameter behind a comma", VIEW(" boundary=a,boundary=b"), VIEW("|a,boundary=b|a|b")},
    {"a parameter behind a blank", VIEW(" boundary=a boundary=b"), VIEW("|a|a boundary=b|b")},
    {"a quote in the middle", VIEW(" boundary=a\"b\"c"), VIEW("|a\"b\"c|abc|a")},
    {"a semicolon in the middle of it", VIEW(" boundary=a\"b;c\""), VIEW("|a\"b;c\"|ab;c|a|a\"b")},
    {"apostrophes", VIEW(" boundary='a'"), VIEW("|'a'|a")},
    {"angle brackets", VIEW(" boundary=<a>"), VIEW("|<a>|a")},
    {"an encoded word", VIEW(" boundary==?utf-8?Q?=61b?="), VIEW("|=?utf-8?Q?=61b?=|ab")},
    {"an encoded word in quotes", VIEW(" boundary=\"=?utf-8?B?YWI=?=\""), VIEW("|=?utf-8?B?YWI=?=|ab")},
    {"in the quotes of another", VIEW(" x=\"; boundary=a\"; boundary=b"), VIEW("|b|a|a\";|a; boundary=b")},
    {"in a comment", VIEW(" (boundary=a); boundary=b"), VIEW("|b|a|a)")},
    {"in a comment and quotes", VIEW(" (boundary=\"a\"); boundary=b"), VIEW("|b|a")},
    {"behind a quote that stands alone", VIEW(" name=5\" disk; boundary=a"), VIEW("|a")},
    {"in quotes that begin in a comment", VIEW(" x=(\"); boundary=a; y=(\")"), VIEW("|a")},
    {"a plain one beside pieces", VIEW(" boundary=a; boundary*0=b; boundary*1=c"), VIEW("|bc|a")},
};

static void a_broken_boundary_is_each_that_a_reader_takes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(&cases[i], VIEW("boundary"));
}

static const struct one names[] = {
    {"a name with blanks is whole", VIEW(" name=This is (a).txt"),
     VIEW("|This is (a).txt|This|This is .txt")},
    {"a name with a semicolon in quotes", VIEW(" name=\"a;b.txt\""), VIEW("|a;b.txt|a")},
    {"an encoded one as it stands comes first", VIEW(" name=\"=?utf-8?Q?a?=\""), VIEW("|=?utf-8?Q?a?=|a")},
    {"pieces come first", VIEW(" name=a.txt; name*=utf-8''b.txt"), VIEW("|b.txt|utf-8''b.txt|a.txt")},
};

static void the_usual_name_comes_first(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        check(&names[i], VIEW("name"));
}

static unsigned count_of(unsigned n, bool same, unsigned max)
{
    struct view v[MAIL_WAYS_MAX];
    struct mail_arena arena = {0};
    struct buf b = {0};
    struct mail_type t;
    unsigned got;

    buf_add_str(&b, "a/b");
    for (unsigned i = 0; i < n; i++)
        buf_addf(&b, "; boundary=%u", same ? 0 : i);
    mail_type_parse(&arena, buf_view(&b), &t);
    got = mail_type_values(&arena, &t, VIEW("boundary"), v, max);
    assert_true(got == 0 || view_equal(v[0], VIEW("0")));
    buf_free(&b);
    mail_arena_free(&arena);
    return got;
}

static void values_have_a_limit(void **state)
{
    (void)state;
    assert_int_equal(count_of(7, false, 8), 7);
    assert_int_equal(count_of(8, false, 8), 8);
    assert_int_equal(count_of(9, false, 8), 9);
    assert_int_equal(count_of(99, false, 8), 9);
    assert_int_equal(count_of(99, true, 8), 1);
    assert_int_equal(count_of(2, false, 1), 2);
    assert_int_equal(count_of(3, false, 1), 2);
}

static void a_long_value_is_cut(void **state)
{
    struct mail_arena arena = {0};
    struct buf b = {0};
    struct view v[1];
    struct mail_type t;

    (void)state;
    for (int quoted = 0; quoted < 2; quoted++)
        for (size_t n = MAIL_VALUE_MAX - 1; n <= MAIL_VALUE_MAX + 1; n++) {
            buf_clear(&b);
            buf_add_str(&b, quoted ? "a/b; boundary=\"" : "a/b; boundary=");
            for (size_t i = 0; i < n; i++)
                buf_add_char(&b, 'x');
            buf_add_str(&b, quoted ? "\"" : "");
            mail_type_parse(&arena, buf_view(&b), &t);
            assert_int_equal(mail_type_values(&arena, &t, VIEW("boundary"), v, 1), 1);
            assert_int_equal(v[0].n, n < MAIL_VALUE_MAX ? n : MAIL_VALUE_MAX);
        }
    buf_free(&b);
    mail_arena_free(&arena);
}

static const struct one texts[] = {
    {"as it stands", VIEW("name=\"a.txt\""), VIEW("a.txt")},
    {"none", VIEW(""), VIEW("")},
    {"UTF-8", VIEW("name=\"\xc3\xa4\""), VIEW("\xc3\xa4")},
    {"8-bit bytes are Windows-1252", VIEW("name=\"\xe4\""), VIEW("\xc3\xa4")},
    {"an encoded word", VIEW("name=\"=?koi8-r?B?wcI=?=.x\""), VIEW("\xd0\xb0\xd0\xb1.x")},
    {"two in folds", VIEW("name=\"=?utf-8?Q?=C3?=\r\n =?utf-8?Q?=A4?=\""), VIEW("\xc3\xa4")},
    {"a charset of RFC 2231", VIEW("name*=koi8-r'ru'%C1%c2.x"), VIEW("\xd0\xb0\xd0\xb1.x")},
    {"in pieces", VIEW("name*0*=koi8-r''%C1; name*1*=%C2; name*2=\".x\""), VIEW("\xd0\xb0\xd0\xb1.x")},
    {"an unknown charset", VIEW("name*=klingon''%E4"), VIEW("\xc3\xa4")},
    {"no charset", VIEW("name*=%C3%A4"), VIEW("\xc3\xa4")},
    {"pieces that begin nowhere", VIEW("name*1=a; name=b"), VIEW("a")},
    {"an encoded word in pieces", VIEW("name*0=\"=?utf-8?Q?a\"; name*1=\"b?=\""), VIEW("ab")},
};

static void a_name_becomes_utf8(void **state)
{
    struct charset_set *set = charset_open_all();
    struct mail_arena arena = {0};
    struct buf b = {0};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct mail_type t;
        struct view v;

        buf_clear(&b);
        buf_add_str(&b, "a/b;");
        buf_add_view(&b, texts[i].value);
        mail_type_parse(&arena, buf_view(&b), &t);
        v = mail_type_text(&arena, &t, VIEW("name"), set);
        if (!view_equal(v, texts[i].wanted))
            fail_msg("%s: \"%.*s\"", texts[i].behaviour, (int)v.n, v.p);
    }
    buf_free(&b);
    mail_arena_free(&arena);
    charset_close_all(&set);
}

static void a_strict_reader_ends_at_the_first_sign(void **state)
{
    static const struct one strict[] = {
        {"a slash", VIEW("boundary=a/b"), VIEW("a")},
        {"an equals sign", VIEW("boundary=--=_a"), VIEW("--")},
        {"no sign", VIEW("boundary=a-b_c"), VIEW("")},
        {"quoted", VIEW("boundary=\"a/b\""), VIEW("")},
        {"none", VIEW("x=a/b"), VIEW("")},
    };
    struct mail_arena arena = {0};
    struct buf b = {0};

    (void)state;
    for (size_t i = 0; i < sizeof strict / sizeof *strict; i++) {
        struct mail_type t;

        buf_clear(&b);
        buf_add_str(&b, "a/b;");
        buf_add_view(&b, strict[i].value);
        mail_type_parse(&arena, buf_view(&b), &t);
        if (!view_equal(mail_type_strict(&t, VIEW("boundary")), strict[i].wanted))
            fail_msg("%s", strict[i].behaviour);
    }
    buf_free(&b);
    mail_arena_free(&arena);
}

static double seconds_for(const char *one, size_t n)
{
    struct view v[MAIL_WAYS_MAX];
    struct mail_arena arena = {0};
    struct buf in = {0};
    struct timespec a, b;
    struct mail_type t;

    buf_add_str(&in, "multipart/x;");
    while (in.n < n)
        buf_add_str(&in, one);
    mail_type_parse(&arena, buf_view(&in), &t);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    mail_type_values(&arena, &t, VIEW("boundary"), v, MAIL_WAYS_MAX);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    buf_free(&in);
    mail_arena_free(&arena);
    return (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
}

static void the_worst_bytes_take_time_in_proportion(void **state)
{
    static const char *const worst[] = {"boundary=\"\\a",  "boundary=\"(", "boundary*=%41", "boundary*1=x;",
                                        "boundary==?u?q?", "boundary=(\\", "boundary=;",    "boundary=\r\n"};

    (void)state;
    for (size_t i = 0; i < sizeof worst / sizeof *worst; i++) {
        double half = seconds_for(worst[i], 1u << 20), whole = seconds_for(worst[i], 2u << 20);

        if (whole > 4 * half + 0.05)
            fail_msg("%s: %f s, %f s", worst[i], half, whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordinary_boundary_is_one),
        cmocka_unit_test(a_broken_boundary_is_each_that_a_reader_takes),
        cmocka_unit_test(the_usual_name_comes_first),
        cmocka_unit_test(values_have_a_limit),
        cmocka_unit_test(a_long_value_is_cut),
        cmocka_unit_test(a_name_becomes_utf8),
        cmocka_unit_test(a_strict_reader_ends_at_the_first_sign),
        cmocka_unit_test(the_worst_bytes_take_time_in_proportion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
