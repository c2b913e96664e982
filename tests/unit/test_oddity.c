/*
 * test_oddity.c - each row of the table is filled and can be told from the others; sets of them.
 *
 * Run by "make check". Names are part of records: the expected ones stand here once more, so that a
 * changed one is seen.
 */
#include "common/oddity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
    enum oddity o;
    const char *name;
} names[] = {
    {ODDITY_TYPES, "types"},
    {ODDITY_ENCODINGS, "encodings"},
    {ODDITY_TYPE, "type"},
    {ODDITY_ENCODING, "encoding"},
    {ODDITY_BOUNDARIES, "boundaries"},
    {ODDITY_NO_BOUNDARY, "no-boundary"},
    {ODDITY_DELIMITER, "delimiter"},
    {ODDITY_PREAMBLE, "preamble"},
    {ODDITY_EPILOGUE, "epilogue"},
    {ODDITY_NO_DELIMITER, "no-delimiter"},
    {ODDITY_NO_BLANK_LINE, "no-blank-line"},
    {ODDITY_BLANKS, "blanks"},
    {ODDITY_FIELD_NAME, "field-name"},
    {ODDITY_BARE_CR, "bare-cr"},
    {ODDITY_NUL, "nul"},
    {ODDITY_BASE64, "base64"},
    {ODDITY_QP, "quoted-printable"},
    {ODDITY_PARTIAL, "partial"},
    {ODDITY_EXTERNAL, "external-body"},
    {ODDITY_UNTERMINATED, "unterminated"},
    {ODDITY_TRUNCATED, "truncated"},
    {ODDITY_NO_BODY, "no-body"},
    {ODDITY_AROUND, "around"},
    {ODDITY_INSIDE, "inside"},
    {ODDITY_CR, "cr"},
    {ODDITY_ZERO, "zero"},
    {ODDITY_DEPTH_MAX, "depth"},
    {ODDITY_PARTS_MAX, "parts"},
    {ODDITY_FIELDS_MAX, "fields"},
    {ODDITY_HEADER_MAX, "header"},
    {ODDITY_LINE_MAX, "line"},
    {ODDITY_PARAMS_MAX, "parameters"},
    {ODDITY_WAYS_MAX, "ways"},
    {ODDITY_WORK_MAX, "work"},
    {ODDITY_INSIDE_MAX, "files-in-text"},
    {ODDITY_SIZE_MAX, "size"},
};

static void names_stay_as_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_string_equal(oddity_name(names[i].o), names[i].name);
}

static void each_row_has_a_name_and_a_text_of_its_own(void **state)
{
    (void)state;
    for (unsigned o = ODDITY_NONE + 1; o < ODDITY__MAX; o++) {
        const char *name = oddity_name(o);

        if (!name || !oddity_text(o))
            fail_msg("row %u is missing", o);
        assert_in_range(strlen(name), 1, 20);
        assert_in_range(strlen(oddity_text(o)), 5, 80);
        /* As it may stand in JSON, a header and a list with commas. */
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(name));
        assert_null(strpbrk(oddity_text(o), "\"\\\r\n;"));
        for (unsigned other = ODDITY_NONE + 1; other < o; other++) {
            assert_string_not_equal(name, oddity_name(other));
            assert_string_not_equal(oddity_text(o), oddity_text(other));
        }
    }
}

static void grades_stand_in_groups(void **state)
{
    (void)state;
    for (unsigned o = ODDITY_NONE + 1; o < ODDITY__MAX; o++) {
        enum oddity_grade wanted = o >= ODDITY_DEPTH_MAX  ? ODDITY_LIMIT
                                   : o >= ODDITY_EXTERNAL ? ODDITY_TOLD
                                                          : ODDITY_AMBIGUOUS;

        assert_int_equal(oddity_grade(o), wanted);
    }
}

static void none_and_numbers_beyond_the_table_are_safe(void **state)
{
    static const unsigned beyond[] = {ODDITY__MAX, ODDITY__MAX + 1, 63, 64, 1u << 31, ~0u};

    (void)state;
    assert_string_equal(oddity_name(ODDITY_NONE), "");
    assert_string_equal(oddity_text(ODDITY_NONE), "");
    assert_int_equal(oddity_grade(ODDITY_NONE), ODDITY_TOLD);
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
        assert_string_equal(oddity_name(beyond[i]), "?");
        assert_string_equal(oddity_text(beyond[i]), "?");
        assert_int_equal(oddity_grade(beyond[i]), ODDITY_TOLD);
    }
}

static void a_set_falls_into_its_grades(void **state)
{
    uint64_t all = 0, graded = 0;

    (void)state;
    assert_int_equal(oddity_bit(ODDITY_NONE), 0);
    for (unsigned o = ODDITY_NONE + 1; o < ODDITY__MAX; o++) {
        uint64_t bit = oddity_bit(o);

        assert_int_equal(all & bit, 0);
        all |= bit;
        for (unsigned g = ODDITY_TOLD; g <= ODDITY_LIMIT; g++)
            assert_int_equal(oddity_of_grade(bit, g), g == oddity_grade(o) ? bit : 0);
    }
    for (unsigned g = ODDITY_TOLD; g <= ODDITY_LIMIT; g++) {
        assert_int_equal(graded & oddity_of_grade(all, g), 0);
        graded |= oddity_of_grade(all, g);
        assert_int_equal(oddity_of_grade(0, g), 0);
    }
    assert_int_equal(graded, all);
    /* Bits that no row has belong to no grade. */
    for (unsigned g = ODDITY_TOLD; g <= ODDITY_LIMIT; g++)
        assert_int_equal(oddity_of_grade(~all, g), 0);
}

static void the_first_of_a_set_is_the_lowest(void **state)
{
    (void)state;
    assert_int_equal(oddity_first(0), ODDITY_NONE);
    assert_int_equal(oddity_first(1), ODDITY_NONE);
    assert_int_equal(oddity_first(1ull << ODDITY__MAX), ODDITY_NONE);
    for (unsigned o = ODDITY_NONE + 1; o < ODDITY__MAX; o++) {
        assert_int_equal(oddity_first(oddity_bit(o)), o);
        assert_int_equal(oddity_first(~0ull << o), o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_stay_as_they_are),
        cmocka_unit_test(each_row_has_a_name_and_a_text_of_its_own),
        cmocka_unit_test(grades_stand_in_groups),
        cmocka_unit_test(none_and_numbers_beyond_the_table_are_safe),
        cmocka_unit_test(a_set_falls_into_its_grades),
        cmocka_unit_test(the_first_of_a_set_is_the_lowest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
