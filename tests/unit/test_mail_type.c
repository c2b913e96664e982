/*
 * test_mail_type.c - unit tests of workers/mail/mail_type.c: how a Content-Type is cut into type, subtype and
 * parameters, and what counts as broken.
 *
 * Run by `make check`. What ordinary mailers write is never odd.
 */
#include "workers/mail/mail_type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

/* All of it on one line: type "/" subtype, then " name=raw" for each parameter, "~" before a hidden one. */
static void describe(const struct mail_type *t, struct buf *to)
{
    buf_clear(to);
    buf_add_view(to, t->type);
    buf_add_char(to, '/');
    buf_add_view(to, t->subtype);
    for (unsigned i = 0; i < t->n; i++) {
        buf_add_str(to, t->param[i].hidden ? " ~" : " ");
        buf_add_view(to, t->param[i].name);
        buf_add_char(to, '=');
        buf_add_view(to, t->param[i].raw);
    }
}

static const struct {
    const char *behaviour;
    struct view value;
    const char *wanted;
    bool odd;
} cases[] = {
    {"a type alone", VIEW("text/plain"), "text/plain", false},
    {"blanks around it", VIEW(" \ttext/plain\r\n"), "text/plain", false},
    {"a parameter", VIEW("text/plain; charset=utf-8"), "text/plain charset=utf-8", false},
    {"a quoted one", VIEW("multipart/mixed; boundary=\"a;b\""), "multipart/mixed boundary=\"a;b\"", false},
    {"folds", VIEW("multipart/mixed;\r\n\tboundary=\"a\";\n charset=b"),
     "multipart/mixed boundary=\"a\" charset=b", false},
    {"no blank behind the semicolon", VIEW("a/b;c=d;e=f"), "a/b c=d e=f", false},
    {"a semicolon at the end", VIEW("a/b; c=d;"), "a/b c=d", false},
    {"a blank before it", VIEW("a/b ; c=d ; e=f"), "a/b c=d e=f", false},
    {"many semicolons", VIEW("text/html;;;; ;\r\n;; c=d"), "text/html c=d", false},
    {"a word without a value", VIEW("text/plain; Windows-1252; c=d"), "text/plain c=d", false},
    {"a boundary with signs of the grammar", VIEW("multipart/x; boundary=----=_a/b:c=?@d"),
     "multipart/x boundary=----=_a/b:c=?@d", false},
    {"a blank behind the equals sign", VIEW("multipart/x; boundary= \"a\""), "multipart/x boundary=\"a\"",
     false},
    {"a comment in quotes is none", VIEW("multipart/x; boundary=\"a_(b)\""), "multipart/x boundary=\"a_(b)\"",
     false},
    {"a comment behind a value", VIEW("text/plain; charset=us-ascii (Plain text)"),
     "text/plain charset=us-ascii (Plain text)", false},
    {"blanks in a name", VIEW("a/b; name=This is (1).txt"), "a/b name=This is (1).txt", false},
    {"a name that looks like it", VIEW("a/b; x-boundary=c; boundaryx=d"), "a/b x-boundary=c boundaryx=d",
     false},
    {"a file name in pieces", VIEW("a/b; name*0=c; name*1*=d"), "a/b name*0=c name*1*=d", false},
    {"a subtype with signs", VIEW("application/vnd.x-a+b_c"), "application/vnd.x-a+b_c", false},
    {"an equals sign in a quoted value", VIEW("a/b; c=\"d e=f\""), "a/b c=\"d e=f\"", false},

    {"nothing", VIEW(""), "/", true},
    {"blanks", VIEW(" \r\n "), "/", true},
    {"no subtype", VIEW("text"), "text/", true},
    {"no subtype but a slash", VIEW("text/"), "text/", true},
    {"no type", VIEW("; boundary=a"), "/ boundary=a", true},
    {"a blank within", VIEW("text /plain"), "text/plain", true},
    {"a blank behind the slash", VIEW("text/ plain"), "text/plain", true},
    {"two slashes", VIEW("a/b/c"), "a/b", true},
    {"a type in quotes", VIEW("\"a/b\"; c=d"), "a/b c=d", true},
    {"a comment before", VIEW("(x) a/b"), "a/b", true},
    {"a comment within", VIEW("a(x)/(y)b"), "a/b", true},
    {"a comment behind", VIEW("a/b (x); c=d"), "a/b c=d", true},
    {"a comment before a parameter", VIEW("a/b; (x) c=d"), "a/b c=d", true},
    {"a semicolon in a comment", VIEW("a/b; (x; y) c=d"), "a/b c=d", true},
    {"a blank of another kind",
     VIEW("\xc2\xa0"
          "a/b"),
     "a/b", true},
    {"no semicolon behind the type", VIEW("multipart/x boundary=a"), "multipart/x boundary=a", true},
    {"a comma in its place", VIEW("multipart/x, boundary=a"), "multipart/x boundary=a", true},
    {"no semicolon behind a value", VIEW("a/b; c=d boundary=e"), "a/b c=d boundary=e boundary=e", true},
    {"none behind a quoted one", VIEW("a/b; c=\"d\"boundary=e"), "a/b c=\"d\"boundary=e boundary=e", true},
    {"a comma behind a value", VIEW("a/b; c=d,boundary=e"), "a/b c=d,boundary=e boundary=e", true},
    {"a word before a parameter", VIEW("a/b; c boundary=e"), "a/b boundary=e", true},
    {"a blank before the equals sign of a boundary", VIEW("a/b; boundary =c"), "a/b boundary=c", true},
    {"but not of others", VIEW("a/b; name =c"), "a/b name=c", false},
    {"a boundary in pieces", VIEW("a/b; boundary*0=c"), "a/b boundary*0=c", true},
    {"an open quote", VIEW("a/b; name=\"c; d=e"), "a/b name=\"c; d=e", true},
    {"a quote that ends with an escape", VIEW("a/b; name=\"c\\\""), "a/b name=\"c\\\"", true},
    {"a NUL", VIEW("a/b\0; c=d"), "a/b c=d", true},
    {"a boundary in quotes", VIEW("a/b; c=\"; boundary=d\""), "a/b c=\"; boundary=d\" ~boundary=d\"", true},
    {"a boundary in a comment", VIEW("a/b; (boundary=d)"), "a/b ~boundary=d)", true},
    {"a boundary behind a byte that is no blank",
     VIEW("a/b; \xc2\xa0"
          "boundary=d"),
     "a/b ~boundary=d", true},
    {"a boundary with a NUL behind it", VIEW("a/b; boundary\0=d"), "a/b ~boundary=d", true},
    {"a boundary with a comment behind it", VIEW("a/b; boundary(c)=d"), "a/b ~boundary=d", true},
    {"a boundary in quotes of its own", VIEW("a/b; \"boundary\"=d"), "a/b ~boundary=d", true},
    {"a piece of one in quotes", VIEW("a/b; c=\"; boundary*0*=d\""),
     "a/b c=\"; boundary*0*=d\" ~boundary*0*=d\"", true},
    {"an apostrophe before it", VIEW("a/b; 'boundary=d"), "a/b 'boundary=d ~boundary=d", true},
    {"an encoded word for all of it", VIEW("=?us-ascii?Q?a/b=3B_boundary=3Dd?="), "a/b boundary=d", true},
    {"one for a parameter", VIEW("a/b; =?us-ascii?Q?boundary=3Dd?="), "a/b ~boundary=3Dd?= ~boundary=d",
     true},
    {"but not for a file name", VIEW("a/b; boundary=c; name=\"=?us-ascii?Q?boundary?=\""),
     "a/b boundary=c name=\"=?us-ascii?Q?boundary?=\"", false},
};

static void a_value_is_cut_into_its_parts(void **state)
{
    struct mail_arena arena = {0};
    struct buf text = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mail_type t;
        bool quoted;

        mail_type_parse(&arena, cases[i].value, &t);
        describe(&t, &text);
        if (strcmp(text.p, cases[i].wanted) != 0 || t.odd != cases[i].odd || t.over)
            fail_msg("%s: %s%s", cases[i].behaviour, text.p, t.odd ? " odd" : "");
        quoted = t.n && t.param[0].raw.n && t.param[0].raw.p[0] == '"';
        assert_true(t.n == 0 || t.param[0].quoted == quoted);
    }
    buf_free(&text);
    mail_arena_free(&arena);
}

static void parse_many(unsigned n, const char *one, const char *last, struct mail_type *t,
                       struct mail_arena *a)
{
    struct buf b = {0};

    buf_add_str(&b, "a/b");
    for (unsigned i = 0; i < n; i++)
        buf_addf(&b, "%s%u", one, i);
    buf_add_str(&b, last);
    mail_type_parse(a, mail_arena_copy(a, buf_view(&b)), t);
    buf_free(&b);
}

static void parameters_have_a_limit(void **state)
{
    struct mail_arena arena = {0};
    struct mail_type t;

    (void)state;
    parse_many(MAIL_PARAMS_MAX - 1, ";c=d", "", &t, &arena);
    assert_true(t.n == MAIL_PARAMS_MAX - 1 && !t.over);
    parse_many(MAIL_PARAMS_MAX, ";c=d", "", &t, &arena);
    assert_true(t.n == MAIL_PARAMS_MAX && !t.over && !t.odd);
    parse_many(MAIL_PARAMS_MAX + 1, ";c=d", "", &t, &arena);
    assert_true(t.n == MAIL_PARAMS_MAX && t.over);
    mail_arena_free(&arena);
}

static void a_boundary_beyond_the_limit_is_seen_all_the_same(void **state)
{
    struct mail_arena arena = {0};
    struct mail_type t;

    (void)state;
    parse_many(MAIL_PARAMS_MAX + 50, ";c=d", "; boundary=e", &t, &arena);
    assert_true(t.over && t.n == MAIL_PARAMS_MAX + 1 && t.param[t.n - 1].hidden);
    assert_true(view_equal(t.param[t.n - 1].raw, VIEW("e")));
    mail_arena_free(&arena);
}

static void hidden_boundaries_have_a_limit(void **state)
{
    struct mail_arena arena = {0};
    struct mail_type t;

    (void)state;
    parse_many(16, ";(boundary=", "", &t, &arena);
    assert_true(t.n == 16 && !t.over);
    parse_many(17, ";(boundary=", "", &t, &arena);
    assert_true(t.n == 16 && t.over);
    mail_arena_free(&arena);
}

static double seconds_for(const char *one, size_t n)
{
    struct mail_arena arena = {0};
    struct buf in = {0};
    struct timespec a, b;
    struct mail_type t;

    buf_add_str(&in, "multipart/x;");
    while (in.n < n)
        buf_add_str(&in, one);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    mail_type_parse(&arena, buf_view(&in), &t);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    buf_free(&in);
    mail_arena_free(&arena);
    return (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
}

static void the_worst_bytes_take_time_in_proportion(void **state)
{
    static const char *const worst[] = {"boundary(", "boundary((", "boundary=",   "(boundary=", "\"",
                                        "(",         ";",          "boundary=\"", "b",          "=?a?q?",
                                        "x=\"\\",    ";(",         "=",           " ",          "boundary ("};

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
        cmocka_unit_test(a_value_is_cut_into_its_parts),
        cmocka_unit_test(parameters_have_a_limit),
        cmocka_unit_test(a_boundary_beyond_the_limit_is_seen_all_the_same),
        cmocka_unit_test(hidden_boundaries_have_a_limit),
        cmocka_unit_test(the_worst_bytes_take_time_in_proportion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
