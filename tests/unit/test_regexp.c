/*
 * test_regexp.c - unit tests of workers/antispam/regexp.c: what matches, in pieces as in whole, and how long
 * an expression may take that was made, or met a text that was made, to take for ever.
 *
 * Run by `make check`. Time is CPU time, so that it holds on a machine that has other things to do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/rule.h"
#include "workers/antispam/regexp.h"

#define N(a)     (sizeof(a) / sizeof *(a))
#define MEGABYTE ((size_t)1 << 20)
#if defined __SANITIZE_ADDRESS__
#define MS_MAX 500.0 /* what is measured is the sanitizer */
#else
#define MS_MAX 50.0
#endif

static struct regexp *open_regexp(const char *pattern, bool jit)
{
    struct buf why = {0};
    struct regexp *r = regexp_open(view_of(pattern), jit, &why);

    if (!r)
        fail_msg("%s: %s", pattern, why.p);
    if (jit && !regexp_is_compiled(r))
        fail_msg("%s: no machine code", pattern);
    return r;
}

static enum regexp_result find(const char *pattern, bool jit, struct view text, struct view *match)
{
    struct regexp_desk *d = regexp_desk_open();
    struct regexp *r = open_regexp(pattern, jit);
    int64_t left = (int64_t)1 << 60;
    enum regexp_result result;

    *match = (struct view){0};
    regexp_desk_start(d);
    result = regexp_find(r, d, text, &left, match);
    regexp_close(r);
    regexp_desk_close(d);
    return result;
}

static const struct {
    const char *behaviour, *pattern;
    struct view text;
    const char *wanted; /* NULL: none */
} matches[] = {
    {"a word", "cheap", VIEW("buy cheap now"), "cheap"},
    {"no such word", "cheap", VIEW("buy dear now"), NULL},
    {"any case", "cheap", VIEW("buy CHEAP now"), "CHEAP"},
    {"case can be looked at", "(?-i)cheap", VIEW("buy CHEAP now"), NULL},
    {"any case beyond ASCII",
     "\xc3\xbc"
     "bel",
     VIEW("\xc3\x9c"
          "BEL"),
     "\xc3\x9c"
     "BEL"},
    {"a dot is a character, not a byte", "m.ller", VIEW("M\xc3\xbcller"), "M\xc3\xbcller"},
    {"^ and $ are those of lines", "^two$", VIEW("one\ntwo\nthree"), "two"},
    {"$ comes before CRLF, too", "^two$", VIEW("one\r\ntwo\r\nthree"), "two"},
    {"\\A is the begin of the text alone", "\\Atwo", VIEW("one\ntwo"), NULL},
    {"\\z is its end", "two\\z", VIEW("one two"), "two"},
    {"a dot does not go over lines", "a.b", VIEW("a\nb"), NULL},
    {"unless it is told to", "(?s)a.b", VIEW("a\nb"), "a\nb"},
    {"a NUL is a byte like others", "a\\x00b", VIEW("a\0b"), "a"},
    {"an empty text has an empty match", "^$", VIEW(""), ""},
    {"an empty match at the end", "\\z", VIEW("abc"), ""},
    {"looking back", "(?<=very )cheap", VIEW("very cheap"), "cheap"},
    {"backreferences", "(\\w+) \\1", VIEW("buy the the book"), "the the"},
    {"where the match is said to begin", "buy \\Kcheap", VIEW("buy cheap"), "cheap"},
};

static void matches_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(matches) * 2; i++) {
        struct view match;
        enum regexp_result result = find(matches[i / 2].pattern, i % 2, matches[i / 2].text, &match);
        const char *wanted = matches[i / 2].wanted;

        if (result != (wanted ? REGEXP_MATCH : REGEXP_NONE) ||
            (wanted && strncmp(wanted, match.p, match.n) != 0) || (wanted && strlen(wanted) > match.n))
            fail_msg("%s: result %d, \"%.*s\"", matches[i / 2].behaviour, result, (int)match.n,
                     match.p ? match.p : "");
    }
}

/* The text "x...x", `n` bytes, with `mark` at `at`. */
static char *filled(size_t n, char fill, const char *mark, size_t at)
{
    char *text = malloc(n + 1);

    assert_non_null(text);
    memset(text, fill, n);
    text[n] = 0;
    memcpy(text + at, mark, strlen(mark));
    return text;
}

/* Around each border of a piece a match is found where it is, and looking around it sees what is there. */
static void pieces_hide_nothing(void **state)
{
    static const char *const patterns[] = {"needle", "(?<=xx)needle(?=xx)", "(?<!n)n\\w{4}e(?!e)",
                                           "^x*needle"};
    size_t n = 3 * REGEXP_PIECE + 100;

    (void)state;
    for (size_t at = REGEXP_PIECE - 10; at < n - 10; at += at % REGEXP_PIECE == 10 ? REGEXP_PIECE - 20 : 1) {
        char *text = filled(n, 'x', "needle", at);

        for (size_t i = 0; i < 6; i++) {
            struct view match;
            const char *pattern = patterns[i / 2 % 3];
            enum regexp_result result = find(pattern, i % 2, (struct view){text, n}, &match);

            if (result != REGEXP_MATCH || match.p != text + at || match.n != 6)
                fail_msg("%s at %zu: result %d at %zd", pattern, at, result, match.p ? match.p - text : -1);
        }
        free(text);
    }
}

static void lines_do_not_begin_at_borders_of_pieces(void **state)
{
    char *text = filled(4 * REGEXP_PIECE, 'x', "y", REGEXP_PIECE);
    struct view match;

    (void)state;
    assert_int_equal(find("^y", true, view_of(text), &match), REGEXP_NONE);
    assert_int_equal(find("^x$", true, view_of(text), &match), REGEXP_NONE);
    assert_int_equal(find("^x", true, view_of(text), &match), REGEXP_MATCH);
    assert_ptr_equal(match.p, text);
    assert_int_equal(find("x\\z", true, view_of(text), &match), REGEXP_MATCH);
    assert_ptr_equal(match.p, text + 4 * REGEXP_PIECE - 1);
    free(text);
}

static void characters_are_not_cut_by_pieces(void **state)
{
    struct buf b = {0};
    struct view match;

    (void)state;
    for (unsigned shift = 0; shift < 4; shift++) {
        buf_clear(&b);
        for (unsigned i = 0; i < shift; i++)
            buf_add_char(&b, 'x');
        for (unsigned i = 0; i < 3000; i++)
            buf_add_str(&b, "\xf0\x9f\x92\xb0");
        assert_int_equal(find("[^x\\x{1f4b0}]", true, buf_view(&b), &match), REGEXP_NONE);
        assert_int_equal(find("[^x\\x{1f4b0}]", false, buf_view(&b), &match), REGEXP_NONE);
    }
    buf_free(&b);
}

/* A match that is as long as is promised, from the last place of a piece. */
static void a_match_may_be_long(void **state)
{
    char *text = filled(4 * REGEXP_PIECE, 'x', "a", REGEXP_PIECE - 1);
    struct view match;

    (void)state;
    text[REGEXP_PIECE - 1 + REGEXP_AHEAD] = 'b';
    assert_int_equal(find("ax*b", true, view_of(text), &match), REGEXP_MATCH);
    assert_int_equal(match.n, REGEXP_AHEAD + 1);
    free(text);
}

static void wrong_expressions_are_told(void **state)
{
    static const char *const wrong[] = {"(", "[a", "a{2,1}", "(?<n", "\\C", "*a", "\\", "(?P<1>a)"};
    struct buf why = {0};

    (void)state;
    for (size_t i = 0; i < N(wrong); i++) {
        buf_clear(&why);
        assert_null(regexp_open(view_of(wrong[i]), true, &why));
        assert_non_null(strstr(why.p, "the regular expression is wrong at its byte "));
    }
    buf_free(&why);
}

/* Expressions that take time beyond all measure, and texts that make them do so: {repeated, at the end}. */
static const char *const slow[] = {
    "(a+)+$",
    "(a+)+[xy]",
    "([a-zA-Z]+)*!",
    "([a-zA-Z]+)*[!?]",
    "(a|aa)+$",
    "(a|aa)+[xy]",
    "(a|a)*b",
    "(a|a?)+[xy]",
    "(.*a){12}[xy]",
    ".*.*.*[xy]",
    ".*.*=.*[xy]",
    "(?s).*?.*?.*?[xy]",
    "a*a*a*a*a*[xy]",
    "a+[bc]",
    "(?:a*)*[xy]",
    "(?:a?){30}a{30}[xy]",
    "^(\\w+\\s?)*$",
    "(\\w+\\s?)*[!?]",
    "(\\d+)*[xy]",
    "(a+)\\1+[xy]",
    "(a)(\\1)*\\1*[xy]",
    "(?=(a+))\\1*[xy]",
    "(a+)(?:\\1?)*[xy]",
    "(?=a*[xy])b|[cd]",
    "(?<=a|b)(a+)+[xy]",
    "((a*)*)*[xy]",
    "(((a?)+)+)+[xy]",
    "([^@]+)+@[^@]+\\.[xy]",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "(\\s+\\S*)+[xy]$",
    "<[^>]*<[^>]*<[^>]*>",
    "(?:[^<>]+|<(?R)>)*[!]",
    "(a(?:(?1)|b)?)+[xy]",
    "\\b(?:a+\\b)*[xy]",
    "(?i)(\xc3\xbc+)\\1*[xy]",
    "(x+x+)+[yz]",
};
static const char *const unit[] = {"a", "aB", "a ", "ab=", "1", " ", "<", "a\n", "\xc3\xbc", "x", "0a<@."};

static char *evil(const char *of, size_t *n)
{
    char *text = malloc(MEGABYTE + 8);
    size_t one = strlen(of);

    assert_non_null(text);
    for (*n = 0; *n + one + 1 <= MEGABYTE; *n += one)
        memcpy(text + *n, of, one);
    text[(*n)++] = '\f';
    return text;
}

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The longest one in ms. */
static double take_texts(const char *pattern, bool jit, struct regexp_desk *d, unsigned *limits)
{
    struct regexp *r = open_regexp(pattern, jit);
    double worst = 0;

    for (size_t k = 0; k < N(unit); k++) {
        int64_t left = REGEXP_TIME_MAX;
        struct view match;
        size_t n;
        char *text = evil(unit[k], &n);
        double took = cpu_ms();
        enum regexp_result result;

        regexp_desk_start(d);
        result = regexp_find(r, d, (struct view){text, n}, &left, &match);
        took = cpu_ms() - took;
        *limits += result > REGEXP_MATCH;
        if (getenv("SHOW_TIMES"))
            printf("%7.2f ms %s %s \"%s\": %s\n", took, jit ? "jit" : "int", pattern, unit[k],
                   regexp_result_name(result));
        if (took > MS_MAX)
            fail_msg("%s took %.1f ms over \"%s\"", pattern, took, unit[k]);
        worst = took > worst ? took : worst;
        free(text);
    }
    regexp_close(r);
    return worst;
}

static void evil_texts_take_no_longer_than_50_ms(void **state)
{
    struct regexp_desk *d = regexp_desk_open();
    unsigned limits = 0;
    double worst = 0;

    (void)state;
    for (size_t i = 0; i < N(slow) * 2; i++) {
        double took = take_texts(slow[i / 2], i % 2, d, &limits);

        worst = took > worst ? took : worst;
    }
    print_message(
        "%zu expressions, %zu texts of 1 MB, with and without machine code: at most %.1f ms; a limit "
        "was met %u times\n",
        N(slow), N(unit), worst, limits);
    assert_true(limits > N(slow)); /* else they are not evil, and nothing was shown */
    regexp_desk_close(d);
}

static void no_time_left_is_told_at_once(void **state)
{
    struct regexp_desk *d = regexp_desk_open();
    struct regexp *r = open_regexp("a", true);
    struct view match;
    int64_t left = 0;

    (void)state;
    regexp_desk_start(d);
    assert_int_equal(regexp_find(r, d, VIEW("a"), &left, &match), REGEXP_TIME);
    left = 1000000000;
    assert_int_equal(regexp_find(r, d, VIEW("a"), &left, &match), REGEXP_MATCH);
    assert_true(left < 1000000000);
    regexp_close(r);
    regexp_desk_close(d);
}

/* The limit of steps is met at the same text each time, whatever the clock says. */
static void the_limit_of_steps_is_the_same_each_time(void **state)
{
    (void)state;
    for (size_t n = 1; n < 3000; n = n * 3 / 2 + 1) {
        char *text = filled(n, 'a', "b", 0);
        struct view match;
        enum regexp_result first = find("(a*)*[xy]", true, view_of(text), &match);

        for (unsigned i = 0; i < 20; i++)
            assert_int_equal(find("(a*)*[xy]", true, view_of(text), &match), first);
        if (n > 1000)
            assert_int_equal(first, REGEXP_STEPS);
        free(text);
    }
}

/* A process that dies of memory that is executable, or is made so, and of mapping any but for malloc(3). */
static void lock_down(void)
{
    static const char *const calls[] = {"mmap",         "mprotect", "pkey_mprotect",
                                        "memfd_create", "mremap",   "madvise"};
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

    for (size_t i = 0; i < N(calls); i++)
        seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, seccomp_syscall_resolve_name(calls[i]), 0);
    if (!ctx || seccomp_load(ctx) < 0)
        _exit(77);
}

static void match_all(struct regexp **r, size_t n, struct regexp_desk *d, const char *text, size_t length)
{
    for (size_t i = 0; i < n; i++) {
        int64_t left = REGEXP_TIME_MAX;
        struct view match;

        regexp_desk_start(d);
        regexp_find(r[i], d, (struct view){text, length}, &left, &match);
    }
}

/* Compiled before, matched behind a lock-down: with machine code it takes nothing at all from the system. */
static void matching_needs_nothing_from_the_system(void **state)
{
    struct regexp_desk *d = regexp_desk_open();
    struct regexp *r[N(slow)];
    size_t n;
    char *text = evil("aB", &n);
    int status = 0;
    pid_t pid;

    (void)state;
    for (size_t i = 0; i < N(slow); i++)
        r[i] = open_regexp(slow[i], true);
    pid = fork();
    if (pid == 0) {
        lock_down();
        match_all(r, N(slow), d, text, n);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    for (size_t i = 0; i < N(slow); i++)
        regexp_close(r[i]);
    regexp_desk_close(d);
    free(text);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(status, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_are_found),
        cmocka_unit_test(pieces_hide_nothing),
        cmocka_unit_test(lines_do_not_begin_at_borders_of_pieces),
        cmocka_unit_test(characters_are_not_cut_by_pieces),
        cmocka_unit_test(a_match_may_be_long),
        cmocka_unit_test(wrong_expressions_are_told),
        cmocka_unit_test(evil_texts_take_no_longer_than_50_ms),
        cmocka_unit_test(matching_needs_nothing_from_the_system),
        cmocka_unit_test(no_time_left_is_told_at_once),
        cmocka_unit_test(the_limit_of_steps_is_the_same_each_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
