/*
 * test_mail_line.c - which line ends count, that no byte is lost, and that time is linear for the worst
 * bytes.
 *
 * Run by "make check".
 */
#include "workers/mail/mail_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define LINES_MAX 6

struct text {
    const char *p;
    size_t n;
};
#define S(lit)                                                                                               \
    {                                                                                                        \
        lit, sizeof(lit) - 1                                                                                 \
    }

static const struct {
    const char *what;
    struct text in;
    bool bare_cr;
    struct text line[LINES_MAX]; /* up to the first without a pointer */
} cases[] = {
    {"nothing is no line", S(""), false, {{0}}},
    {"nor is it with CR", S(""), true, {{0}}},
    {"LF and CRLF end a line", S("a\nb\r\nc"), false, {S("a"), S("b"), S("c")}},
    {"and with CR, too", S("a\nb\r\nc"), true, {S("a"), S("b"), S("c")}},
    {"an end at the very end begins no line", S("a\n"), false, {S("a")}},
    {"nor does a CR there", S("a\r"), true, {S("a")}},
    {"nor CRLF", S("a\r\n"), true, {S("a")}},
    {"empty lines are lines", S("\n\r\n\n"), false, {S(""), S(""), S("")}},
    {"empty lines with CR", S("\r\r\n\n\r"), true, {S(""), S(""), S(""), S("")}},
    {"CR alone is a byte like others", S("a\rb\r\r\nc\r"), false, {S("a\rb\r"), S("c\r")}},
    {"CR alone ends a line where it is asked for", S("a\rb\r\r\nc\r"), true, {S("a"), S("b"), S(""), S("c")}},
    {"LF CR are two", S("a\n\rb"), true, {S("a"), S(""), S("b")}},
    {"LF CR is one without it", S("a\n\rb"), false, {S("a"), S("\rb")}},
    {"NUL is a byte like others", S("a\0b\n\0"), false, {S("a\0b"), S("\0")}},
    {"NUL with CR as well", S("a\0b\r\0"), true, {S("a\0b"), S("\0")}},
    {"a lone CR before the end of bytes", S("\r"), false, {S("\r")}},
};

static void lines_are_as_expected(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mail_lines l = {{cases[i].in.p, cases[i].in.n}, cases[i].bare_cr};
        const char *at = cases[i].in.p;
        struct mail_line line;
        size_t n = 0;

        for (; mail_line_next(&l, &line); n++) {
            struct view wanted = {cases[i].line[n].p, cases[i].line[n].n};

            if (!wanted.p || !view_equal(line.text, wanted))
                fail_msg("%s: line %zu is \"%.*s\"", cases[i].what, n, (int)line.text.n, line.text.p);
            assert_ptr_equal(line.whole.p, at);
            assert_ptr_equal(line.text.p, at);
            at += line.whole.n;
        }
        if (cases[i].line[n].p)
            fail_msg("%s: only %zu lines", cases[i].what, n);
        assert_ptr_equal(at, cases[i].in.p + cases[i].in.n);
    }
}

/* The same, byte by byte. */
static size_t end_of(struct view v, bool bare_cr)
{
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] == '\n')
            return i + 1;
        if (v.p[i] == '\r' && bare_cr)
            return i + 1 + (i + 1 < v.n && v.p[i + 1] == '\n');
    }
    return v.n;
}

/* Lines of each length around those at which the search goes on in larger steps. */
static void a_line_may_have_any_length(void **state)
{
    static const char *const ends[] = {"\n", "\r\n", "\r", ""};
    enum { LONGEST = 1100 };
    char *bytes = malloc(LONGEST + 8);

    (void)state;
    assert_non_null(bytes);
    for (size_t n = 0; n < LONGEST; n++) {
        for (size_t e = 0; e < 8; e++) {
            size_t end = strlen(ends[e % 4]);
            struct mail_lines l = {{bytes, n + end + 2}, e >= 4};
            struct mail_line line;

            memset(bytes, 'x', n);
            memcpy(bytes + n, ends[e % 4], end);
            memcpy(bytes + n + end, "y\n", 2);
            assert_true(mail_line_next(&l, &line));
            assert_int_equal(line.whole.n, end_of((struct view){bytes, n + end + 2}, e >= 4));
            assert_ptr_equal(l.rest.p, bytes + line.whole.n);
            assert_int_equal(l.rest.n + line.whole.n, n + end + 2);
        }
    }
    free(bytes);
}

static double seconds_for(const char *pattern, size_t n, bool bare_cr)
{
    size_t step = strlen(pattern), lines = 0;
    struct timespec from, to;
    char *bytes = malloc(n);
    struct mail_lines l = {{bytes, n}, bare_cr};
    struct mail_line line;

    assert_non_null(bytes);
    for (size_t i = 0; i < n; i++)
        bytes[i] = pattern[i % step];
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    while (mail_line_next(&l, &line))
        lines++;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    free(bytes);
    assert_true(lines > 0);
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

/* One kind of line end only: the other one must not be looked for up to the end, line by line. */
static void time_is_linear(void **state)
{
    static const char *const patterns[] = {"a\r", "a\n", "aaaaaaaaaaaaaaaaaaaaaaaa\r", "a", "\r\n"};

    (void)state;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        for (int bare = 0; bare < 2; bare++) {
            double one = seconds_for(patterns[i], 1u << 20, bare),
                   two = seconds_for(patterns[i], 2u << 20, bare);

            if (two > 3 * one + 0.1)
                fail_msg("pattern %zu: %.3f s, twice as much: %.3f s", i, one, two);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_as_expected),
        cmocka_unit_test(a_line_may_have_any_length),
        cmocka_unit_test(time_is_linear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
