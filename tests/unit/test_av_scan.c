/*
 * test_av_scan.c - unit tests of workers/av/av_scan.c: lists that are full, words that are not printable.
 *
 * Run by `make check`. What libclamav puts into them is tested in test_av_engine.c.
 */
#include "tests/unit/av_world.h"

static void words_are_cut_and_printable(void **state)
{
    char to[AV_NAME_MAX], longer[300];

    (void)state;
    av_scan_copy_words(to, "a\x01"
                           "b\xff \n\n");
    assert_string_equal(to, "a?b?");
    av_scan_copy_words(to, NULL);
    assert_string_equal(to, "");
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    av_scan_copy_words(to, longer);
    assert_int_equal(strlen(to), AV_NAME_MAX - 1);
}

static void each_name_and_warning_stands_once(void **state)
{
    struct av_scan scan = {0};
    char text[20];

    (void)state;
    for (int i = 0; i < 30; i++) {
        snprintf(text, sizeof text, "w%d", i % 10);
        if (i < 20 || i % 10 < AV_NAMES_MAX)
            av_scan_add_name(&scan, text);
        if (i % 10 < AV_WARNINGS_MAX)
            av_scan_add_warning(&scan, text);
    }
    assert_int_equal(scan.warnings, AV_WARNINGS_MAX);
    assert_true(scan.names > AV_NAMES_MAX);
    assert_string_equal(scan.name[0], "w0");
}

static void a_virus_never_gives_way_to_a_heuristic(void **state)
{
    struct av_scan scan = {0};
    char text[40];

    (void)state;
    assert_false(av_scan_has_virus(&scan));
    for (int i = 0; i < AV_NAMES_MAX; i++) {
        snprintf(text, sizeof text, "Heuristics.Limits.%d", i);
        av_scan_add_name(&scan, text);
    }
    assert_false(av_scan_has_virus(&scan));
    assert_true(av_scan_has_name(&scan, "Heuristics.Limits."));
    assert_false(av_scan_has_name(&scan, "Heuristics.Encrypted."));
    av_scan_add_name(&scan, "Win.Test");
    assert_true(av_scan_has_virus(&scan));
    av_scan_add_name(&scan, "Heuristics.Limits.last");
    assert_true(av_scan_has_virus(&scan));
}

static void the_worst_objection_stays(void **state)
{
    struct av_scan scan = {0};

    (void)state;
    av_scan_object(&scan, ANTIVIRUS_EXAMINED, "");
    av_scan_object(&scan, ANTIVIRUS_LIMIT, "first");
    av_scan_object(&scan, ANTIVIRUS_LIMIT, "second");
    av_scan_object(&scan, ANTIVIRUS_ENCRYPTED, "third");
    assert_string_equal(scan.layer_text, "first");
    av_scan_object(&scan, ANTIVIRUS_AMBIGUOUS, "fourth");
    assert_int_equal(scan.layer_why, ANTIVIRUS_AMBIGUOUS);
    assert_string_equal(scan.layer_text, "fourth");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_cut_and_printable),
        cmocka_unit_test(each_name_and_warning_stands_once),
        cmocka_unit_test(a_virus_never_gives_way_to_a_heuristic),
        cmocka_unit_test(the_worst_objection_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
