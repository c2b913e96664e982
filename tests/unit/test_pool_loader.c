/*
 * test_pool_loader.c - unit tests of spoold/pool_loader.c: a loader that lies ends its generation, and no
 * more.
 *
 * Run by `make check`. The far ends are played by pool_world.h.
 */
#include "tests/unit/pool_world.h"

static struct wire_packet hole_in_ready(struct pool_world *w)
{
    struct wire_packet p = far_ready_packet();

    (void)w;
    p.u.ready.refused = 25;
    return p;
}

static struct wire_packet untested_ready(struct pool_world *w)
{
    struct wire_packet p = far_ready_packet();

    (void)w;
    p.u.ready.attempts = p.u.ready.refused = 0;
    return p;
}

static struct wire_packet more_refused_than_tried(struct pool_world *w)
{
    struct wire_packet p = far_ready_packet();

    (void)w;
    p.u.ready.refused = 27;
    return p;
}

static struct wire_packet ready_without_seccomp(struct pool_world *w)
{
    struct wire_packet p = far_ready_packet();

    (void)w;
    p.u.ready.applied &= ~(uint32_t)SANDBOX_SECCOMP;
    return p;
}

static struct wire_packet unknown_bits(struct pool_world *w)
{
    struct wire_packet p = far_ready_packet();

    (void)w;
    p.u.ready.applied |= 1u << 31;
    return p;
}

static struct wire_packet spawned_early(struct pool_world *w)
{
    (void)w;
    return wire_packet(WIRE_SPAWNED, 1);
}

static struct wire_packet ready_twice(struct pool_world *w)
{
    (void)w;
    return far_ready_packet();
}

static struct wire_packet spawned_unknown(struct pool_world *w)
{
    struct wire_packet p = wire_packet(WIRE_SPAWNED, 99999);

    (void)w;
    p.u.spawned.pid = 7;
    return p;
}

static struct wire_packet spawned_again(struct pool_world *w)
{
    struct wire_packet p = wire_packet(WIRE_SPAWNED, w->child[0].id);

    p.u.spawned.pid = 7;
    return p;
}

static struct wire_packet exited_unknown(struct pool_world *w)
{
    (void)w;
    return wire_packet(WIRE_EXITED, 99999);
}

static struct wire_packet exited_nobody(struct pool_world *w)
{
    (void)w;
    return wire_packet(WIRE_EXITED, 0);
}

static struct wire_packet exited_other_pid(struct pool_world *w)
{
    struct wire_packet p = wire_packet(WIRE_EXITED, w->child[0].id);

    p.u.exited.pid = (uint32_t)getpid() + 1;
    return p;
}

static struct wire_packet another_version(struct pool_world *w)
{
    struct wire_packet p = wire_text(WIRE_LOG, 0, "x");

    (void)w;
    p.h.version++;
    return p;
}

static struct wire_packet with_descriptors(struct pool_world *w)
{
    struct wire_packet p = wire_text(WIRE_LOG, 0, "x");

    p.fd_n = 2;
    p.fd[0] = p.fd[1] = w->launcher;
    return p;
}

static const struct {
    const char *says;
    struct wire_packet (*make)(struct pool_world *w);
    bool ready;         /* it was READY before, and its children serve */
    const char *reason; /* a part of the alarm */
} table[] = {
    {"READY with a hole found", hole_in_ready, false, "found a hole"},
    {"READY without any test", untested_ready, false, "found a hole"},
    {"READY with more refusals than attempts", more_refused_than_tried, false, "found a hole"},
    {"READY without a required part", ready_without_seccomp, false, "a required part"},
    {"READY with parts that there are not", unknown_bits, false, "that there are not"},
    {"SPAWNED before READY", spawned_early, false, "SPAWNED: not in this state"},
    {"READY twice", ready_twice, true, "READY: not in this state"},
    {"SPAWNED of nobody", spawned_unknown, true, "SPAWNED: there is no such process"},
    {"SPAWNED twice", spawned_again, true, "SPAWNED: a process number"},
    {"EXITED of nobody", exited_unknown, true, "EXITED: there is no such process"},
    {"EXITED of number 0", exited_nobody, true, "EXITED: there is no such process"},
    {"EXITED with another process number", exited_other_pid, true, "EXITED: a process number"},
    {"another version", another_version, true, "its version"},
    {"descriptors with LOG", with_descriptors, true, "LOG: too many descriptors"},
};

static void a_rule_that_is_broken_ends_the_generation(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct pool_world *w = table[i].ready ? pool_world_serve(NULL, 0) : pool_world_open(NULL, 0);
        struct wire_packet p = table[i].make(w);

        print_message("%s\n", table[i].says);
        far_say(w, w->loader[0].link, &p);
        print_message("  %s\n", w->s->alarms.text[ALARM_WORKER]);
        assert_true(w->loader[0].killed && w->loader[0].ended);
        assert_non_null(strstr(w->s->alarms.text[ALARM_WORKER], "its loader broke the protocol: "));
        assert_non_null(strstr(w->s->alarms.text[ALARM_WORKER], table[i].reason));
        pool_world_close(&w);
    }
}

static void what_may_be_missing_is_what_the_settings_name(void **state)
{
    struct pool_world *w = pool_world_open((const char *const[]){"workers.allow_less=seccomp"}, 1);
    struct wire_packet p = ready_without_seccomp(w);

    (void)state;
    p.u.ready.refused = 20;
    far_say(w, w->loader[0].link, &p);
    assert_false(w->loader[0].killed);
    assert_true(w->child_n > 0);
    pool_world_close(&w);
}

static void a_garbled_packet_ends_it(void **state)
{
    struct pool_world *w = pool_world_serve(NULL, 0);

    (void)state;
    assert_int_equal(send(w->loader[0].link, "short", 5, 0), 5);
    pool_world_turn(w);
    assert_true(w->loader[0].killed);
    pool_world_close(&w);
}

static void the_reason_is_how_its_process_ended(void **state)
{
    struct pool_world *w = pool_world_open(NULL, 0);

    (void)state;
    far_launcher_spawned(w, 0);
    far_launcher_exited(w, 0, FAR_SIGNAL(SIGKILL));
    assert_string_equal(pool_trouble(w->pool, ROLE_REWRITE), "it was ended by signal 9 (Killed)");
    pool_world_close(&w);
}

static void one_that_never_ran_is_explained_by_the_launcher(void **state)
{
    struct pool_world *w = pool_world_open(NULL, 0);
    struct wire_packet p = wire_text(WIRE_LOG, 0, "worker-rewrite: opening the binary: No such file");

    (void)state;
    far_say(w, w->launcher, &p);
    far_launcher_exited(w, 0, FAR_EXIT(1));
    assert_string_equal(pool_trouble(w->pool, ROLE_REWRITE),
                        "worker-rewrite: opening the binary: No such file");
    pool_world_close(&w);
}

static void its_last_word_counts_more_than_its_end(void **state)
{
    struct pool_world *w = pool_world_open(NULL, 0);
    struct wire_packet p = wire_text(WIRE_FAILED, w->loader[0].id, "the sandbox has a hole: open_passwd");

    (void)state;
    far_launcher_spawned(w, 0);
    assert_int_equal(wire_send(w->loader[0].link, &p), 0);
    far_launcher_exited(w, 0, FAR_EXIT(1));
    assert_string_equal(pool_trouble(w->pool, ROLE_REWRITE), "the sandbox has a hole: open_passwd");
    pool_world_close(&w);
}

static void one_that_floods_the_log_is_ended(void **state)
{
    struct pool_world *w = pool_world_serve(NULL, 0);
    struct wire_packet p = wire_text(WIRE_LOG, 0, "x");
    struct far_tap t;

    (void)state;
    far_tap_open(&t);
    for (int i = 0; i < 256; i++)
        far_say(w, w->loader[0].link, &p);
    assert_true(far_tap_close(&t, "event=worker_says role=rewrite generation=1 pid=4000 text=\"x\"\n"));
    assert_false(w->loader[0].killed);
    pool_world_pass(w, 60000);
    far_say(w, w->loader[0].link, &p); /* another minute */
    assert_false(w->loader[0].killed);
    far_tap_open(&t);
    for (int i = 0; i < 256 && !w->loader[0].ended; i++)
        far_say(w, w->loader[0].link, &p);
    far_tap_close(&t, "");
    assert_true(w->loader[0].killed);
    pool_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_that_is_broken_ends_the_generation),
        cmocka_unit_test(what_may_be_missing_is_what_the_settings_name),
        cmocka_unit_test(a_garbled_packet_ends_it),
        cmocka_unit_test(the_reason_is_how_its_process_ended),
        cmocka_unit_test(one_that_never_ran_is_explained_by_the_launcher),
        cmocka_unit_test(its_last_word_counts_more_than_its_end),
        cmocka_unit_test(one_that_floods_the_log_is_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
