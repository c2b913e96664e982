/*
 * test_view.c - comparing and trimming runs of bytes that need not be text.
 *
 * Run by "make check". Views here have bytes behind their end that must not
 * be looked at: each input is part of a longer string. Touches no file.
 */
#include "common/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
    const char *what;
    struct view a, b;
    bool equal, equal_nocase, ends;
} pairs[] = {
    {"same bytes", VIEW("abc"), VIEW("abc"), true, true, true},
    {"case", VIEW("aBc"), VIEW("AbC"), false, true, false},
    {"shorter", VIEW("abc"), VIEW("ab"), false, false, false},
    {"the end of the other", VIEW("abc"), VIEW("bc"), false, false, true},
    {"the end in another case", VIEW("abc"), VIEW("BC"), false, false, false},
    {"longer than the other", VIEW("bc"), VIEW("abc"), false, false, false},
    {"empty ends all", VIEW("abc"), VIEW(""), false, false, true},
    {"both empty", VIEW(""), VIEW(""), true, true, true},
    {"empty and nothing", VIEW(""), {NULL, 0}, true, true, true},
    {"bytes after a NUL count", VIEW("a\0b"), VIEW("a\0c"), false, false, false},
    {"the same bytes after a NUL", VIEW("a\0b"), VIEW("a\0b"), true, true, true},
    {"no letters but UTF-8 differ", VIEW("\xc3\xa4"), VIEW("\xc3\x84"), false, false, false},
    {"[ and { are no letters", VIEW("["), VIEW("{"), false, false, false},
};

static void equality(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        if (view_equal(pairs[i].a, pairs[i].b) != pairs[i].equal)
            fail_msg("view_equal: %s", pairs[i].what);
        if (view_equal_nocase(pairs[i].a, pairs[i].b) != pairs[i].equal_nocase)
            fail_msg("view_equal_nocase: %s", pairs[i].what);
        if (view_ends_with(pairs[i].a, pairs[i].b) != pairs[i].ends)
            fail_msg("view_ends_with: %s", pairs[i].what);
    }
}

static const struct {
    const char *what;
    struct view from;
    const char *want;
} trims[] = {
    {"both ends", VIEW(" \ta b\t "), "a b"},    {"nothing to cut", VIEW("a"), "a"},
    {"only blanks", VIEW(" \t "), ""},          {"empty", VIEW(""), ""},
    {"CR and LF stay", VIEW("a\r\n"), "a\r\n"}, {"nothing", {NULL, 0}, ""},
};

static void trimming(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(trims); i++) {
        if (!view_equal(view_trim(trims[i].from), view_of(trims[i].want)))
            fail_msg("view_trim: %s", trims[i].what);
    }
}

static void bytes_behind_the_end_are_not_looked_at(void **state)
{
    static const char text[] = "  ab  XY";
    struct view part = {text, 4};

    (void)state;
    assert_true(view_equal(view_trim(part), VIEW("ab")));
    assert_true(view_equal((struct view){text + 2, 2}, VIEW("ab")));
    assert_true(view_ends_with(part, VIEW("ab")));
    assert_false(view_ends_with(part, VIEW("b ")));
}

static void view_of_takes_null(void **state)
{
    (void)state;
    assert_int_equal(view_of(NULL).n, 0);
    assert_null(view_of(NULL).p);
    assert_int_equal(view_of("abc").n, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality),
        cmocka_unit_test(trimming),
        cmocka_unit_test(bytes_behind_the_end_are_not_looked_at),
        cmocka_unit_test(view_of_takes_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
