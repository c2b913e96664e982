/*
 * test_antivirus_words.c - unit tests of common/antivirus_words.c: names, what is worth another try, settings
 * as bytes.
 *
 * Run by `make check`. Pure.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/antivirus.h"

#include <string.h>

static void numbers_beyond_the_tables_have_no_name(void **state)
{
    (void)state;
    assert_string_equal(antivirus_state_name(ANTIVIRUS_CLEAN), "clean");
    assert_string_equal(antivirus_state_name(ANTIVIRUS_STATE__MAX), "?");
    assert_string_equal(antivirus_state_name(UINT32_MAX), "?");
    assert_string_equal(antivirus_why_name(ANTIVIRUS_EXAMINED), "");
    assert_string_equal(antivirus_why_name(ANTIVIRUS_NO_UNPACKER), "no-unpacker");
    assert_string_equal(antivirus_why_name(ANTIVIRUS_WHY__MAX), "?");
    assert_false(antivirus_is_transient(ANTIVIRUS_WHY__MAX));
}

static void only_trouble_of_ours_is_worth_another_try(void **state)
{
    static const bool wanted[ANTIVIRUS_WHY__MAX] = {
        [ANTIVIRUS_ENGINE] = true, [ANTIVIRUS_RESOURCE] = true, [ANTIVIRUS_BYTES] = true};

    (void)state;
    for (uint32_t why = 0; why < ANTIVIRUS_WHY__MAX; why++)
        assert_int_equal(antivirus_is_transient(why), wanted[why]);
}

static const struct antivirus_settings good = {.flags = ANTIVIRUS_MACROS,
                                               .scan_time_ms = 10000,
                                               .recursion = 17,
                                               .files = 10000,
                                               .scan_size = 400 << 20,
                                               .file_size = 100 << 20};

static void reasons_have_one_order(void **state)
{
    static const enum antivirus_why order[] = {
        ANTIVIRUS_EXAMINED,  ANTIVIRUS_ENCRYPTED, ANTIVIRUS_NO_UNPACKER, ANTIVIRUS_LIMIT,
        ANTIVIRUS_AMBIGUOUS, ANTIVIRUS_BYTES,     ANTIVIRUS_ENGINE,      ANTIVIRUS_RESOURCE,
    };

    (void)state;
    assert_int_equal(sizeof order / sizeof *order, ANTIVIRUS_WHY__MAX);
    for (size_t i = 0; i < ANTIVIRUS_WHY__MAX; i++)
        for (size_t k = 0; k < ANTIVIRUS_WHY__MAX; k++)
            assert_int_equal(antivirus_is_worse(order[i], order[k]), i > k);
}

static void settings_come_back_as_they_were(void **state)
{
    struct antivirus_settings got;
    struct buf b = {0};

    (void)state;
    antivirus_pack(&b, &good);
    assert_int_equal(antivirus_unpack(buf_view(&b), &got), 0);
    assert_memory_equal(&got, &good, sizeof got);
    assert_int_equal(antivirus_unpack((struct view){b.p, b.n - 1}, &got), -1);
    assert_int_equal(antivirus_unpack((struct view){b.p, 0}, &got), -1);
    buf_free(&b);
}

static void limits_of_nothing_and_unknown_flags_are_refused(void **state)
{
    struct antivirus_settings bad[6], got;

    (void)state;
    for (size_t i = 0; i < 6; i++)
        bad[i] = good;
    bad[0].flags = ANTIVIRUS__FLAGS + 1;
    bad[1].scan_time_ms = 0;
    bad[2].recursion = 0;
    bad[3].files = 0;
    bad[4].scan_size = 0;
    bad[5].file_size = 0;
    for (size_t i = 0; i < 6; i++) {
        struct buf b = {0};

        antivirus_pack(&b, &bad[i]);
        assert_int_equal(antivirus_unpack(buf_view(&b), &got), -1);
        buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_beyond_the_tables_have_no_name),
        cmocka_unit_test(only_trouble_of_ours_is_worth_another_try),
        cmocka_unit_test(reasons_have_one_order),
        cmocka_unit_test(settings_come_back_as_they_were),
        cmocka_unit_test(limits_of_nothing_and_unknown_flags_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
