/*
 * test_mail_multipart.c - unit tests of workers/mail/mail_multipart.c: which lines delimit, and what is cut
 * where.
 *
 * Run by `make check`. Every case is a body, a boundary, and the segments of each
 * way of cutting, written one behind the other: "<" preamble, ">" epilogue, "|" a part.
 */
#include "workers/mail/mail_multipart.h"

#include "common/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

struct cut_case {
    const char *says;
    struct view body;
    const char *boundary;
    const char *cut[MAIL_CUT__MAX]; /* NULL: as the usual one */
    bool closed, bare_cr;
};

static const struct cut_case cases[] = {
    {"two parts", VIEW("--b\na\n--b\nc\n--b--\n"), "b", {"|a|c"}, true, false},
    {"line ends of both kinds", VIEW("--b\r\na\r\n--b\nc\r\n--b--"), "b", {"|a|c"}, true, false},
    {"text around", VIEW("pre\n--b\na\n--b--\npost\n"), "b", {"<pre|a>post\n"}, true, false},
    {"the last delimiter is missing", VIEW("--b\na\n--b\nc\n"), "b", {"|a|c\n"}, false, false},
    {"within a line", VIEW("a\n-b\nb\n --b\nx--b\n"), "b", {"", "", "<a\n-b\nb\n |x|"}, false, false},
    {"no delimiter at all", VIEW("a\n-b\nb\n -b\n"), "b", {""}, false, false},
    {"blanks behind it", VIEW("--b \t\na\n--b-- \n"), "b", {"|a"}, true, false},
    {"a CR too many", VIEW("--b\r\r\na\n--b--\r\r\n"), "b", {"|a"}, true, false},
    {"empty parts", VIEW("--b\n--b\n\n--b--\n"), "b", {"||"}, true, false},
    {"parts behind the end",
     VIEW("--b\na\n--b--\nx\n--b\nc\n--b--\n"),
     "b",
     {"|a>x\n--b\nc\n--b--\n", "|a>x|c", "|a>x|c"},
     true,
     false},
    {"a line that only begins so",
     VIEW("--b\na\n--bc\nd\n--b--\n"),
     "b",
     {"|a\n--bc\nd", NULL, "|a|d"},
     true,
     false},
    {"a field behind it on the line",
     VIEW("--b X: y\n\na\n--b--\n"),
     "b",
     {"<--b X: y\n\na", "<--b X: y\n\na", "| X: y\n\na"},
     true,
     false},
    {"junk behind the end",
     VIEW("--b\na\n--b--x\nc\n"),
     "b",
     {"|a\n--b--x\nc\n", NULL, "|a>c\n"},
     false,
     false},
    {"an empty boundary", VIEW("--\na\n----\n"), "", {"|a"}, true, false},
    {"CR as line end, where it is one", VIEW("--b\ra\r--b--\r"), "b", {"|a"}, true, true},
    {"CR as line end, where it is none", VIEW("--b\ra\r--b--\r"), "b", {"", "", "|"}, false, false},
    {"at the end of the bytes", VIEW("--b"), "b", {"|"}, false, false},
    {"no bytes", VIEW(""), "b", {""}, false, false},
};

static void write_segments(struct buf *to, const struct mail_segment *s, unsigned n)
{
    buf_clear(to);
    for (unsigned i = 0; i < n; i++) {
        buf_add_char(to, s[i].preamble ? '<' : s[i].epilogue ? '>' : '|');
        buf_add_view(to, s[i].bytes);
    }
    buf_add_char(to, '\0');
}

static void bodies_are_cut_at_their_delimiters(void **state)
{
    struct mail_arena a = {0};
    struct buf got = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (enum mail_cut cut = 0; cut < MAIL_CUT__MAX; cut++) {
            const struct cut_case *c = &cases[i];
            const char *wanted = c->cut[cut] ? c->cut[cut] : c->cut[MAIL_CUT_USUAL];
            struct mail_multipart m;
            struct mail_segment *s;
            bool closed;

            mail_multipart_find(&a, c->body, view_of(c->boundary), c->bare_cr, &m);
            write_segments(&got, s, mail_multipart_cut(&a, &m, cut, &s, &closed));
            if (strcmp(got.p, wanted) != 0 || (cut == MAIL_CUT_USUAL && closed != c->closed))
                fail_msg("%s, way %d: \"%s\"", c->says, (int)cut, got.p);
        }
    buf_free(&got);
    mail_arena_free(&a);
}

static void boundaries_are_guessed(void **state)
{
    static const struct {
        const char *says;
        struct view body, guess;
    } rows[] = {
        {"the first line that begins so", VIEW("text\n--=_x \r\na\n"), VIEW("=_x")},
        {"a rule of dashes is none", VIEW("-----\n--\n--x\n"), VIEW("x")},
        {"more dashes before it", VIEW("----=_Part\n"), VIEW("--=_Part")},
        {"none", VIEW("a\n -- b\n"), VIEW("")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!view_equal(mail_multipart_guess(rows[i].body), rows[i].guess))
            fail_msg("%s", rows[i].says);
}

static unsigned count(struct mail_arena *a, unsigned lines, bool *over)
{
    struct mail_multipart m;
    struct buf b = {0};

    while (lines--)
        buf_add_str(&b, "--b\n");
    mail_multipart_find(a, buf_view(&b), VIEW("b"), false, &m);
    *over = m.over;
    buf_free(&b);
    return m.n;
}

static void delimiters_are_limited(void **state)
{
    struct mail_arena a = {0};
    bool over;

    (void)state;
    for (int d = -1; d <= 1; d++) {
        unsigned wanted = (unsigned)(MAIL_DELIMITERS_MAX + (d > 0 ? 0 : d));

        assert_int_equal(count(&a, (unsigned)(MAIL_DELIMITERS_MAX + d), &over), wanted);
        assert_int_equal(over, d > 0);
    }
    mail_arena_free(&a);
}

/* Seconds of this process for so many bytes of what is worst: nearly delimiters. */
static double cost(size_t n)
{
    struct mail_arena a = {0};
    struct mail_multipart m;
    char *p = malloc(n);
    clock_t begun = clock();

    for (size_t i = 0; i < n; i++)
        p[i] = "\n--bbbbbbb"[i % 10];
    mail_multipart_find(&a, (struct view){p, n}, VIEW("bbbbbbbb"), false, &m);
    assert_int_equal(m.n, 0);
    free(p);
    mail_arena_free(&a);
    return (double)(clock() - begun) / CLOCKS_PER_SEC;
}

static void time_grows_with_the_bytes(void **state)
{
    double one = cost(4 << 20), four = cost(16 << 20);

    (void)state;
    if (four > 12 * one + 0.05)
        fail_msg("%.3f s, and %.3f s for four times as much", one, four);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_are_cut_at_their_delimiters),
        cmocka_unit_test(boundaries_are_guessed),
        cmocka_unit_test(delimiters_are_limited),
        cmocka_unit_test(time_grows_with_the_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
