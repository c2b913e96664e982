/*
 * test_fold.c - unit tests of workers/antispam/fold.c: words without their disguise.
 *
 * Run by `make check`.
 */
#include "tests/unit/check_world.h"

#include "workers/antispam/fold.h"

#include <time.h>

static const struct {
    const char *behaviour;
    struct view text, wanted;
} cases[] = {
    {"nothing", VIEW(""), VIEW("")},
    {"ASCII stays", VIEW("a\0b\r\n~"), VIEW("a\0b\r\n~")},
    {"a soft hyphen goes", VIEW("a\xc2\xad\x62"), VIEW("ab")},
    {"... its neighbours stay", VIEW("\xc2\xac\xc2\xae"), VIEW("\xc2\xac\xc2\xae")},
    {"U+200A stays, U+200B to U+200F go, U+2010 stays",
     VIEW("\xe2\x80\x8a\xe2\x80\x8b\xe2\x80\x8c\xe2\x80\x8d\xe2\x80\x8e\xe2\x80\x8f\xe2\x80\x90"),
     VIEW("\xe2\x80\x8a\xe2\x80\x90")},
    {"U+205F stays, U+2060 to U+2064 go, U+2065 stays",
     VIEW("\xe2\x81\x9f\xe2\x81\xa0\xe2\x81\xa4\xe2\x81\xa5"), VIEW("\xe2\x81\x9f\xe2\x81\xa5")},
    {"U+FEFF goes, at the end, too", VIEW("\xef\xbb\xbf\x61\xef\xbb\xbf"), VIEW("a")},
    {"U+FF00 and U+FF5F stay, U+FF01 to U+FF5E are ASCII",
     VIEW("\xef\xbc\x80\xef\xbc\x81\xef\xbc\xa1\xef\xbd\x9e\xef\xbd\x9f"),
     VIEW("\xef\xbc\x80!A~\xef\xbd\x9f")},
    {"what is no UTF-8 stays", VIEW("\xc2\xe2\x80\xef\xbc\xff\xe2\x80\x8b\xe2\x80"),
     VIEW("\xc2\xe2\x80\xef\xbc\xff\xe2\x80")},
};

static void disguise_goes(void **state)
{
    struct buf b = {0};

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        buf_clear(&b);
        fold_add(&b, cases[i].text);
        if (!view_equal(buf_view(&b), cases[i].wanted))
            fail_msg("%s", cases[i].behaviour);
        if (fold_is_needed(cases[i].text) != !view_equal(cases[i].text, cases[i].wanted))
            fail_msg("%s: is it needed?", cases[i].behaviour);
    }
    buf_free(&b);
}

static const struct {
    const char *behaviour;
    struct view text;
    size_t max, wanted;
} cuts[] = {
    {"short enough", VIEW("abc"), 3, 3},
    {"one byte too long", VIEW("abc"), 2, 2},
    {"not within a character", VIEW("a\xe2\x80\x8b"), 3, 1},
    {"behind it", VIEW("a\xe2\x80\x8b\x62"), 4, 4},
    {"bytes that begin no character", VIEW("a\x80\x80\x80\x80\x80\x80\x80"), 6, 6},
    {"none", VIEW("abc"), 0, 0},
};

static void any_bytes_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(cuts); i++)
        if (fold_cut(cuts[i].text, cuts[i].max).n != cuts[i].wanted)
            fail_msg("%s: %zu", cuts[i].behaviour, fold_cut(cuts[i].text, cuts[i].max).n);
}

static int64_t fold_us(size_t n)
{
    char *text = xcalloc(n, 1);
    struct buf b = {0};
    struct timespec from, to;

    for (size_t i = 0; i < n; i++)
        text[i] = "\xe2\x80\x8b"[i % 3];
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    fold_add(&b, (struct view){text, n});
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    assert_true(b.n <= 2);
    free(text);
    buf_free(&b);
    return (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000;
}

static void time_is_linear(void **state)
{
    int64_t one = fold_us(1 << 20), eight = fold_us(8 << 20);

    (void)state;
    print_message("1 MB: %d us, 8 MB: %d us\n", (int)one, (int)eight);
    assert_true(eight < 8 * 4 * one + 20000);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(disguise_goes),
        cmocka_unit_test(any_bytes_are_cut),
        cmocka_unit_test(time_is_linear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
