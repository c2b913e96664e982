/*
 * test_check_ambiguous.c - unit tests of workers/antispam/check_ambiguous.c.
 *
 * Run by `make check`.
 */
#include "tests/unit/check_world.h"

extern const struct check_ops check_ambiguous;

static void the_order_says_so(void **state)
{
    struct check_world w = {0};

    (void)state;
    check_open(&w, &check_ambiguous, "");
    w.order.flags = ~(uint32_t)ANTISPAM_AMBIGUOUS;
    check_message(&w, VIEW("\r\n"));
    assert_string_equal(check_judge(&w), "miss");
    w.order.flags = ANTISPAM_AMBIGUOUS;
    assert_string_equal(check_judge(&w), "hit mail readers take the message in different ways");
    check_close(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(the_order_says_so)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
