/*
 * test_check_null_sender.c - unit tests of workers/antispam/check_null_sender.c.
 *
 * Run by `make check`.
 */
#include "tests/unit/check_world.h"

extern const struct check_ops check_null_sender;

static void only_the_empty_sender_is_the_null_sender(void **state)
{
    static const char *const cases[][2] = {{"", "hit the envelope sender is <>"},
                                           {"a@example.org", "miss"},
                                           {"MAILER-DAEMON", "miss"},
                                           {"@", "miss"}};
    struct check_world w = {0};

    (void)state;
    check_open(&w, &check_null_sender, "");
    for (size_t i = 0; i < N(cases); i++) {
        w.order.sender = view_of(cases[i][0]);
        check_message(&w, VIEW("From: <>\r\n\r\n"));
        assert_string_equal(check_judge(&w), cases[i][1]);
    }
    check_close(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(only_the_empty_sender_is_the_null_sender)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
