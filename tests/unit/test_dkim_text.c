/*
 * test_dkim_text.c - header and body with CR LF, in pieces, and how long a body is in its canonical form.
 *
 * Run by "make check". What comes out in pieces is compared with what the simplest loop makes of the whole.
 */
#include "workers/antispam/dkim_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void fields(void **state)
{
    static const struct {
        const char *whole, *wanted;
    } cases[] = {{"A: b\r\n", "A: b"},       {"A: b\n", "A: b"},
                 {"A: b", "A: b"},           {"A: b\n c\r\n\td\n", "A: b\r\n c\r\n\td"},
                 {"A: b\rc\r\n", "A: b\rc"}, {"A:\n", "A:"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b = {0};

        dkim_text_add_field(&b, view_of(cases[i].whole));
        assert_string_equal(b.p, cases[i].wanted);
        buf_free(&b);
    }
}

static struct buf whole(struct view body)
{
    struct buf b = {0};

    for (size_t i = 0; i < body.n; i++) {
        if (body.p[i] == '\n' && (i == 0 || body.p[i - 1] != '\r'))
            buf_add_char(&b, '\r');
        buf_add_char(&b, body.p[i]);
    }
    if (body.n && body.p[body.n - 1] != '\n')
        buf_add_str(&b, "\r\n");
    return b;
}

static struct buf in_pieces(struct view body)
{
    struct dkim_text t = {.rest = body};
    struct buf b = {0};
    struct view piece;

    while (dkim_text_next(&t, &piece)) {
        assert_true(piece.n > 0 && piece.n <= DKIM_TEXT_PIECE);
        /* libopendkim must never see a pair of CR LF torn apart. */
        assert_false(piece.p[0] == '\n' && b.n && b.p[b.n - 1] == '\r');
        buf_add_view(&b, piece);
    }
    return b;
}

static void compare(const char *name, struct view body)
{
    struct buf right = whole(body), got = in_pieces(body);

    if (!view_equal(buf_view(&right), buf_view(&got)))
        fail_msg("%s: %zu bytes, wanted %zu", name, got.n, right.n);
    buf_free(&right);
    buf_free(&got);
}

static void bodies(void **state)
{
    static const char *const cases[] = {"",       "\n",     "\r\n",   "a",       "a\n",         "a\r\n",
                                        "\n\n\n", "a\r\nb", "a\rb\n", "a\r\r\n", "a\nb\r\nc\n", "\r"};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        compare(cases[i], view_of(cases[i]));
}

/* The end of a line on each place around the end of a piece. */
static void pieces(void **state)
{
    static const char *const ends[] = {"\n", "\r\n", "", "\r", "\n\n", "\r\n\r\n"};

    (void)state;
    for (size_t e = 0; e < sizeof ends / sizeof *ends; e++)
        for (size_t n = DKIM_TEXT_PIECE - 5; n < DKIM_TEXT_PIECE + 5; n++) {
            struct buf b = {0};

            for (size_t i = 0; i < n; i++)
                buf_add_char(&b, 'x');
            buf_add_str(&b, ends[e]);
            compare(ends[e], buf_view(&b));
            buf_add_str(&b, "and more");
            compare(ends[e], buf_view(&b));
            buf_free(&b);
        }
}

static void lengths(void **state)
{
    static const struct {
        const char *body;
        uint64_t simple, relaxed;
    } cases[] = {
        {"", 2, 0},          {"\r\n\r\n", 2, 0},  {"a", 3, 3},          {"a\n", 3, 3},
        {"a\r\n\r\n", 3, 3}, {"\r\na\r\n", 5, 5}, {" \r\n", 3, 0},      {"a  b\r\n", 6, 5},
        {"a \t \r\n", 6, 3}, {"  a\r\n", 5, 4},   {"a\n\nb\n\n", 8, 8}, {"a\n \nb\n", 9, 8},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct view body = view_of(cases[i].body);

        if (dkim_text_length(body, false) != cases[i].simple ||
            dkim_text_length(body, true) != cases[i].relaxed)
            fail_msg("case %zu: %llu %llu", i, (unsigned long long)dkim_text_length(body, false),
                     (unsigned long long)dkim_text_length(body, true));
    }
}

static void bare_cr(void **state)
{
    (void)state;
    assert_false(dkim_text_has_bare_cr(VIEW("")));
    assert_false(dkim_text_has_bare_cr(VIEW("a\r\nb\n\r\n")));
    assert_true(dkim_text_has_bare_cr(VIEW("a\rb")));
    assert_true(dkim_text_has_bare_cr(VIEW("a\r")));
    assert_true(dkim_text_has_bare_cr(VIEW("a\r\n\r\r\n")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields),  cmocka_unit_test(bodies),  cmocka_unit_test(pieces),
        cmocka_unit_test(lengths), cmocka_unit_test(bare_cr),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
