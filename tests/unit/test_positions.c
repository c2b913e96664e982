/*
 * test_positions.c - unit tests of common/positions.c: what is written is read again, and nothing else.
 *
 * Run by `make check`.
 */
#include "common/positions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void any_set_comes_back(void **state)
{
    uint64_t seed = 5;

    (void)state;
    for (int turn = 0; turn < 2000; turn++) {
        size_t at[40], n = 0, seen = 0, first, last;
        struct buf b = {0};
        struct view rest;

        for (size_t i = 0; i < 40; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            if (seed >> 62)
                at[n++] = i;
        }
        positions_add(&b, at, n);
        rest = buf_view(&b);
        while (positions_take(&rest, &first, &last))
            for (size_t p = first; p <= last; p++)
                assert_int_equal(at[seen++] + 1, p);
        assert_int_equal(rest.n, 0);
        assert_int_equal(seen, n);
        buf_free(&b);
    }
}

static void as_it_is_written(void **state)
{
    const size_t at[] = {0, 1, 2, 6, 8, 9, 999998};
    struct buf b = {0};

    (void)state;
    positions_add(&b, at, 7);
    assert_string_equal(b.p, "1-3,7,9-10,999999");
    buf_free(&b);
}

static void what_is_no_list_stays(void **state)
{
    static const char *const bad[] = {"0",  "1000000", "-3",  "3-2",   "1-", "1,",
                                      ",1", "a",       "1;2", "1-2-3", " 1", "1-0"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct view v = view_of(bad[i]);
        size_t first, last;

        while (positions_take(&v, &first, &last))
            continue;
        if (!v.n)
            fail_msg("%s is taken", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_set_comes_back),
        cmocka_unit_test(as_it_is_written),
        cmocka_unit_test(what_is_no_list_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
