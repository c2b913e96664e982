/*
 * test_mail_token.c - unit tests of workers/mail/mail_token.c: what a structured field is cut into.
 *
 * Run by `make check`. Each case says its tokens in one line: words as they stand, "quoted", [literal],
 * specials by themselves; "_" before what stood behind blanks or a comment, "!" behind what has no end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "common/buf.h"
#include "workers/mail/mail_token.h"

static const struct {
    const char *behaviour;
    struct view in;
    const char *address, *mime; /* as which it is cut; NULL: not asked */
} cases[] = {
    {"nothing is no token", VIEW(""), "", ""},
    {"blanks and folds are none", VIEW(" \t\r\n \n"), "", ""},
    {"a word is one", VIEW("abc"), "abc", "abc"},
    {"blanks part words", VIEW("a b\r\n\tc"), "a _b _c", "a _b _c"},
    {"an address has its specials", VIEW("a.b@c:d;<e>,f"), "a . b @ c : d ; < e > , f", "a.b@c:d ; <e> , f"},
    {"MIME has others", VIEW("text/plain; a=b"), "text/plain ; _a=b", "text / plain ; _a = b"},
    {"a quoted string is one, whatever is in it", VIEW("\"a, b\"c"), "\"a, b\" c", "\"a, b\" c"},
    {"a quote in a word ends it", VIEW("a\"b\""), "a \"b\"", "a \"b\""},
    {"an escaped quote ends none", VIEW("\"a\\\"b\" c"), "\"a\\\"b\" _c", NULL},
    {"an escaped backslash escapes no more", VIEW("\"a\\\\\" c"), "\"a\\\\\" _c", NULL},
    {"a quote without an end takes all", VIEW("\"a b"), "\"a b!", "\"a b!"},
    {"a quote alone", VIEW("\""), "\"!", NULL},
    {"an escape at the end is a byte", VIEW("\"a\\"), "\"a\\!", NULL},
    {"empty quotes are a token", VIEW("\"\""), "\"\"", "\"\""},
    {"a comment is passed over", VIEW("a(b)c (d) e"), "a _c _e", "a _c _e"},
    {"comments in each other are one", VIEW("(a(b)c)d"), "_d", NULL},
    {"an escaped parenthesis is a byte", VIEW("(a\\)b)c"), "_c", NULL},
    {"a comment without an end takes all", VIEW("a (b"), "a", NULL},
    {"a closing parenthesis alone is a byte of a word", VIEW("a)b"), "a)b", NULL},
    {"a quote in a comment is a byte", VIEW("(a\")b\"c\""), "_b \"c\"", NULL},
    {"a domain literal is one", VIEW("[1.2.3.4]a"), "[1.2.3.4] a", "[1.2.3.4]a"},
    {"specials in a literal are bytes", VIEW("[a,b c]"), "[a,b c]", NULL},
    {"a literal without an end is a word", VIEW("[1.2>, a"), "[1! . 2 > , _a", NULL},
    {"a literal ends before the next", VIEW("[a[b]"), "[a! [b]", NULL},
    {"a bracket alone", VIEW("["), "[!", NULL},
    {"NUL and high bytes are bytes of words", VIEW("a\0b\xc3\xa4"), NULL, NULL},
};

static void say(struct buf *b, const struct mail_token *t)
{
    if (b->n)
        buf_add_char(b, ' ');
    if (t->spaced)
        buf_add_char(b, '_');
    buf_add_view(b, t->whole);
    if (t->open)
        buf_add_char(b, '!');
    if (t->kind == MAIL_TOKEN_QUOTED)
        assert_int_equal(t->whole.n, t->text.n + (t->open ? 1 : 2));
}

static void check(const char *behaviour, struct view in, const char *specials, const char *wanted)
{
    struct mail_tokens c = {.rest = in, .specials = specials, .comments = true};
    struct buf got = {0};
    struct mail_token t;

    buf_add_str(&got, "");
    while (mail_token_next(&c, &t))
        say(&got, &t);
    assert_int_equal(t.kind, MAIL_TOKEN_END);
    assert_int_equal(c.rest.n, 0);
    if (!view_equal(buf_view(&got), view_of(wanted)))
        fail_msg("%s: \"%s\"", behaviour, got.p ? got.p : "");
    buf_free(&got);
}

static void a_value_is_cut_into_tokens(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (cases[i].address)
            check(cases[i].behaviour, cases[i].in, MAIL_TOKEN_ADDRESS, cases[i].address);
        if (cases[i].mime)
            check(cases[i].behaviour, cases[i].in, MAIL_TOKEN_MIME, cases[i].mime);
    }
}

static void a_word_may_hold_nul_and_high_bytes(void **state)
{
    struct mail_tokens c = {.rest = VIEW("a\0b\xc3\xa4 c"), .specials = MAIL_TOKEN_MIME, .comments = true};
    struct mail_token t;

    (void)state;
    assert_true(mail_token_next(&c, &t));
    assert_true(view_equal(t.whole, VIEW("a\0b\xc3\xa4")));
}

static void comments_and_quotes_can_be_plain(void **state)
{
    struct mail_tokens c = {.rest = VIEW("a(b)\"c"), .specials = MAIL_TOKEN_ADDRESS, .plain_quotes = true};
    struct mail_token t;

    (void)state;
    assert_true(mail_token_next(&c, &t));
    assert_true(view_equal(t.whole, VIEW("a(b)\"c")));
    assert_false(mail_token_next(&c, &t));
}

static const struct {
    const char *behaviour;
    struct view in, comment;
    bool commented, open;
} comments[] = {
    {"none", VIEW("a"), VIEW(""), false, false},
    {"the last one is told", VIEW("(a)(b c) d"), VIEW("b c"), true, false},
    {"an empty one", VIEW("()"), VIEW(""), true, false},
    {"with others in it", VIEW("(a(b)) c"), VIEW("a(b)"), true, false},
    {"without an end", VIEW("(a(b)"), VIEW("a(b)"), true, true},
    {"without anything", VIEW("("), VIEW(""), true, true},
    {"an escape at the end", VIEW("(a\\"), VIEW("a\\"), true, true},
};

static void the_last_comment_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof comments / sizeof *comments; i++) {
        struct mail_tokens c = {.rest = comments[i].in, .specials = MAIL_TOKEN_ADDRESS, .comments = true};
        struct mail_token t;

        mail_token_next(&c, &t);
        if (!view_equal(c.comment, comments[i].comment) || c.commented != comments[i].commented ||
            c.comment_open != comments[i].open)
            fail_msg("%s: \"%.*s\"", comments[i].behaviour, (int)c.comment.n, c.comment.p);
    }
}

static const struct {
    const char *behaviour;
    struct view in, out;
} quoted[] = {
    {"nothing to undo", VIEW("a b"), VIEW("a b")},
    {"an escaped quote", VIEW("a\\\"b"), VIEW("a\"b")},
    {"an escaped backslash", VIEW("a\\\\b"), VIEW("a\\b")},
    {"an escaped letter", VIEW("\\a"), VIEW("a")},
    {"a backslash at the end stays", VIEW("a\\"), VIEW("a\\")},
    {"two escapes", VIEW("\\\\\\\""), VIEW("\\\"")},
    {"a fold loses its line end", VIEW("a\r\n b"), VIEW("a b")},
    {"with LF alone", VIEW("a\n\tb"), VIEW("a\tb")},
    {"a line end that is no fold stays", VIEW("a\nb\r\n"), VIEW("a\nb\r\n")},
    {"a fold behind a backslash", VIEW("a\\\r\n b"), VIEW("a b")},
    {"NUL is a byte", VIEW("a\0\\b"), VIEW("a\0b")},
    {"nothing", VIEW(""), VIEW("")},
};

static void a_quoted_string_loses_its_escapes(void **state)
{
    struct mail_arena a = {0};

    (void)state;
    for (size_t i = 0; i < sizeof quoted / sizeof *quoted; i++) {
        struct view got = mail_token_unquote(&a, quoted[i].in);

        if (!view_equal(got, quoted[i].out))
            fail_msg("%s: \"%.*s\"", quoted[i].behaviour, (int)got.n, got.p);
        if (view_equal(quoted[i].in, quoted[i].out) && !memchr(quoted[i].in.p, '\\', quoted[i].in.n) &&
            !memchr(quoted[i].in.p, '\n', quoted[i].in.n))
            assert_ptr_equal(got.p, quoted[i].in.p);
    }
    mail_arena_free(&a);
}

static double seconds_for(const char *unit, size_t times)
{
    struct mail_tokens c = {.specials = MAIL_TOKEN_ADDRESS, .comments = true};
    struct timespec begin, end;
    struct buf in = {0};
    struct mail_token t;

    for (size_t i = 0; i < times; i++)
        buf_add_str(&in, unit);
    c.rest = buf_view(&in);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    while (mail_token_next(&c, &t))
        continue;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    buf_free(&in);
    return (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
}

static void time_is_linear(void **state)
{
    static const char *const worst[] = {"[", "[\\", "(", "\\\"", "(a)", "[a.", "\"\"", "([\"", "[(", " "};

    (void)state;
    for (size_t i = 0; i < sizeof worst / sizeof *worst; i++) {
        double one = seconds_for(worst[i], 1u << 18), two = seconds_for(worst[i], 1u << 19);

        if (two > 4 * one + 0.05)
            fail_msg("\"%s\": %f s, twice of it %f s", worst[i], one, two);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_cut_into_tokens),
        cmocka_unit_test(a_word_may_hold_nul_and_high_bytes),
        cmocka_unit_test(comments_and_quotes_can_be_plain),
        cmocka_unit_test(the_last_comment_is_told),
        cmocka_unit_test(a_quoted_string_loses_its_escapes),
        cmocka_unit_test(time_is_linear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
