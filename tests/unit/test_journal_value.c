/*
 * test_journal_value.c - single JSON values: where they end and what they say.
 *
 * `rest` is what must be left behind the value; NULL means that it is refused.
 * Each input is copied to the heap without a NUL, so that ASan sees a read too far.
 */
#include "spoold/journal_value.h"

#include "common/xalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void values_are_skipped_whole(void **state)
{
    static const struct {
        const char *says, *in, *rest;
    } cases[] = {
        {"a string", "\"a\\\"b\",1", ",1"},
        {"a number", "-1.5e+3}", "}"},
        {"a word", "true,", ","},
        {"an object with brackets in a string", "{\"a\":\"}]\",\"b\":[{}]}]", "]"},
        {"an empty array", "[]", ""},
        {"brackets that do not fit", "[}", NULL},
        {"an object that does not end", "{\"a\":[1,2]", NULL},
        {"a string that does not end", "\"abc", NULL},
        {"a string that ends in a backslash", "\"abc\\", NULL},
        {"a control byte in a string", "\"a\nb\"", NULL},
        {"a control byte between values", "[1\001]", NULL},
        {"a closing bracket alone", "]", NULL},
        {"nothing", "", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = strlen(cases[i].in);
        char *in = xcalloc(n, 1);
        struct journal_value c = {in, in + n, NULL};
        int rc = 0;

        print_message("%s\n", cases[i].says);
        memcpy(in, cases[i].in, n);
        rc = journal_value_skip(&c);
        assert_int_equal(rc, cases[i].rest ? 0 : -1);
        if (cases[i].rest)
            assert_int_equal(c.end - c.p, strlen(cases[i].rest));
        free(in);
    }
}

static void strings_are_decoded(void **state)
{
    static const struct {
        const char *in;
        struct view wanted;
    } cases[] = {
        {"\"plain\"", {"plain", 5}},
        {"\"\"", {"", 0}},
        {"\"\\u0000\\u00e9\\u007f\"", {"\0\xe9\x7f", 3}},
        {"\"\\u20AC \\ud83d\\udce7\"", {"\xe2\x82\xac \xf0\x9f\x93\xa7", 8}},
        {"\"\\u0100\"", {"\xc4\x80", 2}},
        {"\"\\b\\f\\n\\r\\t\\/\\\\\\\"\"", {"\b\f\n\r\t/\\\"", 8}},
        {"\"\\u00g0\"", {NULL, 0}},
        {"\"\\udce7\"", {NULL, 0}},
        {"\"\\ud83d\\u0041\"", {NULL, 0}},
        {"\"\\u12", {NULL, 0}},
        {"x", {NULL, 0}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = strlen(cases[i].in);
        char *in = xcalloc(n, 1);
        struct buf text = {0};
        struct journal_value c = {in, in + n, &text};
        struct view v = {0};
        int rc = 0;

        print_message("%s\n", cases[i].in);
        memcpy(in, cases[i].in, n);
        buf_reserve(&text, n);
        rc = journal_value_string(&c, &v);
        assert_int_equal(rc, cases[i].wanted.p ? 0 : -1);
        if (rc == 0) {
            assert_int_equal(v.n, cases[i].wanted.n);
            assert_memory_equal(v.p, cases[i].wanted.p, v.n);
        }
        buf_free(&text);
        free(in);
    }
}

static void numbers_are_bounded(void **state)
{
    static const struct {
        const char *in;
        int rc;
        uint64_t wanted;
    } cases[] = {
        {"0", 0, 0}, {"18446744073709551615", 0, UINT64_MAX}, {"18446744073709551616", -1, 0}, {"-1", -1, 0},
        {"", -1, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct journal_value c = {cases[i].in, cases[i].in + strlen(cases[i].in), NULL};
        uint64_t v = 0;

        assert_int_equal(journal_value_number(&c, &v), cases[i].rc);
        if (cases[i].rc == 0)
            assert_true(v == cases[i].wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_skipped_whole),
        cmocka_unit_test(strings_are_decoded),
        cmocka_unit_test(numbers_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
