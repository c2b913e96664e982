/*
 * test_tidy.c - unit tests of spoold/tidy.c: room, marks, alarms and counters follow what is, and are over
 * when it is.
 *
 * Run by `make check`. The room is made short by the settings, the store slow by
 * a task that sleeps.
 */
#include "tests/unit/loop_world.h"

#include "spoold/tidy.h"

#include <poll.h>

static void one_round(struct bench *k)
{
    tidy_start(k->s);
    assert_true(k->s->tidying);
    assert_int_equal(loop_world_turn(k->s), 1);
    assert_false(k->s->tidying);
    assert_true(k->s->tidy_due > depot_mono_ms() - 1000 && k->s->tidy_due <= depot_mono_ms() + 1000);
}

static void a_disk_nearly_full_stops_the_intakes_and_opens_them_again(void **state)
{
    struct bench k = bench_open(NULL, 0);
    struct alarms *a = &k.s->alarms;

    (void)state;
    one_round(&k);
    assert_false(k.s->no_room);
    assert_true(depot_world_has(k.w, "incoming", ".running"));
    k.w->cfg->reserve = INT64_MAX;
    one_round(&k);
    assert_true(k.s->no_room);
    assert_true(a->since_ms[ALARM_NO_ROOM] != 0);
    assert_int_equal(spoold_room(k.s), 0);
    k.s->tidy_due = INT64_MAX;
    tidy_watch(k.s);
    assert_int_equal(k.s->tidy_due, 0); /* the mark is wrong: at once */
    one_round(&k);
    assert_true(k.s->marked_stopped);
    depot_world_expect(k.w, "incoming", NULL, ".stopped");
    k.w->cfg->reserve = 0;
    one_round(&k);
    assert_int_equal(a->since_ms[ALARM_NO_ROOM], 0);
    one_round(&k);
    assert_false(k.s->marked_stopped);
    depot_world_expect(k.w, "incoming", NULL, ".running");
    bench_close(&k);
}

static void too_few_inodes_count_as_no_room(void **state)
{
    struct bench k = bench_open(NULL, 0);

    (void)state;
    k.w->cfg->reserve = 0;
    k.w->cfg->reserve_inodes = INT64_MAX;
    one_round(&k);
    assert_true(k.s->no_room);
    assert_non_null(strstr(k.s->alarms.text[ALARM_NO_ROOM], "files are free"));
    bench_close(&k);
}

static void the_mark_is_made_even_when_nothing_changed_since_the_start(void **state)
{
    struct bench k = bench_open(NULL, 0);

    (void)state;
    depot_world_write(k.w, "incoming", ".stopped", ""); /* left by the last run */
    one_round(&k);
    depot_world_expect(k.w, "incoming", NULL, ".running");
    bench_close(&k);
}

static void too_many_held_raise_the_alarm(void **state)
{
    static const char *const setting[] = {"spool.max_held=2"};
    struct bench k = bench_open(setting, 1);
    struct roster_entry *e = NULL;

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct base b = world_base(k.w, "x");

        tidy_watch(k.s);
        assert_int_equal(k.s->alarms.since_ms[ALARM_TOO_MANY_HELD], 0);
        e = roster_add(&k.s->roster, &b);
        roster_set_state(&k.s->roster, e, ROSTER_HELD);
    }
    tidy_watch(k.s);
    assert_true(k.s->alarms.since_ms[ALARM_TOO_MANY_HELD] != 0);
    assert_non_null(spoold_stop_reason(k.s));
    roster_remove(&k.s->roster, e);
    tidy_watch(k.s);
    assert_int_equal(k.s->alarms.since_ms[ALARM_TOO_MANY_HELD], 0);
    bench_close(&k);
}

static void sleep_run(struct task *t, struct depot *d)
{
    (void)t;
    (void)d;
    usleep(250000);
}

static void nothing_done(struct task *t, struct spoold *s)
{
    (void)t;
    (void)s;
}

static void a_disk_that_does_not_answer_stops_the_intakes(void **state)
{
    static const char *const setting[] = {"spool.store_stall=100ms"};
    struct bench k = bench_open(setting, 1);
    struct task slow = {.run = sleep_run, .done = nothing_done};
    struct pollfd p;
    struct task_list done;

    (void)state;
    store_stop(&k.s->store);
    k.s->store = store_start(&k.s->depot, true);
    task_list_add(&k.s->todo, &slow);
    store_submit(k.s->store, &k.s->todo);
    tidy_watch(k.s);
    assert_false(k.s->stalled);
    usleep(130000);
    tidy_watch(k.s);
    assert_true(k.s->stalled && k.s->alarms.since_ms[ALARM_STORE_STALLED] != 0);
    assert_int_equal(spoold_room(k.s), 0);
    p = (struct pollfd){.fd = store_fd(k.s->store), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 5000), 1);
    assert_true(store_collect(k.s->store, &done));
    tidy_watch(k.s);
    assert_false(k.s->stalled);
    assert_int_equal(k.s->alarms.since_ms[ALARM_STORE_STALLED], 0);
    bench_close(&k);
}

static void the_counters_are_the_ledgers(void **state)
{
    struct bench k = bench_open(NULL, 0);
    struct base b = world_base(k.w, "x");
    struct event e = {.kind = EVENT_ACCEPTED, .at_ms = depot_wall_ms(), .id = b, .name = VIEW("x")};
    struct task_list none;

    (void)state;
    assert_int_equal(depot_record(&k.s->depot, &e), 0);
    task_list_init(&none);
    depot_run(&k.s->depot, &none);
    one_round(&k);
    assert_int_equal(k.s->counts.event[EVENT_ACCEPTED], 1);
    assert_false(k.s->catching_up);
    bench_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_nearly_full_stops_the_intakes_and_opens_them_again),
        cmocka_unit_test(too_few_inodes_count_as_no_room),
        cmocka_unit_test(the_mark_is_made_even_when_nothing_changed_since_the_start),
        cmocka_unit_test(too_many_held_raise_the_alarm),
        cmocka_unit_test(a_disk_that_does_not_answer_stops_the_intakes),
        cmocka_unit_test(the_counters_are_the_ledgers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
