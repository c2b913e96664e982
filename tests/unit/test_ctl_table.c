/*
 * test_ctl_table.c - unit tests of tools/ctl_table.c.
 *
 * Run by `make check`. Checks what a row says, and that on a terminal of any
 * width no line is longer than the terminal, whatever the message holds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/ctl_print.h"
#include "tools/ctl_text.h"

#include <stdlib.h>

#define NARROWEST 76 /* below this the columns keep their least width */

static const char held[] = "{\"id\":\"name~0123456789abcdefghjkmnpqr\",\"state\":\"held\",\"step\":\"av\","
                           "\"attempt\":2,\"size\":2048,\"from\":\"\","
                           "\"to\":[\"a@example.org\",\"b@example.org\"],\"since\":\"2026-01-02T03:04:05Z\","
                           "\"next\":null,\"reason\":\"no engine\"}";

/* The second line: below the titles. */
static char *row_of(ctl_print_fn *fn, const char *json, size_t width)
{
    struct ctl_print p = {.width = width};
    json_t *o = json_loads(json, 0, NULL);
    char *text = NULL, *row = NULL;
    size_t n = 0;

    assert_non_null(o);
    p.to = open_memstream(&text, &n);
    fn(&p, o);
    fclose(p.to);
    json_decref(o);
    assert_int_equal(p.rows, 2);
    row = strdup(strchr(text, '\n') + 1);
    free(text);
    return row;
}

static const struct {
    const char *says;
    ctl_print_fn *fn;
    const char *json;
    size_t width;
    const char *wanted;
} cases[] = {
    {"nothing is cut without a terminal", ctl_table_queue, held, 0,
     "2026-01-02 03:04:05  0123456789abcdefghjkmnpqr  <>                        a@example.org +1           "
     "2.0k  "
     "held, av, attempt 2: no engine\n"},
    {"a narrow terminal has short times and cut cells", ctl_table_queue, held, 80,
     "01-02 03:04  0123456789abcdefghjkmnpqr  <>         a@examp..   2.0k  held, a..\n"},
    {"history names class and reason", ctl_table_history,
     "{\"id\":\"x\",\"state\":\"quarantined\",\"class\":\"virus\",\"reason\":\"Eicar\",\"at\":\"2026-01-"
     "02T03:04:05Z\"}",
     0,
     "2026-01-02 03:04:05  x                                                                                 "
     "    "
     "quarantined virus: Eicar\n"},
    {"history tells that some have had it", ctl_table_history,
     "{\"id\":\"x\",\"state\":\"quarantined\",\"copies\":1,\"reason\":\"weight 50\",\"at\":\"2026-01-"
     "02T03:04:05Z\"}",
     0,
     "2026-01-02 03:04:05  x                                                                                 "
     "    "
     "quarantined in part, else delivered: weight 50\n"},
    {"wrong kinds leave cells empty", ctl_table_history,
     "{\"id\":1,\"to\":{},\"from\":7,\"size\":\"x\",\"at\":[]}", 0,
     "                                                7\n"},
    {"an empty object is an empty row", ctl_table_queue, "{}", 100, "\n"},
};

static void row_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *got = row_of(cases[i].fn, cases[i].json, cases[i].width);

        if (strcmp(got, cases[i].wanted) != 0)
            fail_msg("%s: got\n'%s'", cases[i].says, got);
        free(got);
    }
}

static void no_row_is_wider_than_the_terminal(void **state)
{
    static const char hostile[] =
        "{\"id\":\"\\u4e2d\\u4e2d\\u4e2d\\u4e2d\\u4e2d\\u4e2d\\u4e2d\\u4e2d\\u4e2d\\u4e2d\\u4e2d\",\"from\":"
        "\"\\u202e\\u202e\\u202e"
        "\\u202e\\u202e\\u202e\",\"to\":["
        "\"\\u4e2d\\u4e2d\\u4e2d\\u4e2d\\u4e2d\\u4e2d\\u4e2d\\u4e2d\\u4e2d\\u4e2d\\u4e2d\\u4e2d\"],"
        "\"size\":9223372036854775807,\"since\":\"\\u0007\\u0007\\u0007\\u0007\\u0007\\u0007\",\"state\":"
        "\"in work\",\"reason\":"
        "\"a very long reason that goes on and on and on and on and on and on and on and on and on and on\"}";

    (void)state;
    for (size_t width = NARROWEST; width < 200; width++) {
        char *got = row_of(ctl_table_queue, hostile, width);
        struct view line = {got, strlen(got) - 1};

        if (ctl_text_width(line) > width)
            fail_msg("%zu columns on a terminal of %zu: %s", ctl_text_width(line), width, got);
        free(got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row_follows_the_table),
        cmocka_unit_test(no_row_is_wider_than_the_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
