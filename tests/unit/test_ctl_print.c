/*
 * test_ctl_print.c - unit tests of tools/ctl_print.c.
 *
 * Run by `make check`. Whole printed answers are compared: a line of JSON in,
 * what a person sees out. Every function is also given an empty object and one
 * whose members have the wrong kind, because spoold may be of another version.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/ctl_print.h"

#include <stdlib.h>

static char *print_of(ctl_print_fn *fn, const char *json, bool colour)
{
    struct ctl_print p = {.colour = colour};
    json_t *o = json_loads(json, JSON_ALLOW_NUL, NULL);
    char *text = NULL;
    size_t n = 0;

    assert_non_null(o);
    p.to = open_memstream(&text, &n);
    fn(&p, o);
    ctl_checks_end(&p);
    fclose(p.to);
    json_decref(o);
    return text;
}

static const struct {
    const char *says;
    ctl_print_fn *fn;
    const char *json;
    const char *wanted;
} cases[] = {
    {"alarms stand on top", ctl_print_status,
     "{\"state\":\"running\",\"alarms\":[{\"since\":\"2026-01-02T03:04:05Z\",\"text\":\"disk\\u001b "
     "slow\"}]}",
     "ALARM          disk\\x1b slow (since 2026-01-02 03:04:05 UTC)\nstate          running\n"},
    {"a label as wide as its column does not touch the value", ctl_print_status,
     "{\"workers\":[{\"role\":\"antispam\",\"state\":\"serving\"},{\"role\":\"av\",\"state\":\"down\"}]}",
     "worker antispam serving\nworker av      down\n"},
    {"a stopped intake has its reason", ctl_print_status,
     "{\"state\":\"intake stopped\",\"reason\":\"disk full\"}", "state          intake stopped: disk full\n"},
    {"an intake is one line", ctl_print_status,
     "{\"state\":\"running\",\"intakes\":[{\"name\":\"main\",\"path\":\"in\",\"outlet\":\"out\",\"codec\":"
     "\"pair\"}]}",
     "state          running\nintake main    in -> out, codec pair\n"},
    {"lost log lines are shown only when there are any", ctl_print_status, "{\"log_dropped\":0}", ""},
    {"status of nothing is nothing", ctl_print_status, "{}", ""},
    {"wrong kinds are left out", ctl_print_status,
     "{\"state\":{},\"intakes\":3,\"alarms\":\"x\",\"store\":[],\"counts\":null,\"pid\":[]}", ""},
    {"an event is a line of the timeline", ctl_print_show,
     "{\"event\":\"accepted\",\"at\":\"2026-01-02T03:04:05.1Z\",\"from\":\"\",\"to\":[\"a@example.org\",\"b@"
     "example.org\"],"
     "\"reason\":\"\",\"unknown\":1}",
     "2026-01-02 03:04:05  accepted      from <>  to a@example.org, b@example.org\n"},
    {"show begins with id, state and places", ctl_print_show,
     "{\"id\":\"x~1\",\"state\":\"held\",\"places\":[\"proc/a\",\"proc/b\"]}",
     "id             x~1\nstate          held\non disk        proc/a\n               proc/b\n"},
    {"raw strings show their bytes", ctl_print_show,
     "{\"event\":\"accepted\",\"name\":\"\\u00ff\",\"raw\":true}",
     "                     accepted      name \\xff\n"},
    {"books that balance", ctl_print_audit, "{\"accepted\":2,\"balanced\":true,\"complete\":true}",
     "accepted                2\nThe books balance.\n"},
    {"books that do not balance name the messages", ctl_print_audit,
     "{\"missing\":[\"x\"],\"unknown\":[\"y\"],\"balanced\":false}",
     "missing        x\nunknown        y\nThe books do not balance; the ids are above.\n"},
    {"audit of nothing says nothing", ctl_print_audit, "{}", ""},
};

static void print_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *got = print_of(cases[i].fn, cases[i].json, false);

        if (strcmp(got, cases[i].wanted) != 0)
            fail_msg("%s: got\n%s", cases[i].says, got);
        free(got);
    }
}

static void colour_is_only_around_the_words(void **state)
{
    char *got = print_of(ctl_print_audit, "{\"balanced\":true}", true);

    (void)state;
    assert_string_equal(got, "\033[32mThe books balance.\033[0m\n");
    free(got);
}

static void a_file_gets_no_colour_and_no_width(void **state)
{
    FILE *to = tmpfile();
    struct ctl_print p;

    (void)state;
    assert_non_null(to);
    ctl_print_init(&p, to);
    assert_false(p.colour);
    assert_int_equal(p.width, 0);
    fclose(to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(print_follows_the_table),
        cmocka_unit_test(colour_is_only_around_the_words),
        cmocka_unit_test(a_file_gets_no_colour_and_no_width),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
