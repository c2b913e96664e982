/*
 * test_ctl_print_av.c - unit tests of tools/ctl_print_av.c.
 *
 * Run by `make check`. A line of JSON in, what a person sees out, as in
 * test_ctl_print.c; missing members and wrong kinds too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/ctl_print.h"

#include <stdlib.h>

#define SERVING                                                                                              \
    "\"state\":\"serving\",\"engine\":\"1.4.6\",\"signatures\":8700000,\"version\":27800,\"built\":"         \
    "\"2026-01-02T03:04:05.000Z\",\"age_s\":90000,\"generation\":3,\"memory_kb\":1048576,\"folder\":\"/s\"," \
    "\"files\":3,\"reload_mode\":\"auto\",\"last_reload_ms\":2100,\"trouble\":\"\""

static const struct {
    const char *says;
    ctl_print_fn *fn;
    const char *json, *wanted;
} cases[] = {
    {"everything is shown", ctl_print_av, "{\"antivirus\":{" SERVING ",\"test_only\":false}}",
     "state          serving\n"
     "engine         ClamAV 1.4.6\n"
     "signatures     8700000, version 27800, files 3\n"
     "built          2026-01-02 03:04:05 UTC, 25 hours ago\n"
     "generation     3\n"
     "memory         1.0G\n"
     "folder         /s\n"
     "reload mode    auto, the last one took 2100 ms\n"},
    {"test signatures are said first and in capitals", ctl_print_av,
     "{\"antivirus\":{\"state\":\"serving\",\"signatures\":1,\"version\":0,\"files\":0,\"test_only\":true}}",
     "ALARM          TEST SIGNATURES ONLY: nothing but the EICAR test file is found\n"
     "state          serving\n"
     "signatures     1\n"},
    {"what is not loaded yet shows no zeros", ctl_print_av,
     "{\"antivirus\":{\"state\":\"down\",\"engine\":\"\",\"signatures\":0,\"version\":0,\"generation\":0,"
     "\"memory_kb\":0,\"folder\":\"a\\u001bb\",\"last_reload_ms\":0,\"trouble\":\"it is\\u0007 starting\"}}",
     "state          down\ntrouble        it is\\x07 starting\nfolder         a\\x1bb\n"},
    {"days and minutes", ctl_print_av,
     "{\"antivirus\":{\"built\":\"2026-01-02T03:04:05Z\",\"age_s\":864000}}",
     "built          2026-01-02 03:04:05 UTC, 10 days ago\n"},
    {"a clock that is behind", ctl_print_av,
     "{\"antivirus\":{\"built\":\"2026-01-02T03:04:05Z\",\"age_s\":-5}}",
     "built          2026-01-02 03:04:05 UTC, 0 minutes ago\n"},
    {"a reload is confirmed", ctl_print_av, "{\"asked\":true}",
     "A reload was asked for; see spoolctl av status.\n"},
    {"nothing is nothing", ctl_print_av, "{}", ""},
    {"wrong kinds are left out", ctl_print_av,
     "{\"antivirus\":{\"state\":3.5,\"engine\":{},\"signatures\":\"x\",\"built\":7,\"age_s\":\"x\",\"memory_"
     "kb\":[],"
     "\"reload_mode\":null,\"test_only\":\"yes\"}}",
     ""},
    {"status has it in one line", ctl_print_status, "{\"antivirus\":{" SERVING ",\"test_only\":false}}",
     "antivirus      serving, signatures 8700000, built 2026-01-02 03:04:05 UTC, 25 hours ago\n"},
    {"and the capitals as well", ctl_print_status,
     "{\"antivirus\":{\"state\":\"down\",\"trouble\":\"no memory\",\"test_only\":true}}",
     "antivirus      down: no memory\n"
     "               TEST SIGNATURES ONLY: nothing but the EICAR test file is found\n"},
    {"a spoold without it", ctl_print_status, "{\"antivirus\":null}", ""},
};

static void print_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *o = json_loads(cases[i].json, JSON_ALLOW_NUL, NULL);
        struct ctl_print p = {0};
        char *text = NULL;
        size_t n = 0;

        assert_non_null(o);
        p.to = open_memstream(&text, &n);
        cases[i].fn(&p, o);
        fclose(p.to);
        if (strcmp(text, cases[i].wanted) != 0)
            fail_msg("%s: got\n%s", cases[i].says, text);
        json_decref(o);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(print_follows_the_table)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
