/*
 * test_pool.c - the pool as the loop sees it: jobs in, one outcome each, an orderly stop, the end of the
 * launcher.
 *
 * Run by `make check`. The far ends are played by pool_world.h.
 */
#include "tests/unit/pool_world.h"

static void a_job_goes_to_a_child_and_comes_back_with_its_result(void **state)
{
    struct pool_world *w = pool_world_serve(NULL, 0);
    struct far_job *j = far_submit(w, false);
    struct far_child *c = far_child_of(w, j);

    (void)state;
    assert_non_null(c);
    assert_int_equal(j->ended, 0);
    assert_int_equal(c->job.u.job.flags, WIRE_JOB_OUT | WIRE_JOB_BLOB);
    assert_int_equal(c->job.u.job.size, FAR_SIZE);
    assert_int_equal(c->job.fd_n, 3);
    far_result(w, c);
    assert_int_equal(j->ended, 1);
    assert_int_equal(j->o.end, POOL_DONE);
    assert_int_equal(j->o.result.hops, 2);
    assert_int_equal(j->o.pid, getpid());
    assert_int_equal(j->o.generation, 1);
    far_job_free(&j);
    pool_world_close(&w);
}

static void the_blob_arrives_as_it_was_given(void **state)
{
    struct pool_world *w = pool_world_serve(NULL, 0);
    struct far_job *j = far_submit(w, false);
    struct far_child *c = far_child_of(w, j);
    struct buf got = {0};

    (void)state;
    assert_int_equal(sealed_read(c->job.fd[2], 100, &got), 0);
    assert_string_equal(got.p, "edits");
    buf_free(&got);
    far_result(w, c);
    far_job_free(&j);
    pool_world_close(&w);
}

static void two_children_work_at_once_and_the_third_job_waits(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=2");
    struct far_job *j[3];
    struct far_child *first;

    (void)state;
    for (int i = 0; i < 3; i++)
        j[i] = far_submit(w, false);
    first = far_child_of(w, j[0]);
    assert_non_null(first);
    assert_non_null(far_child_of(w, j[1]));
    assert_ptr_not_equal(first, far_child_of(w, j[1]));
    assert_null(far_child_of(w, j[2]));
    far_result(w, first);
    assert_ptr_equal(far_child_of(w, j[2]), first);
    far_result(w, first);
    far_result(w, far_child_of(w, j[1]));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(j[i]->o.end, POOL_DONE);
        far_job_free(&j[i]);
    }
    pool_world_close(&w);
}

static void jobs_wait_until_the_first_worker_serves_and_go_in_order(void **state)
{
    const char *const one = "workers.children=1";
    struct pool_world *w = pool_world_open(&one, 1);
    struct far_job *a = far_submit(w, false), *b = far_submit(w, false);

    (void)state;
    assert_string_equal(pool_trouble(w->pool, ROLE_REWRITE), "its worker is starting");
    assert_int_equal(w->child_n, 0);
    far_ready(w, 0);
    assert_int_equal(w->child_n, 1);
    assert_int_equal(w->child[0].jobs, 0);
    far_arrive(w, &w->child[0]);
    assert_ptr_equal(far_child_of(w, a), &w->child[0]);
    far_result(w, &w->child[0]);
    assert_ptr_equal(far_child_of(w, b), &w->child[0]);
    far_result(w, &w->child[0]);
    assert_int_equal(b->o.end, POOL_DONE);
    far_job_free(&a);
    far_job_free(&b);
    pool_world_close(&w);
}

struct chain {
    struct far_job first; /* begins with the job */
    struct pool *pool;
    unsigned left;
};

static void submit_again(struct spoold *s, struct pool_job *job, const struct pool_outcome *o)
{
    struct chain *c = (struct chain *)job;

    far_job_done(s, job, o);
    if (c->left-- > 0)
        pool_submit(c->pool, job);
}

static void a_job_may_be_submitted_again_by_its_own_end(void **state)
{
    struct pool_world *w = pool_world_serve(NULL, 0);
    struct far_job *j = far_job_new(false);
    struct chain c = {.first = *j, .pool = w->pool, .left = 2};

    (void)state;
    c.first.job.done = submit_again;
    c.first.job.out = -1;
    pool_submit(w->pool, &c.first.job);
    pool_world_turn(w);
    for (unsigned i = 1; i <= 3; i++) {
        struct far_child *child = far_child_of(w, &c.first);
        struct wire_packet p = far_result_packet(child);

        p.u.result.out_size = 0;
        far_forget_job(child);
        far_say(w, child->link, &p);
        assert_int_equal(c.first.ended, i);
    }
    far_job_free(&j);
    pool_world_close(&w);
}

/* Without another wait for events: each costs as much as the hand-over itself. */
static void what_an_end_submits_is_sent_in_the_same_turn(void **state)
{
    struct pool_world *w = pool_world_serve(NULL, 0);
    struct far_job *j = far_job_new(false);
    struct chain c = {.first = *j, .pool = w->pool, .left = 1};
    struct far_child *child;
    struct wire_packet p;

    (void)state;
    c.first.job.done = submit_again;
    c.first.job.out = -1;
    pool_submit(w->pool, &c.first.job);
    pool_world_turn(w);
    child = far_child_of(w, &c.first);
    p = far_result_packet(child);
    p.u.result.out_size = 0;
    far_forget_job(child);
    assert_int_equal(wire_send(child->link, &p), 0);
    pool_event(w->pool);
    far_take_in(w);
    assert_int_equal(c.first.ended, 1);
    child = far_child_of(w, &c.first);
    assert_non_null(child);
    p = far_result_packet(child);
    p.u.result.out_size = 0;
    far_forget_job(child);
    far_say(w, child->link, &p);
    assert_int_equal(c.first.ended, 2);
    far_job_free(&j);
    pool_world_close(&w);
}

static void a_stop_ends_waiting_jobs_at_once_and_calls_off_running_ones(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *runs = far_submit(w, false), *waits = far_submit(w, false), *late;
    struct far_child *c = far_child_of(w, runs);
    struct wire_packet p;

    (void)state;
    pool_give_back(w->pool);
    assert_int_equal(waits->ended, 1);
    assert_int_equal(waits->o.end, POOL_CANCELLED);
    assert_int_equal(runs->ended, 0);
    pool_world_turn(w);
    assert_int_equal(c->cancels, 1);
    p = far_result_packet(c);
    p.u.result.status = WIRE_CANCELLED;
    far_forget_job(c);
    far_say(w, c->link, &p);
    assert_int_equal(runs->o.end, POOL_CANCELLED);
    late = far_submit(w, false);
    assert_int_equal(late->o.end, POOL_CANCELLED);
    far_job_free(&runs);
    far_job_free(&waits);
    far_job_free(&late);
    pool_world_close(&w);
}

static void a_result_that_crosses_the_cancel_counts(void **state)
{
    struct pool_world *w = pool_world_serve(NULL, 0);
    struct far_job *j = far_submit(w, false);
    struct far_child *c = far_child_of(w, j);

    (void)state;
    pool_give_back(w->pool);
    pool_world_turn(w);
    far_result(w, c);
    assert_int_equal(j->o.end, POOL_DONE);
    far_job_free(&j);
    pool_world_close(&w);
}

static void a_job_that_waits_for_its_own_child_is_given_back(void **state)
{
    struct pool_world *w = pool_world_serve(NULL, 0);
    struct far_job *j = far_submit(w, true);
    struct far_child *c = &w->child[w->child_n - 1];

    (void)state;
    assert_int_equal(c->jobs, 0);
    pool_give_back(w->pool);
    assert_int_equal(j->o.end, POOL_CANCELLED);
    pool_world_turn(w);
    assert_true(far_was_retired(w, c));
    far_job_free(&j);
    pool_world_close(&w);
}

static void without_the_launcher_every_job_ends_uncharged(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *runs = far_submit(w, false), *waits = far_submit(w, false), *late;

    (void)state;
    far_touch(far_child_of(w, runs), SEALED_PHASE_READING);
    assert_false(pool_is_lost(w->pool));
    far_shut(&w->launcher);
    pool_world_turn(w);
    assert_true(pool_is_lost(w->pool));
    assert_int_equal(runs->o.end, POOL_NO_WORKER);
    assert_int_equal(waits->o.end, POOL_NO_WORKER);
    assert_string_equal(waits->o.cause, "the launcher of the workers has ended");
    assert_non_null(pool_trouble(w->pool, ROLE_REWRITE));
    assert_true(w->loader[0].ended && w->child[0].ended);
    late = far_submit(w, false);
    assert_int_equal(late->o.end, POOL_NO_WORKER);
    assert_true(w->due == INT64_MAX);
    far_job_free(&runs);
    far_job_free(&waits);
    far_job_free(&late);
    pool_world_close(&w);
}

static void a_launcher_that_breaks_the_protocol_is_lost(void **state)
{
    struct pool_world *w = pool_world_serve(NULL, 0);
    struct wire_packet p = far_ready_packet();

    (void)state;
    far_say(w, w->launcher, &p);
    assert_true(pool_is_lost(w->pool));
    pool_world_close(&w);
}

static void closing_forgets_jobs_without_an_outcome(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *a = far_submit(w, false), *b = far_submit(w, false);
    struct far_tap t;

    (void)state;
    far_tap_open(&t);
    pool_close(&w->pool);
    assert_false(far_tap_close(&t, "event=worker_died"));
    assert_int_equal(a->ended + b->ended, 0);
    far_job_free(&a);
    far_job_free(&b);
    pool_world_close(&w);
}

static void a_pool_at_rest_never_asks_to_be_woken(void **state)
{
    struct pool_world *w = pool_world_serve(NULL, 0);
    struct far_job *j = far_submit(w, false);

    (void)state;
    assert_true(w->due == pool_world_now + w->cfg->worker_deadline + 1);
    far_result(w, far_child_of(w, j));
    assert_true(w->due == INT64_MAX);
    far_job_free(&j);
    pool_world_close(&w);
}

static void the_waits_after_deaths_double_up_to_a_minute(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    static const int64_t wait[] = {0, 2000, 4000, 8000, 16000, 32000, 60000, 60000};

    (void)state;
    for (size_t i = 0; i < sizeof wait / sizeof *wait; i++) {
        struct far_child *c = &w->child[w->child_n - 1];
        unsigned before = w->child_n;
        int64_t died = pool_world_now;

        far_crash(w, c, FAR_SIGNAL(SIGSEGV));
        if (wait[i]) {
            assert_int_equal(w->child_n, before);
            assert_true(w->due == died + wait[i]);
            pool_world_pass(w, wait[i] - 1);
            assert_int_equal(w->child_n, before);
            pool_world_pass(w, 1);
        }
        assert_int_equal(w->child_n, before + 1);
        far_arrive(w, &w->child[before]);
    }
    pool_world_close(&w);
}

static void a_finished_job_makes_up_for_the_deaths(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j;

    (void)state;
    far_crash(w, &w->child[0], FAR_SIGNAL(SIGSEGV));
    far_arrive(w, &w->child[1]);
    j = far_submit(w, false);
    far_result(w, &w->child[1]);
    far_crash(w, &w->child[1], FAR_SIGNAL(SIGSEGV));
    assert_int_equal(w->child_n, 3); /* at once again */
    far_job_free(&j);
    pool_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_goes_to_a_child_and_comes_back_with_its_result),
        cmocka_unit_test(the_blob_arrives_as_it_was_given),
        cmocka_unit_test(two_children_work_at_once_and_the_third_job_waits),
        cmocka_unit_test(jobs_wait_until_the_first_worker_serves_and_go_in_order),
        cmocka_unit_test(a_job_may_be_submitted_again_by_its_own_end),
        cmocka_unit_test(what_an_end_submits_is_sent_in_the_same_turn),
        cmocka_unit_test(a_stop_ends_waiting_jobs_at_once_and_calls_off_running_ones),
        cmocka_unit_test(a_result_that_crosses_the_cancel_counts),
        cmocka_unit_test(a_job_that_waits_for_its_own_child_is_given_back),
        cmocka_unit_test(without_the_launcher_every_job_ends_uncharged),
        cmocka_unit_test(a_launcher_that_breaks_the_protocol_is_lost),
        cmocka_unit_test(closing_forgets_jobs_without_an_outcome),
        cmocka_unit_test(a_pool_at_rest_never_asks_to_be_woken),
        cmocka_unit_test(the_waits_after_deaths_double_up_to_a_minute),
        cmocka_unit_test(a_finished_job_makes_up_for_the_deaths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
