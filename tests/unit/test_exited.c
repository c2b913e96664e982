/*
 * test_exited.c - unit tests of common/exited.c: an end is told with its cost.
 *
 * Run by `make check`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/exited.h"

static void an_end_is_told_with_its_cost(void **state)
{
    const struct rusage used = {.ru_utime = {2, 3}, .ru_stime = {1, 999998}, .ru_maxrss = 77};
    struct wire_packet p = exited_packet(5, 1234, 9, &used);

    (void)state;
    assert_null(wire_check(WIRE_FROM_LOADER, WIRE_UP, &p));
    assert_int_equal(p.h.id, 5);
    assert_int_equal(p.u.exited.status, 9);
    assert_int_equal(p.u.exited.pid, 1234);
    assert_int_equal(p.u.exited.cpu_us, 4000001);
    assert_int_equal(p.u.exited.rss_kb, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_end_is_told_with_its_cost)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
