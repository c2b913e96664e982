/*
 * test_mail_type_pieces.c - unit tests of workers/mail/mail_type_pieces.c: parameters of RFC 2231, in each
 * way in which readers put them together.
 *
 * Run by `make check`.
 */
#include "workers/mail/mail_type_part.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *behaviour;
    struct view params, wanted;
} cases[] = {
    {"one with a charset", VIEW("b*=us-ascii'en'a"), VIEW("|a|us-ascii'en'a")},
    {"one without", VIEW("b*=a"), VIEW("|a")},
    {"one with percent signs", VIEW("b*=us-ascii''%61b"), VIEW("|ab|%61b|us-ascii''%61b")},
    {"an empty charset", VIEW("b*=''a"), VIEW("|a|''a")},
    {"a single apostrophe is a sign", VIEW("b*=a'b"), VIEW("|a'b")},
    {"a charset in quotes", VIEW("b*=\"utf-8''a b\""), VIEW("|a b|utf-8''a b")},
    {"a percent sign alone", VIEW("b*=a%4"), VIEW("|a%4")},
    {"a percent sign without digits", VIEW("b*=%4gb%%41"), VIEW("|%4gb%A|%4gb%%41")},
    {"pieces", VIEW("b*0=a; b*1=c"), VIEW("|ac")},
    {"pieces out of order", VIEW("b*1=c; b*0=a"), VIEW("|ac|ca")},
    {"ten and two", VIEW("b*0=0; b*1=1; b*2=2; b*3=3; b*4=4; b*5=5; b*6=6; b*7=7; b*8=8; b*9=9; b*10=A"),
     VIEW("|0123456789A")},
    {"pieces with a gap", VIEW("b*0=a; b*2=c"), VIEW("|a|ac")},
    {"pieces that begin with 1", VIEW("b*1=a; b*2=c"), VIEW("|ac")},
    {"two of one number", VIEW("b*0=a; b*0=c; b*1=d"), VIEW("|ad|cd|acd")},
    {"a charset in the first alone", VIEW("b*0*=utf-8''a; b*1*=x'y'z"), VIEW("|ax'y'z|utf-8''ax'y'z")},
    {"percent signs in a plain piece", VIEW("b*0*=%61; b*1=%61"), VIEW("|a%61|aa|%61%61")},
    {"quotes and escapes", VIEW("b*0=\"a;\"; b*1=\"\\\"c\""), VIEW("|a;\"c")},
    {"an open quote", VIEW("b*0=\"a"), VIEW("|a")},
    {"a leading zero", VIEW("b*00=a; b*01=c"), VIEW("|ac")},
    {"a number beyond all", VIEW("b*0=a; b*99999999999999999999=c"), VIEW("|a|ac")},
    {"no number between two stars", VIEW("b**=%61"), VIEW("|a|%61")},
    {"no semicolon between them", VIEW("b*0=a b*1=c"), VIEW("|ac")},
    {"in capitals", VIEW("B*0=a; b*1=c"), VIEW("|ac")},
    {"empty ones", VIEW("b*0=; b*1="), VIEW("")},
    {"a fold is no part of it", VIEW("b*0=\"a\r\nc\""), VIEW("|ac")},
};

static void pieces_are_put_together_in_each_way(void **state)
{
    struct mail_arena arena = {0};
    struct buf in = {0}, out = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct view v[MAIL_WAYS_MAX];
        struct mail_type t;
        unsigned n;

        buf_clear(&in);
        buf_clear(&out);
        buf_add_str(&in, "a/b;");
        buf_add_view(&in, cases[i].params);
        mail_type_parse(&arena, buf_view(&in), &t);
        n = mail_type_values(&arena, &t, VIEW("b"), v, MAIL_WAYS_MAX);
        buf_add_str(&out, "");
        for (unsigned j = 0; j < n; j++) {
            buf_add_char(&out, '|');
            buf_add_view(&out, v[j]);
        }
        if (!view_equal(buf_view(&out), cases[i].wanted))
            fail_msg("%s: %s", cases[i].behaviour, out.p);
    }
    buf_free(&in);
    buf_free(&out);
    mail_arena_free(&arena);
}

static void the_charset_is_told(void **state)
{
    struct view charset = {0}, none = {0};
    struct mail_arena arena = {0};
    struct buf out = {0};
    struct mail_type t;

    (void)state;
    mail_type_parse(&arena, VIEW("a/b; b*1*=x''c; b*0*=KOI8-R'ru'%41"), &t);
    assert_true(mail_type_join(&t, VIEW("b"), &out, &charset));
    assert_true(view_equal(charset, VIEW("KOI8-R")));
    assert_string_equal(out.p, "Ax''c");
    buf_clear(&out);
    assert_false(mail_type_join(&t, VIEW("c"), &out, &none));
    mail_type_parse(&arena, VIEW("a/b; b*1*=x''c"), &t);
    assert_false(mail_type_join(&t, VIEW("b"), &out, &none));
    assert_int_equal(none.n, 0);
    buf_free(&out);
    mail_arena_free(&arena);
}

static void what_is_put_together_has_a_limit(void **state)
{
    struct mail_arena arena = {0};
    struct buf in = {0};
    struct view v[1];
    struct mail_type t;

    (void)state;
    for (size_t each = MAIL_VALUE_MAX / 64 - 1; each <= MAIL_VALUE_MAX / 64 + 1; each++) {
        buf_clear(&in);
        buf_add_str(&in, "a/b");
        for (unsigned i = 0; i < 64; i++)
            buf_addf(&in, "; b*%u=%0*u", i, (int)each, 0u);
        mail_type_parse(&arena, buf_view(&in), &t);
        assert_int_equal(mail_type_values(&arena, &t, VIEW("b"), v, 1), 1);
        assert_int_equal(v[0].n, each * 64 < MAIL_VALUE_MAX ? each * 64 : MAIL_VALUE_MAX);
    }
    buf_free(&in);
    mail_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_put_together_in_each_way),
        cmocka_unit_test(the_charset_is_told),
        cmocka_unit_test(what_is_put_together_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
