/*
 * test_utf8.c - unit tests of common/utf8.c: which bytes are a character, and cutting between two.
 *
 * Run by `make check`.
 */
#include "common/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void characters_are_decoded(void **state)
{
    static const struct {
        const char *says;
        struct view bytes;
        size_t n;
        uint32_t c;
    } cases[] = {
        {"no bytes", {"", 0}, 0, 0},
        {"a letter", VIEW("ab"), 1, 'a'},
        {"NUL", VIEW("\0"), 1, 0},
        {"two bytes", VIEW("\xc3\xbc"), 2, 0xfc},
        {"three bytes", VIEW("\xe2\x82\xac"), 3, 0x20ac},
        {"four bytes", VIEW("\xf0\x9f\x98\x80"), 4, 0x1f600},
        {"the last one", VIEW("\xf4\x8f\xbf\xbf"), 4, 0x10ffff},
        {"beyond it", VIEW("\xf4\x90\x80\x80"), 0, 0},
        {"cut off", VIEW("\xe2\x82"), 0, 0},
        {"overlong", VIEW("\xc0\xaf"), 0, 0},
        {"overlong, three bytes", VIEW("\xe0\x80\xaf"), 0, 0},
        {"a surrogate", VIEW("\xed\xa0\x80"), 0, 0},
        {"a byte that continues", VIEW("\x80"), 0, 0},
        {"a byte that nothing continues", VIEW("\xc3("), 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t c = 0;
        size_t n = utf8_decode(cases[i].bytes, &c);

        if (n != cases[i].n || (n && c != cases[i].c))
            fail_msg("%s: %zu bytes, %x", cases[i].says, n, c);
    }
}

static void cuts_are_between_characters(void **state)
{
    static const size_t wanted[] = {0, 1, 1, 3, 3, 3, 6};

    (void)state;
    for (size_t max = 0; max < sizeof wanted / sizeof *wanted; max++)
        assert_int_equal(utf8_cut(VIEW("a\xc3\xbc\xe2\x82\xac"), max).n, wanted[max]);
    assert_int_equal(utf8_cut(VIEW("abc"), 9).n, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_are_decoded),
        cmocka_unit_test(cuts_are_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
