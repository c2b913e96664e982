/*
 * test_pool_deadline.c - unit tests of spoold/pool_deadline.c: computing too long, sleeping too long, not
 * stopping.
 *
 * Run by `make check`. The pool's clock is the test's; processor time is real: the
 * children have the process number of this test, or of one that sleeps.
 */
#include "tests/unit/pool_world.h"

#include <sys/wait.h>
#include <time.h>

/* One child, deadline 100 ms: 25 ms of processor time. */
static struct pool_world *open_short(void)
{
    const char *const setting[] = {"workers.children=1", "workers.deadline=100ms"};

    return pool_world_serve(setting, 2);
}

static void burn(int64_t ms)
{
    struct timespec t;
    int64_t from, now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    from = now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
    while (now - from <= ms) {
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
    }
}

static void one_that_computes_is_ended_after_the_deadline(void **state)
{
    struct pool_world *w = open_short();
    struct far_job *j = far_submit(w, false);

    (void)state;
    far_touch(&w->child[0], SEALED_PHASE_READING);
    burn(30);
    pool_world_pass(w, 100);
    assert_false(far_was_retired(w, &w->child[0])); /* not before more than the deadline has passed */
    pool_world_pass(w, 1);
    assert_true(far_was_retired(w, &w->child[0]));
    far_forget_job(&w->child[0]);
    far_crash(w, &w->child[0], FAR_SIGNAL(SIGKILL));
    assert_int_equal(j->o.end, POOL_CHARGED);
    assert_string_equal(j->o.cause, "it took longer than workers.deadline");
    assert_int_equal(j->o.signal, 0);
    far_job_free(&j);
    pool_world_close(&w);
}

/* A process that uses no processor time at all. */
static pid_t start_sleeper(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        pause();
        _exit(0);
    }
    assert_true(pid > 0);
    return pid;
}

static void one_that_sleeps_has_four_times_as_long(void **state)
{
    const char *const setting[] = {"workers.children=1", "workers.deadline=100ms"};
    struct pool_world *w = pool_world_open(setting, 2);
    pid_t pid = start_sleeper();
    struct far_job *j = NULL;
    unsigned looks = 0;
    int64_t begun;

    (void)state;
    far_ready(w, 0);
    far_spawned(w, &w->child[0], (uint32_t)pid);
    far_hello(w, &w->child[0], (uint32_t)pid);
    j = far_submit(w, false);
    far_touch(&w->child[0], SEALED_PHASE_READING);
    begun = pool_world_now;
    assert_true(w->due == begun + 101);
    while (w->due <= begun + 400 && looks < 100) {
        assert_false(far_was_retired(w, &w->child[0]));
        pool_world_pass(w, w->due - pool_world_now);
        looks++;
    }
    assert_true(looks <= 13); /* D, and then as often as D/4 of processor time could have been used */
    assert_true(w->due == begun + 401);
    pool_world_pass(w, w->due - pool_world_now);
    assert_true(far_was_retired(w, &w->child[0]));
    far_forget_job(&w->child[0]);
    far_die(w, &w->child[0], (uint32_t)pid, FAR_SIGNAL(SIGKILL));
    assert_int_equal(j->o.end, POOL_CHARGED);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    far_job_free(&j);
    pool_world_close(&w);
}

static void an_answer_that_lies_in_the_link_came_in_time(void **state)
{
    struct pool_world *w = open_short();
    struct far_job *j = far_submit(w, false);
    struct wire_packet p = far_result_packet(&w->child[0]);

    (void)state;
    far_write_output(&w->child[0]);
    far_forget_job(&w->child[0]);
    assert_int_equal(wire_send(w->child[0].link, &p), 0);
    pool_world_now += 10000; /* the loop was held up; deadlines are looked at first */
    pool_run(w->pool, pool_world_now);
    assert_int_equal(j->o.end, POOL_DONE);
    far_job_free(&j);
    pool_world_close(&w);
}

static void each_job_has_the_whole_time(void **state)
{
    struct pool_world *w = open_short();

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct far_job *j = far_submit(w, false);

        burn(30);
        pool_world_pass(w, 90);
        far_result(w, &w->child[0]);
        assert_int_equal(j->o.end, POOL_DONE);
        far_job_free(&j);
    }
    pool_world_close(&w);
}

static void one_that_does_not_stop_is_ended_after_3_s(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j = far_submit(w, false);

    (void)state;
    far_touch(far_child_of(w, j), SEALED_PHASE_READING);
    pool_give_back(w->pool);
    pool_give_back(w->pool);
    pool_world_turn(w);
    assert_int_equal(w->child[0].cancels, 1);
    assert_true(w->due == pool_world_now + 3000);
    pool_world_pass(w, 2999);
    assert_false(far_was_retired(w, &w->child[0]));
    pool_world_pass(w, 1);
    assert_true(far_was_retired(w, &w->child[0]));
    far_forget_job(&w->child[0]);
    far_crash(w, &w->child[0], FAR_SIGNAL(SIGKILL));
    assert_int_equal(j->o.end, POOL_CANCELLED); /* not charged */
    assert_string_equal(j->o.cause, "it did not stop when it was told to");
    assert_int_equal(w->child_n, 1); /* nobody is needed any more */
    far_job_free(&j);
    pool_world_close(&w);
}

static void a_crash_after_the_cancel_is_a_crash(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j = far_submit(w, false);

    (void)state;
    far_touch(far_child_of(w, j), SEALED_PHASE_READING);
    pool_give_back(w->pool);
    pool_world_turn(w);
    far_crash(w, &w->child[0], FAR_SIGNAL(SIGSEGV));
    assert_int_equal(j->o.end, POOL_CHARGED);
    far_job_free(&j);
    pool_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_computes_is_ended_after_the_deadline),
        cmocka_unit_test(one_that_sleeps_has_four_times_as_long),
        cmocka_unit_test(an_answer_that_lies_in_the_link_came_in_time),
        cmocka_unit_test(each_job_has_the_whole_time),
        cmocka_unit_test(one_that_does_not_stop_is_ended_after_3_s),
        cmocka_unit_test(a_crash_after_the_cancel_is_a_crash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
