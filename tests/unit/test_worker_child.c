/*
 * test_worker_child.c - unit tests of workers/worker_child.c: lock-down, jobs, the crumb page, cancelling.
 *
 * Run by `make check`. The child is a real process, forked from the test as a
 * loader would; the sandbox is played here so that it can fail and so that the
 * tests run under a sanitizer (the real one: test_worker_sandbox.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/worker_world.h"

static const struct worker_role role = {.role = ROLE_REWRITE,
                                        .load = world_load,
                                        .canary = world_canary,
                                        .open_canary = world_open_canary,
                                        .run = world_run};

static struct {
    bool fails;
} fake;

int sandbox_enter(enum role number, const struct sandbox_options *o, struct sandbox_result *r,
                  struct buf *why)
{
    assert_int_equal(number, ROLE_REWRITE);
    assert_int_equal(o->link, WIRE_LINK_FD); /* not the loader's */
    *r = (struct sandbox_result){.applied = SANDBOX_SECCOMP, .landlock_abi = 3};
    if (fake.fails)
        buf_add_str(why, "seccomp cannot be had");
    return fake.fails ? -1 : 0;
}

struct world {
    int link, crumb_fd;
    struct sealed_crumb *crumb;
    pid_t pid;
};

static int reset(void **state)
{
    (void)state;
    memset(&script, 0, sizeof script);
    memset(&fake, 0, sizeof fake);
    return 0;
}

/* `loader`: whom the child is told to have as its parent. */
static struct world start_with(int crumb, pid_t loader)
{
    struct world w = {.crumb_fd = crumb};
    struct worker_birth b = {
        .role = &role, .crumb = crumb, .null = open("/dev/null", O_RDWR), .loader = loader};
    int pair[2];

    world_pair(pair);
    b.link = pair[1];
    b.sandbox.link = -1;
    w.pid = fork();
    assert_true(w.pid >= 0);
    if (w.pid == 0)
        _exit(worker_child(&b));
    close(pair[1]);
    close(b.null);
    w.link = pair[0];
    w.crumb = sealed_crumb_map(crumb, false);
    return w;
}

static struct world start(void)
{
    struct world w = start_with(sealed_crumb_open(), getpid());

    world_expect(w.link, WIRE_HELLO);
    assert_non_null(w.crumb);
    return w;
}

static void end(struct world *w, int code)
{
    assert_int_equal(world_exit(w->pid), code);
    sealed_crumb_unmap(&w->crumb);
    close(w->crumb_fd);
    if (w->link >= 0)
        close(w->link);
}

static void stop(struct world *w)
{
    close(w->link);
    w->link = -1;
    end(w, 0);
}

static void send_job(const struct world *w, uint64_t id, struct view word)
{
    int message = world_file("x");

    world_send_job(w->link, id, word, message, -1);
    close(message);
}

static void send_cancel(const struct world *w, uint64_t id)
{
    struct wire_packet p = wire_packet(WIRE_CANCEL, id);

    world_send(w->link, &p);
}

static void wait_for_phase(const struct world *w, uint32_t phase)
{
    for (int ms = 0; ms < WORLD_WAIT_MS; ms++) {
        if (__atomic_load_n(&w->crumb->phase, __ATOMIC_ACQUIRE) == phase)
            return;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    fail_msg("the phase did not come");
}

/* ---- the start ---- */

static void hello_says_who_and_how_well_it_is_locked(void **state)
{
    struct world w = start_with(sealed_crumb_open(), getpid());
    struct wire_packet p = world_expect(w.link, WIRE_HELLO);

    (void)state;
    assert_null(wire_check(WIRE_FROM_CHILD, WIRE_STARTING, &p));
    assert_int_equal(p.u.hello.pid, w.pid);
    assert_int_equal(p.u.hello.applied, SANDBOX_SECCOMP);
    assert_int_equal(p.u.hello.landlock_abi, 3);
    stop(&w);
}

static void a_child_that_cannot_begin_says_why(void **state)
{
    static const struct {
        bool sandbox, canary, unopened, loose_crumb;
        const char *wanted;
    } cases[] = {
        {true, false, false, false, "the child cannot begin: seccomp cannot be had"},
        {false, true, false, false, "the child cannot begin: 2 and 2 make 5"},
        {false, false, true, false,
         "the child cannot begin: the files of its canary: Too many open files in system"},
        {false, false, false, true, "the child cannot begin: the crumb page: Protocol error"},
        {true, true, false, false, "the child cannot begin: seccomp cannot be had"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w;

        fake.fails = cases[i].sandbox;
        script.canary_fails = cases[i].canary;
        script.canary_unopened = cases[i].unopened;
        w = start_with(cases[i].loose_crumb ? world_file("") : sealed_crumb_open(), getpid());
        world_expect_text(w.link, WIRE_LOG, cases[i].wanted);
        world_expect_end(w.link);
        end(&w, 1);
    }
}

static void an_orphan_does_not_begin(void **state)
{
    struct world w = start_with(sealed_crumb_open(), 1);

    (void)state;
    world_expect_end(w.link);
    end(&w, 1);
}

static void only_its_own_descriptors_are_open(void **state)
{
    int stray = open("/dev/null", O_RDWR);
    uint32_t null = WORLD_ASAN ? 3 : 7, open;
    struct wire_result r;
    struct world w;

    (void)state;
    assert_true(stray >= 0);
    w = start();
    r = world_do(w.link, 1, VIEW("descriptors"));
    open = r.removed;
    assert_int_equal(open & 0xf, 0xf);                     /* null, null, null, link */
    assert_int_equal(__builtin_popcount(open & ~0xfu), 2); /* message and blob, nothing of the canary */
    assert_int_equal(r.hops & null, null);
    r = world_do(w.link, 2, VIEW("descriptors")); /* those of the first job are gone */
    assert_int_equal(r.removed, open);
    stop(&w);
    close(stray);
}

static void no_signal_is_blocked(void **state)
{
    sigset_t set, old;
    struct world w;

    (void)state;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, &old);
    w = start();
    sigprocmask(SIG_SETMASK, &old, NULL);
    assert_int_equal(world_do(w.link, 1, VIEW("signals")).removed, 0);
    stop(&w);
}

/* ---- jobs ---- */

static void a_job_reads_writes_and_is_accounted(void **state)
{
    static const char text[] = "Subject: test\n\nbody\n";
    int message = world_file(text), out = world_file("");
    struct world w = start();
    struct wire_packet p;
    char got[64] = "";

    (void)state;
    world_send_job(w.link, 12, VIEW("copy"), message, out);
    p = world_expect(w.link, WIRE_RESULT);
    assert_null(wire_check(WIRE_FROM_CHILD, WIRE_BUSY, &p));
    assert_int_equal(p.h.id, 12);
    assert_int_equal(p.u.result.status, WIRE_OK);
    assert_int_equal(p.u.result.in_size, strlen(text));
    assert_int_equal(p.u.result.out_size, strlen(text));
    assert_true(p.u.result.rss_kb > 0 && p.u.result.cpu_us < 5000000);
    assert_int_equal(pread(out, got, sizeof got - 1, 0), strlen(text));
    assert_string_equal(got, text);
    close(message);
    close(out);
    stop(&w);
}

static void a_job_without_output_and_blob_is_served(void **state)
{
    struct world w = start();

    (void)state;
    assert_int_equal(world_do(w.link, 1, VIEW("")).in_size, 26);
    stop(&w);
}

static void a_blob_that_can_change_is_an_error_of_that_job(void **state)
{
    struct world w = start();
    struct wire_packet p = wire_packet(WIRE_JOB, 4);

    (void)state;
    p.fd[p.fd_n++] = world_file("x");
    p.fd[p.fd_n++] = world_file("copy");
    p.u.job.flags = WIRE_JOB_BLOB;
    world_send(w.link, &p);
    wire_close_fds(&p);
    p = world_expect(w.link, WIRE_RESULT);
    assert_int_equal(p.u.result.status, WIRE_IO);
    assert_int_equal(p.u.result.err, EPROTO);
    assert_int_equal(world_do(w.link, 5, VIEW("")).in_size, 26);
    stop(&w);
}

static void the_crumb_names_the_job_while_it_lasts(void **state)
{
    struct world w = start();

    (void)state;
    assert_int_equal(w.crumb->phase, SEALED_PHASE_NONE);
    for (uint64_t id = 70; id < 73; id++) {
        send_job(&w, id, VIEW("wait"));
        wait_for_phase(&w, SEALED_PHASE_BEGUN);
        assert_int_equal(w.crumb->job, id);
        send_cancel(&w, id);
        world_expect(w.link, WIRE_RESULT);
        /* Not later than RESULT: a death from here on is nobody's fault. */
        assert_int_equal(__atomic_load_n(&w.crumb->phase, __ATOMIC_ACQUIRE), SEALED_PHASE_NONE);
    }
    stop(&w);
}

static void after_a_death_the_crumb_still_names_the_job(void **state)
{
    struct world w = start();

    (void)state;
    send_job(&w, 31, VIEW("die"));
    assert_int_equal(world_exit(w.pid), -SIGKILL);
    assert_int_equal(w.crumb->job, 31);
    assert_int_equal(w.crumb->phase, SEALED_PHASE_BEGUN);
    sealed_crumb_unmap(&w.crumb);
    close(w.crumb_fd);
    close(w.link);
}

static void what_a_job_says_is_bounded(void **state)
{
    struct world w = start();
    struct wire_packet p;
    int lines = 0;

    (void)state;
    send_job(&w, 1, VIEW("chatter"));
    while (world_recv(w.link, &p) && p.h.type == WIRE_LOG)
        lines++;
    assert_int_equal(p.h.type, WIRE_RESULT);
    assert_int_equal(lines, WORKER_SAID_MAX);
    stop(&w);
}

static void findings_come_before_the_result(void **state)
{
    struct world w = start();
    struct wire_packet p;

    (void)state;
    send_job(&w, 6, VIEW("find"));
    world_expect_text(w.link, WIRE_FINDING, "first");
    p = world_expect(w.link, WIRE_FINDING);
    assert_null(wire_check(WIRE_FROM_CHILD, WIRE_BUSY, &p));
    assert_int_equal(p.h.id, 6);
    assert_int_equal(p.h.length, WIRE_TEXT_MAX);
    assert_memory_equal(p.u.text, "Name-7? ", 8);
    assert_int_equal(world_expect(w.link, WIRE_RESULT).h.id, 6);
    stop(&w);
}

/* A blob of 20 kB each time, in another length: what malloc holds is the same after the 10th and the last
 * job. */
static void many_jobs_do_not_grow(void **state)
{
    static char blob[20100];
    struct world w = start();
    size_t before = world_open_fds(w.pid);
    uint32_t held = 0;

    (void)state;
    memset(blob, 'x', sizeof blob);
    for (uint64_t id = 1; id <= 10000; id++) {
        struct wire_result r = world_do(w.link, id, (struct view){blob, 20000 + id % 100});

        if (id == 200)
            held = r.removed;
        else if (id > 200 && !WORLD_ASAN)
            assert_int_equal(r.removed, held);
        if (WORLD_ASAN && id == 1000)
            break;
    }
    assert_int_equal(world_open_fds(w.pid), before);
    stop(&w);
}

/* ---- cancelling and the end ---- */

static void cancel_ends_the_job_and_stays_so(void **state)
{
    struct world w = start();
    struct wire_packet p;

    (void)state;
    send_job(&w, 8, VIEW("wait"));
    send_cancel(&w, 8);
    p = world_expect(w.link, WIRE_RESULT);
    assert_int_equal(p.h.id, 8);
    assert_int_equal(p.u.result.status, WIRE_CANCELLED);
    assert_int_equal(p.u.result.removed, 1); /* asked a second time, it said so again */
    assert_int_equal(world_do(w.link, 9, VIEW("look once")).removed, 0);
    stop(&w);
}

static void cancel_of_a_finished_job_is_ignored(void **state)
{
    struct world w = start();

    (void)state;
    send_cancel(&w, 7);
    assert_int_equal(world_do(w.link, 8, VIEW("")).in_size, 26);
    send_job(&w, 9, VIEW("wait"));
    send_cancel(&w, 8);
    wait_for_phase(&w, SEALED_PHASE_BEGUN);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    assert_int_equal(w.crumb->phase, SEALED_PHASE_BEGUN); /* it goes on */
    send_cancel(&w, 9);
    assert_int_equal(world_expect(w.link, WIRE_RESULT).h.id, 9);
    stop(&w);
}

static void the_end_of_the_link_ends_it_idle_or_busy(void **state)
{
    struct world w = start();

    (void)state;
    stop(&w);
    w = start();
    send_job(&w, 1, VIEW("wait"));
    wait_for_phase(&w, SEALED_PHASE_BEGUN);
    stop(&w);
}

static void a_role_without_a_link_is_never_cancelled(void **state)
{
    struct worker_job job = {.link = -1};

    (void)state;
    assert_false(worker_cancelled(&job));
    worker_phase(&job, SEALED_PHASE_WRITING);
    worker_say(&job, "nobody hears this");
    worker_find(&job, "nor that");
}

/* ---- broken rules ---- */

static void a_second_job_while_busy_ends_it(void **state)
{
    struct world w = start();

    (void)state;
    send_job(&w, 1, VIEW("wait"));
    send_job(&w, 2, VIEW("wait"));
    world_expect_text(
        w.link, WIRE_LOG,
        "the child ends, because of what came over its link: a packet in the middle of a job that "
        "is not its CANCEL");
    world_expect_end(w.link);
    end(&w, 1);
}

static void a_packet_that_breaks_a_rule_ends_it(void **state)
{
    enum { VERSION, TYPE, LENGTH, LOADERS, NO_MESSAGE, FLAGS, GARBAGE, CASES };

    (void)state;
    for (int i = 0; i < CASES; i++) {
        struct wire_packet p = wire_packet(i == LOADERS ? WIRE_RETIRE : WIRE_JOB, 1);
        struct world w = start();

        if (i != NO_MESSAGE && i != LOADERS)
            p.fd[p.fd_n++] = world_file("x");
        p.h.version = i == VERSION ? 2 : p.h.version;
        p.h.type = i == TYPE ? 99 : p.h.type;
        p.h.length -= i == LENGTH ? 1 : 0;
        p.u.job.flags = i == FLAGS ? WIRE_JOB_OUT : 0;
        if (i == GARBAGE)
            assert_int_equal(send(w.link, "hello", 5, 0), 5);
        else
            world_send(w.link, &p);
        wire_close_fds(&p);
        world_expect(w.link, WIRE_LOG);
        world_expect_end(w.link);
        end(&w, 1);
    }
}

#define TEST(f) cmocka_unit_test_setup(f, reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hello_says_who_and_how_well_it_is_locked),
        TEST(a_child_that_cannot_begin_says_why),
        TEST(an_orphan_does_not_begin),
        TEST(only_its_own_descriptors_are_open),
        TEST(no_signal_is_blocked),
        TEST(a_job_reads_writes_and_is_accounted),
        TEST(a_job_without_output_and_blob_is_served),
        TEST(a_blob_that_can_change_is_an_error_of_that_job),
        TEST(the_crumb_names_the_job_while_it_lasts),
        TEST(after_a_death_the_crumb_still_names_the_job),
        TEST(what_a_job_says_is_bounded),
        TEST(findings_come_before_the_result),
        TEST(many_jobs_do_not_grow),
        TEST(cancel_ends_the_job_and_stays_so),
        TEST(cancel_of_a_finished_job_is_ignored),
        TEST(the_end_of_the_link_ends_it_idle_or_busy),
        TEST(a_role_without_a_link_is_never_cancelled),
        TEST(a_second_job_while_busy_ends_it),
        TEST(a_packet_that_breaks_a_rule_ends_it),
    };

    signal(SIGPIPE, SIG_IGN);
    dup2(STDIN_FILENO, WIRE_LINK_FD); /* taken, as in a loader, so that nothing else lies there */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
