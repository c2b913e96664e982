/*
 * test_config_value.c - values as text: what is accepted, what is refused and how it is said.
 *
 * Run by the unit test runner. Uses the real option table; no files.
 */
#include "spoold/config_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

struct good {
    const char *says;
    const char *section, *key, *text;
    const char *back; /* as it is printed again */
};

static const struct good good_table[] = {
    {"a number stays as it is", "spool", "max_in_flight", "12", "12"},
    {"the least number is in the range", "spool", "max_in_flight", "1", "1"},
    {"the largest number is in the range", "spool", "max_in_flight", "4096", "4096"},
    {"a size may be plain bytes", "spool", "max_message_size", "1025", "1025"},
    {"a size of whole k is printed with k", "spool", "max_message_size", "2048", "2k"},
    {"k may be large", "spool", "max_message_size", "2K", "2k"},
    {"1024M is 1G", "spool", "max_message_size", "1024M", "1G"},
    {"0 needs no unit", "spool", "reserve", "0", "0"},
    {"a time of 0 needs no unit", "spool", "external_window", "0", "0"},
    {"milliseconds", "spool", "rescan", "1500ms", "1500ms"},
    {"60 seconds are a minute", "spool", "rescan", "60s", "1m"},
    {"24 hours are a day", "spool", "max_hold", "24h", "1d"},
    {"on is yes", "spool", "external_stage", "on", "yes"},
    {"1 is yes", "spool", "external_stage", "1", "yes"},
    {"false is no", "spool", "external_stage", "false", "no"},
    {"the last word of a list of words", "journal", "log_addresses", "none", "none"},
    {"text may be empty", "site", "hostname", "", ""},
    {"text may be UTF-8", "site", "hostname", "\xc3\xa9.example.org", "\xc3\xa9.example.org"},
    {"a path keeps its form", "paths", "root", "../a//b/", "../a//b/"},
    {"a whole weight", "spf", "weight_fail", "8", "8"},
    {"a weight of half", "spf", "weight_fail", "0.5", "0.5"},
    {"a weight of thousandths", "spf", "weight_fail", "-0.125", "-0.125"},
    {"last noughts are not kept", "spf", "weight_fail", "-1.500", "-1.5"},
    {"a nought in the middle is", "spf", "weight_fail", "7.005", "7.005"},
    {"a weight of nothing", "spf", "weight_fail", "-0", "0"},
    {"the largest weight", "spf", "weight_fail", "1000", "1000"},
    {"the least weight", "spf", "weight_fail", "-1000.000", "-1000"},
    {"no list", "lists", "blacklist", "", ""},
    {"a list file", "lists", "blacklist", "@lists/black list", "@lists/black list"},
    {"words keep their form", "site", "networks", "192.0.2.1,  2001:db8::/32", "192.0.2.1,  2001:db8::/32"},
    {"ready: lease", "intake", "ready", "lease", "lease"},
    {"ready: quiet with its time", "intake", "ready", "quiet:2000ms", "quiet:2s"},
};

static void test_good_values_are_read_and_printed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good_table) / sizeof(good_table[0]); i++) {
        const struct good *g = &good_table[i];
        const struct config_option *o = config_value_find(view_of(g->section), view_of(g->key));
        struct config c = {0};
        struct buf text = {0};

        print_message("%s\n", g->says);
        assert_non_null(o);
        assert_true(o->offset < sizeof(c));
        assert_int_equal(config_value_parse(o, view_of(g->text), &c, &text), 0);
        assert_int_equal(text.n, 0);
        buf_add_str(&text, "");
        config_value_format(o, &c, &text);
        assert_string_equal(text.p, g->back);
        config_value_free(o, &c);
        buf_free(&text);
    }
}

struct bad {
    const char *says;
    const char *section, *key, *text;
    const char *why; /* part of the complaint */
};

static const struct bad bad_table[] = {
    {"junk after a number", "spool", "max_in_flight", "12abc",
     "\"12abc\" is not a whole number; accepted: a whole number"},
    {"no number at all", "spool", "max_in_flight", "", "is not a whole number"},
    {"octal-looking", "spool", "max_in_flight", "010", "is not a whole number"},
    {"hexadecimal", "spool", "max_in_flight", "0x10", "is not a whole number"},
    {"plus sign", "spool", "max_in_flight", "+1", "is not a whole number"},
    {"blank in front", "spool", "max_in_flight", " 1", "is not a whole number"},
    {"below the range", "spool", "max_in_flight", "0",
     "is too small; accepted: a whole number from 1 to 4096"},
    {"negative", "spool", "max_in_flight", "-1", "is too small"},
    {"above the range", "spool", "max_in_flight", "4097", "is too large"},
    {"larger than 64 bits", "spool", "max_in_flight", "99999999999999999999999999", "is too large"},
    {"a size larger than 64 bits by its unit", "spool", "reserve", "9223372036854775807G", "is too large"},
    {"a wrong unit", "spool", "reserve", "1T", "no unit"},
    {"a blank before the unit", "spool", "reserve", "1 M", "no unit"},
    {"a time unit in a size", "spool", "reserve", "1ms", "no unit"},
    {"a time without unit", "spool", "rescan", "10",
     "\"10\" needs a unit: ms, s, m, h or d; accepted: a time"},
    {"a capital time unit", "spool", "rescan", "10S", "no unit"},
    {"a unit alone", "spool", "rescan", "s", "does not start with a whole number"},
    {"a fraction", "spool", "rescan", "1.5s", "no unit"},
    {"below the range of a time", "spool", "rescan", "99ms",
     "is too small; accepted: a time with its unit "
     "(ms, s, m, h, d) from 100ms to 1h"},
    {"not a yes or no", "spool", "external_stage", "maybe", "is neither yes nor no"},
    {"capitals", "spool", "external_stage", "Yes", "is neither yes nor no"},
    {"not one of the words", "journal", "log_addresses", "some", "accepted: one of full, hash, none"},
    {"part of a word", "journal", "log_addresses", "ful", "not one of the words"},
    {"two words", "journal", "log_addresses", "full|hash", "not one of the words"},
    {"an empty path", "paths", "root", "", "is no path; accepted: a path"},
    {"a tab", "paths", "root", "a\tb", "holds a tab"},
    {"an escape character", "site", "hostname", "a\x1b[2J", "holds a control character"},
    {"a C1 control character", "site", "hostname",
     "a\xc2\x9b"
     "2J",
     "holds a control character"},
    {"Latin-1", "site", "hostname", "\xe9.example.org", "is not UTF-8"},
    {"a weight with a comma", "spf", "weight_fail", "1,5", "at most three digits"},
    {"four digits behind the point", "spf", "weight_fail", "1.0005", "at most three digits"},
    {"a point and nothing", "spf", "weight_fail", "1.", "at most three digits"},
    {"nothing and a point", "spf", "weight_fail", ".5", "at most three digits"},
    {"a point and no digits", "spf", "weight_fail", "1.a", "at most three digits"},
    {"a sign alone", "spf", "weight_fail", "-", "at most three digits"},
    {"a weight above the range", "spf", "weight_fail", "1000.001",
     "is too large; accepted: a number as in 8, -1.5 or 0.125 from -1000 to 1000"},
    {"a weight below the range", "spf", "weight_fail", "-1000.001", "is too small"},
    {"a weight beyond 64 bits", "spf", "weight_fail", "99999999999999999999", "is too large"},
    {"a weight whose thousandths are beyond 64 bits", "spf", "weight_fail", "-9223372036854775807",
     "is too small"},
    {"a limit that is negative", "rbl", "weight_max", "-1", "is too small"},
    {"a list file elsewhere", "lists", "blacklist", "@lists/../x", "names no list file"},
    {"a list file without its folder", "lists", "blacklist", "@black", "names no list file"},
    {"words where a file is asked for", "lists", "blacklist", "192.0.2.1",
     "\"192.0.2.1\" names no list file; accepted: @lists/FILE, a file with lines like 192.0.2.1"},
    {"a word that is no network", "site", "networks", "192.0.2.1 here",
     "\"here\": this is no address; accepted"},
    {"an unknown way of being ready", "intake", "ready", "later", "not one of the words"},
    {"quiet without time", "intake", "ready", "quiet:", "not one of the words"},
    {"quiet without unit", "intake", "ready", "quiet:2", "needs a unit: ms, s, m, h or d"},
    {"quiet of no time", "intake", "ready", "quiet:0", "is out of range"},
    {"quiet of too long a time", "intake", "ready", "quiet:2h", "is out of range"},
};

static void test_bad_values_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_table) / sizeof(bad_table[0]); i++) {
        const struct bad *b = &bad_table[i];
        const struct config_option *o = config_value_find(view_of(b->section), view_of(b->key));
        struct buf why = {0};

        assert_non_null(o);
        assert_int_equal(config_value_check(o, view_of(b->text), &why), -1);
        print_message("%s: %s\n", b->says, why.p);
        assert_non_null(strstr(why.p, b->why));
        assert_non_null(strstr(why.p, "; accepted: "));
        buf_free(&why);
    }
}

static void test_a_refused_value_leaves_the_field(void **state)
{
    const struct config_option *o = config_value_find(VIEW("spool"), VIEW("max_in_flight"));
    struct config c = {.max_in_flight = 7};
    struct buf why = {0};

    (void)state;
    assert_int_equal(config_value_parse(o, VIEW("8x"), &c, &why), -1);
    assert_int_equal(c.max_in_flight, 7);
    buf_free(&why);
}

static void test_every_default_is_a_good_value(void **state)
{
    size_t n = 0;
    const struct config_option *o = config_value_options(&n);

    (void)state;
    assert_true(n >= 38);
    for (size_t i = 0; i < n; i++) {
        struct buf why = {0};

        if (config_value_check(&o[i], view_of(o[i].preset), &why) < 0)
            fail_msg("[%s] %s: %s", o[i].section, o[i].key, why.p);
        buf_free(&why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_values_are_read_and_printed),
        cmocka_unit_test(test_bad_values_are_refused),
        cmocka_unit_test(test_a_refused_value_leaves_the_field),
        cmocka_unit_test(test_every_default_is_a_good_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
