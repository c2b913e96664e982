/*
 * test_pool_reload.c - unit tests of spoold/pool_reload.c: reloads that overlap and that drain, roles that
 * are switched on and off.
 *
 * Run by `make check`. The far ends are played by pool_roles.h.
 */
#include "tests/unit/pool_roles.h"

static void order(struct pool_world *w, enum pool_reload mode)
{
    pool_reload_role(w->pool, ROLE_AV, mode);
    pool_world_turn(w);
}

static void say_failed(struct pool_world *w, unsigned loader)
{
    struct wire_packet p = wire_text(WIRE_FAILED, w->loader[loader].id, "no signatures");

    far_say(w, w->loader[loader].link, &p);
}

static void a_drain_loads_only_when_the_last_of_the_old_one_is_gone(void **state)
{
    struct pool_world *w = pool_roles_serve_av("antivirus.children=2");
    struct far_job *runs = far_av_submit(w, false), *waits;
    struct far_child *busy = far_child_of(w, runs), *idle = &w->child[busy == &w->child[0]];

    (void)state;
    order(w, POOL_DRAIN);
    assert_true(pool_is_draining(w->pool, ROLE_AV));
    assert_string_equal(pool_trouble(w->pool, ROLE_AV), "it is loading new signatures");
    assert_true(far_was_retired(w, idle));
    assert_false(far_was_retired(w, busy));
    waits = far_av_submit(w, false);
    far_crash(w, idle, FAR_SIGNAL(SIGKILL));
    far_av_result(w, busy, ANTIVIRUS_CLEAN);
    assert_int_equal(runs->o.end, POOL_DONE);
    assert_true(far_was_retired(w, busy));
    far_crash(w, busy, FAR_SIGNAL(SIGKILL));
    assert_true(w->loader[0].told_to_end);
    assert_int_equal(w->loader_n, 1); /* its process is still there */
    far_launcher_exited(w, 0, FAR_EXIT(0));
    assert_int_equal(w->loader_n, 2);
    assert_true(pool_is_draining(w->pool, ROLE_AV));
    assert_int_equal(waits->ended, 0);
    far_serve(w, 1);
    assert_false(pool_is_draining(w->pool, ROLE_AV));
    assert_int_equal(far_child_of(w, waits)->loader, 1);
    far_av_result(w, far_child_of(w, waits), ANTIVIRUS_CLEAN);
    assert_int_equal(waits->o.generation, 2);
    far_job_free(&runs);
    far_job_free(&waits);
    pool_world_close(&w);
}

static void the_time_of_a_reload_is_logged_and_kept(void **state)
{
    static const char *const line[] = {
        [POOL_OVERLAP] = "event=worker_reloaded role=av generation=2 mode=overlap ms=1500\n",
        [POOL_DRAIN] = "event=worker_reloaded role=av generation=2 mode=drain ms=1500\n"};

    (void)state;
    for (int mode = POOL_OVERLAP; mode <= POOL_DRAIN; mode++) {
        struct pool_world *w = pool_roles_serve_av("antivirus.children=1");
        struct pool_about a;
        struct far_tap t;

        pool_get_about(w->pool, ROLE_AV, &a);
        assert_int_equal(a.reload_ms, 0); /* a start is no reload */
        order(w, (enum pool_reload)mode);
        pool_world_pass(w, 500);
        if (mode == POOL_DRAIN)
            far_loader_ends(w, 0);
        pool_world_pass(w, 1000);
        far_tap_open(&t);
        far_serve(w, 1);
        assert_true(far_tap_close(&t, line[mode]));
        pool_get_about(w->pool, ROLE_AV, &a);
        assert_int_equal(a.reload_ms, 1500);
        assert_int_equal(a.reload_mode, mode);
        assert_int_equal(a.generation, 2);
        assert_int_equal(a.pid, 4001);
        assert_true(a.serving);
        pool_world_close(&w);
    }
}

static void with_overlap_the_old_one_serves_at_full_number(void **state)
{
    struct pool_world *w = pool_roles_serve_av("antivirus.children=2");
    struct far_job *j[2];

    (void)state;
    order(w, POOL_OVERLAP);
    assert_false(pool_is_draining(w->pool, ROLE_AV));
    assert_null(pool_trouble(w->pool, ROLE_AV));
    far_crash(w, &w->child[0], FAR_SIGNAL(SIGKILL));
    assert_int_equal(w->child_n, 3);
    far_arrive(w, &w->child[2]); /* made good */
    for (int i = 0; i < 2; i++)
        j[i] = far_av_submit(w, false);
    for (int i = 0; i < 2; i++)
        assert_int_equal(far_child_of(w, j[i])->loader, 0);
    far_ready(w, 1);
    assert_int_equal(w->child_n, 5); /* all of the new one are on their way */
    for (int i = 0; i < 2; i++) {
        far_av_result(w, far_child_of(w, j[i]), ANTIVIRUS_CLEAN);
        far_job_free(&j[i]);
    }
    assert_false(far_was_retired(w, &w->child[1]) || far_was_retired(w, &w->child[2]));
    far_arrive(w, &w->child[3]);
    assert_false(far_was_retired(w, &w->child[1]) ||
                 far_was_retired(w, &w->child[2])); /* half is not enough */
    far_arrive(w, &w->child[4]);
    assert_true(far_was_retired(w, &w->child[1]) && far_was_retired(w, &w->child[2]));
    pool_world_close(&w);
}

static void orders_while_nothing_serves_let_the_first_one_finish(void **state)
{
    struct pool_world *w = pool_roles_open(FAR_AV, NULL, 0);
    struct pool_about a;

    (void)state;
    for (int i = 0; i < 5; i++) {
        order(w, POOL_OVERLAP);
        pool_world_pass(w, 1000);
    }
    assert_int_equal(w->loader_n, 1);
    assert_false(w->loader[0].killed);
    far_serve(w, 0);
    pool_get_about(w->pool, ROLE_AV, &a);
    assert_true(a.serving);
    assert_int_equal(w->loader_n, 2); /* and then once more, for what was ordered meanwhile */
    far_serve(w, 1);
    assert_int_equal(w->loader_n, 2);
    pool_world_close(&w);
}

static void an_incomplete_generation_takes_over_after_a_while(void **state)
{
    struct pool_world *w = pool_roles_serve_av("antivirus.children=2");
    struct pool_about a;

    (void)state;
    order(w, POOL_OVERLAP);
    far_ready(w, 1);
    far_arrive(w, &w->child[2]);
    pool_world_pass(w, 4900);
    pool_get_about(w->pool, ROLE_AV, &a);
    assert_int_equal(a.generation, 1);
    pool_world_pass(w, 200);
    pool_get_about(w->pool, ROLE_AV, &a);
    assert_int_equal(a.generation, 2);
    pool_world_close(&w);
}

static void where_nothing_serves_the_first_child_is_enough(void **state)
{
    static const char *const setting[] = {"antivirus.children=2"};
    struct pool_world *w = pool_roles_open(FAR_AV, setting, 1);
    struct pool_about a;

    (void)state;
    far_ready(w, 0);
    far_arrive(w, &w->child[0]);
    pool_get_about(w->pool, ROLE_AV, &a);
    assert_true(a.serving);
    pool_world_close(&w);
}

static void a_drain_of_nothing_starts_at_once(void **state)
{
    struct pool_world *w = pool_roles_open(FAR_AV, NULL, 0);

    (void)state;
    say_failed(w, 0);
    far_launcher_exited(w, 0, FAR_EXIT(1));
    assert_int_equal(w->loader_n, 1); /* a retry is due in 2 s */
    order(w, POOL_DRAIN);
    assert_int_equal(w->loader_n, 2);
    assert_true(pool_is_draining(w->pool, ROLE_AV));
    pool_world_pass(w, 10000);
    assert_int_equal(w->loader_n, 2); /* that retry is off */
    far_serve(w, 1);
    assert_false(pool_is_draining(w->pool, ROLE_AV));
    pool_world_close(&w);
}

static void a_drain_takes_the_place_of_a_retry(void **state)
{
    struct pool_world *w = pool_roles_open(FAR_AV, NULL, 0);

    (void)state;
    say_failed(w, 0); /* not gone yet; a retry is due in 2 s */
    order(w, POOL_DRAIN);
    pool_world_pass(w, 3000);
    assert_int_equal(w->loader_n, 1);
    far_launcher_exited(w, 0, FAR_EXIT(1));
    assert_int_equal(w->loader_n, 2);
    order(w, POOL_DRAIN);
    assert_true(w->loader[1].killed); /* it was the drain's: a second order replaces it */
    far_launcher_exited(w, 1, FAR_SIGNAL(SIGKILL));
    far_serve(w, 2);
    assert_false(pool_is_draining(w->pool, ROLE_AV));
    assert_int_equal(w->loader_n, 3);
    pool_world_close(&w);
}

static void jobs_wait_for_a_drain_that_is_to_mend_a_failure(void **state)
{
    struct pool_world *w = pool_roles_open(FAR_AV, NULL, 0);
    struct far_job *j;

    (void)state;
    say_failed(w, 0);
    pool_world_pass(w, 1000);
    order(w, POOL_DRAIN);
    far_launcher_exited(w, 0, FAR_EXIT(1));
    pool_world_pass(w, 100000); /* longer than jobs wait for one that does not start */
    j = far_av_submit(w, false);
    assert_int_equal(j->ended, 0);
    far_serve(w, 1);
    far_av_result(w, far_child_of(w, j), ANTIVIRUS_CLEAN);
    assert_int_equal(j->o.end, POOL_DONE);
    far_job_free(&j);
    pool_world_close(&w);
}

static void a_drain_ends_what_is_loading_and_waits_for_its_end(void **state)
{
    struct pool_world *w = pool_roles_serve_av("antivirus.children=1");

    (void)state;
    order(w, POOL_OVERLAP);
    assert_int_equal(w->loader_n, 2);
    order(w, POOL_DRAIN);
    assert_true(w->loader[1].killed);
    far_loader_ends(w, 0);
    assert_int_equal(w->loader_n, 2);
    far_launcher_exited(w, 1, FAR_SIGNAL(SIGKILL));
    assert_int_equal(w->loader_n, 3);
    pool_world_close(&w);
}

static void orders_during_a_drain_are_one(void **state)
{
    struct pool_world *w = pool_roles_serve_av("antivirus.children=1");

    (void)state;
    order(w, POOL_DRAIN);
    order(w, POOL_DRAIN);
    order(w, POOL_OVERLAP);
    assert_int_equal(w->loader_n, 1);
    far_loader_ends(w, 0);
    assert_int_equal(w->loader_n, 2);
    order(w, POOL_DRAIN); /* what loads now may have missed the reason of this one */
    assert_true(w->loader[1].killed);
    far_launcher_exited(w, 1, FAR_SIGNAL(SIGKILL));
    assert_int_equal(w->loader_n, 3);
    far_serve(w, 2);
    assert_false(pool_is_draining(w->pool, ROLE_AV));
    pool_world_close(&w);
}

static void one_that_fails_after_a_drain_is_tried_again_one_at_a_time(void **state)
{
    struct pool_world *w = pool_roles_serve_av("antivirus.children=1");
    struct far_job *j;
    struct far_tap t;

    (void)state;
    order(w, POOL_DRAIN);
    j = far_av_submit(w, false);
    far_loader_ends(w, 0);
    say_failed(w, 1);
    assert_false(pool_is_draining(w->pool, ROLE_AV));
    assert_string_equal(pool_trouble(w->pool, ROLE_AV), "no signatures");
    assert_non_null(strstr(w->s->alarms.text[ALARM_ANTIVIRUS], "messages wait until one starts"));
    pool_world_pass(w, 30000);
    assert_int_equal(w->loader_n, 2); /* the one that failed is not gone yet */
    assert_true(w->due > pool_world_now);
    far_launcher_exited(w, 1, FAR_EXIT(1));
    assert_int_equal(w->loader_n, 3);
    far_tap_open(&t);
    far_serve(w, 2);
    assert_false(far_tap_close(&t, "event=worker_reloaded")); /* a retry says nothing of how long one takes */
    far_av_result(w, far_child_of(w, j), ANTIVIRUS_CLEAN);
    assert_int_equal(j->o.end, POOL_DONE);
    assert_true(w->s->alarms.since_ms[ALARM_ANTIVIRUS] == 0);
    far_job_free(&j);
    pool_world_close(&w);
}

static void retries_do_not_pile_up_where_nothing_ends(void **state)
{
    struct pool_world *w = pool_roles_open(FAR_AV, NULL, 0);

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        if (w->loader[w->loader_n - 1].link >= 0 && !w->loader[w->loader_n - 1].ended)
            say_failed(w, w->loader_n - 1);
        pool_world_pass(w, 60000);
    }
    assert_int_equal(w->loader_n, 8);
    far_launcher_exited(w, 0, FAR_SIGNAL(SIGKILL));
    assert_int_equal(w->loader_n, 9);
    pool_world_close(&w);
}

static void a_hung_job_does_not_keep_a_drain_for_ever(void **state)
{
    struct pool_world *w = pool_roles_serve_av("antivirus.children=1");
    struct far_job *j = far_av_submit(w, false);

    (void)state;
    far_touch(&w->child[0], SEALED_PHASE_SCANNING);
    order(w, POOL_DRAIN);
    pool_world_pass(w, 15000);
    assert_false(far_was_retired(w, &w->child[0]));
    for (int i = 0; i < 20 && !far_was_retired(w, &w->child[0]); i++)
        pool_world_pass(w, 5000);
    assert_true(far_was_retired(w, &w->child[0]));
    far_loader_ends(w, 0);
    assert_int_equal(j->o.end, POOL_CHARGED);
    assert_string_equal(j->o.cause, "it went on long after antivirus.timeout");
    assert_int_equal(w->loader_n, 2);
    far_job_free(&j);
    pool_world_close(&w);
}

static void a_loader_that_dies_while_it_drains_loses_its_job_to_the_next(void **state)
{
    struct pool_world *w = pool_roles_serve_av("antivirus.children=1");
    struct far_job *j = far_av_submit(w, false);

    (void)state;
    far_touch(&w->child[0], SEALED_PHASE_SCANNING);
    order(w, POOL_DRAIN);
    far_forget_job(&w->child[0]);
    far_launcher_exited(w, 0, FAR_SIGNAL(SIGKILL));
    assert_int_equal(j->ended, 0);
    assert_true(w->s->alarms.since_ms[ALARM_ANTIVIRUS] == 0);
    assert_int_equal(w->loader_n, 2);
    far_serve(w, 1);
    far_av_result(w, far_child_of(w, j), ANTIVIRUS_CLEAN);
    assert_int_equal(j->o.end, POOL_DONE);
    far_job_free(&j);
    pool_world_close(&w);
}

static void a_stop_during_a_drain_starts_nothing(void **state)
{
    struct pool_world *w = pool_roles_serve_av("antivirus.children=1");
    struct far_job *j;

    (void)state;
    order(w, POOL_DRAIN);
    j = far_av_submit(w, false);
    pool_give_back(w->pool);
    assert_int_equal(j->o.end, POOL_CANCELLED);
    far_loader_ends(w, 0);
    assert_int_equal(w->loader_n, 1);
    assert_true(w->due == INT64_MAX);
    order(w, POOL_OVERLAP);
    assert_int_equal(w->loader_n, 1);
    far_job_free(&j);
    pool_world_close(&w);
}

static void a_lost_launcher_ends_a_drain(void **state)
{
    struct pool_world *w = pool_roles_serve_av("antivirus.children=1");

    (void)state;
    order(w, POOL_DRAIN);
    far_shut(&w->launcher);
    pool_world_turn(w);
    assert_false(pool_is_draining(w->pool, ROLE_AV));
    assert_string_equal(pool_trouble(w->pool, ROLE_AV), "the launcher of the workers has ended");
    assert_true(w->due == INT64_MAX);
    pool_world_close(&w);
}

static void a_job_keeps_the_deadline_of_its_generation(void **state)
{
    struct pool_world *w = pool_roles_serve_av("antivirus.timeout=60s");
    struct far_job *j = far_av_submit(w, false);

    (void)state;
    w->cfg->av_timeout = 1000; /* the engine of this generation goes on by what it was given */
    pool_world_pass(w, 65001); /* then it is looked at */
    assert_false(far_was_retired(w, far_child_of(w, j)));
    far_av_result(w, far_child_of(w, j), ANTIVIRUS_CLEAN);
    assert_int_equal(j->o.end, POOL_DONE);
    far_job_free(&j);
    pool_world_close(&w);
}

static void a_role_that_is_switched_off_drains_and_comes_back(void **state)
{
    struct pool_world *w =
        pool_roles_open(0, (const char *const[]){"antivirus.children=1", "antispam.enable=no"}, 2);
    struct far_job *runs, *waits, *late;

    (void)state;
    assert_int_equal(w->loader_n, 2);
    far_serve(w, 0);
    far_serve(w, 1);
    runs = far_av_submit(w, false);
    waits = far_av_submit(w, false);
    w->cfg->clamav = false;
    pool_reload(w->pool, POOL_DRAIN);
    pool_world_turn(w);
    assert_int_equal(w->loader_n, 3);
    assert_int_equal(w->loader[2].load.role, ROLE_REWRITE);
    assert_string_equal(pool_trouble(w->pool, ROLE_AV), "it is switched off");
    assert_int_equal(pool_down_ms(w->pool, ROLE_AV, pool_world_now + 9), 0);
    assert_false(pool_is_draining(w->pool, ROLE_AV));
    assert_int_equal(waits->o.end, POOL_CANCELLED);
    assert_string_equal(waits->o.cause, "it is switched off");
    far_av_result(w, far_child_of(w, runs), ANTIVIRUS_CLEAN);
    assert_int_equal(runs->o.end, POOL_DONE);
    far_loader_ends(w, 1);
    assert_true(w->loader[1].told_to_end);
    pool_reload_role(w->pool, ROLE_AV, POOL_OVERLAP);
    late = far_av_submit(w, false);
    assert_int_equal(late->o.end, POOL_CANCELLED);
    pool_world_pass(w, 50000); /* not the minute of the rewriting one that loads */
    assert_int_equal(w->loader_n, 3);
    w->cfg->clamav = true;
    pool_reload(w->pool, POOL_DRAIN);
    pool_world_turn(w);
    assert_int_equal(w->loader_n, 5);
    assert_true(pool_down_ms(w->pool, ROLE_AV, pool_world_now + 9) == 9);
    far_serve(w, w->loader[3].load.role == ROLE_AV ? 3 : 4);
    assert_null(pool_trouble(w->pool, ROLE_AV));
    far_job_free(&runs);
    far_job_free(&waits);
    far_job_free(&late);
    pool_world_close(&w);
}

static void switching_off_clears_the_alarm_and_the_retry(void **state)
{
    struct pool_world *w = pool_roles_open(0, (const char *const[]){"antispam.enable=no"}, 1);

    (void)state;
    far_serve(w, 0);
    say_failed(w, 1);
    far_launcher_exited(w, 1, FAR_EXIT(1));
    assert_true(w->s->alarms.since_ms[ALARM_ANTIVIRUS] > 0);
    w->cfg->clamav = false;
    pool_reload(w->pool, POOL_OVERLAP);
    pool_world_pass(w, 50000);
    assert_true(w->s->alarms.since_ms[ALARM_ANTIVIRUS] == 0);
    assert_int_equal(w->loader_n, 3); /* the two of rewrite, and the one that failed */
    pool_world_close(&w);
}

static void only_av_drains_by_a_change_of_settings(void **state)
{
    struct pool_world *w = pool_roles_open(FAR_BOTH, NULL, 0);

    (void)state;
    far_serve(w, 0);
    far_serve(w, 1);
    pool_reload(w->pool, POOL_DRAIN);
    pool_world_turn(w);
    assert_true(pool_is_draining(w->pool, ROLE_AV));
    assert_false(pool_is_draining(w->pool, ROLE_REWRITE));
    assert_null(pool_trouble(w->pool, ROLE_REWRITE));
    assert_int_equal(w->loader[0].retired_n, 0);
    far_loader_ends(w, 1);
    assert_int_equal(w->loader_n, 4);
    assert_int_equal(w->loader[3].load.role, ROLE_AV);
    pool_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drain_loads_only_when_the_last_of_the_old_one_is_gone),
        cmocka_unit_test(the_time_of_a_reload_is_logged_and_kept),
        cmocka_unit_test(with_overlap_the_old_one_serves_at_full_number),
        cmocka_unit_test(orders_while_nothing_serves_let_the_first_one_finish),
        cmocka_unit_test(an_incomplete_generation_takes_over_after_a_while),
        cmocka_unit_test(where_nothing_serves_the_first_child_is_enough),
        cmocka_unit_test(a_drain_of_nothing_starts_at_once),
        cmocka_unit_test(a_drain_takes_the_place_of_a_retry),
        cmocka_unit_test(jobs_wait_for_a_drain_that_is_to_mend_a_failure),
        cmocka_unit_test(a_drain_ends_what_is_loading_and_waits_for_its_end),
        cmocka_unit_test(orders_during_a_drain_are_one),
        cmocka_unit_test(one_that_fails_after_a_drain_is_tried_again_one_at_a_time),
        cmocka_unit_test(retries_do_not_pile_up_where_nothing_ends),
        cmocka_unit_test(a_hung_job_does_not_keep_a_drain_for_ever),
        cmocka_unit_test(a_loader_that_dies_while_it_drains_loses_its_job_to_the_next),
        cmocka_unit_test(a_stop_during_a_drain_starts_nothing),
        cmocka_unit_test(a_lost_launcher_ends_a_drain),
        cmocka_unit_test(a_job_keeps_the_deadline_of_its_generation),
        cmocka_unit_test(a_role_that_is_switched_off_drains_and_comes_back),
        cmocka_unit_test(switching_off_clears_the_alarm_and_the_retry),
        cmocka_unit_test(only_av_drains_by_a_change_of_settings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
