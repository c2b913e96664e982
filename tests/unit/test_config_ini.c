/*
 * test_config_ini.c - the strict pass: what it hands on, and every complaint with its line.
 *
 * Run by the unit test runner; works on bytes in memory only.
 */
#include "spoold/config.h"

#include "common/xalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

struct row {
    const char *says;
    const char *text;
    const char *wanted; /* "LINE section|name|key|value" each in brackets; or what the complaint holds */
};

static void write_down(const struct config_setting *s, void *arg)
{
    buf_addf(arg, "(%u %.*s|%.*s|%.*s|%.*s)", s->lineno, (int)s->section.n, s->section.p, (int)s->name.n,
             s->name.p, (int)s->key.n, s->key.p, (int)s->value.n, s->value.p);
}

static const struct row good_table[] = {
    {"an empty file", "", ""},
    {"comments and blank lines", "# a\n; b\n\n \t\n  # c", ""},
    {"a header is handed on with an empty key", "[paths]\n", "(1 paths|||)"},
    {"blanks around name and value go", "[a]\n \tb\t =  c d \n", "(1 a|||)(2 a||b|c d)"},
    {"no blanks are needed", "[a]\nb=c", "(1 a|||)(2 a||b|c)"},
    {"CRLF", "[a]\r\nb = c\r\n", "(1 a|||)(2 a||b|c)"},
    {"a section with a name", "[intake main-2]\nb = c\n", "(1 intake|main-2||)(2 intake|main-2|b|c)"},
    {"an empty value", "[a]\nb =\n", "(1 a|||)(2 a||b|)"},
    {"an empty value in quotes", "[a]\nb = \"\"\n", "(1 a|||)(2 a||b|)"},
    {"quotes keep blanks and comment signs", "[a]\nb = \" ;# \"\n", "(1 a|||)(2 a||b| ;# )"},
    {"single quotes keep double ones", "[a]\nb = '\"'\n", "(1 a|||)(2 a||b|\")"},
    {"a quote inside a value is a character", "[a]\nb = it's\n", "(1 a|||)(2 a||b|it's)"},
    {"an equals sign in a value", "[a]\nb = c=d\n", "(1 a|||)(2 a||b|c=d)"},
    {"UTF-8", "[a]\nb = \xc3\xa9\n", "(1 a|||)(2 a||b|\xc3\xa9)"},
    {"a backslash inside a value", "[a]\nb = c\\d\n", "(1 a|||)(2 a||b|c\\d)"},
    {"a backslash before the closing quote", "[a]\nb = \"c\\\"\n", "(1 a|||)(2 a||b|c\\)"},
    {"include before the first section", "include = x.ini\n[a]\n", "(1 ||include|x.ini)(2 a|||)"},
};

static void test_good_lines_are_handed_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(good_table) / sizeof(good_table[0]); i++) {
        struct buf seen = {0};
        struct config_errors errs = {0};

        print_message("%s\n", good_table[i].says);
        buf_add_str(&seen, "");
        assert_int_equal(config_ini_parse("f", view_of(good_table[i].text), write_down, &seen, &errs), 0);
        assert_int_equal(errs.n, 0);
        assert_string_equal(seen.p, good_table[i].wanted);
        buf_free(&seen);
    }
}

static const struct row bad_table[] = {
    {"a line without =", "[a]\n\nb\n", "f:3: there is no ="},
    {"a comment sign in a plain value", "[a]\nb = c ; d\n", "f:2: the value holds ; or #"},
    {"a hash without blank", "[a]\nb = c#d\n", "f:2: the value holds ; or #"},
    {"an open quote", "[a]\nb = \"c\n", "f:2: the quote at the start of the value is not closed"},
    {"an open single quote", "[a]\nb = '\n", "f:2: the quote at the start of the value is not closed"},
    {"text behind the quote", "[a]\nb = \"c\" d\n", "f:2: text stands behind the closing quote"},
    {"a comment behind the quote", "[a]\nb = \"c\" # d\n", "f:2: text stands behind the closing quote"},
    {"a backslash at the end", "[a]\nb = c\\\n d\n", "f:2: the line ends with a backslash"},
    {"a backslash and blanks at the end", "[a]\nb = c\\ \t\n", "f:2: the line ends with a backslash"},
    {"a backslash at the end of a comment", "# c\\\n[a]\n", "f:1: the line ends with a backslash"},
    {"a control character", "[a]\nb = \x01\n", "f:2: the line holds a control character"},
    {"a lone carriage return", "[a]\nb = c\rd\n", "f:2: the line holds a control character"},
    {"not UTF-8", "[a]\nb = \xff\n", "f:2: the line is not UTF-8"},
    {"a surrogate", "[a]\nb = \xed\xa0\x80\n", "f:2: the line is not UTF-8"},
    {"an overlong form", "# \xc0\xaf\n", "f:1: the line is not UTF-8"},
    {"a cut sequence", "# \xe2\x82", "f:1: the line is not UTF-8"},
    {"a byte order mark", "\xef\xbb\xbf[a]\n", "f:1: the file starts with a byte order mark"},
    {"a setting before the first section", "b = c\n", "f:1: a setting stands before the first section"},
    {"include inside a section", "[a]\ninclude = c\n", "f:2: include stands inside a section"},
    {"a capital in a name", "[a]\nB = c\n", "f:2: the name before = cannot be read"},
    {"no name", "[a]\n = c\n", "f:2: the name before = cannot be read"},
    {"a colon in a name", "[a]\nb:c = d\n", "f:2: the name before = cannot be read"},
    {"an open header", "[a\n", "f:1: the section header does not end with ]"},
    {"a comment behind a header", "[a] # b\n", "f:1: the section header does not end with ]"},
    {"a bracket alone", "[\n", "f:1: the section header does not end with ]"},
    {"an empty header", "[]\n", "f:1: the section header [] cannot be read"},
    {"a colon in a header", "[a:b]\n", "f:1: the section header [a:b] cannot be read"},
    {"a capital in a header", "[Paths]\n", "f:1: the section header [Paths] cannot be read"},
    {"two blanks in a header", "[a  b]\n", "f:1: the section header [a  b] cannot be read"},
    {"quotes in a header", "[a \"b\"]\n", "f:1: the section header [a \"b\"] cannot be read"},
    {"a name of 25 letters", "[a bbbbbbbbbbbbbbbbbbbbbbbbb]\n", "cannot be read"},
};

static void test_bad_lines_are_complained_of_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_table) / sizeof(bad_table[0]); i++) {
        struct buf seen = {0};
        struct config_errors errs = {0};

        print_message("%s\n", bad_table[i].says);
        assert_int_equal(config_ini_parse("f", view_of(bad_table[i].text), write_down, &seen, &errs), -1);
        assert_non_null(strstr(errs.text.p, bad_table[i].wanted));
        assert_non_null(strstr(errs.text.p, "; accepted"));
        /* "b = c\" and the line that was meant to belong to it are two mistakes. */
        assert_int_equal(errs.n, strstr(bad_table[i].text, "\\\n d") ? 2 : 1);
        buf_free(&seen);
        buf_free(&errs.text);
    }
}

static void test_a_nul_byte_is_named(void **state)
{
    struct buf seen = {0};
    struct config_errors errs = {0};

    (void)state;
    assert_int_equal(config_ini_parse("f", VIEW("[a]\nb = c\0d\n"), write_down, &seen, &errs), -1);
    assert_non_null(strstr(errs.text.p, "f:2: the line holds a NUL byte"));
    buf_free(&seen);
    buf_free(&errs.text);
}

static void test_settings_behind_a_broken_header_are_checked_but_kept_back(void **state)
{
    struct buf seen = {0};
    struct config_errors errs = {0};

    (void)state;
    assert_int_equal(config_ini_parse("f", VIEW("[a]\nb = c\n[A]\nd = e\nf\n[g\x01]\nh = i\n[j]\nk = l\n"),
                                      write_down, &seen, &errs),
                     -1);
    assert_string_equal(seen.p, "(1 a|||)(2 a||b|c)(8 j|||)(9 j||k|l)");
    assert_int_equal(errs.n, 3);
    assert_non_null(strstr(errs.text.p, "f:5: there is no ="));
    buf_free(&seen);
    buf_free(&errs.text);
}

/* A line of n bytes: "#" and letters, or with CR at its end. */
static int parse_line_of(size_t n, const char *end)
{
    struct buf text = {0}, seen = {0};
    struct config_errors errs = {0};
    int rc = 0;

    for (size_t i = 0; i < n; i++)
        buf_add_char(&text, i ? 'x' : '#');
    buf_add_str(&text, end);
    rc = config_ini_parse("f", buf_view(&text), write_down, &seen, &errs);
    buf_free(&text);
    buf_free(&errs.text);
    return rc;
}

static void test_a_line_may_have_1000_bytes(void **state)
{
    (void)state;
    assert_int_equal(parse_line_of(CONFIG_LINE_MAX, "\n"), 0);
    assert_int_equal(parse_line_of(CONFIG_LINE_MAX, "\r\n"), 0);
    assert_int_equal(parse_line_of(CONFIG_LINE_MAX, ""), 0);
    assert_int_equal(parse_line_of(CONFIG_LINE_MAX + 1, "\n"), -1);
    assert_int_equal(parse_line_of(CONFIG_LINE_MAX + 1, ""), -1);
}

static const struct row quote_table[] = {
    {"plain", "a b", "a b"},
    {"empty", "", "\"\""},
    {"comment sign", "a;b", "\"a;b\""},
    {"hash", "#", "\"#\""},
    {"blank at the end", "a ", "\"a \""},
    {"blank in front", " a", "\" a\""},
    {"quote in front", "\"a", "'\"a'"},
    {"single quote in front", "'a", "\"'a\""},
    {"quotes inside", "a\"b'c", "a\"b'c"},
    {"backslash at the end", "a\\", "\"a\\\""},
    {"both quotes and a sign", "a\"b';", NULL},
};

static void test_values_are_written_so_that_they_are_read_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(quote_table) / sizeof(quote_table[0]); i++) {
        struct buf text = {0}, seen = {0};
        struct config_errors errs = {0};
        char *wanted = xasprintf("(1 a|||)(2 a||b|%s)", quote_table[i].text);

        print_message("%s\n", quote_table[i].says);
        buf_add_str(&text, "[a]\nb = ");
        assert_int_equal(config_ini_quote(view_of(quote_table[i].text), &text),
                         quote_table[i].wanted ? 0 : -1);
        if (quote_table[i].wanted) {
            assert_string_equal(text.p + strlen("[a]\nb = "), quote_table[i].wanted);
            assert_int_equal(config_ini_parse("f", buf_view(&text), write_down, &seen, &errs), 0);
            assert_string_equal(seen.p, wanted);
        }
        free(wanted);
        buf_free(&text);
        buf_free(&seen);
    }
}

static void test_a_complaint_is_one_line_and_there_are_100_at_most(void **state)
{
    struct config_errors errs = {0};
    unsigned lines = 0;

    (void)state;
    config_error(&errs, "a\nb", 3, "c\x1b%s", "\n");
    assert_string_equal(errs.text.p, "a\\x0ab:3: c\\x1b\\x0a\n");
    config_error(&errs, NULL, 0, "no file");
    assert_non_null(strstr(errs.text.p, "\nno file\n"));
    while (errs.n < CONFIG_ERRORS_MAX + 20)
        config_error(&errs, "a", 0, "more");
    for (size_t i = 0; i < errs.text.n; i++)
        lines += errs.text.p[i] == '\n';
    assert_int_equal(lines, CONFIG_ERRORS_MAX);
    buf_free(&errs.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_lines_are_handed_on),
        cmocka_unit_test(test_bad_lines_are_complained_of_once),
        cmocka_unit_test(test_a_nul_byte_is_named),
        cmocka_unit_test(test_settings_behind_a_broken_header_are_checked_but_kept_back),
        cmocka_unit_test(test_a_line_may_have_1000_bytes),
        cmocka_unit_test(test_values_are_written_so_that_they_are_read_again),
        cmocka_unit_test(test_a_complaint_is_one_line_and_there_are_100_at_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
