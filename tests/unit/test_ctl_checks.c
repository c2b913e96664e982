/*
 * test_ctl_checks.c - unit tests of tools/ctl_checks.c: the checks of a message for people.
 *
 * Run by `make check`. What is printed goes to a memory stream.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/ctl_print.h"

#include <stdlib.h>

static char *told(const char *json, unsigned times)
{
    json_t *o = json_loads(json, 0, NULL);
    char *text = NULL;
    size_t n = 0;
    struct ctl_print p = {.to = open_memstream(&text, &n)};

    assert_non_null(o);
    while (times--)
        ctl_checks_print(&p, o);
    fclose(p.to);
    json_decref(o);
    return text;
}

static void what_says_something_is_told_once(void **state)
{
    char *text = told("{\"weight\":9.5,\"checks\":["
                      "{\"name\":\"spf\",\"result\":\"fail\",\"weight\":8,\"detail\":\"not \\u001bours\",\"line\":\"a.ini:3\"},"
                      "{\"name\":\"dkim\",\"result\":\"none\",\"weight\":0,\"line\":\"default\"},"
                      "{\"name\":\"iprev\",\"result\":\"none\",\"weight\":1.5,\"line\":\"default\"},"
                      "{\"name\":\"helo\",\"result\":\"pass\",\"weight\":0,\"line\":\"default\"}]}",
                      2);

    (void)state;
    assert_string_equal(text, "  weight 9.5\n"
                              "    spf                  fail       8  not \\x1bours  (a.ini:3)\n"
                              "    iprev                none       1.5    (default)\n"
                              "    helo                 pass       0  \n");
    free(text);
}

static void a_record_without_them_tells_nothing(void **state)
{
    static const char *const records[] = {"{}", "{\"weight\":\"1\",\"checks\":[]}", "{\"weight\":1}",
                                          "{\"weight\":1,\"checks\":{}}"};

    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        char *text = told(records[i], 1);

        assert_string_equal(text, "");
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_says_something_is_told_once),
        cmocka_unit_test(a_record_without_them_tells_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
