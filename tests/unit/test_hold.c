/*
 * test_hold.c - unit tests of spoold/hold.c: what an administrator wants kept is kept, by the ordinary step.
 *
 * Run by `make check`, with a control server and the store inside the process.
 * The tests play the loop; ticket 0 is an order for which nobody waits.
 */
#include "tests/unit/control_world.h"

#include "spoold/flow.h"
#include "spoold/hold.h"

static const struct control_ticket nobody = {.number = 0};

/* Claimed and given to the flow; its first step is queued. */
static struct base started(struct control_world *c)
{
    struct msg *m = loop_world_claim(c->w, c->s, "x");
    struct base b = m->base;

    flow_start(c->s, m);
    return b;
}

static void one_in_work_is_held_before_its_next_step(void **state)
{
    /* Turns of the store before the order comes; after these the message is still undecided. */
    for (unsigned turns = 0; turns < 3; turns++) {
        struct control_world c = control_world_open(NULL, 0);
        struct base b = started(&c);
        struct ledger_hold h;

        (void)state;
        for (unsigned i = 0; i < turns; i++)
            loop_world_turn(c.s);
        assert_int_equal(hold_want(c.s, &b, nobody), 0);
        assert_true(hold_is_wanted(c.s, &b));
        loop_world_run_out(c.s);
        depot_world_expect(c.w, "proc", &b, "@.eml @.hdr.h0");
        assert_true(roster_is_kept(roster_find(&c.s->roster, &b)));
        assert_int_equal(ledger_get_hold(c.s->depot.ledger, base_view(&b), &h), 1);
        assert_string_equal(h.reason, ROSTER_KEPT);
        hold_run(c.s, depot_mono_ms());
        assert_false(hold_is_wanted(c.s, &b));
        control_world_close(&c);
    }
}

static void one_that_is_decided_goes_its_way(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    struct base b = started(&c);
    struct roster_entry *e;

    (void)state;
    while ((e = roster_find(&c.s->roster, &b)) && e->msg->step <= MSG_STEP_COMMIT)
        loop_world_turn(c.s);
    assert_non_null(e);
    assert_int_equal(hold_want(c.s, &b, nobody), 0);
    hold_run(c.s, depot_mono_ms());
    assert_false(hold_is_wanted(c.s, &b));
    loop_world_run_out(c.s);
    depot_world_expect(c.w, "proc", &b, "");
    assert_int_equal(hold_want(c.s, &b, nobody), 0); /* one that is gone */
    hold_run(c.s, depot_mono_ms());
    assert_int_equal(c.s->holds.n, 0);
    control_world_close(&c);
}

static void a_kept_one_is_not_woken(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    struct base b = started(&c);
    struct roster_entry *e = NULL;

    (void)state;
    hold_want(c.s, &b, nobody);
    loop_world_run_out(c.s);
    e = roster_find(&c.s->roster, &b);
    flow_wake(c.s, e);
    assert_int_equal(e->state, ROSTER_HELD);
    assert_true(e->due == INT64_MAX);
    hold_release(c.s, e, nobody);
    assert_int_equal(e->due, 0);
    assert_int_equal(e->tries, 0);
    assert_false(roster_is_kept(e));
    loop_world_turn(c.s);
    flow_wake(c.s, e);
    hold_run(c.s, depot_mono_ms());
    loop_world_run_out(c.s);
    depot_world_expect(c.w, "proc", &b, "");
    control_world_close(&c);
}

/* Put on hold for another reason while the order waited. */
static void whatever_it_is_held_for_the_order_wins(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    struct roster_entry *e = control_world_entry(&c, ROSTER_RESTING);

    (void)state;
    hold_want(c.s, &e->base, nobody);
    assert_true(hold_run(c.s, 0) < INT64_MAX);
    assert_int_equal(c.s->holds.n, 1);
    roster_set_state(&c.s->roster, e, ROSTER_HELD);
    roster_set_reason(e, "no worker");
    hold_run(c.s, 0);
    assert_true(roster_is_kept(e));
    assert_int_equal(c.s->holds.n, 0);
    loop_world_run_out(c.s);
    control_world_close(&c);
}

static void orders_are_bounded_and_can_be_taken_back(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    struct base b[HOLD_ORDERS_MAX + 1];

    (void)state;
    for (int i = 0; i <= HOLD_ORDERS_MAX; i++) {
        b[i] = world_base(c.w, "x");
        assert_int_equal(hold_want(c.s, &b[i], nobody), i < HOLD_ORDERS_MAX ? 0 : -1);
    }
    assert_int_equal(hold_want(c.s, &b[5], nobody), 0); /* the same one again */
    assert_int_equal(c.s->holds.n, HOLD_ORDERS_MAX);
    assert_true(hold_forget(c.s, &b[5]));
    assert_false(hold_forget(c.s, &b[5]));
    assert_false(hold_is_wanted(c.s, &b[5]));
    assert_true(hold_is_wanted(c.s, &b[HOLD_ORDERS_MAX - 1]));
    control_world_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_in_work_is_held_before_its_next_step),
        cmocka_unit_test(one_that_is_decided_goes_its_way),
        cmocka_unit_test(a_kept_one_is_not_woken),
        cmocka_unit_test(whatever_it_is_held_for_the_order_wins),
        cmocka_unit_test(orders_are_bounded_and_can_be_taken_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
