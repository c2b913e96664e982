/*
 * test_pool_endless.c - unit tests of jobs without an end (spoold/pool*.c): one that serves a socket as long
 * as its child lives, and pool_job_abandon() for jobs of any kind.
 *
 * Run by `make check`. The far ends are played by pool_world.h. Loader 0 is that of worker-dns.
 */
#include "tests/unit/pool_roles.h"

static struct pool_world *dns_world(void)
{
    struct pool_world *w = pool_roles_open(1u << ROLE_DNS, NULL, 0);

    assert_int_equal(w->loader_n, 1);
    far_serve(w, 0);
    assert_null(pool_trouble(w->pool, ROLE_DNS));
    return w;
}

/* Its message and its peer are descriptors of no worth. */
static struct far_job *dns_submit(struct pool_world *w)
{
    struct far_job *j = far_job_new(false);

    j->job.role = ROLE_DNS;
    j->job.blob = (struct view){NULL, 0};
    j->job.endless = true;
    j->job.notes = -1;
    j->job.peer = j->job.out;
    j->job.out = -1;
    pool_submit(w->pool, &j->job);
    pool_world_turn(w);
    return j;
}

static void dns_free(struct far_job **j)
{
    far_shut(&(*j)->job.peer);
    far_job_free(j);
}

static void say_cancelled(struct pool_world *w, struct far_child *c)
{
    struct wire_packet p = wire_packet(WIRE_RESULT, c->job.h.id);

    p.u.result.status = WIRE_CANCELLED;
    far_forget_job(c);
    far_say(w, c->link, &p);
}

static void a_peer_travels_without_notes(void **state)
{
    struct pool_world *w = dns_world();
    struct far_job *j = dns_submit(w);
    struct far_child *c = far_child_of(w, j);

    (void)state;
    assert_non_null(c);
    assert_int_equal(c->job.u.job.flags, WIRE_JOB_PEER);
    assert_int_equal(c->job.fd_n, 2);
    assert_int_equal(w->child_n, 1); /* one child, whatever the settings say of other roles */
    pool_close(&w->pool);
    dns_free(&j);
    pool_world_close(&w);
}

static void it_may_go_on_for_ever(void **state)
{
    struct pool_world *w = dns_world();
    struct far_job *j = dns_submit(w);

    (void)state;
    assert_true(w->due == INT64_MAX);
    pool_world_pass(w, INT64_C(365) * 86400000);
    assert_int_equal(j->ended, 0);
    assert_false(far_was_retired(w, far_child_of(w, j)));
    pool_close(&w->pool);
    dns_free(&j);
    pool_world_close(&w);
}

/* Of a job with an end 64 lines are enough. */
static void it_may_say_a_few_words_each_minute(void **state)
{
    struct pool_world *w = dns_world();
    struct far_job *j = dns_submit(w);
    struct far_child *c = far_child_of(w, j);
    struct wire_packet p = wire_text(WIRE_LOG, 0, "a server does not answer");
    struct far_tap tap;

    (void)state;
    for (int i = 0; i < 3; i++, pool_world_pass(w, 60000)) {
        far_tap_open(&tap);
        for (int n = 0; n < 256; n++)
            far_say(w, c->link, &p);
        far_tap_close(&tap, "");
        assert_false(far_was_retired(w, c));
    }
    far_tap_open(&tap);
    for (int n = 0; n < 257; n++)
        far_say(w, c->link, &p);
    far_tap_close(&tap, "");
    assert_true(far_was_retired(w, c));
    far_crash(w, c, FAR_SIGNAL(SIGKILL));
    assert_string_equal(j->o.cause, "it broke the protocol: LOG: too many of them");
    dns_free(&j);
    pool_world_close(&w);
}

static const struct {
    const char *says;
    int status;
    bool touched;
    const char *cause;
} deaths[] = {
    {"by a signal", FAR_SIGNAL(SIGSEGV), false, "it was ended by signal 11 (Segmentation fault)"},
    {"over a crumb", FAR_SIGNAL(SIGSEGV), true,
     "it was ended by signal 11 (Segmentation fault) after it had begun"},
    {"by itself", FAR_EXIT(1), false, "it ended with exit status 1"},
};

static void its_death_charges_nobody_and_it_is_not_begun_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) {
        struct pool_world *w = dns_world();
        struct far_job *j = dns_submit(w);
        struct far_child *c = far_child_of(w, j);

        print_message("%s\n", deaths[i].says);
        if (deaths[i].touched)
            far_touch(c, SEALED_PHASE_BEGUN);
        far_forget_job(c);
        far_crash(w, c, deaths[i].status);
        assert_int_equal(j->o.end, POOL_CANCELLED);
        assert_string_equal(j->o.cause, deaths[i].cause);
        assert_int_equal(j->o.result.status, WIRE_OK);
        assert_int_equal(w->child_n, 2); /* another one comes at once */
        far_arrive(w, &w->child[1]);
        assert_int_equal(w->child[1].jobs, 0);
        dns_free(&j);
        pool_world_close(&w);
    }
}

/* Who can bring it down must not be able to keep it down: a second at most, however often. */
static void deaths_in_a_row_are_slowed_down_a_little_only(void **state)
{
    struct pool_world *w = dns_world();

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        struct far_job *j = dns_submit(w);
        struct far_child *c = far_child_of(w, j);

        assert_non_null(c);
        far_forget_job(c);
        far_crash(w, c, FAR_SIGNAL(SIGSEGV));
        assert_int_equal(j->ended, 1);
        assert_int_equal(w->child_n, i < 7 ? i + 2 : i + 1);
        pool_world_pass(w, i < 7 ? 0 : 1000);
        assert_int_equal(w->child_n, i + 2);
        far_arrive(w, &w->child[i + 1]);
        dns_free(&j);
    }
    assert_null(pool_trouble(w->pool, ROLE_DNS));
    pool_world_close(&w);
}

static void one_that_served_for_a_minute_clears_the_count(void **state)
{
    struct pool_world *w = dns_world();

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        struct far_job *j = dns_submit(w);

        pool_world_pass(w, 60000);
        far_forget_job(&w->child[i]);
        far_crash(w, &w->child[i], FAR_SIGNAL(SIGSEGV));
        assert_int_equal(w->child_n, i + 2);
        far_arrive(w, &w->child[i + 1]);
        dns_free(&j);
    }
    pool_world_close(&w);
}

static void a_new_generation_calls_it_off(void **state)
{
    struct pool_world *w = dns_world();
    struct far_job *old = dns_submit(w), *new;
    struct far_child *c = far_child_of(w, old);

    (void)state;
    pool_reload(w->pool, POOL_OVERLAP);
    pool_world_turn(w);
    far_ready(w, 1);
    assert_int_equal(c->cancels, 0); /* not before the new one serves */
    far_arrive(w, &w->child[1]);
    assert_int_equal(c->cancels, 1);
    new = dns_submit(w);
    assert_ptr_equal(far_child_of(w, new), &w->child[1]);
    say_cancelled(w, c);
    assert_int_equal(old->o.end, POOL_CANCELLED);
    assert_int_equal(old->o.result.status, WIRE_CANCELLED);
    assert_string_equal(old->o.cause, "a newer worker takes its place");
    assert_true(far_was_retired(w, c));
    assert_int_equal(new->ended, 0);
    pool_close(&w->pool);
    dns_free(&old);
    dns_free(&new);
    pool_world_close(&w);
}

static void one_that_does_not_let_go_is_ended(void **state)
{
    struct pool_world *w = dns_world();
    struct far_job *j = dns_submit(w);
    struct far_child *c = far_child_of(w, j);

    (void)state;
    pool_reload(w->pool, POOL_OVERLAP);
    pool_world_turn(w);
    far_serve(w, 1);
    pool_world_pass(w, 2999);
    assert_false(far_was_retired(w, c));
    pool_world_pass(w, 1);
    assert_true(far_was_retired(w, c));
    far_forget_job(c);
    far_crash(w, c, FAR_SIGNAL(SIGKILL));
    assert_int_equal(j->o.end, POOL_CANCELLED);
    assert_int_equal(j->o.result.status, WIRE_OK); /* which is how its owner knows */
    dns_free(&j);
    pool_world_close(&w);
}

static void what_is_switched_off_is_called_off(void **state)
{
    struct pool_world *w = pool_roles_open(0, (const char *const[]){"antivirus.clamav=no"}, 1);
    struct far_job *j;
    struct far_child *c;

    (void)state;
    for (unsigned i = 0; i < w->loader_n; i++)
        far_serve(w, i);
    assert_true(pool_is_wanted(w->pool, ROLE_DNS));
    j = dns_submit(w);
    c = far_child_of(w, j);
    w->cfg->dns = false;
    pool_reload(w->pool, POOL_OVERLAP);
    pool_world_turn(w);
    assert_false(pool_is_wanted(w->pool, ROLE_DNS));
    assert_int_equal(c->cancels, 1);
    say_cancelled(w, c);
    assert_string_equal(j->o.cause, "it is switched off");
    dns_free(&j);
    pool_world_close(&w);
}

static void an_orderly_stop_calls_it_off(void **state)
{
    struct pool_world *w = dns_world();
    struct far_job *j = dns_submit(w);
    struct far_child *c = far_child_of(w, j);

    (void)state;
    pool_give_back(w->pool);
    pool_world_turn(w);
    assert_int_equal(c->cancels, 1);
    say_cancelled(w, c);
    assert_int_equal(j->o.end, POOL_CANCELLED);
    assert_string_equal(j->o.cause, "spoold is stopping");
    dns_free(&j);
    pool_world_close(&w);
}

static void a_loader_that_ends_takes_it_along(void **state)
{
    struct pool_world *w = dns_world();
    struct far_job *j = dns_submit(w);

    (void)state;
    far_shut(&w->loader[0].link);
    pool_world_turn(w);
    assert_int_equal(j->o.end, POOL_CANCELLED);
    assert_string_equal(j->o.cause, "its loader ended");
    assert_non_null(strstr(w->s->alarms.text[ALARM_DNS], "messages go by it meanwhile"));
    dns_free(&j);
    pool_world_close(&w);
}

/* ---- pool_job_abandon() ---- */

static void one_that_is_given_up_ends_with_its_child(void **state)
{
    struct pool_world *w = dns_world();
    struct far_job *j = dns_submit(w);
    struct far_child *c = far_child_of(w, j);

    (void)state;
    pool_job_abandon(w->pool, &j->job, "it does not answer");
    pool_world_turn(w);
    assert_true(far_was_retired(w, c));
    assert_int_equal(j->ended, 0); /* its child still has the socket */
    far_forget_job(c);
    far_crash(w, c, FAR_SIGNAL(SIGKILL));
    assert_int_equal(j->o.end, POOL_CANCELLED);
    assert_string_equal(j->o.cause, "it does not answer");
    assert_int_equal(w->child_n, 2);
    pool_job_abandon(w->pool, &j->job, "again");
    pool_world_turn(w);
    assert_int_equal(j->ended, 1);
    dns_free(&j);
    pool_world_close(&w);
}

static void what_waits_is_given_up_without_a_death(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *runs = far_submit(w, false), *first = far_submit(w, false), *last = far_submit(w, false);

    (void)state;
    pool_job_abandon(w->pool, &last->job, "not wanted");
    pool_job_abandon(w->pool, &first->job, "not wanted");
    pool_world_turn(w);
    assert_true(first->o.end == POOL_CANCELLED && last->o.end == POOL_CANCELLED);
    assert_string_equal(first->o.cause, "not wanted");
    assert_int_equal(runs->ended, 0);
    far_job_free(&last);
    last = far_submit(w, false); /* the queue is whole */
    far_result(w, &w->child[0]);
    far_result(w, &w->child[0]);
    assert_true(runs->o.end == POOL_DONE && last->o.end == POOL_DONE);
    far_job_free(&runs);
    far_job_free(&first);
    far_job_free(&last);
    pool_world_close(&w);
}

static void one_whose_own_child_is_on_its_way_is_given_up(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j = far_submit(w, true);

    (void)state;
    assert_int_equal(w->child_n, 2);
    pool_job_abandon(w->pool, &j->job, "not wanted");
    pool_world_turn(w);
    assert_int_equal(j->o.end, POOL_CANCELLED);
    assert_true(far_was_retired(w, &w->child[1]));
    far_job_free(&j);
    pool_world_close(&w);
}

/* Its link ended a moment before: without the order it would be tried again. */
static void one_whose_child_is_dying_is_not_begun_again(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j = far_submit(w, false);
    struct far_child *c = &w->child[0];

    (void)state;
    far_forget_job(c);
    far_shut(&c->link);
    pool_world_turn(w);
    pool_job_abandon(w->pool, &j->job, "not wanted");
    far_crash(w, c, FAR_SIGNAL(SIGKILL));
    assert_int_equal(j->o.end, POOL_CANCELLED);
    far_job_free(&j);
    pool_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_travels_without_notes),
        cmocka_unit_test(it_may_go_on_for_ever),
        cmocka_unit_test(it_may_say_a_few_words_each_minute),
        cmocka_unit_test(its_death_charges_nobody_and_it_is_not_begun_again),
        cmocka_unit_test(deaths_in_a_row_are_slowed_down_a_little_only),
        cmocka_unit_test(one_that_served_for_a_minute_clears_the_count),
        cmocka_unit_test(a_new_generation_calls_it_off),
        cmocka_unit_test(one_that_does_not_let_go_is_ended),
        cmocka_unit_test(what_is_switched_off_is_called_off),
        cmocka_unit_test(an_orderly_stop_calls_it_off),
        cmocka_unit_test(a_loader_that_ends_takes_it_along),
        cmocka_unit_test(one_that_is_given_up_ends_with_its_child),
        cmocka_unit_test(what_waits_is_given_up_without_a_death),
        cmocka_unit_test(one_whose_own_child_is_on_its_way_is_given_up),
        cmocka_unit_test(one_whose_child_is_dying_is_not_begun_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
