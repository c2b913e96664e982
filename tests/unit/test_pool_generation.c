/*
 * test_pool_generation.c - unit tests of spoold/pool_generation.c: which generation serves, and how one ends.
 *
 * Run by `make check`. The far ends are played by pool_world.h.
 */
#include "tests/unit/pool_world.h"

static void say_failed(struct pool_world *w, unsigned loader, const char *text)
{
    struct wire_packet p = wire_text(WIRE_FAILED, w->loader[loader].id, "%s", text);

    far_say(w, w->loader[loader].link, &p);
}

static void both_loads_say_what_the_settings_say(void **state)
{
    const char *const setting[] = {"spool.max_message_size=1M", "workers.allow_less=seccomp"};
    struct pool_world *w = pool_world_open(setting, 2);
    const struct wire_load *load[] = {&w->loader[0].asked, &w->loader[0].load};

    (void)state;
    assert_int_equal(w->loader_n, 1);
    assert_true(w->loader[0].loaded);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(load[i]->role, ROLE_REWRITE);
        assert_int_equal(load[i]->generation, 1);
        assert_int_equal(load[i]->file_max, 2 * 1048576);
        assert_int_equal(load[i]->allow_less, SANDBOX_SECCOMP);
    }
    pool_world_close(&w);
}

static void children_are_spawned_when_the_loader_is_ready(void **state)
{
    struct pool_world *w = pool_world_open((const char *const[]){"workers.children=3"}, 1);
    struct far_tap t;

    (void)state;
    assert_int_equal(w->child_n, 0);
    far_ready(w, 0);
    assert_int_equal(w->child_n, 3);
    assert_non_null(pool_trouble(w->pool, ROLE_REWRITE));
    far_tap_open(&t);
    far_arrive(w, &w->child[1]);
    assert_true(far_tap_close(&t, "event=worker_ready role=rewrite generation=1 pid=4000 "
                                  "sandbox=uid,net,no_new_privs,rlimits,landlock,seccomp escape=26/26\n"));
    assert_null(pool_trouble(w->pool, ROLE_REWRITE));
    pool_world_close(&w);
}

static void one_that_fails_at_start_is_tried_again_with_growing_waits(void **state)
{
    static const int64_t wait[] = {2000, 4000, 8000, 16000, 32000, 60000, 60000};
    struct pool_world *w = pool_world_open(NULL, 0);

    (void)state;
    for (unsigned i = 0; i < sizeof wait / sizeof *wait; i++) {
        int64_t failed = pool_world_now;

        say_failed(w, i, "no rules");
        far_launcher_exited(w, i, FAR_EXIT(1));
        assert_string_equal(pool_trouble(w->pool, ROLE_REWRITE), "no rules");
        assert_int_equal(w->loader_n, i + 1);
        pool_world_pass(w, wait[i] - 1);
        assert_int_equal(w->loader_n, i + 1);
        pool_world_pass(w, 1);
        assert_int_equal(w->loader_n, i + 2);
        assert_true(pool_world_now == failed + wait[i]);
    }
    assert_true(w->s->alarms.since_ms[ALARM_WORKER] > 0);
    far_ready(w, w->loader_n - 1);
    far_arrive_all(w, 0);
    assert_true(w->s->alarms.since_ms[ALARM_WORKER] == 0);
    pool_world_close(&w);
}

static void one_that_is_never_ready_is_ended_after_a_minute(void **state)
{
    struct pool_world *w = pool_world_open(NULL, 0);

    (void)state;
    assert_true(w->due == pool_world_now + 60000);
    pool_world_pass(w, 59999);
    assert_false(w->loader[0].killed);
    pool_world_pass(w, 1);
    assert_true(w->loader[0].killed && w->loader[0].ended);
    assert_string_equal(pool_trouble(w->pool, ROLE_REWRITE), "it was not ready within 60 s");
    pool_world_close(&w);
}

static void a_reload_drains_the_old_one_when_the_new_one_serves(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=2");
    struct far_job *j = far_submit(w, false), *next;
    struct far_child *busy = far_child_of(w, j);
    struct far_child *idle = &w->child[busy == &w->child[0]];

    (void)state;
    pool_reload(w->pool, POOL_OVERLAP);
    pool_world_turn(w);
    assert_int_equal(w->loader[1].load.generation, 2);
    far_ready(w, 1);
    assert_int_equal(w->loader[0].retired_n, 0); /* not before a child of the new one is there */
    far_arrive_all(w, 2);
    assert_true(far_was_retired(w, idle) && idle->ended);
    assert_false(far_was_retired(w, busy));
    next = far_submit(w, false);
    assert_int_equal(far_child_of(w, next)->loader, 1);
    far_crash(w, idle, FAR_SIGNAL(SIGKILL));
    assert_false(w->loader[0].told_to_end);
    far_result(w, busy);
    assert_int_equal(j->o.end, POOL_DONE);
    assert_true(far_was_retired(w, busy));
    far_crash(w, busy, FAR_SIGNAL(SIGKILL));
    assert_true(w->loader[0].told_to_end);
    far_launcher_exited(w, 0, FAR_EXIT(0));
    assert_false(w->loader[0].killed);
    far_result(w, far_child_of(w, next));
    assert_true(w->due == INT64_MAX);
    assert_true(w->s->alarms.since_ms[ALARM_WORKER] == 0);
    far_job_free(&j);
    far_job_free(&next);
    pool_world_close(&w);
}

static void a_drained_one_that_does_not_end_is_ended(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");

    (void)state;
    pool_reload(w->pool, POOL_OVERLAP);
    pool_world_turn(w);
    far_ready(w, 1);
    far_arrive(w, &w->child[1]);
    far_crash(w, &w->child[0], FAR_SIGNAL(SIGKILL));
    assert_true(w->loader[0].told_to_end);
    pool_world_pass(w, 4999);
    assert_false(w->loader[0].killed);
    pool_world_pass(w, 1);
    assert_true(w->loader[0].killed);
    assert_null(pool_trouble(w->pool, ROLE_REWRITE));
    pool_world_close(&w);
}

static void a_new_one_that_fails_leaves_the_old_one_in_service(void **state)
{
    struct pool_world *w = pool_world_serve(NULL, 0);
    struct far_job *j;

    (void)state;
    pool_reload(w->pool, POOL_OVERLAP);
    pool_world_turn(w);
    say_failed(w, 1, "a rule does not compile");
    assert_null(pool_trouble(w->pool, ROLE_REWRITE));
    assert_non_null(strstr(w->s->alarms.text[ALARM_WORKER], "a rule does not compile"));
    assert_non_null(strstr(w->s->alarms.text[ALARM_WORKER], "generation 2"));
    assert_true(w->loader[1].killed);
    j = far_submit(w, false);
    assert_int_equal(far_child_of(w, j)->loader, 0);
    far_result(w, far_child_of(w, j));
    far_launcher_exited(w, 1, FAR_EXIT(1));
    pool_world_pass(w, 100000);
    assert_int_equal(w->loader_n, 2); /* the next one comes with the next reload */
    pool_reload(w->pool, POOL_OVERLAP);
    pool_world_turn(w);
    far_ready(w, 2);
    far_arrive_all(w, 2);
    assert_true(w->s->alarms.since_ms[ALARM_WORKER] == 0);
    far_job_free(&j);
    pool_world_close(&w);
}

static void a_new_one_whose_children_die_is_discarded(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct wire_packet p = wire_text(WIRE_LOG, 0, "the canary failed");

    (void)state;
    pool_reload(w->pool, POOL_OVERLAP);
    pool_world_turn(w);
    far_ready(w, 1);
    for (unsigned i = 1; i <= 3; i++) {
        pool_world_pass(w, 2000);
        assert_int_equal(w->child_n, i + 1);
        far_spawned(w, &w->child[i], (uint32_t)getpid());
        far_say(w, w->child[i].link, &p);
        assert_false(w->loader[1].killed);
        far_crash(w, &w->child[i], FAR_EXIT(1));
    }
    assert_true(w->loader[1].killed);
    assert_non_null(strstr(w->s->alarms.text[ALARM_WORKER], "3 of its processes in a row"));
    assert_non_null(strstr(w->s->alarms.text[ALARM_WORKER], "the canary failed"));
    assert_null(pool_trouble(w->pool, ROLE_REWRITE));
    pool_world_close(&w);
}

static void a_reload_during_a_reload_replaces_the_newer_one(void **state)
{
    struct pool_world *w = pool_world_serve(NULL, 0);

    (void)state;
    pool_reload(w->pool, POOL_OVERLAP);
    pool_world_turn(w);
    pool_reload(w->pool, POOL_OVERLAP);
    pool_world_turn(w);
    assert_int_equal(w->loader_n, 3);
    assert_true(w->loader[1].killed && w->loader[1].ended);
    assert_false(w->loader[0].killed);
    assert_int_equal(w->loader[2].load.generation, 3);
    assert_true(w->s->alarms.since_ms[ALARM_WORKER] == 0);
    far_ready(w, 2);
    far_arrive_all(w, 2);
    assert_null(pool_trouble(w->pool, ROLE_REWRITE));
    pool_world_close(&w);
}

static void the_end_of_the_loader_loses_its_jobs_without_a_charge(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j = far_submit(w, false);

    (void)state;
    far_touch(far_child_of(w, j), SEALED_PHASE_READING);
    far_forget_job(&w->child[0]);
    far_shut(&w->loader[0].link);
    pool_world_turn(w);
    assert_int_equal(j->ended, 0);
    assert_int_equal(j->job.losses, 1);
    assert_true(w->child[0].ended && w->loader[0].killed);
    assert_string_equal(pool_trouble(w->pool, ROLE_REWRITE), "its loader ended");
    pool_world_pass(w, 2000);
    assert_int_equal(w->loader_n, 2);
    far_ready(w, 1);
    far_arrive(w, &w->child[1]);
    far_result(w, far_child_of(w, j));
    assert_int_equal(j->o.end, POOL_DONE);
    assert_int_equal(j->o.generation, 2);
    far_job_free(&j);
    pool_world_close(&w);
}

static void one_whose_end_is_not_told_is_asked_for_again(void **state)
{
    struct pool_world *w = pool_world_open(NULL, 0);

    (void)state;
    say_failed(w, 0, "x");
    assert_true(w->loader[0].killed);
    w->loader[0].killed = false;
    pool_world_pass(w, 5000);
    assert_true(w->loader[0].killed);
    far_launcher_exited(w, 0, FAR_SIGNAL(SIGKILL));
    w->loader[0].killed = false;
    pool_world_pass(w, 5000);
    assert_false(w->loader[0].killed);
    pool_world_close(&w);
}

static void a_launcher_that_does_not_read_fails_the_generation_and_no_more(void **state)
{
    struct pool_world *w = pool_world_serve(NULL, 0);
    int far = w->launcher;

    (void)state;
    w->launcher = -1; /* nobody takes anything off it */
    for (unsigned i = 0; i < 100000 && !w->s->alarms.since_ms[ALARM_WORKER]; i++) {
        pool_reload(w->pool, POOL_OVERLAP);
        pool_event(w->pool);
    }
    w->launcher = far;
    assert_true(w->s->alarms.since_ms[ALARM_WORKER] > 0);
    assert_null(pool_trouble(w->pool, ROLE_REWRITE));
    pool_close(&w->pool);
    while (w->launcher >= 0) { /* what lies in the link holds descriptors */
        struct wire_packet got;

        if (wire_recv(w->launcher, &got, false) > 0)
            wire_close_fds(&got);
        else
            far_shut(&w->launcher);
    }
    w->launcher = -1;
    pool_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_loads_say_what_the_settings_say),
        cmocka_unit_test(children_are_spawned_when_the_loader_is_ready),
        cmocka_unit_test(one_that_fails_at_start_is_tried_again_with_growing_waits),
        cmocka_unit_test(one_that_is_never_ready_is_ended_after_a_minute),
        cmocka_unit_test(a_reload_drains_the_old_one_when_the_new_one_serves),
        cmocka_unit_test(a_drained_one_that_does_not_end_is_ended),
        cmocka_unit_test(a_new_one_that_fails_leaves_the_old_one_in_service),
        cmocka_unit_test(a_new_one_whose_children_die_is_discarded),
        cmocka_unit_test(a_reload_during_a_reload_replaces_the_newer_one),
        cmocka_unit_test(the_end_of_the_loader_loses_its_jobs_without_a_charge),
        cmocka_unit_test(one_whose_end_is_not_told_is_asked_for_again),
        cmocka_unit_test(a_launcher_that_does_not_read_fails_the_generation_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
