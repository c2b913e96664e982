/*
 * test_pool_death.c - unit tests of spoold/pool_death.c: what a child leaves behind, and who is charged.
 *
 * Run by `make check`. The far ends are played by pool_world.h.
 */
#include "tests/unit/pool_world.h"

#include "spoold/pool_part.h"

static const struct {
    const char *says;
    uint32_t phase; /* that the crumb page shows */
    int64_t crumb;  /* 0: of this job; else a number that is added */
    int status;
    enum pool_end end; /* POOL_DONE stands for: not ended, tried again */
    const char *cause;
    int signal;
} table[] = {
    {"a crash while reading is charged", SEALED_PHASE_READING, 0, FAR_SIGNAL(SIGSEGV), POOL_CHARGED,
     "it was ended by signal 11 (Segmentation fault) while reading", SIGSEGV},
    {"a crash while writing is charged", SEALED_PHASE_WRITING, 0, FAR_SIGNAL(SIGABRT), POOL_CHARGED,
     "it was ended by signal 6 (Aborted) while writing", SIGABRT},
    {"a crash right after the start is charged", SEALED_PHASE_BEGUN, 0, FAR_SIGNAL(SIGBUS), POOL_CHARGED,
     "it was ended by signal 7 (Bus error) after it had begun", SIGBUS},
    {"a phase of another role is charged, too", 200, 0, FAR_EXIT(3), POOL_CHARGED,
     "it ended with exit status 3 after it had begun", 0},
    {"an end without a word is charged", SEALED_PHASE_READING, 0, FAR_EXIT(0), POOL_CHARGED,
     "it ended with exit status 0 while reading", 0},
    {"a crash before it was touched is not", SEALED_PHASE_NONE, 0, FAR_SIGNAL(SIGSEGV), POOL_DONE, "", 0},
    {"the page of another job charges nobody", SEALED_PHASE_READING, 1, FAR_SIGNAL(SIGSEGV), POOL_DONE, "",
     0},
    {"garbage in the page charges nobody", 0xffffffff, 0x7fff1234, FAR_SIGNAL(SIGSEGV), POOL_DONE, "", 0},
};

static void the_crumb_page_says_who_is_charged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct pool_world *w = pool_world_serve_children("workers.children=1");
        struct far_job *j = far_submit(w, false);
        struct far_child *c = far_child_of(w, j);

        print_message("%s\n", table[i].says);
        c->crumb->job = c->job.h.id + (uint64_t)table[i].crumb;
        c->crumb->phase = table[i].phase;
        far_forget_job(c);
        far_crash(w, c, table[i].status);
        assert_int_equal(j->ended, table[i].end == POOL_CHARGED);
        assert_int_equal(j->job.losses, table[i].end != POOL_CHARGED);
        assert_string_equal(j->o.cause, table[i].cause);
        assert_int_equal(j->o.signal, table[i].signal);
        if (j->ended) {
            assert_int_equal(j->o.end, POOL_CHARGED);
            assert_int_equal(j->o.phase, table[i].phase);
            assert_int_equal(j->o.pid, getpid());
        }
        pool_close(&w->pool);
        far_job_free(&j);
        pool_world_close(&w);
    }
}

static void the_third_loss_is_charged(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j = far_submit(w, false), *behind = far_submit(w, false);

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(j->ended, 0);
        if (w->child_n == i)
            pool_world_pass(w, 2000);
        if (i > 0)
            far_arrive(w, &w->child[i]);
        assert_ptr_equal(far_child_of(w, j), &w->child[i]); /* it goes before the one behind it */
        far_crash(w, &w->child[i], FAR_SIGNAL(SIGKILL));
    }
    assert_int_equal(j->o.end, POOL_CHARGED);
    assert_string_equal(j->o.cause, "it was ended by signal 9 (Killed)");
    assert_int_equal(behind->ended, 0);
    pool_close(&w->pool);
    far_job_free(&j);
    far_job_free(&behind);
    pool_world_close(&w);
}

static void a_forbidden_system_call_is_an_attack(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j = far_submit(w, false);
    struct far_tap t;

    (void)state;
    far_touch(far_child_of(w, j), SEALED_PHASE_READING);
    far_tap_open(&t);
    far_crash(w, &w->child[0], FAR_SIGNAL(SIGSYS));
    assert_true(far_tap_close(&t, "event=attack role=rewrite generation=1 pid="));
    assert_non_null(strstr(t.got, "event=worker_died role=rewrite generation=1 pid="));
    assert_true(w->s->alarms.since_ms[ALARM_ATTACK] > 0);
    assert_int_equal(j->o.end, POOL_CHARGED);
    assert_int_equal(j->o.signal, SIGSYS);
    far_job_free(&j);
    pool_world_close(&w);
}

static void the_end_of_the_link_waits_for_the_loader_to_tell(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j = far_submit(w, false);

    (void)state;
    far_touch(far_child_of(w, j), SEALED_PHASE_READING);
    far_shut(&w->child[0].link);
    pool_world_turn(w);
    assert_true(far_was_retired(w, &w->child[0])); /* it may have closed its link and live on */
    assert_int_equal(j->ended, 0);
    assert_int_equal(w->child_n, 1);
    pool_world_pass(w, 2999);
    assert_int_equal(j->ended, 0);
    far_crash(w, &w->child[0], FAR_SIGNAL(SIGILL));
    assert_int_equal(j->o.signal, SIGILL);
    assert_int_equal(w->child_n, 2);
    assert_false(w->loader[0].killed);
    far_job_free(&j);
    pool_world_close(&w);
}

static void without_a_word_of_the_loader_the_page_decides_after_3_s(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j = far_submit(w, false);

    (void)state;
    far_touch(far_child_of(w, j), SEALED_PHASE_WRITING);
    far_shut(&w->child[0].link);
    pool_world_turn(w);
    pool_world_pass(w, 3000);
    assert_int_equal(j->o.end, POOL_CHARGED);
    assert_non_null(strstr(j->o.cause, "it closed its link"));
    assert_true(w->loader[0].killed); /* it ignores RETIRE */
    far_job_free(&j);
    pool_world_close(&w);
}

static void an_end_that_the_link_does_not_show_is_an_end(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j = far_submit(w, false);
    struct wire_packet p = wire_packet(WIRE_EXITED, w->child[0].id);

    (void)state;
    far_touch(far_child_of(w, j), SEALED_PHASE_READING);
    p.u.exited = (struct wire_exited){.status = FAR_SIGNAL(SIGSEGV), .pid = (uint32_t)getpid()};
    far_say(w, w->loader[0].link, &p); /* something else holds its link open */
    assert_int_equal(j->o.end, POOL_CHARGED);
    assert_true(w->child[0].ended);
    assert_false(far_was_retired(w, &w->child[0]));
    far_job_free(&j);
    pool_world_close(&w);
}

static void a_result_that_lies_in_the_link_counts_before_the_end(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j = far_submit(w, false);
    struct far_child *c = far_child_of(w, j);
    struct wire_packet p = far_result_packet(c), exited = wire_packet(WIRE_EXITED, c->id);

    (void)state;
    far_touch(c, SEALED_PHASE_READING);
    far_write_output(c);
    exited.u.exited = (struct wire_exited){.status = FAR_SIGNAL(SIGSEGV), .pid = (uint32_t)getpid()};
    assert_int_equal(wire_send(w->loader[0].link, &exited), 0); /* of two links the later one is read first */
    assert_int_equal(wire_send(c->link, &p), 0);
    pool_world_turn(w);
    assert_int_equal(j->o.end, POOL_DONE);
    assert_int_equal(w->child_n, 2);
    far_job_free(&j);
    pool_world_close(&w);
}

static void an_idle_one_that_dies_is_replaced_and_charges_nobody(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j;

    (void)state;
    far_crash(w, &w->child[0], FAR_SIGNAL(SIGKILL));
    assert_string_equal(pool_trouble(w->pool, ROLE_REWRITE), "none of its worker processes lives");
    j = far_submit(w, false);
    far_arrive(w, &w->child[1]);
    far_result(w, &w->child[1]);
    assert_int_equal(j->o.end, POOL_DONE);
    assert_int_equal(j->job.losses, 0);
    far_job_free(&j);
    pool_world_close(&w);
}

static void failures_do_not_end_a_generation_that_serves(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=2");

    (void)state;
    far_crash(w, &w->child[0], FAR_SIGNAL(SIGKILL));
    for (unsigned i = 2; i < 8; i++) {
        assert_int_equal(w->child_n, i + 1);
        far_spawned(w, &w->child[i], (uint32_t)getpid());
        far_crash(w, &w->child[i], FAR_EXIT(1));
        pool_world_pass(w, 60000);
    }
    assert_false(w->loader[0].killed);
    assert_null(pool_trouble(w->pool, ROLE_REWRITE));
    pool_world_close(&w);
}

static void ends_are_told_in_plain_words(void **state)
{
    static const struct {
        int status;
        const char *text;
    } ends[] = {
        {FAR_SIGNAL(SIGSEGV), "it was ended by signal 11 (Segmentation fault)"},
        {FAR_SIGNAL(SIGSEGV) | 0x80, "it was ended by signal 11 (Segmentation fault)"},
        {FAR_SIGNAL(63), "it was ended by signal 63 (unknown)"},
        {FAR_EXIT(0), "it ended with exit status 0"},
        {FAR_EXIT(255), "it ended with exit status 255"},
        {-1, "it ended with exit status 255"},
    };
    char text[100];

    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        pool_death_fate(text, sizeof text, ends[i].status);
        assert_string_equal(text, ends[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_crumb_page_says_who_is_charged),
        cmocka_unit_test(the_third_loss_is_charged),
        cmocka_unit_test(a_forbidden_system_call_is_an_attack),
        cmocka_unit_test(the_end_of_the_link_waits_for_the_loader_to_tell),
        cmocka_unit_test(without_a_word_of_the_loader_the_page_decides_after_3_s),
        cmocka_unit_test(an_end_that_the_link_does_not_show_is_an_end),
        cmocka_unit_test(a_result_that_lies_in_the_link_counts_before_the_end),
        cmocka_unit_test(an_idle_one_that_dies_is_replaced_and_charges_nobody),
        cmocka_unit_test(failures_do_not_end_a_generation_that_serves),
        cmocka_unit_test(ends_are_told_in_plain_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
