/*
 * test_pack.c - unit tests of common/pack.h: numbers and texts come back, and nothing is read behind the end.
 *
 * Run by `make check`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/pack.h"

static void numbers_are_little_endian(void **state)
{
    struct buf b = {0};
    struct view rest;
    uint64_t n = 0;

    (void)state;
    pack_number(&b, 0x0102030405060708, 8);
    pack_number(&b, 0x1ff, 1); /* what does not fit is cut */
    pack_number(&b, 0xfedc, 2);
    assert_memory_equal(b.p, "\10\7\6\5\4\3\2\1\xff\xdc\xfe", 11);
    rest = buf_view(&b);
    assert_true(pack_take(&rest, 8, &n) && n == 0x0102030405060708);
    assert_true(pack_take(&rest, 1, &n) && n == 0xff);
    assert_false(pack_take(&rest, 3, &n));
    assert_true(pack_take(&rest, 2, &n) && n == 0xfedc);
    assert_int_equal(rest.n, 0);
    assert_false(pack_take(&rest, 1, &n));
    assert_true(pack_get(b.p, 2) == 0x0708);
    buf_free(&b);
}

static void texts_have_their_length_before_them(void **state)
{
    static const struct {
        const char *says;
        struct view bytes;
        size_t max;
        int n; /* -1: refused */
    } cases[] = {
        {"a text", VIEW("\2\0ab"), 9, 2},     {"more behind it", VIEW("\2\0abc"), 9, 2},
        {"none", VIEW("\0\0"), 0, 0},         {"as long as it may be", VIEW("\2\0ab"), 2, 2},
        {"longer", VIEW("\2\0ab"), 1, -1},    {"cut", VIEW("\2\0a"), 9, -1},
        {"half a length", VIEW("\2"), 9, -1}, {"nothing", {NULL, 0}, 9, -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct view rest = cases[i].bytes, v = {0};
        int n = pack_take_text(&rest, 2, cases[i].max, &v) ? (int)v.n : -1;

        if (n != cases[i].n || (n >= 0 && rest.n != cases[i].bytes.n - 2 - (size_t)n))
            fail_msg("%s: %d", cases[i].says, n);
    }
}

static void texts_are_cut_when_they_are_packed(void **state)
{
    struct buf b = {0};

    (void)state;
    pack_text(&b, VIEW("abc"), 1, 2);
    pack_text(&b, (struct view){NULL, 0}, 4, 2);
    assert_int_equal(b.n, 7);
    assert_memory_equal(b.p, "\2ab\0\0\0\0", 7);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_little_endian),
        cmocka_unit_test(texts_have_their_length_before_them),
        cmocka_unit_test(texts_are_cut_when_they_are_packed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
