/*
 * test_rule_check.c - unit tests of spoold/rule_check.c: the supervisor refuses what the worker would refuse.
 *
 * Run by `make check`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/xalloc.h"
#include "spoold/rule_check.h"
#include "workers/antispam/regexp.h"

#define N(a) (sizeof(a) / sizeof *(a))

static void lines_are_checked(void **state)
{
    struct buf why = {0};
    struct rule r;

    (void)state;
    assert_int_equal(rule_check_line(VIEW("x 1.5 regex a+b"), RULE_BODY, &r, &why), 0);
    assert_int_equal(r.weight, 1500);
    assert_int_equal(rule_check_line(VIEW("x 1 contains ("), RULE_BODY, &r, &why), 0);
    assert_int_equal(rule_check_line(VIEW("x 1 regex Subject: a("), RULE_HEADER, &r, &why), -1);
    assert_string_equal(why.p, "the regular expression is wrong at its byte 3: missing closing parenthesis");
    buf_clear(&why);
    assert_int_equal(rule_check_line(VIEW("x 1 glob a"), RULE_BODY, &r, &why), -1);
    assert_non_null(strstr(why.p, "accepted: contains, wildcard, regex"));
    buf_free(&why);
}

/* Expressions that depend on how they are compiled: both must say the same. */
static void both_compile_in_the_same_way(void **state)
{
    static const char *const patterns[] = {"\\C",
                                           "\\x{110000}",
                                           "\\x{1f4b0}",
                                           "(?<=a+)b",
                                           "(?<=a|bc)d",
                                           "a{65536}",
                                           "\\p{Han}",
                                           "\\p{Nothing}",
                                           "[z-a]",
                                           "(?i)\xc3\xbc",
                                           "\\N{U+41}",
                                           "\\1",
                                           "(?1)",
                                           "\\8",
                                           "(?<a>x)(?<a>y)",
                                           "\\R\\X",
                                           "((((a{1,999}){1,999}){1,999}){1,999})"};

    (void)state;
    for (size_t i = 0; i < N(patterns); i++) {
        struct buf here = {0}, there = {0};
        char *line = xasprintf("x 1 regex %s", patterns[i]);
        struct rule r;
        int err = rule_check_line(view_of(line), RULE_BODY, &r, &here);
        struct regexp *compiled = regexp_open(view_of(patterns[i]), false, &there);

        if ((err == 0) != (compiled != NULL) || (err && strcmp(here.p, there.p) != 0))
            fail_msg("%s: %s, %s", patterns[i], err ? here.p : "good", compiled ? "good" : there.p);
        regexp_close(compiled);
        buf_free(&here);
        buf_free(&there);
        free(line);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_checked),
        cmocka_unit_test(both_compile_in_the_same_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
