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

#include "common/xalloc.h"
#include "tools/ctl_print.h"

#include <stdlib.h>

static char *told_of(const char *const *lines)
{
    char *text = NULL;
    size_t n = 0;
    struct ctl_print p = {.to = open_memstream(&text, &n)};

    for (; *lines; lines++) {
        json_t *o = json_loads(*lines, 0, NULL);

        assert_non_null(o);
        ctl_checks_see(&p, o);
        json_decref(o);
    }
    ctl_checks_end(&p);
    ctl_checks_end(&p);
    fclose(p.to);
    return text;
}

/* A record that stands with each copy. */
static char *told(const char *record, unsigned times)
{
    const char *lines[3] = {NULL};
    char *line = xasprintf("{\"event\":\"delivered\",\"record\":%s}", record), *text;

    for (unsigned i = 0; i < times; i++)
        lines[i] = line;
    text = told_of(lines);
    free(line);
    return text;
}

static void what_says_something_is_told_once(void **state)
{
    char *text = told("{\"weight\":9.5,\"checks\":["
                      "{\"name\":\"spf\",\"result\":\"fail\",\"weight\":8,\"detail\":\"not "
                      "\\u001bours\",\"line\":\"a.ini:3\"},"
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
    static const char *const records[] = {"{}", "{\"weight\":\"1\",\"checks\":[]}", "[]", "null",
                                          "{\"decisions\":{}}"};

    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        char *text = told(records[i], 1);

        assert_string_equal(text, "");
        free(text);
    }
}

/* Positions count the recipients of the event "accepted", whichever event the record stands with. */
static void the_last_record_counts_and_names_recipients(void **state)
{
    static const char *const lines[] = {
        "{\"id\":\"x\",\"state\":\"delivered\"}",
        "{\"event\":\"accepted\",\"to\":[\"a@example.org\",\"b@example.org\",\"c\\u001b@example.org\"],"
        "\"record\":{\"weight\":1,\"checks\":[]}}",
        "{\"event\":\"delivered\",\"record\":{\"weight\":2,\"decisions\":["
        "{\"to\":\"1,3\",\"weight\":2,\"level\":\"none\",\"action\":\"deliver\",\"why\":\"\"},"
        "{\"to\":\"2,9\",\"weight\":12,\"level\":\"low\",\"action\":\"tag\",\"why\":\"level\",\"threshold\":"
        "10,"
        "\"section\":\"level low\",\"key\":\"action\",\"profile\":\"p\",\"line\":\"a.ini:7\"}]}}",
        NULL};
    char *text = told_of(lines);

    (void)state;
    assert_string_equal(text, "  weight 2\n"
                              "    deliver for a@example.org, c\\x1b@example.org: weight 2 is level none\n"
                              "    tag for recipient 2,9: weight 12 is level low (from 10 on), "
                              "[profile p] low.action (a.ini:7)\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_says_something_is_told_once),
        cmocka_unit_test(the_last_record_counts_and_names_recipients),
        cmocka_unit_test(a_record_without_them_tells_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
