/*
 * test_flow_gate.c - unit tests of spoold/flow_gate.c: who may begin an attempt, and when.
 *
 * Run by `make check`, with the store inside the loop and the worker's part done
 * in the process itself.
 */
#include "tests/unit/loop_world.h"

#include "spoold/flow_part.h"

/* Claimed, and locked for attempt `n` by a spoold that is gone. */
static struct msg *interrupted(struct bench *k, const char *name, unsigned n)
{
    struct msg *m = loop_world_claim(k->w, k->s, name);

    m->attempt = n - 1;
    assert_int_equal(flow_lock(&k->s->depot, m), 0);
    m->step = MSG_STEP_GATE;
    return m;
}

static bool stands(struct bench *k, const struct base *b, const char *suffix)
{
    char name[MSG_NAME_MAX];

    snprintf(name, sizeof name, "%s%s", b->s, suffix);
    return depot_world_has(k->w, "proc", name);
}

static void second_attempts_go_one_at_a_time(void **state)
{
    struct bench k = bench_open(NULL, 0);
    struct msg *m[3] = {interrupted(&k, "x", 1), interrupted(&k, "y", 1), interrupted(&k, "z", 1)};
    struct base b[3] = {m[0]->base, m[1]->base, m[2]->base};

    (void)state;
    for (int i = 0; i < 3; i++)
        flow_start(k.s, m[i]);
    loop_world_turn(k.s);
    assert_true(stands(&k, &b[0], ".hdr.w2"));
    assert_true(stands(&k, &b[1], ".hdr.w1"));
    assert_true(stands(&k, &b[2], ".hdr.w1"));
    assert_int_equal(k.s->gate.lane.n, 2);
    for (int i = 0; i < 100 && roster_find(&k.s->roster, &b[0]); i++) {
        assert_false(stands(&k, &b[1], ".hdr.w2")); /* not while the first one is in work */
        loop_world_turn(k.s);
    }
    loop_world_run_out(k.s);
    for (int i = 0; i < 3; i++)
        depot_world_expect(k.w, "proc", &b[i], "");
    assert_null(k.s->gate.alone);
    bench_close(&k);
}

/* It was charged with its first attempt; then the scanner went away before the second one began. */
static void what_is_held_at_the_gate_keeps_its_attempts(void **state)
{
    struct bench k = bench_open(NULL, 0);
    struct msg *m = interrupted(&k, "x", 1);
    struct base b = m->base;

    (void)state;
    flow_start(k.s, m);
    assert_int_equal(m->attempt, 1);
    task_list_init(&k.s->gate.lane); /* where it waits */
    k.s->gate.alone = NULL;
    m->step = MSG_STEP_GATE;
    flow_put_on_hold(k.s, m);
    loop_world_run_out(k.s);
    assert_true(stands(&k, &b, ".hdr.h1"));
    bench_close(&k);
}

static void first_attempts_go_together_also_beside_one_alone(void **state)
{
    struct bench k = bench_open(NULL, 0);
    struct msg *m[3] = {interrupted(&k, "x", 1), interrupted(&k, "y", 1), interrupted(&k, "z", 1)};
    struct base b[3] = {m[0]->base, m[1]->base, m[2]->base};

    (void)state;
    m[1]->keep_attempt = m[2]->keep_attempt = true; /* no further attempt: the first goes on */
    for (int i = 0; i < 3; i++)
        flow_start(k.s, m[i]);
    loop_world_turn(k.s);
    assert_true(stands(&k, &b[0], ".hdr.w2"));
    assert_int_equal(k.s->gate.lane.n, 0);
    assert_int_equal(m[1]->step, MSG_STEP_CREATE);
    assert_int_equal(m[2]->step, MSG_STEP_CREATE);
    loop_world_run_out(k.s);
    bench_close(&k);
}

static void a_second_attempt_that_kept_its_number_is_alone_too(void **state)
{
    struct bench k = bench_open(NULL, 0);
    struct msg *m = interrupted(&k, "x", 2);

    (void)state;
    m->keep_attempt = true;
    flow_start(k.s, m);
    flow_gate_run(k.s);
    assert_ptr_equal(k.s->gate.alone, m);
    loop_world_run_out(k.s);
    assert_null(k.s->gate.alone);
    bench_close(&k);
}

static void the_least_tried_goes_first(void **state)
{
    struct bench k = bench_open(NULL, 0);
    struct msg *m[3] = {interrupted(&k, "x", 2), interrupted(&k, "y", 1), interrupted(&k, "z", 1)};

    (void)state;
    for (int i = 0; i < 3; i++)
        flow_start(k.s, m[i]);
    flow_gate_run(k.s);
    assert_ptr_equal(k.s->gate.alone, m[1]);
    assert_int_equal(k.s->gate.lane.n, 2);
    loop_world_run_out(k.s);
    assert_int_equal(k.s->roster.count[ROSTER_WORK], 0);
    bench_close(&k);
}

static void what_is_decided_as_poison_waits_for_nobody(void **state)
{
    struct bench k = bench_open(NULL, 0);
    struct msg *first = interrupted(&k, "x", 1), *m = interrupted(&k, "y", 3);
    struct base b = m->base;

    (void)state;
    flow_poison(k.s, m);
    flow_start(k.s, first);
    flow_start(k.s, m);
    assert_int_equal(m->step, MSG_STEP_LOCK);
    loop_world_run_out(k.s);
    depot_world_expect(k.w, "quarantine/poison", &b, "@.eml @.hdr @.json");
    bench_close(&k);
}

static void a_stop_leaves_those_that_wait_as_they_are(void **state)
{
    struct bench k = bench_open(NULL, 0);
    struct msg *m[2] = {interrupted(&k, "x", 1), interrupted(&k, "y", 1)};
    struct base b = m[1]->base;

    (void)state;
    flow_start(k.s, m[0]);
    flow_start(k.s, m[1]);
    flow_gate_run(k.s);
    k.s->stopping = true;
    flow_gate_run(k.s);
    assert_int_equal(k.s->gate.lane.n, 0);
    assert_int_equal(roster_find(&k.s->roster, &b)->state, ROSTER_RESTING);
    assert_true(stands(&k, &b, ".hdr.w1"));
    loop_world_run_out(k.s);
    assert_int_equal(k.s->roster.count[ROSTER_WORK], 0); /* the one in work was given back as well */
    assert_int_equal(k.s->roster.count[ROSTER_HELD], 1);
    bench_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(second_attempts_go_one_at_a_time),
        cmocka_unit_test(what_is_held_at_the_gate_keeps_its_attempts),
        cmocka_unit_test(first_attempts_go_together_also_beside_one_alone),
        cmocka_unit_test(a_second_attempt_that_kept_its_number_is_alone_too),
        cmocka_unit_test(the_least_tried_goes_first),
        cmocka_unit_test(what_is_decided_as_poison_waits_for_nobody),
        cmocka_unit_test(a_stop_leaves_those_that_wait_as_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
