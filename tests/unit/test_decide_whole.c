/*
 * test_decide_whole.c - unit tests of spoold/decide_whole.c: what no recipient's settings decide.
 *
 * Run by `make check`. Pure.
 */
#include "spoold/decide_whole.h"

#include "spoold/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { TAG, QUARANTINE };
#define CLEAN  .state = ANTIVIRUS_CLEAN
#define SOUND  .status = ENVELOPE_WRITTEN
#define BAD(w) .state = ANTIVIRUS_UNEXAMINED, .why = ANTIVIRUS_##w, .text = VIEW("words")

static const struct {
    const char *says;
    struct decide_whole_input in;
    enum decide_by by;
    enum decide_way way;
    enum spool_class class;
    const char *reason;
} table[] = {
    {"nothing against it", {CLEAN, SOUND}, DECIDE_BY_NOTHING, 0, 0, ""},
    {"the greatest size", {CLEAN, SOUND, .size = 1000}, DECIDE_BY_NOTHING, 0, 0, ""},
    {"a byte more", {CLEAN, SOUND, .size = 1001}, DECIDE_BY_SIZE, 0, SPOOL_CLASS_FAILED, "(1001 bytes)"},
    {"a broken envelope", {CLEAN, .broken = true}, DECIDE_BY_ENVELOPE, 0, SPOOL_CLASS_FAILED, ""},
    {"not written",
     {CLEAN, .status = ENVELOPE_FAILED},
     DECIDE_BY_ENVELOPE,
     0,
     SPOOL_CLASS_FAILED,
     "not Written but Failed"},
    {"a virus",
     {SOUND, .state = ANTIVIRUS_INFECTED, .text = VIEW("Eicar")},
     DECIDE_BY_VIRUS,
     0,
     SPOOL_CLASS_VIRUS,
     "virus: Eicar"},
    {"encrypted is tagged", {SOUND, BAD(ENCRYPTED)}, DECIDE_BY_NOTHING, 0, 0, ""},
    {"beyond a limit",
     {SOUND, BAD(LIMIT)},
     DECIDE_BY_UNEXAMINED,
     DECIDE_WAY_QUARANTINE,
     SPOOL_CLASS_POLICY,
     "(limit): words"},
    {"trouble that may pass",
     {SOUND, BAD(ENGINE)},
     DECIDE_BY_UNEXAMINED,
     DECIDE_WAY_HOLD,
     SPOOL_CLASS_POLICY,
     "(engine): words"},
    {"readers differ",
     {CLEAN, SOUND, .ambiguous_by = VIEW("types")},
     DECIDE_BY_AMBIGUOUS,
     0,
     SPOOL_CLASS_POLICY,
     "in different ways: types"},
    {"encrypted beside that",
     {SOUND, BAD(ENCRYPTED), .ambiguous_by = VIEW("types")},
     DECIDE_BY_AMBIGUOUS,
     0,
     SPOOL_CLASS_POLICY,
     "in different ways: types"},
    {"as many hops as may be", {CLEAN, SOUND, .hops = 50, .own_hops = 2}, DECIDE_BY_NOTHING, 0, 0, ""},
    {"one more", {CLEAN, SOUND, .hops = 51}, DECIDE_BY_LOOP, 0, SPOOL_CLASS_POLICY, "51 Received: fields"},
    {"three times by this host",
     {CLEAN, SOUND, .own_hops = 3},
     DECIDE_BY_LOOP,
     0,
     SPOOL_CLASS_POLICY,
     "on this host 3 times"},
};

static void each_answer_has_its_way(void **state)
{
    struct config cfg = {.max_message_size = 1000,
                         .max_hops = 50,
                         .av_encrypted_action = TAG,
                         .av_limit_action = QUARANTINE,
                         .mime_ambiguous_action = QUARANTINE};

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct decide_whole_input in = table[i].in;
        struct decide_whole d = {.by = DECIDE_BY_NOTHING};
        bool any;

        in.cfg = &cfg;
        any = decide_whole_unsound(&in, &d) || decide_whole_scanned(&in, &d) || decide_whole_loops(&in, &d);
        if (any != (table[i].by != DECIDE_BY_NOTHING) || d.by != table[i].by ||
            (any && (d.way != table[i].way || d.class != table[i].class)) ||
            !strstr(d.reason, table[i].reason))
            fail_msg("%s: by %d, way %d, class %d, \"%s\"", table[i].says, d.by, d.way, d.class, d.reason);
    }
}

static void settings_choose(void **state)
{
    enum { KEEP, DELETE };
    struct config cfg = {.max_message_size = 1000, .av_virus_action = DELETE};
    struct decide_whole_input in = {.cfg = &cfg, SOUND, .state = ANTIVIRUS_INFECTED, .text = VIEW("x")};
    struct decide_whole d;

    (void)state;
    assert_true(decide_whole_scanned(&in, &d));
    assert_int_equal(d.way, DECIDE_WAY_DROP);
    assert_non_null(strstr(d.reason, "deleted"));
    in.state = ANTIVIRUS_CLEAN;
    in.ambiguous_by = VIEW("types");
    assert_false(decide_whole_scanned(&in, &d)); /* mime.ambiguous_action is tag */
}

static void names_lead_back(void **state)
{
    (void)state;
    for (enum decide_by by = 0; by < DECIDE_BY__MAX; by++)
        assert_int_equal(decide_by_find(view_of(decide_by_name(by))), by);
    assert_int_equal(decide_by_find(VIEW("viru")), DECIDE_BY__MAX);
    assert_null(decide_by_name(DECIDE_BY__MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_has_its_way),
        cmocka_unit_test(settings_choose),
        cmocka_unit_test(names_lead_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
