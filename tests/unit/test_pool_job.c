/*
 * test_pool_job.c - unit tests of spoold/pool_job.c: sending, what cannot be sent, and when waiting ends.
 *
 * Run by `make check`. The far ends are played by pool_world.h.
 */
#include "tests/unit/pool_roles.h"

static void a_lost_job_starts_with_an_empty_output(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j = far_submit(w, false);
    struct stat st;

    (void)state;
    far_write_output(&w->child[0]);
    far_forget_job(&w->child[0]);
    far_crash(w, &w->child[0], FAR_SIGNAL(SIGKILL)); /* its page shows nothing: lost */
    far_arrive(w, &w->child[1]);
    assert_ptr_equal(far_child_of(w, j), &w->child[1]);
    assert_int_equal(fstat(j->job.out, &st), 0);
    assert_int_equal(st.st_size, 0);
    assert_int_equal(lseek(j->job.out, 0, SEEK_CUR), 0);
    far_result(w, &w->child[1]);
    assert_int_equal(j->o.end, POOL_DONE);
    far_job_free(&j);
    pool_world_close(&w);
}

static void one_that_cannot_be_sent_is_given_up_and_charges_nobody(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *bad = far_job_new(false), *good;

    (void)state;
    far_shut(&bad->job.message); /* no such descriptor */
    pool_submit(w->pool, &bad->job);
    pool_world_turn(w);
    good = far_submit(w, false);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(bad->ended, 0);
        assert_true(w->due == pool_world_now + 1000);
        pool_world_pass(w, 1000);
    }
    assert_int_equal(bad->o.end, POOL_NO_WORKER);
    assert_string_equal(bad->o.cause, "it could not be handed to a worker: Bad file descriptor");
    pool_world_pass(w, 1000);
    far_result(w, far_child_of(w, good));
    assert_int_equal(good->o.end, POOL_DONE);
    far_job_free(&bad);
    far_job_free(&good);
    pool_world_close(&w);
}

static void a_job_that_meets_a_dead_child_waits_for_the_next(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j = far_job_new(false);

    (void)state;
    far_shut(&w->child[0].link);
    pool_submit(w->pool, &j->job);
    pool_run(w->pool, pool_world_now); /* no event was taken in before */
    assert_int_equal(j->ended, 0);
    far_crash(w, &w->child[0], FAR_SIGNAL(SIGKILL));
    far_arrive(w, &w->child[1]);
    far_result(w, far_child_of(w, j));
    assert_int_equal(j->o.end, POOL_DONE);
    assert_int_equal(j->job.losses, 0);
    far_job_free(&j);
    pool_world_close(&w);
}

static void waiting_ends_a_minute_after_the_last_worker(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j;
    int64_t down;

    (void)state;
    far_shut(&w->loader[0].link);
    pool_world_turn(w);
    down = pool_world_now;
    j = far_submit(w, false);
    for (unsigned i = 1; i < 100 && pool_world_now < down + 59999; i++) {
        int64_t next = w->due < down + 59999 ? w->due : down + 59999;

        while (i < w->loader_n && w->loader[i].link >= 0 && !w->loader[i].ended)
            far_shut(&w->loader[i].link); /* each new one ends as well */
        pool_world_turn(w);
        next = w->due < next ? w->due : next;
        pool_world_pass(w, next - pool_world_now);
    }
    assert_int_equal(j->ended, 0);
    assert_true(pool_down_ms(w->pool, ROLE_REWRITE, pool_world_now) == 59999);
    pool_world_pass(w, 1);
    assert_int_equal(j->o.end, POOL_NO_WORKER);
    assert_string_equal(j->o.cause, "its loader ended");
    far_job_free(&j);
    pool_world_close(&w);
}

static void a_loader_that_takes_its_time_keeps_them_waiting(void **state)
{
    struct pool_world *w = pool_world_open((const char *const[]){"workers.children=1"}, 1);
    struct far_job *j = far_submit(w, false);

    (void)state;
    pool_world_pass(w, 59999);
    assert_int_equal(j->ended, 0);
    far_ready(w, 0);
    far_arrive(w, &w->child[0]);
    far_result(w, far_child_of(w, j));
    assert_int_equal(j->o.end, POOL_DONE);
    far_job_free(&j);
    pool_world_close(&w);
}

static void many_jobs_end_once_each_and_in_order(void **state)
{
    enum { N = 100 };
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j[N];

    (void)state;
    for (int i = 0; i < N; i++) {
        j[i] = far_job_new(false);
        pool_submit(w->pool, &j[i]->job);
    }
    pool_world_turn(w);
    for (int i = 0; i < N; i++) {
        assert_ptr_equal(far_child_of(w, j[i]), &w->child[0]);
        far_result(w, &w->child[0]);
        assert_int_equal(j[i]->ended, 1);
        far_job_free(&j[i]);
    }
    assert_int_equal(w->child_n, 1);
    pool_world_close(&w);
}

static void big_jobs_go_one_at_a_time_and_small_ones_go_by(void **state)
{
    struct pool_world *w = pool_roles_serve_av("antivirus.children=3");
    struct far_job *big[3], *small[2];
    struct far_child *c;

    (void)state;
    for (int i = 0; i < 3; i++)
        big[i] = far_av_submit(w, true);
    for (int i = 0; i < 2; i++)
        small[i] = far_av_submit(w, false);
    assert_non_null(c = far_child_of(w, big[0]));
    assert_null(far_child_of(w, big[1]));
    assert_true(far_child_of(w, small[0]) && far_child_of(w, small[1]));
    far_av_result(w, far_child_of(w, small[0]), ANTIVIRUS_CLEAN);
    assert_null(far_child_of(w, big[1])); /* a child is free, but not for it */
    far_av_result(w, c, ANTIVIRUS_CLEAN);
    assert_non_null(far_child_of(w, big[1]));
    assert_null(far_child_of(w, big[2]));
    far_av_result(w, far_child_of(w, big[1]), ANTIVIRUS_CLEAN);
    far_av_result(w, far_child_of(w, big[2]), ANTIVIRUS_CLEAN);
    far_av_result(w, far_child_of(w, small[1]), ANTIVIRUS_CLEAN);
    for (int i = 0; i < 3; i++)
        far_job_free(&big[i]);
    for (int i = 0; i < 2; i++)
        far_job_free(&small[i]);
    pool_world_close(&w);
}

static void a_big_job_that_waits_is_before_younger_small_ones(void **state)
{
    struct pool_world *w = pool_roles_serve_av("antivirus.children=1");
    struct far_job *j[4] = {far_av_submit(w, true), far_av_submit(w, true), far_av_submit(w, false),
                            far_av_submit(w, true)};

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_ptr_equal(far_child_of(w, j[i]), &w->child[0]); /* with one child: in order */
        far_av_result(w, &w->child[0], ANTIVIRUS_CLEAN);
        far_job_free(&j[i]);
    }
    pool_world_close(&w);
}

static void a_big_job_with_a_child_of_its_own_counts_as_well(void **state)
{
    struct pool_world *w = pool_roles_serve_av("antivirus.children=1");
    struct far_job *alone = far_job_new(true), *big;

    (void)state;
    far_shut(&alone->job.out);
    alone->job.role = ROLE_AV;
    alone->job.big = true;
    pool_submit(w->pool, &alone->job);
    big = far_av_submit(w, true);
    assert_int_equal(w->child_n, 2);
    assert_null(far_child_of(w, big));
    far_arrive(w, &w->child[1]);
    assert_ptr_equal(far_child_of(w, alone), &w->child[1]);
    assert_null(far_child_of(w, big));
    far_av_result(w, &w->child[1], ANTIVIRUS_CLEAN);
    assert_ptr_equal(far_child_of(w, big), &w->child[0]);
    far_av_result(w, &w->child[0], ANTIVIRUS_CLEAN);
    far_job_free(&alone);
    far_job_free(&big);
    pool_world_close(&w);
}

static void a_big_job_whose_child_died_makes_room_for_the_next(void **state)
{
    struct pool_world *w = pool_roles_serve_av("antivirus.children=2");
    struct far_job *a = far_av_submit(w, true), *b = far_av_submit(w, true);
    struct far_child *c = far_child_of(w, a);

    (void)state;
    far_touch(c, SEALED_PHASE_SCANNING);
    far_forget_job(c);
    far_crash(w, c, FAR_SIGNAL(SIGSEGV));
    assert_int_equal(a->o.end, POOL_CHARGED);
    assert_non_null(far_child_of(w, b));
    far_av_result(w, far_child_of(w, b), ANTIVIRUS_CLEAN);
    assert_int_equal(b->o.end, POOL_DONE);
    far_job_free(&a);
    far_job_free(&b);
    pool_world_close(&w);
}

static void what_no_worker_has_begun_can_be_called_off(void **state)
{
    struct pool_world *w = pool_roles_open(FAR_BOTH, (const char *const[]){"antivirus.children=1"}, 1);
    struct far_job *other = far_submit(w, false), *runs, *waits, *alone = far_job_new(true);

    (void)state;
    far_serve(w, 1);
    runs = far_av_submit(w, false);
    waits = far_av_submit(w, false);
    alone->job.role = ROLE_AV;
    pool_submit(w->pool, &alone->job);
    pool_world_turn(w); /* its child is on its way */
    pool_cancel_waiting(w->pool, ROLE_AV, "the signatures are old");
    pool_world_turn(w);
    assert_int_equal(waits->o.end, POOL_CANCELLED);
    assert_string_equal(waits->o.cause, "the signatures are old");
    assert_int_equal(alone->o.end, POOL_CANCELLED);
    assert_true(far_was_retired(w, &w->child[w->child_n - 1]));
    assert_int_equal(runs->ended, 0);
    assert_int_equal(other->ended, 0);
    far_av_result(w, far_child_of(w, runs), ANTIVIRUS_CLEAN);
    assert_int_equal(runs->o.end, POOL_DONE);
    pool_close(&w->pool);
    far_job_free(&other);
    far_job_free(&runs);
    far_job_free(&waits);
    far_job_free(&alone);
    pool_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_job_starts_with_an_empty_output),
        cmocka_unit_test(one_that_cannot_be_sent_is_given_up_and_charges_nobody),
        cmocka_unit_test(a_job_that_meets_a_dead_child_waits_for_the_next),
        cmocka_unit_test(waiting_ends_a_minute_after_the_last_worker),
        cmocka_unit_test(a_loader_that_takes_its_time_keeps_them_waiting),
        cmocka_unit_test(many_jobs_end_once_each_and_in_order),
        cmocka_unit_test(big_jobs_go_one_at_a_time_and_small_ones_go_by),
        cmocka_unit_test(a_big_job_that_waits_is_before_younger_small_ones),
        cmocka_unit_test(a_big_job_with_a_child_of_its_own_counts_as_well),
        cmocka_unit_test(a_big_job_whose_child_died_makes_room_for_the_next),
        cmocka_unit_test(what_no_worker_has_begun_can_be_called_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
