/*
 * test_flow.c - unit tests of spoold/flow.c: from step to step, into a hold, a rest, and out again.
 *
 * Run by `make check`, with the store inside the loop. Errors are made by what
 * stands in the way on disk; before the commit a message is held, after it it
 * rests and is found again, and no other message notices.
 */
#include "tests/unit/loop_world.h"

static struct roster_entry *entry(const struct bench *k, const struct base *b)
{
    struct roster_entry *e = roster_find(&k->s->roster, b);

    assert_non_null(e);
    return e;
}

static void a_message_goes_all_the_way(void **state)
{
    struct bench k = bench_open(NULL, 0);
    struct msg *m = loop_world_claim(k.w, k.s, "x");
    struct base b = m->base;

    (void)state;
    flow_start(k.s, m);
    assert_int_equal(k.s->roster.count[ROSTER_WORK], 1);
    assert_int_equal(k.s->bytes_in_flight, strlen(DEPOT_WORLD_EML));
    loop_world_run_out(k.s);
    depot_world_expect(k.w, "outgoing", &b, "@.eml @.hdr");
    depot_world_expect(k.w, "proc", &b, "");
    assert_int_equal(k.s->roster.count[ROSTER_WORK], 0);
    assert_int_equal(k.s->bytes_in_flight, 0);
    assert_null(roster_find(&k.s->roster, &b));
    bench_close(&k);
}

static void model_b_takes_a_flush_for_each_step(void **state)
{
    unsigned turns[2] = {0};

    (void)state;
    for (int model = SPOOL_MODEL_A; model <= SPOOL_MODEL_B; model++) {
        struct bench k = bench_open(NULL, 0);

        k.s->depot.spool.model = (enum spool_model)model;
        flow_start(k.s, loop_world_claim(k.w, k.s, "x"));
        while (loop_world_turn(k.s))
            turns[model]++;
        bench_close(&k);
    }
    assert_int_equal(turns[SPOOL_MODEL_A], 7); /* lock, create, prepare, commit, publish, record, remove */
    assert_int_equal(turns[SPOOL_MODEL_B], 9); /* and between content and envelope, unlink and finish */
}

static void a_second_message_of_the_same_name_is_refused(void **state)
{
    struct bench k = bench_open(NULL, 0);
    struct msg *m = loop_world_claim(k.w, k.s, "x");
    struct base b = m->base;

    (void)state;
    flow_start(k.s, m);
    flow_start(k.s, msg_new(&b));
    assert_ptr_equal(entry(&k, &b)->msg, m);
    assert_int_equal(k.s->roster.count[ROSTER_WORK], 1);
    loop_world_run_out(k.s);
    depot_world_expect(k.w, "outgoing", &b, "@.eml @.hdr");
    bench_close(&k);
}

static void an_error_before_the_commit_holds_without_blame(void **state)
{
    struct bench k = bench_open(NULL, 0);
    struct msg *m = loop_world_claim(k.w, k.s, "x"), *other = loop_world_claim(k.w, k.s, "y");
    struct base b = m->base, c = other->base;
    struct roster_entry *e;

    (void)state;
    depot_world_put(k.w, "proc", &b, ".1.eml.out", "in the way");
    flow_start(k.s, m);
    flow_start(k.s, other);
    loop_world_run_out(k.s);
    e = entry(&k, &b);
    assert_int_equal(e->state, ROSTER_HELD);
    assert_null(e->msg);
    assert_true(e->attempt == 0 && e->tries == 1);
    assert_non_null(strstr(e->reason, "an output cannot be created in proc: File exists"));
    assert_in_range(e->due - depot_mono_ms(), 2000, 3000);
    assert_int_equal(k.s->bytes_in_flight, 0);
    assert_null(roster_find(&k.s->roster, &c));
    depot_world_expect(k.w, "outgoing", &c, "@.eml @.hdr");
    /* What was in the way went with the attempt; the next one succeeds. */
    flow_wake(k.s, e);
    loop_world_run_out(k.s);
    depot_world_expect(k.w, "proc", &b, "");
    assert_null(roster_find(&k.s->roster, &b));
    bench_close(&k);
}

static void an_error_after_the_commit_rests_and_is_found_again(void **state)
{
    struct bench k = bench_open(NULL, 0);
    struct msg *m = loop_world_claim(k.w, k.s, "x");
    struct base b = m->base;
    char name[MSG_NAME_MAX];
    struct roster_entry *e;

    (void)state;
    depot_world_put(k.w, "outgoing", &b, ".eml", "in the way");
    flow_start(k.s, m);
    loop_world_run_out(k.s);
    e = entry(&k, &b);
    assert_int_equal(e->state, ROSTER_RESTING);
    assert_true(e->keep_attempt);
    depot_world_expect(k.w, "proc", &b, "@.1.eml.out @.1.hdr.out @.eml @.hdr.send");
    snprintf(name, sizeof name, "%s.eml", b.s);
    assert_int_equal(unlinkat(k.s->depot.spool.outlet[0].fd, name, 0), 0);
    k.s->look_due = INT64_MAX;
    flow_wake(k.s, e);
    assert_int_equal(k.s->look_due, 0);
    recover_look(k.s);
    loop_world_run_out(k.s);
    depot_world_expect(k.w, "outgoing", &b, "@.eml @.hdr");
    depot_world_expect(k.w, "proc", &b, "");
    bench_close(&k);
}

static void a_flush_that_fails_counts_as_an_error(void **state)
{
    struct bench k = bench_open(NULL, 0);
    struct msg *m = loop_world_claim(k.w, k.s, "x");
    struct base b = m->base;
    struct spool_dir *outlet = &k.s->depot.spool.outlet[0];
    int good = outlet->fd, bad;

    (void)state;
    flow_start(k.s, m);
    for (int i = 0; i < 4; i++)
        loop_world_turn(k.s); /* lock, create, prepare, commit */
    bad = open(depot_world_path(k.w, "outgoing", ""), O_PATH | O_DIRECTORY | O_CLOEXEC);
    outlet->fd = bad; /* renames work with it, fsync does not */
    loop_world_run_out(k.s);
    outlet->fd = good;
    close(bad);
    assert_int_equal(entry(&k, &b)->state, ROSTER_RESTING);
    assert_int_equal(depot_world_lines(k.w, "\"event\":\"delivered\""), 0); /* it may not be durable */
    roster_set_due(&k.s->roster, entry(&k, &b), INT64_MAX);
    recover_look(k.s);
    loop_world_run_out(k.s);
    assert_int_equal(depot_world_lines(k.w, "\"event\":\"delivered\""), 1);
    assert_null(roster_find(&k.s->roster, &b));
    bench_close(&k);
}

static void holds_grow_longer_up_to_a_limit(void **state)
{
    static const char *const setting[] = {"spool.hold_first=10s", "spool.hold_longest=60s"};
    static const int64_t wanted[] = {10000, 20000, 40000, 60000, 60000};
    struct bench k = bench_open(setting, 2);
    struct msg *m = loop_world_claim(k.w, k.s, "x");
    struct base b = m->base;

    (void)state;
    k.s->hold_all = true;
    flow_start(k.s, m);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct roster_entry *e;

        loop_world_run_out(k.s);
        e = entry(&k, &b);
        assert_int_equal(e->state, ROSTER_HELD);
        assert_int_equal(e->tries, i + 1);
        assert_in_range(e->due - depot_mono_ms(), wanted[i] - 1000, wanted[i] + 1);
        depot_world_expect(k.w, "proc", &b, "@.eml @.hdr.h0");
        k.s->hold_all = i < 4;
        flow_wake(k.s, e);
    }
    loop_world_run_out(k.s);
    depot_world_expect(k.w, "outgoing", &b, "@.eml @.hdr");
    bench_close(&k);
}

static void the_stage_offers_and_then_locks(void **state)
{
    static const char *const setting[] = {"spool.external_stage=yes", "spool.external_window=5s"};
    struct bench k = bench_open(setting, 2);
    struct msg *m = loop_world_claim(k.w, k.s, "x");
    struct base b = m->base;

    (void)state;
    flow_start(k.s, m);
    loop_world_run_out(k.s);
    depot_world_expect(k.w, "proc", &b, "@.eml @.hdr");
    assert_int_equal(entry(&k, &b)->state, ROSTER_OFFERED);
    flow_wake(k.s, entry(&k, &b));
    loop_world_run_out(k.s);
    depot_world_expect(k.w, "outgoing", &b, "@.eml @.hdr");
    bench_close(&k);
}

static void a_disk_error_raises_the_alarm(void **state)
{
    struct bench k = bench_open(NULL, 0);
    struct msg *m = loop_world_claim(k.w, k.s, "x");
    struct task_list done;

    (void)state;
    flow_start(k.s, m);
    store_submit(k.s->store, &k.s->todo);
    assert_true(store_collect(k.s->store, &done));
    m->err = EIO;
    m->task.done(&m->task, k.s);
    assert_true(k.s->alarms.since_ms[ALARM_DISK_ERROR] != 0);
    loop_world_run_out(k.s);
    assert_int_equal(k.s->roster.count[ROSTER_HELD], 1);
    bench_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_goes_all_the_way),
        cmocka_unit_test(model_b_takes_a_flush_for_each_step),
        cmocka_unit_test(a_second_message_of_the_same_name_is_refused),
        cmocka_unit_test(an_error_before_the_commit_holds_without_blame),
        cmocka_unit_test(an_error_after_the_commit_rests_and_is_found_again),
        cmocka_unit_test(a_flush_that_fails_counts_as_an_error),
        cmocka_unit_test(holds_grow_longer_up_to_a_limit),
        cmocka_unit_test(the_stage_offers_and_then_locks),
        cmocka_unit_test(a_disk_error_raises_the_alarm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
