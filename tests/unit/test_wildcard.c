/*
 * test_wildcard.c - unit tests of workers/antispam/wildcard.c: patterns with "*" and "?" over whole lines.
 *
 * Run by `make check`. Random patterns are held against the plain way with going back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "common/utf8.h"
#include "workers/antispam/wildcard.h"

#define N(a)     (sizeof(a) / sizeof *(a))
#define MEGABYTE ((size_t)1 << 20)
#define UE       "\xc3\xbc"
#define MONEY    "\xf0\x9f\x92\xb0"

static const struct {
    const char *behaviour;
    struct view pattern, text;
    const char *wanted; /* the line; NULL: none */
} cases[] = {
    {"the text itself", VIEW("abc"), VIEW("abc"), "abc"},
    {"any case, either way", VIEW("aBc"), VIEW("AbC"), "AbC"},
    {"no part of a line", VIEW("abc"), VIEW("xabc"), NULL},
    {"nor its begin", VIEW("abc"), VIEW("abcx"), NULL},
    {"a star at both ends", VIEW("*abc*"), VIEW("xabcx"), "xabcx"},
    {"a star is nothing, too", VIEW("*abc*"), VIEW("abc"), "abc"},
    {"a star in the middle", VIEW("a*c"), VIEW("abbbc"), "abbbc"},
    {"a star goes back", VIEW("*aab"), VIEW("aaab"), "aaab"},
    {"two stars", VIEW("a*b*c"), VIEW("a-b-b-c"), "a-b-b-c"},
    {"stars that follow each other", VIEW("a***c"), VIEW("ac"), "ac"},
    {"the order counts", VIEW("*a*b*"), VIEW("ba"), NULL},
    {"a question mark is one", VIEW("a?c"), VIEW("abc"), "abc"},
    {"... not none", VIEW("a?c"), VIEW("ac"), NULL},
    {"... not two", VIEW("a?c"), VIEW("abbc"), NULL},
    {"... of two bytes", VIEW("m?ller"), VIEW("M" UE "ller"), "M" UE "ller"},
    {"... of four bytes", VIEW("a?c"), VIEW("a" MONEY "c"), "a" MONEY "c"},
    {"two of them are two characters", VIEW("a??c"), VIEW("a" MONEY "c"), NULL},
    {"... whatever they are", VIEW("a??c"), VIEW("a" MONEY UE "c"), "a" MONEY UE "c"},
    {"a character behind one with its bytes", VIEW("?" UE), VIEW(MONEY UE), MONEY UE},
    {"a question mark at the end", VIEW("a?"), VIEW("a" UE), "a" UE},
    {"a star and a question mark", VIEW("a*?"), VIEW("a"), NULL},
    {"... and something", VIEW("a?*"), VIEW("abc"), "abc"},
    {"beyond ASCII as it is", VIEW(UE), VIEW("\xc3\x9c"), NULL},
    {"the line that fits", VIEW("b*"), VIEW("aaa\nbbb\nbcc"), "bbb"},
    {"the last line", VIEW("c"), VIEW("a\nb\nc"), "c"},
    {"CRLF is a line end", VIEW("b"), VIEW("a\r\nb\r\nc"), "b"},
    {"a star does not go over lines", VIEW("a*b"), VIEW("a\nb"), NULL},
    {"blanks at both ends of a line do not count", VIEW("b"), VIEW("a\n \tb \r\n"), "b"},
    {"an empty line fits a star", VIEW("*"), VIEW(""), ""},
    {"nothing in an empty text", VIEW("a"), VIEW(""), NULL},
    {"a NUL", VIEW("a?b"), VIEW("a\0b"), "a"},
    {"brackets are themselves", VIEW("[a]"), VIEW("a"), NULL},
    {"a backslash is itself", VIEW("a\\*"), VIEW("a\\b"), "a\\b"},
};

static void lines_fit(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        struct wildcard *w = wildcard_open(cases[i].pattern);
        struct view found = wildcard_find(w, cases[i].text);
        const char *wanted = cases[i].wanted;

        if ((found.p != NULL) != (wanted != NULL) || (wanted && strncmp(found.p, wanted, found.n) != 0) ||
            (wanted && found.n < strlen(wanted)))
            fail_msg("%s: \"%.*s\"", cases[i].behaviour, (int)found.n, found.p ? found.p : "none");
        wildcard_close(w);
    }
}

/* As long as patterns may be, at the borders of words. */
static void long_patterns_fit(void **state)
{
    char pattern[WILDCARD_MAX], text[WILDCARD_MAX];

    (void)state;
    for (size_t n = 1; n <= WILDCARD_MAX; n += n % 64 > 2 && n % 64 < 62 ? 1 + n / 200 * 5 : 1) {
        struct wildcard *w;

        for (size_t i = 0; i < n; i++) {
            text[i] = (char)('a' + i % 23);
            pattern[i] = i % 5 == 3 ? '?' : text[i];
        }
        w = wildcard_open((struct view){pattern, n});
        assert_int_equal(wildcard_find(w, (struct view){text, n}).n, n);
        assert_null(wildcard_find(w, (struct view){text, n - 1}).p);
        text[n - 1] = pattern[n - 1] == '?' ? '\n' : '!';
        assert_null(wildcard_find(w, (struct view){text, n}).p);
        wildcard_close(w);
    }
}

/* The plain way, over characters. */
static bool fits(struct view p, struct view t)
{
    uint32_t c;

    if (p.n == 0)
        return t.n == 0;
    if (p.p[0] == '*') {
        for (size_t i = 0; i <= t.n; i++)
            if (fits((struct view){p.p + 1, p.n - 1}, (struct view){t.p + i, t.n - i}))
                return true;
        return false;
    }
    if (p.p[0] == '?') {
        size_t n = utf8_decode(t, &c);

        return n && fits((struct view){p.p + 1, p.n - 1}, (struct view){t.p + n, t.n - n});
    }
    return t.n && t.p[0] == p.p[0] && fits((struct view){p.p + 1, p.n - 1}, (struct view){t.p + 1, t.n - 1});
}

static size_t make(char *to, const char *const *of, unsigned kinds, unsigned *seed)
{
    size_t n = 0;

    for (unsigned i = (unsigned)rand_r(seed) % 8; i; i--) {
        const char *one = of[(unsigned)rand_r(seed) % kinds];

        memcpy(to + n, one, strlen(one));
        n += strlen(one);
    }
    return n;
}

static void random_patterns_fit_what_they_should(void **state)
{
    static const char *const of[] = {"a", "b", UE, MONEY, "*", "?"};
    unsigned seed = 4, fitted = 0;

    (void)state;
    for (unsigned k = 0; k < 100000; k++) {
        char pattern[40], text[40];
        struct view p = {pattern, make(pattern, of, 6, &seed)}, t = {text, make(text, of, 4, &seed)};
        struct wildcard *w = wildcard_open(p);
        bool found = wildcard_find(w, t).p;

        if (found != fits(p, t))
            fail_msg("%.*s over %.*s: %d", (int)p.n, p.p, (int)t.n, t.p, found);
        fitted += found;
        wildcard_close(w);
    }
    assert_true(fitted > 1000);
}

static void needles_are_the_longest_runs(void **state)
{
    static const struct {
        struct view pattern;
        const char *needle;
    } needles[] = {
        {VIEW("abc"), "abc"}, {VIEW("*abc*de"), "abc"}, {VIEW("a?bcd*"), "bcd"}, {VIEW("ab*cd"), "ab"},
        {VIEW("*?*"), ""},    {VIEW(""), ""},           {VIEW("?x"), "x"},
    };

    (void)state;
    for (size_t i = 0; i < N(needles); i++)
        assert_true(view_equal(wildcard_needle(needles[i].pattern), view_of(needles[i].needle)));
}

/* What makes matchers go back and back costs one pass here. */
static void evil_texts_cost_one_pass(void **state)
{
    static const char *const patterns[] = {"*a*a*a*a*a*a*a*a*b", "*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaab*",
                                           "*?*?*?*?*?*?b"};
    char *text = malloc(MEGABYTE);
    struct timespec begin, end;

    (void)state;
    assert_non_null(text);
    memset(text, 'a', MEGABYTE);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    for (size_t i = 0; i < N(patterns); i++) {
        struct wildcard *w = wildcard_open((struct view){patterns[i], strlen(patterns[i])});

        assert_null(wildcard_find(w, (struct view){text, MEGABYTE}).p);
        wildcard_close(w);
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    print_message("1 MB: %.1f ms\n",
                  ((double)(end.tv_sec - begin.tv_sec) * 1e3 + (double)(end.tv_nsec - begin.tv_nsec) / 1e6) /
                      N(patterns));
#if !defined __SANITIZE_ADDRESS__
    assert_true(end.tv_sec - begin.tv_sec < 2);
#endif
    free(text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_fit),
        cmocka_unit_test(long_patterns_fit),
        cmocka_unit_test(random_patterns_fit_what_they_should),
        cmocka_unit_test(needles_are_the_longest_runs),
        cmocka_unit_test(evil_texts_cost_one_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
