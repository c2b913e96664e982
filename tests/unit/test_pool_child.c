/*
 * test_pool_child.c - unit tests of spoold/pool_child.c: how a child starts, what it may say, how it is
 * replaced.
 *
 * Run by `make check`. The far ends are played by pool_world.h.
 */
#include "tests/unit/pool_world.h"

#define ME ((uint32_t)getpid())

static void one_serves_when_it_and_its_loader_name_the_same_process(void **state)
{
    (void)state;
    for (int hello_first = 0; hello_first < 2; hello_first++) {
        struct pool_world *w = pool_world_open((const char *const[]){"workers.children=1"}, 1);

        far_ready(w, 0);
        if (hello_first)
            far_hello(w, &w->child[0], ME);
        else
            far_spawned(w, &w->child[0], ME);
        assert_non_null(pool_trouble(w->pool, ROLE_REWRITE));
        if (hello_first)
            far_spawned(w, &w->child[0], ME);
        else
            far_hello(w, &w->child[0], ME);
        assert_null(pool_trouble(w->pool, ROLE_REWRITE));
        pool_world_close(&w);
    }
}

static void one_that_names_another_process_is_ended(void **state)
{
    struct pool_world *w = pool_world_open((const char *const[]){"workers.children=1"}, 1);

    (void)state;
    far_ready(w, 0);
    far_hello(w, &w->child[0], ME + 1);
    far_spawned(w, &w->child[0], ME);
    assert_true(far_was_retired(w, &w->child[0]) && w->child[0].ended);
    assert_non_null(pool_trouble(w->pool, ROLE_REWRITE));
    pool_world_close(&w);
}

static void one_without_the_required_sandbox_is_ended(void **state)
{
    static const char *const allow[] = {"workers.allow_less=", "workers.allow_less=seccomp"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        const char *const setting[] = {"workers.children=1", allow[i]};
        struct pool_world *w = pool_world_open(setting, 2);
        struct wire_packet p = wire_packet(WIRE_HELLO, 0);

        p.u.hello = (struct wire_hello){.pid = ME, .applied = FAR_FULL & ~(uint32_t)SANDBOX_SECCOMP};
        far_ready(w, 0);
        far_spawned(w, &w->child[0], ME);
        far_say(w, w->child[0].link, &p);
        assert_int_equal(far_was_retired(w, &w->child[0]), i == 0);
        pool_world_close(&w);
    }
}

static struct wire_packet hello_again(struct far_child *c)
{
    struct wire_packet p = wire_packet(WIRE_HELLO, 0);

    (void)c;
    p.u.hello = (struct wire_hello){.pid = ME, .applied = FAR_FULL};
    return p;
}

static struct wire_packet job_sent_back(struct far_child *c)
{
    struct wire_packet p = wire_packet(WIRE_JOB, c->job.h.id);

    p.fd_n = 1;
    p.fd[0] = c->link;
    return p;
}

static struct wire_packet ready_from_a_child(struct far_child *c)
{
    (void)c;
    return far_ready_packet();
}

static struct wire_packet need(struct far_child *c)
{
    struct wire_packet p = wire_packet(WIRE_NEED, c->job.h.id);

    p.fd_n = 1;
    p.fd[0] = c->link;
    return p;
}

static struct wire_packet log_with_descriptors(struct far_child *c)
{
    struct wire_packet p = wire_text(WIRE_LOG, 0, "x");

    p.fd_n = 4;
    p.fd[0] = p.fd[1] = p.fd[2] = p.fd[3] = c->link;
    return p;
}

static struct wire_packet unknown_type(struct far_child *c)
{
    struct wire_packet p = wire_packet(WIRE_LOG, 0);

    (void)c;
    p.h.type = 777;
    return p;
}

static struct wire_packet another_version(struct far_child *c)
{
    struct wire_packet p = wire_text(WIRE_LOG, 0, "x");

    (void)c;
    p.h.version = 9;
    return p;
}

static struct wire_packet forged_line(struct far_child *c)
{
    struct wire_packet p = wire_text(WIRE_LOG, 0, "abc");

    (void)c;
    p.u.text[1] = '\n';
    return p;
}

static struct wire_packet empty_result(struct far_child *c)
{
    struct wire_packet p = far_result_packet(c);

    p.h.length = 0;
    return p;
}

static const struct {
    const char *says;
    struct wire_packet (*make)(struct far_child *c);
    const char *cause;
} table[] = {
    {"HELLO twice", hello_again, "it broke the protocol: HELLO: not in this state"},
    {"JOB sent back", job_sent_back, "it broke the protocol: JOB: this peer has no right to say it"},
    {"READY from a child", ready_from_a_child, "it broke the protocol: READY: this peer has no right"},
    {"NEED of a role without needs", need, "it broke the protocol: NEED: its role has no needs"},
    {"descriptors with LOG", log_with_descriptors, "it broke the protocol: LOG: too many descriptors"},
    {"a type that there is not", unknown_type, "it broke the protocol: there is no packet of this type"},
    {"another version", another_version, "it broke the protocol: its version"},
    {"a line feed in LOG", forged_line, "it broke the protocol: LOG: its text"},
    {"a RESULT without a body", empty_result, "it broke the protocol: RESULT: its body"},
};

static void a_broken_rule_ends_it_and_charges_its_job(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct pool_world *w = pool_world_serve_children("workers.children=1");
        struct far_job *j = far_submit(w, false);
        struct far_child *c = far_child_of(w, j);
        struct wire_packet p = table[i].make(c);

        print_message("%s\n", table[i].says);
        far_say(w, c->link, &p);
        assert_true(c->ended && far_was_retired(w, c));
        assert_int_equal(j->ended, 0); /* not before it is known to be dead */
        far_forget_job(c);
        far_crash(w, c, FAR_SIGNAL(SIGKILL));
        print_message("  %s\n", j->o.cause);
        assert_int_equal(j->o.end, POOL_CHARGED);
        assert_int_equal(strncmp(j->o.cause, table[i].cause, strlen(table[i].cause)), 0);
        assert_int_equal(j->o.signal, 0); /* that was ours */
        assert_int_equal(w->child_n, 2);
        far_job_free(&j);
        pool_world_close(&w);
    }
}

static void a_garbled_packet_ends_it(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j = far_submit(w, false);
    struct far_child *c = far_child_of(w, j);
    char huge[5000] = "x";

    (void)state;
    assert_int_equal(send(c->link, huge, sizeof huge, 0), (int)sizeof huge);
    pool_world_turn(w);
    far_crash(w, c, FAR_SIGNAL(SIGKILL));
    assert_int_equal(j->o.end, POOL_CHARGED);
    assert_non_null(strstr(j->o.cause, "cut off, too long"));
    far_job_free(&j);
    pool_world_close(&w);
}

static void it_may_say_64_lines_about_a_job(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j = far_submit(w, false);
    struct wire_packet p = wire_text(WIRE_LOG, 0, "a \" quote");
    struct far_tap t;

    (void)state;
    far_tap_open(&t);
    for (int i = 0; i < 64; i++)
        far_say(w, w->child[0].link, &p);
    assert_true(far_tap_close(&t, "event=worker_says role=rewrite generation=1 pid="));
    assert_false(w->child[0].ended);
    far_say(w, w->child[0].link, &p);
    assert_true(w->child[0].ended);
    far_crash(w, &w->child[0], FAR_SIGNAL(SIGKILL));
    assert_string_equal(j->o.cause, "it broke the protocol: LOG: too many of them");
    far_job_free(&j);
    pool_world_close(&w);
}

static void each_job_has_lines_of_its_own(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct wire_packet p = wire_text(WIRE_LOG, 0, "x");
    struct far_tap t;

    (void)state;
    far_tap_open(&t);
    for (int k = 0; k < 2; k++) {
        struct far_job *j = far_submit(w, false);

        for (int i = 0; i < 60; i++)
            far_say(w, w->child[0].link, &p);
        far_result(w, &w->child[0]);
        assert_int_equal(j->o.end, POOL_DONE);
        far_job_free(&j);
    }
    far_tap_close(&t, "");
    pool_world_close(&w);
}

static void it_may_say_256_lines_a_minute_while_idle(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct wire_packet p = wire_text(WIRE_LOG, 0, "x");
    struct far_tap t;

    (void)state;
    far_tap_open(&t);
    for (int i = 0; i < 256; i++)
        far_say(w, w->child[0].link, &p);
    assert_false(w->child[0].ended);
    pool_world_pass(w, 60000);
    for (int i = 0; i < 256; i++)
        far_say(w, w->child[0].link, &p);
    assert_false(w->child[0].ended);
    far_say(w, w->child[0].link, &p);
    far_tap_close(&t, "");
    assert_true(w->child[0].ended);
    pool_world_close(&w);
}

static void a_flood_does_not_keep_the_pool_from_the_others(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=2");
    struct wire_packet p = wire_text(WIRE_LOG, 0, "x");
    struct far_job *j = far_submit(w, false);
    struct far_child *c = far_child_of(w, j);
    struct far_child *other = &w->child[c == &w->child[0]];
    struct wire_packet r = far_result_packet(c);
    struct far_tap t;

    (void)state;
    far_write_output(c);
    for (int i = 0; i < 200; i++)
        wire_send(other->link, &p);
    assert_int_equal(wire_send(c->link, &r), 0);
    far_tap_open(&t);
    pool_event(w->pool);
    far_tap_close(&t, "");
    assert_int_equal(j->o.end, POOL_DONE);
    far_forget_job(c);
    far_job_free(&j);
    pool_world_close(&w);
}

static void one_that_never_says_hello_is_ended_after_10_s(void **state)
{
    struct pool_world *w = pool_world_open((const char *const[]){"workers.children=1"}, 1);

    (void)state;
    far_ready(w, 0);
    far_spawned(w, &w->child[0], ME);
    pool_world_pass(w, 9999);
    assert_false(far_was_retired(w, &w->child[0]));
    pool_world_pass(w, 1);
    assert_true(far_was_retired(w, &w->child[0]));
    assert_false(w->loader[0].killed);
    pool_world_close(&w);
}

static void a_loader_that_does_not_spawn_is_ended_after_10_s(void **state)
{
    struct pool_world *w = pool_world_open((const char *const[]){"workers.children=1"}, 1);

    (void)state;
    far_ready(w, 0);
    far_hello(w, &w->child[0], ME); /* who says so? */
    pool_world_pass(w, 9999);
    assert_false(w->loader[0].killed);
    pool_world_pass(w, 1);
    assert_true(w->loader[0].killed);
    pool_world_close(&w);
}

static void a_job_that_goes_alone_gets_a_child_of_its_own(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j = far_submit(w, true);
    struct far_child *c = &w->child[1];

    (void)state;
    assert_int_equal(w->child_n, 2);
    assert_int_equal(w->child[0].jobs, 0);
    far_arrive(w, c);
    assert_ptr_equal(far_child_of(w, j), c);
    far_result(w, c);
    assert_int_equal(j->o.end, POOL_DONE);
    assert_true(far_was_retired(w, c)); /* also after success */
    far_crash(w, c, FAR_SIGNAL(SIGKILL));
    pool_world_pass(w, 100000);
    assert_int_equal(w->child_n, 2);
    far_job_free(&j);
    pool_world_close(&w);
}

static void one_goes_alone_at_a_time_and_the_others_do_not_wait(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *a = far_submit(w, true), *b = far_submit(w, true), *c = far_submit(w, false);

    (void)state;
    assert_int_equal(w->child_n, 2);
    assert_ptr_equal(far_child_of(w, c), &w->child[0]);
    far_arrive(w, &w->child[1]);
    far_touch(far_child_of(w, a), SEALED_PHASE_WRITING);
    far_crash(w, &w->child[1], FAR_SIGNAL(SIGABRT));
    assert_int_equal(a->o.end, POOL_CHARGED);
    assert_int_equal(w->child_n, 3); /* the next one at once: no back-off */
    far_arrive(w, &w->child[2]);
    far_result(w, far_child_of(w, b));
    far_result(w, far_child_of(w, c));
    far_job_free(&a);
    far_job_free(&b);
    far_job_free(&c);
    pool_world_close(&w);
}

static void a_child_for_one_job_that_never_serves_is_not_made_again_at_once(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j = far_submit(w, true);

    (void)state;
    far_spawned(w, &w->child[1], ME);
    far_crash(w, &w->child[1], FAR_EXIT(1));
    assert_int_equal(w->child_n, 2);
    assert_true(w->due == pool_world_now + 2000);
    pool_world_pass(w, 2000);
    assert_int_equal(w->child_n, 3);
    far_arrive(w, &w->child[2]);
    far_result(w, far_child_of(w, j));
    assert_int_equal(j->job.losses, 0); /* it was never begun */
    assert_int_equal(j->o.end, POOL_DONE);
    far_job_free(&j);
    pool_world_close(&w);
}

static void a_fork_that_fails_is_tried_again(void **state)
{
    struct pool_world *w = pool_world_open((const char *const[]){"workers.children=1"}, 1);

    (void)state;
    far_ready(w, 0);
    far_die(w, &w->child[0], 0, FAR_EXIT(1)); /* EXITED without SPAWNED */
    assert_int_equal(w->child_n, 2);
    assert_false(w->loader[0].killed);
    pool_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_serves_when_it_and_its_loader_name_the_same_process),
        cmocka_unit_test(one_that_names_another_process_is_ended),
        cmocka_unit_test(one_without_the_required_sandbox_is_ended),
        cmocka_unit_test(a_broken_rule_ends_it_and_charges_its_job),
        cmocka_unit_test(a_garbled_packet_ends_it),
        cmocka_unit_test(it_may_say_64_lines_about_a_job),
        cmocka_unit_test(each_job_has_lines_of_its_own),
        cmocka_unit_test(it_may_say_256_lines_a_minute_while_idle),
        cmocka_unit_test(a_flood_does_not_keep_the_pool_from_the_others),
        cmocka_unit_test(one_that_never_says_hello_is_ended_after_10_s),
        cmocka_unit_test(a_loader_that_does_not_spawn_is_ended_after_10_s),
        cmocka_unit_test(a_job_that_goes_alone_gets_a_child_of_its_own),
        cmocka_unit_test(one_goes_alone_at_a_time_and_the_others_do_not_wait),
        cmocka_unit_test(a_child_for_one_job_that_never_serves_is_not_made_again_at_once),
        cmocka_unit_test(a_fork_that_fails_is_tried_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
