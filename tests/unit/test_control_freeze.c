/*
 * test_control_freeze.c - unit tests of spoold/control_freeze.c: frozen at once, thawed when the mark is
 * gone.
 *
 * Run by `make check`, over a real socket, with the store inside the process.
 */
#include "tests/unit/control_world.h"

#include "spoold/control_freeze.h"
#include "spoold/flow.h"

static int ask(struct control_world *c, const char *words)
{
    struct control_reply r = control_world_ask(c, words);
    int code = r.code;

    assert_true(r.closed);
    json_decref(r.line);
    return code;
}

static bool is_marked(const struct control_world *c)
{
    return faccessat(c->s->depot.state_dir, CONTROL_FREEZE_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void it_is_marked_and_shown(void **state)
{
    struct control_world c = control_world_open(NULL, 0);

    (void)state;
    control_freeze_open(c.s);
    assert_false(c.s->frozen);
    for (int i = 0; i < 2; i++) { /* twice is once */
        assert_int_equal(ask(&c, "freeze"), EXIT_OK);
        assert_true(c.s->frozen && is_marked(&c));
        assert_true(c.s->alarms.since_ms[ALARM_FROZEN] != 0);
        assert_string_equal(spoold_stop_reason(c.s), CONTROL_FREEZE_WHY);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ask(&c, "thaw"), EXIT_OK);
        assert_false(c.s->frozen || is_marked(&c));
        assert_true(c.s->alarms.since_ms[ALARM_FROZEN] == 0);
        assert_null(spoold_stop_reason(c.s));
    }
    assert_int_equal(ask(&c, "freeze|now"), EXIT_USAGE_64);
    assert_int_equal(ask(&c, "thaw|now"), EXIT_USAGE_64);
    assert_false(c.s->frozen);
    control_world_close(&c);
}

static void a_mark_is_found_at_start(void **state)
{
    struct control_world c = control_world_open(NULL, 0);

    (void)state;
    depot_world_write(c.w, "state", CONTROL_FREEZE_FILE, "");
    control_freeze_open(c.s);
    assert_true(c.s->frozen);
    control_world_close(&c);
}

/* A folder of that name cannot be removed: better frozen than not. */
static void what_cannot_be_unmarked_stays_frozen(void **state)
{
    struct control_world c = control_world_open(NULL, 0);

    (void)state;
    assert_int_equal(mkdirat(c.s->depot.state_dir, CONTROL_FREEZE_FILE, 0700), 0);
    control_freeze_open(c.s);
    assert_int_equal(ask(&c, "thaw"), EXIT_TEMP_75);
    assert_true(c.s->frozen);
    assert_int_equal(unlinkat(c.s->depot.state_dir, CONTROL_FREEZE_FILE, AT_REMOVEDIR), 0);
    control_world_close(&c);
}

static void no_attempt_begins_and_what_is_decided_ends(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    struct msg *early, *late;
    struct base a, b;

    (void)state;
    late = loop_world_claim(c.w, c.s, "late");
    b = late->base;
    flow_start(c.s, late);
    while (roster_find(&c.s->roster, &b) && roster_find(&c.s->roster, &b)->msg->step <= MSG_STEP_COMMIT)
        loop_world_turn(c.s);
    assert_int_equal(ask(&c, "freeze"), EXIT_OK);
    early = loop_world_claim(c.w, c.s, "early");
    a = early->base;
    flow_start(c.s, early);
    loop_world_run_out(c.s);
    assert_null(roster_find(&c.s->roster, &b));
    depot_world_expect(c.w, "proc", &a, "@.eml @.hdr.c");
    assert_int_equal(ask(&c, "thaw"), EXIT_OK);
    loop_world_turn(c.s); /* the gate wakes it; a look at proc does the rest */
    assert_int_equal(roster_find(&c.s->roster, &a)->due, 0);
    control_world_close(&c);
}

static void a_held_one_is_left_until_it_is_over(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    struct roster_entry *e = control_world_entry(&c, ROSTER_HELD);

    (void)state;
    c.s->frozen = true;
    roster_set_due(&c.s->roster, e, 0);
    flow_wake(c.s, e);
    assert_int_equal(e->state, ROSTER_HELD);
    assert_true(e->due > 0 && e->unserved);
    control_world_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_marked_and_shown),
        cmocka_unit_test(a_mark_is_found_at_start),
        cmocka_unit_test(what_cannot_be_unmarked_stays_frozen),
        cmocka_unit_test(no_attempt_begins_and_what_is_decided_ends),
        cmocka_unit_test(a_held_one_is_left_until_it_is_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
