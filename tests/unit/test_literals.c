/*
 * test_literals.c - unit tests of workers/antispam/literals.c: many texts in one pass.
 *
 * Run by `make check`. What is found is held against a search for one after the other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "common/buf.h"
#include "workers/antispam/literals.h"

#define N(a)     (sizeof(a) / sizeof *(a))
#define MEGABYTE ((size_t)1 << 20)

/* "0@5 2@7 ": literal 0 ends before byte 5. */
static void note(void *arg, uint32_t i, size_t end)
{
    buf_addf(arg, "%u@%zu ", i, end);
}

static const struct {
    const char *behaviour, *literals; /* with "|" between */
    struct view text;
    const char *wanted;
} cases[] = {
    {"one", "cheap", VIEW("buy cheap now"), "0@9 "},
    {"none", "cheap", VIEW("buy cheep now"), ""},
    {"nothing to look for", "", VIEW("abc"), ""},
    {"nothing to look in", "a", VIEW(""), ""},
    {"each once, at its first place", "a|b", VIEW("abab"), "0@1 1@2 "},
    {"any case", "ChEaP", VIEW("CHEAP"), "0@5 "},
    {"bytes beyond ASCII as they are", "\xc3\xbc|\xc3\x9c", VIEW("\xc3\x9c"), "1@2 "},
    {"one in the other", "abcd|bc|c", VIEW("abcd"), "1@3 2@3 0@4 "},
    {"the end of the other", "xabc|abc|bc|c", VIEW("xabc"), "0@4 1@4 2@4 3@4 "},
    {"one begins in the middle of the other", "abx|bc", VIEW("abc"), "1@3 "},
    {"back to the begin", "aab", VIEW("aaab"), "0@4 "},
    {"equal ones, and in another case", "ab|x|AB|ab", VIEW("xab"), "1@1 0@3 2@3 3@3 "},
    {"the whole text", "abc", VIEW("abc"), "0@3 "},
    {"longer than the text", "abcd", VIEW("abc"), ""},
    {"[ and { are no letters", "[|{", VIEW("{"), "1@1 "},
    {"@ and ` either", "@|`", VIEW("`"), "1@1 "},
};

static struct literals *open_text(const char *text)
{
    struct view literal[64];
    uint32_t n = 0;

    for (const char *end; *text; text = *end ? end + 1 : end) {
        end = strchrnul(text, '|');
        literal[n++] = (struct view){text, (size_t)(end - text)};
    }
    return literals_open(literal, n);
}

static void literals_are_found(void **state)
{
    struct buf b = {0};

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        struct literals *l = open_text(cases[i].literals);

        for (unsigned again = 0; again < 2; again++) { /* a search leaves nothing behind */
            buf_clear(&b);
            buf_add(&b, "", 0);
            literals_find(l, cases[i].text, note, &b);
            if (strcmp(b.p ? b.p : "", cases[i].wanted) != 0)
                fail_msg("%s: %s", cases[i].behaviour, b.p);
        }
        literals_close(l);
    }
    buf_free(&b);
}

static void bytes_may_be_nul(void **state)
{
    struct view literal[] = {VIEW("a\0b"), VIEW("\0")};
    struct literals *l = literals_open(literal, 2);
    struct buf b = {0};

    (void)state;
    literals_find(l, VIEW("xa\0b"), note, &b);
    assert_string_equal(b.p, "1@3 0@4 ");
    buf_free(&b);
    literals_close(l);
}

static char pick(unsigned *seed)
{
    return "aabBc"[rand_r(seed) % 5];
}

/* Where it first ends; 0: nowhere. */
static size_t search(struct view text, struct view literal)
{
    for (size_t i = 0; i + literal.n <= text.n; i++)
        if (view_equal_nocase((struct view){text.p + i, literal.n}, literal))
            return i + literal.n;
    return 0;
}

struct ends {
    size_t end[64];
};

static void take(void *arg, uint32_t i, size_t end)
{
    struct ends *e = arg;

    assert_int_equal(e->end[i], 0);
    e->end[i] = end;
}

static void random_literals_are_found_where_they_are(void **state)
{
    unsigned seed = 11;

    (void)state;
    for (unsigned k = 0; k < 3000; k++) {
        char bytes[64][6], text[100];
        struct view literal[64];
        struct ends e = {{0}};
        uint32_t n = (uint32_t)rand_r(&seed) % 65;
        size_t length = (size_t)rand_r(&seed) % sizeof text;
        struct literals *l;

        for (uint32_t i = 0; i < n; i++) {
            literal[i] = (struct view){bytes[i], 1 + (size_t)rand_r(&seed) % 6};
            for (size_t c = 0; c < literal[i].n; c++)
                bytes[i][c] = pick(&seed);
        }
        for (size_t c = 0; c < length; c++)
            text[c] = pick(&seed);
        l = literals_open(literal, n);
        literals_find(l, (struct view){text, length}, take, &e);
        for (uint32_t i = 0; i < n; i++)
            assert_int_equal(e.end[i], search((struct view){text, length}, literal[i]));
        literals_close(l);
    }
}

static void bounds_are_kept(void **state)
{
    char *text = malloc(LITERALS_BYTES_MAX + 1);
    struct view *many = calloc(LITERALS_MAX + 1, sizeof *many);

    (void)state;
    assert_non_null(text);
    assert_non_null(many);
    memset(text, 'a', LITERALS_BYTES_MAX + 1);
    for (int off = -1; off <= 1; off++) {
        struct view one = {text, (size_t)((int)LITERALS_BYTES_MAX + off)};
        struct literals *l = literals_open(&one, 1);

        assert_int_equal(l != NULL, off <= 0);
        literals_close(l);
        for (unsigned i = 0; i <= LITERALS_MAX; i++)
            many[i] = (struct view){text, 1};
        l = literals_open(many, (uint32_t)(LITERALS_MAX + off));
        assert_int_equal(l != NULL, off <= 0);
        literals_close(l);
    }
    free(text);
    free(many);
}

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* 10,000 phrases, and a text of 1 MB that is made of their begins. */
static void ten_thousand_cost_one_pass(void **state)
{
    enum { MANY = 10000 };
    static char bytes[MANY][40];
    static struct view literal[MANY];
    char *text = malloc(MEGABYTE);
    struct literals *l;
    struct buf b = {0};
    unsigned seed = 1;
    double open, find;

    (void)state;
    assert_non_null(text);
    for (uint32_t i = 0; i < MANY; i++) {
        snprintf(bytes[i], sizeof bytes[i], "buy %u cheap %x watches now", i * 7919 % 9973, i);
        literal[i] = view_of(bytes[i]);
    }
    for (size_t n = 0; n < MEGABYTE; n++)
        text[n] = bytes[rand_r(&seed) % MANY][n % 20];
    open = cpu_ms();
    l = literals_open(literal, MANY);
    open = cpu_ms() - open;
    find = cpu_ms();
    literals_find(l, (struct view){text, MEGABYTE}, note, &b);
    find = cpu_ms() - find;
    print_message("%d literals: opened in %.0f ms, %.1f MB; 1 MB of text in %.1f ms\n", MANY, open,
                  (double)literals_bytes(l) / 1e6, find);
    assert_true(literals_bytes(l) < 10000000);
#if !defined __SANITIZE_ADDRESS__
    assert_true(find < 100);
#endif
    literals_close(l);
    buf_free(&b);
    free(text);
}

/* Literals that all end at each place: each is told once, and time stays linear. */
static void literals_within_each_other_cost_no_more(void **state)
{
    enum { MANY = 1000 };
    static struct view literal[MANY];
    char *text = malloc(MEGABYTE);
    struct literals *l;
    struct buf b = {0};
    double find;

    (void)state;
    assert_non_null(text);
    memset(text, 'a', MEGABYTE);
    for (uint32_t i = 0; i < MANY; i++)
        literal[i] = (struct view){text, i + 1};
    l = literals_open(literal, MANY);
    find = cpu_ms();
    literals_find(l, (struct view){text, MEGABYTE}, note, &b);
    find = cpu_ms() - find;
    assert_non_null(strstr(b.p, " 999@1000 "));
#if !defined __SANITIZE_ADDRESS__
    assert_true(find < 100);
#endif
    literals_close(l);
    buf_free(&b);
    free(text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_are_found),
        cmocka_unit_test(bytes_may_be_nul),
        cmocka_unit_test(random_literals_are_found_where_they_are),
        cmocka_unit_test(bounds_are_kept),
        cmocka_unit_test(ten_thousand_cost_one_pass),
        cmocka_unit_test(literals_within_each_other_cost_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
