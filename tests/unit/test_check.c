/*
 * test_check.c - unit tests of common/check.c: every check and result has a name that leads back to it, and
 * the rows are those of common/check_table.h.
 *
 * Run by `make check`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/check.h"

#include <stdlib.h>

static void names_lead_back_to_their_check(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CHECK__MAX; i++) {
        const struct check_about *about = check_about(i);

        assert_non_null(about);
        assert_int_equal(check_find(view_of(about->name)), i);
        assert_true(*about->help != '\0' && *about->requirements == 'R');
    }
    assert_null(check_about(CHECK__MAX));
    assert_int_equal(check_find(VIEW("")), CHECK__MAX);
    assert_int_equal(check_find(VIEW("SPF")), CHECK__MAX);
    assert_int_equal(check_find(VIEW("spf_")), CHECK__MAX);
}

static void rows_say_what_the_table_says(void **state)
{
    static const struct {
        enum check check;
        const char *name;
        enum check_kind kind;
        bool on, smtp;
    } cases[] = {
        {CHECK_spf, "spf", CHECK_PLAIN, true, true},   {CHECK_dkim, "dkim", CHECK_PLAIN, true, false},
        {CHECK_rbl, "rbl", CHECK_NAMED, true, true},   {CHECK_body, "body", CHECK_NAMED, true, false},
        {CHECK_list, "list", CHECK_NAMED, true, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct check_about *about = check_about(cases[i].check);

        assert_string_equal(about->name, cases[i].name);
        assert_int_equal(about->kind, cases[i].kind);
        assert_int_equal(about->on, cases[i].on);
        assert_int_equal(about->smtp, cases[i].smtp);
    }
}

/* Who needs another one's result stands behind it. */
static void checks_stand_behind_what_they_need(void **state)
{
    (void)state;
    assert_true(CHECK_gateway < CHECK_spf);
    assert_true(CHECK_spf < CHECK_dmarc && CHECK_dkim < CHECK_dmarc);
    assert_true(CHECK_iprev < CHECK_uribl && CHECK_dkim < CHECK_forged_local && CHECK_dkim < CHECK_list);
}

static void words_lead_back_to_their_result(void **state)
{
    (void)state;
    for (unsigned i = 0; i < RESULT__MAX; i++)
        assert_int_equal(check_result_find(view_of(check_result_name(i))), i);
    assert_string_equal(check_result_name(RESULT_softfail), "softfail");
    assert_string_equal(check_result_name(RESULT_unusable), "unusable");
    assert_null(check_result_name(RESULT__MAX));
    assert_int_equal(check_result_find(VIEW("Pass")), RESULT__MAX);
    assert_int_equal(check_result_find(VIEW("")), RESULT__MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_lead_back_to_their_check),
        cmocka_unit_test(rows_say_what_the_table_says),
        cmocka_unit_test(checks_stand_behind_what_they_need),
        cmocka_unit_test(words_lead_back_to_their_result),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
