/*
 * test_decide_rest.c - unit tests of spoold/decide_rest.c: one fate for all who get no copy, the strictest.
 *
 * Run by `make check`. Pure.
 */
#include "spoold/decide_rest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *says, *actions; /* a letter for each recipient */
    bool any;
    enum decide_way way;
    enum spool_class class;
    size_t reason; /* of this recipient */
} table[] = {
    {"nobody", "", false, 0, 0, 0},
    {"all get a copy", "dthj", false, 0, 0, 0},
    {"one is quarantined", "dq", true, DECIDE_WAY_QUARANTINE, SPOOL_CLASS_SPAM, 1},
    {"one is discarded", "xd", true, DECIDE_WAY_DROP, SPOOL_CLASS_POLICY, 0},
    {"two are", "xdx", true, DECIDE_WAY_DROP, SPOOL_CLASS_POLICY, 0},
    {"one is quarantined: all are", "xqx", true, DECIDE_WAY_QUARANTINE, SPOOL_CLASS_SPAM, 1},
    {"no notice can be written", "db", true, DECIDE_WAY_QUARANTINE, SPOOL_CLASS_POLICY, 1},
    {"that is stricter than a discard", "xb", true, DECIDE_WAY_QUARANTINE, SPOOL_CLASS_POLICY, 1},
    {"spam says more than policy", "bq", true, DECIDE_WAY_QUARANTINE, SPOOL_CLASS_SPAM, 1},
    {"in any order", "qb", true, DECIDE_WAY_QUARANTINE, SPOOL_CLASS_SPAM, 0},
};

static enum decide_action action_of(char c)
{
    static const char letters[] = "dthjrqxb"; /* in the order of enum decide_action */

    return (enum decide_action)(strchr(letters, c) - letters);
}

static void the_strictest_decides_for_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct decide_outcome o[4];
        struct decide_result r = {.outcome = o, .n = strlen(table[i].actions), .groups = 1};
        struct decide_whole w;
        char wanted[32];

        for (size_t k = 0; k < r.n; k++)
            o[k] = (struct decide_outcome){.weight = (int64_t)(k + 1) * 10000,
                                           .level = DECIDE_LOW,
                                           .action = action_of(table[i].actions[k]),
                                           .why = "level",
                                           .section = "level low",
                                           .key = "action",
                                           .place = VIEW("default")};
        snprintf(wanted, sizeof wanted, "weight %zu0 is level low", table[i].reason + 1);
        if (decide_rest(&r, &w) != table[i].any)
            fail_msg("%s", table[i].says);
        assert_int_equal(w.by, DECIDE_BY_RECIPIENTS);
        if (table[i].any && (w.way != table[i].way || w.class != table[i].class || !strstr(w.reason, wanted)))
            fail_msg("%s: way %d, class %d, \"%s\"", table[i].says, w.way, w.class, w.reason);
    }
}

static void too_many_copies_are_none(void **state)
{
    struct decide_outcome o = {.action = DECIDE_DELIVER};
    const struct decide_result r = {.outcome = &o, .n = 1, .groups = 17, .too_many = true};
    struct decide_whole w;

    (void)state;
    assert_true(decide_rest(&r, &w));
    assert_int_equal(w.way, DECIDE_WAY_QUARANTINE);
    assert_int_equal(w.class, SPOOL_CLASS_POLICY);
    assert_non_null(strstr(w.reason, "17 different copies, more than 16"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_strictest_decides_for_all),
        cmocka_unit_test(too_many_copies_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
