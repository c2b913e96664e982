/*
 * test_ctl_metrics.c - unit tests of tools/ctl_metrics.c: what stands in the answer, and nothing made up.
 *
 * Run by `make check`. The whole text is held against the format by the
 * functional test metrics_are_prometheus.sh.
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
    {"nothing is made up", "{}", ""},
    {"wrong kinds are left out", "{\"held\":\"x\",\"counts\":[1],\"workers\":{},\"store\":7,\"version\":5}",
     ""},
    {"a number", "{\"held\":3}",
     "# HELP spoold_held Messages on hold.\n# TYPE spoold_held gauge\nspoold_held 3\n"},
    {"yes and no are 1 and 0", "{\"frozen\":true}",
     "# HELP spoold_frozen Whether an administrator has frozen spoold.\n# TYPE spoold_frozen "
     "gauge\nspoold_frozen 1\n"},
    {"a group has its head once", "{\"quarantined\":{\"virus\":2,\"spam\":0}}",
     "# HELP spoold_quarantined_total Messages that were quarantined, since the ledger began.\n"
     "# TYPE spoold_quarantined_total counter\n"
     "spoold_quarantined_total{class=\"virus\"} 2\nspoold_quarantined_total{class=\"spam\"} 0\n"},
    {"the DNS, by itself and by rcode",
     "{\"dns\":{\"serving\":true,\"open\":2,\"answers\":{\"NOERROR\":9},\"trouble\":\"x\"}}",
     "# HELP spoold_dns_serving Whether the DNS can be asked.\n# TYPE spoold_dns_serving gauge\n"
     "spoold_dns_serving 1\n"
     "# HELP spoold_dns_open Questions to the DNS without an answer yet.\n# TYPE spoold_dns_open gauge\n"
     "spoold_dns_open 2\n"
     "# HELP spoold_dns_answers_total Answers of the DNS since the start.\n"
     "# TYPE spoold_dns_answers_total counter\nspoold_dns_answers_total{rcode=\"NOERROR\"} 9\n"},
    {"label values are escaped", "{\"version\":\"1\\\"\\\\\\n\"}",
     "# HELP spoold_build_info The version of spoold.\n# TYPE spoold_build_info gauge\n"
     "spoold_build_info{version=\"1\\\"\\\\\\n\"} 1\n"},
};

static void text_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *o = json_loads(cases[i].json, 0, NULL);
        struct ctl_print p = {.width = 0};
        char *text = NULL;
        size_t n = 0;

        assert_non_null(o);
        p.to = open_memstream(&text, &n);
        ctl_print_metrics(&p, o);
        fclose(p.to);
        if (strcmp(text, cases[i].wanted) != 0)
            fail_msg("%s: got\n%s", cases[i].says, text);
        free(text);
        json_decref(o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(text_follows_the_table)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
