/*
 * test_ctl_print_dns.c - unit tests of tools/ctl_print_dns.c.
 *
 * Run by `make check`. A line of JSON in, what a person sees out, as in
 * test_ctl_print_av.c; missing members and wrong kinds too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/ctl_print.h"

#include <stdlib.h>

static const struct {
    const char *says, *json, *wanted;
} cases[] = {
    {"everything is shown",
     "{\"dns\":{\"state\":\"serving\",\"trouble\":\"\",\"open\":2,\"asked\":110,\"answers\":{\"NOERROR\":80,"
     "\"NXDOMAIN\":20,\"SERVFAIL\":5,\"TIMEOUT\":3},\"here\":4,\"lost\":2,\"ended\":1},"
     "\"worker\":{\"v\":1,\"sent\":60,\"open\":2,\"waiting\":0,\"merged\":7,\"tcp\":1,\"strange\":0,"
     "\"cache\":{\"names\":55,\"bytes\":2048,\"hits\":41,\"misses\":60,\"evicted\":0},"
     "\"servers\":{\"127.0.0.1:53\":{\"late\":false,\"asked\":60,\"answers\":58,\"timeouts\":1,\"errors\":1,"
     "\"average_ms\":12},\"[2001:db8::1]:53\":{\"late\":true,\"asked\":3,\"answers\":0,\"timeouts\":3,"
     "\"errors\":0,\"average_ms\":0}}},\"worker_age_ms\":1,"
     "\"lists\":{\"rbl:good\":{\"zone\":\"good.example.org\",\"state\":\"usable\",\"tested\":"
     "\"2026-01-02T03:04:05.000Z\",\"why\":\"\"},\"uribl:bad\":{\"zone\":\"bad.example.org\",\"state\":"
     "\"suspended\",\"since\":\"2026-01-02T03:04:05.000Z\",\"why\":\"it lists everything\"}}}",
     "state          serving\n"
     "questions      110, without an answer yet 2\n"
     "answers        80 NOERROR, 20 NXDOMAIN, 5 SERVFAIL, 3 TIMEOUT; of these without the DNS 4\n"
     "workers lost   2, for lies or silence 1\n"
     "cache          names 55, size 2.0k, hits 41, misses 60, evicted 0\n"
     "queries sent   60, under way 2, waiting 0, merged 7, by TCP 1, strange answers 0\n"
     "server         127.0.0.1:53, asked 60, answers 58, time-outs 1, errors 1, 12 ms on average\n"
     "server         [2001:db8::1]:53 LATE, asked 3, answers 0, time-outs 3, errors 0, 0 ms on average\n"
     "list           rbl:good usable, zone good.example.org, tested 2026-01-02 03:04:05 UTC\n"
     "list           uribl:bad SUSPENDED since 2026-01-02 03:04:05 UTC, zone bad.example.org: it lists "
     "everything\n"},
    {"a worker that never told leaves its rows out",
     "{\"dns\":{\"state\":\"down\",\"trouble\":\"its worker is starting\",\"open\":0,\"asked\":0,\"answers\":"
     "{},\"here\":0,\"lost\":0},\"lists\":{}}",
     "state          down: its worker is starting\n"
     "questions      0, without an answer yet 0\n"},
    {"old numbers are said to be", "{\"dns\":{},\"worker\":{\"sent\":1},\"worker_age_ms\":61000}",
     "ATTENTION      its worker does not tell; the numbers below are 61 s old\n"
     "queries sent   1\n"},
    {"fresh ones are not", "{\"dns\":{},\"worker\":{\"sent\":1},\"worker_age_ms\":2000}",
     "queries sent   1\n"},
    {"names cannot act upon the terminal",
     "{\"dns\":{},\"worker\":{\"servers\":{\"a\\u001bb\":{}}},\"lists\":{\"c\\u0007\":{\"why\":\"d\\n\"}}}",
     "server         a\\x1bb\nlist           c\\x07: d\\x0a\n"},
    {"wrong kinds are left out",
     "{\"dns\":{\"state\":7.5,\"asked\":{},\"answers\":[1],\"here\":\"x\",\"lost\":\"y\"},\"worker\":{"
     "\"cache\":7,"
     "\"sent\":null,\"servers\":[1,2]},\"worker_age_ms\":\"x\",\"lists\":{\"a\":7}}",
     "list           a\n"},
    {"a flush is confirmed", "{\"flushed\":true}", "What was remembered of the DNS is forgotten.\n"},
    {"nothing is nothing", "{}", ""},
};

static void print_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *o = json_loads(cases[i].json, JSON_ALLOW_NUL, NULL);
        struct ctl_print p = {0};
        char *text = NULL;
        size_t n = 0;

        if (!o)
            fail_msg("%s: the line is none", cases[i].says);
        p.to = open_memstream(&text, &n);
        ctl_print_dns(&p, o);
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
