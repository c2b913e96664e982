/*
 * test_worker.c - unit tests of workers/worker.c: the loader, from LOAD to its end.
 *
 * Run by `make check`. The loader is a real process on a real link; the sandbox
 * and its self-test are played here, so that each of their outcomes can be had
 * (the real ones: test_worker_sandbox.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/worker_world.h"

const struct worker_role worker_role = {.role = ROLE_REWRITE,
                                        .load = world_load,
                                        .canary = world_canary,
                                        .open_canary = world_open_canary,
                                        .run = world_run};

static struct {
    const char *hole, *untested;
    uint32_t applied;
} fake;

#define ALL_APPLIED (SANDBOX_NO_NEW_PRIVS | SANDBOX_RLIMITS | SANDBOX_LANDLOCK | SANDBOX_SECCOMP)

int sandbox_enter(enum role role, const struct sandbox_options *o, struct sandbox_result *r, struct buf *why)
{
    (void)role;
    (void)why;
    r->applied = fake.applied;
    r->landlock_abi = (unsigned)o->file_max;
    return 0;
}

int escape_run(enum role role, const struct sandbox_options *o, struct escape_result *r, struct buf *why)
{
    (void)role;
    (void)o;
    if (fake.untested) {
        buf_add_str(why, fake.untested);
        return -1;
    }
    r->attempts = 26;
    r->refused = fake.hole ? 25 : 26;
    r->applied = fake.applied;
    r->landlock_abi = 7;
    snprintf(r->first_hole, sizeof r->first_hole, "%s", fake.hole ? fake.hole : "");
    return 0;
}

struct loader_end {
    int link;
    pid_t pid;
};

static int reset(void **state)
{
    (void)state;
    memset(&script, 0, sizeof script);
    memset(&fake, 0, sizeof fake);
    fake.applied = ALL_APPLIED;
    return 0;
}

/* What it says on standard error about broken rules is meant, and does not belong into the tests' output. */
static _Noreturn void be_loader(int link)
{
    int null = open("/dev/null", O_RDWR);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (dup2(null, STDERR_FILENO) < 0 || dup2(link, WIRE_LINK_FD) < 0)
        _exit(99);
    _exit(worker_main());
}

static struct loader_end start(void)
{
    struct loader_end l;
    int pair[2];

    world_pair(pair);
    l.pid = fork();
    assert_true(l.pid >= 0);
    if (l.pid == 0)
        be_loader(pair[1]);
    close(pair[1]);
    l.link = pair[0];
    return l;
}

static struct wire_packet load_packet(const char *settings)
{
    struct wire_packet p = wire_packet(WIRE_LOAD, 5);

    p.u.load.role = ROLE_REWRITE;
    p.u.load.file_max = 6;
    p.fd[p.fd_n++] = sealed_blob(view_of(settings));
    return p;
}

static void load(const struct loader_end *l, struct wire_packet p)
{
    world_send(l->link, &p);
    wire_close_fds(&p);
}

static void end(struct loader_end *l, int code)
{
    assert_int_equal(world_exit(l->pid), code);
    close(l->link);
}

static struct loader_end start_ready(void)
{
    struct loader_end l = start();
    struct wire_packet p;

    load(&l, load_packet(""));
    p = world_expect(l.link, WIRE_READY);
    assert_int_equal(p.h.id, 5);
    return l;
}

/* Takes the child's end of its link. */
static void ask_child(const struct loader_end *l, uint64_t id, int link)
{
    struct wire_packet p = wire_packet(WIRE_SPAWN, id);

    p.fd[p.fd_n++] = link;
    p.fd[p.fd_n++] = sealed_crumb_open();
    world_send(l->link, &p);
    wire_close_fds(&p);
}

/* Up to HELLO. Returns the supervisor's end of the child's link. */
static int spawn(const struct loader_end *l, uint64_t id, pid_t *pid)
{
    struct wire_packet p;
    int pair[2];

    world_pair(pair);
    ask_child(l, id, pair[1]);
    p = world_expect(l->link, WIRE_SPAWNED);
    assert_int_equal(p.h.id, id);
    *pid = (pid_t)p.u.spawned.pid;
    p = world_expect(pair[0], WIRE_HELLO);
    assert_int_equal(p.u.hello.pid, *pid);
    return pair[0];
}

/* ---- up to READY ---- */

static void without_a_link_it_says_so(void **state)
{
    pid_t pid = fork();

    (void)state;
    if (pid == 0)
        be_loader(open("/dev/null", O_RDWR));
    assert_int_equal(world_exit(pid), 64);
}

static void a_link_that_ends_before_load_is_no_failure(void **state)
{
    struct loader_end l = start();

    (void)state;
    shutdown(l.link, SHUT_RDWR);
    end(&l, 0);
}

static void a_retire_before_load_ends_it(void **state)
{
    struct loader_end l = start();
    struct wire_packet p = wire_packet(WIRE_RETIRE, 0);

    (void)state;
    world_send(l.link, &p);
    end(&l, 0);
}

static void garbage_instead_of_load_ends_it(void **state)
{
    struct loader_end l = start();

    (void)state;
    assert_int_equal(send(l.link, "hello", 5, 0), 5);
    world_expect_end(l.link);
    end(&l, 1);
}

static void ready_carries_the_numbers_of_the_self_test(void **state)
{
    struct loader_end l = start();
    struct wire_packet p;

    (void)state;
    load(&l, load_packet(""));
    p = world_expect(l.link, WIRE_READY);
    assert_null(wire_check(WIRE_FROM_LOADER, WIRE_STARTING, &p));
    assert_int_equal(p.h.id, 5);
    assert_int_equal(p.u.ready.attempts, 26);
    assert_int_equal(p.u.ready.refused, 26);
    assert_int_equal(p.u.ready.applied, ALL_APPLIED);
    assert_int_equal(p.u.ready.landlock_abi, 7);
    shutdown(l.link, SHUT_RDWR);
    end(&l, 0);
}

static void what_it_has_loaded_is_said_before_ready(void **state)
{
    struct wire_packet p = load_packet("");
    struct loader_end l;

    (void)state;
    script.names_engine = true;
    p.fd[p.fd_n++] = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    l = start();
    load(&l, p);
    p = world_expect(l.link, WIRE_LOADED);
    assert_null(wire_check(WIRE_FROM_LOADER, WIRE_STARTING, &p));
    assert_int_equal(p.h.id, 5);
    assert_int_equal(p.u.loaded.signatures, 3);
    assert_int_equal(p.u.loaded.version, 2); /* the folder came with LOAD and can be read */
    assert_string_equal(p.u.loaded.engine, "1.2.3");
    world_expect(l.link, WIRE_READY);
    close(l.link);
    assert_int_equal(world_exit(l.pid), 0);
}

static void a_folder_to_load_from_does_not_stay_open(void **state)
{
    struct loader_end without = start_ready(), with = start();
    struct wire_packet p = load_packet("");

    (void)state;
    p.fd[p.fd_n++] = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    load(&with, p);
    world_expect(with.link, WIRE_READY);
    assert_int_equal(world_open_fds(with.pid), world_open_fds(without.pid));
    close(with.link);
    close(without.link);
    assert_int_equal(world_exit(with.pid), 0);
    assert_int_equal(world_exit(without.pid), 0);
}

static void it_refuses_to_become_ready(void **state)
{
    static const struct {
        const char *when, *settings, *hole, *untested;
        uint32_t role, applied, allow_less;
        const char *wanted;
    } cases[] = {
        {"another role", "", NULL, NULL, 77, ALL_APPLIED, 0,
         "wrong binary: it was started for another role than its own"},
        {"a hole", "", "open /etc/passwd", NULL, ROLE_REWRITE, ALL_APPLIED, 0,
         "the sandbox has a hole: open /etc/passwd"},
        {"a hole although what may be missing is there", "", "fork", NULL, ROLE_REWRITE, ALL_APPLIED,
         SANDBOX_SECCOMP, "the sandbox has a hole: fork"},
        {"a self-test that cannot run", "", NULL, "no more processes", ROLE_REWRITE, ALL_APPLIED, 0,
         "the sandbox cannot be tested: no more processes"},
        {"a role that cannot load", "bad", NULL, NULL, ROLE_REWRITE, ALL_APPLIED, 0,
         "it cannot load: line 1 of its rules"},
        {"a hole is found before anything is loaded", "bad", "mount", NULL, ROLE_REWRITE, ALL_APPLIED, 0,
         "the sandbox has a hole: mount"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wire_packet p = load_packet(cases[i].settings);
        struct loader_end l;

        reset(state);
        fake.hole = cases[i].hole;
        fake.untested = cases[i].untested;
        fake.applied = cases[i].applied;
        p.u.load.role = cases[i].role;
        p.u.load.allow_less = cases[i].allow_less;
        l = start();
        load(&l, p);
        world_expect_text(l.link, WIRE_FAILED, cases[i].wanted);
        world_expect_end(l.link);
        end(&l, 1);
    }
}

static void a_hole_that_was_allowed_by_name_is_said(void **state)
{
    struct wire_packet p = load_packet("");
    struct loader_end l;

    (void)state;
    fake.hole = "open /etc/passwd";
    fake.applied = ALL_APPLIED & ~(uint32_t)SANDBOX_SECCOMP;
    p.u.load.allow_less = SANDBOX_SECCOMP;
    l = start();
    load(&l, p);
    world_expect_text(l.link, WIRE_LOG, "the sandbox has a hole: open /etc/passwd");
    p = world_expect(l.link, WIRE_READY);
    assert_int_equal(p.u.ready.refused, 25);
    close(l.link);
    assert_int_equal(world_exit(l.pid), 0);
}

static void settings_that_can_still_change_are_refused(void **state)
{
    struct loader_end l = start();
    struct wire_packet p = load_packet("");

    (void)state;
    wire_close_fds(&p);
    p.fd[p.fd_n++] = world_file("rules");
    load(&l, p);
    world_expect_text(l.link, WIRE_FAILED, "its settings cannot be read: Protocol error");
    end(&l, 1);
}

/* ---- children ---- */

static void a_child_serves_and_its_end_is_told(void **state)
{
    struct loader_end l = start_ready();
    struct wire_packet p;
    pid_t pid;
    int child = spawn(&l, 71, &pid), message = world_file("x");

    (void)state;
    assert_int_equal(world_do(child, 900, VIEW("")).in_size, 26);
    world_send_job(child, 901, VIEW("die"), message, -1);
    close(message);
    p = world_expect(l.link, WIRE_EXITED);
    assert_null(wire_check(WIRE_FROM_LOADER, WIRE_UP, &p));
    assert_int_equal(p.h.id, 71);
    assert_int_equal(p.u.exited.pid, pid);
    assert_true(WIFSIGNALED(p.u.exited.status) && WTERMSIG(p.u.exited.status) == SIGKILL);
    assert_true(p.u.exited.rss_kb > 0);
    world_expect_end(child);
    close(child);
    shutdown(l.link, SHUT_RDWR);
    end(&l, 0);
}

static void retire_ends_the_child_that_is_named(void **state)
{
    struct loader_end l = start_ready();
    struct wire_packet p = wire_packet(WIRE_RETIRE, 404);
    pid_t one, two;
    int a = spawn(&l, 1, &one), b = spawn(&l, 2, &two);

    (void)state;
    world_send(l.link, &p); /* nobody has this number any more: no fault */
    p.h.id = 1;
    world_send(l.link, &p);
    p = world_expect(l.link, WIRE_EXITED);
    assert_int_equal(p.h.id, 1);
    assert_int_equal(p.u.exited.pid, one);
    world_expect_end(a);
    assert_int_equal(world_do(b, 1, VIEW("")).in_size, 26);
    close(a);
    a = spawn(&l, 1, &one); /* the number is free again */
    assert_int_equal(world_do(a, 2, VIEW("")).in_size, 26);
    close(a);
    close(b);
    close(l.link);
    assert_int_equal(world_exit(l.pid), 0);
}

/* However the loader ends, no child is left. */
static void no_child_outlives_its_loader(void **state)
{
    enum { RETIRE_ALL, END_OF_LINK, KILLED, BROKEN_RULE, WAYS };
    static const int wanted[WAYS] = {0, 0, -SIGKILL, 1};

    (void)state;
    for (int way = 0; way < WAYS; way++) {
        struct loader_end l = start_ready();
        struct wire_packet p = wire_packet(WIRE_RETIRE, 0);
        pid_t pid;
        int message = world_file("x"), idle = spawn(&l, 1, &pid), busy = spawn(&l, 2, &pid);

        world_send_job(busy, 9, VIEW("wait"), message, -1);
        close(message);
        if (way == BROKEN_RULE)
            p.h.version = 9;
        if (way == RETIRE_ALL || way == BROKEN_RULE)
            world_send(l.link, &p);
        else if (way == END_OF_LINK)
            shutdown(l.link, SHUT_RDWR);
        else
            kill(l.pid, SIGKILL);
        world_expect_end(idle);
        world_expect_end(busy);
        close(idle);
        close(busy);
        end(&l, wanted[way]);
    }
}

static void the_loader_keeps_nothing_of_a_child(void **state)
{
    struct loader_end l = start_ready();
    size_t before = world_open_fds(l.pid);
    struct wire_packet p;
    pid_t pid;
    int child = spawn(&l, 1, &pid);

    (void)state;
    for (int i = 0; i < 200 && world_open_fds(l.pid) != before; i++)
        usleep(5000); /* it answers before it closes */
    assert_int_equal(world_open_fds(l.pid), before);
    close(child); /* the only other end: the child sees it, because nobody else holds it */
    p = world_expect(l.link, WIRE_EXITED);
    assert_true(WIFEXITED(p.u.exited.status) && WEXITSTATUS(p.u.exited.status) == 0);
    close(l.link);
    assert_int_equal(world_exit(l.pid), 0);
}

/* A second SPAWN with a number in use, a number 0, a SPAWN without descriptors. */
static void a_broken_rule_ends_the_loader(void **state)
{
    enum { NUMBER_IN_USE, NUMBER_0, NO_DESCRIPTORS, SECOND_LOAD, CASES };

    (void)state;
    for (int i = 0; i < CASES; i++) {
        struct loader_end l = start_ready();
        struct wire_packet p = wire_packet(WIRE_SPAWN, 2);
        pid_t pid;
        int pair[2], child = spawn(&l, 1, &pid);

        world_pair(pair);
        if (i == NO_DESCRIPTORS)
            world_send(l.link, &p);
        else if (i == SECOND_LOAD)
            load(&l, load_packet(""));
        else
            ask_child(&l, i == NUMBER_IN_USE ? 1 : 0, dup(pair[1]));
        world_expect_end(child);
        close(child);
        close(pair[0]);
        close(pair[1]);
        end(&l, 1);
    }
}

static void the_number_of_children_is_bounded(void **state)
{
    struct loader_end l = start_ready();
    int pair[2];

    (void)state;
    world_pair(pair);
    for (uint64_t i = 1; i <= WORKER_CHILDREN_MAX; i++) {
        ask_child(&l, i, dup(pair[1]));
        world_expect(l.link, WIRE_SPAWNED);
    }
    ask_child(&l, WORKER_CHILDREN_MAX + 1, dup(pair[1]));
    world_expect_end(l.link);
    close(pair[0]);
    close(pair[1]);
    end(&l, 1);
}

static void a_child_that_cannot_begin_is_told_and_replaced(void **state)
{
    struct loader_end l;
    struct wire_packet p;
    int pair[2];

    (void)state;
    script.canary_fails = true;
    l = start_ready();
    for (uint64_t id = 1; id <= 3; id++) {
        world_pair(pair);
        ask_child(&l, id, pair[1]);
        world_expect(l.link, WIRE_SPAWNED);
        world_expect_text(pair[0], WIRE_LOG, "the child cannot begin: 2 and 2 make 5");
        p = world_expect(l.link, WIRE_EXITED);
        assert_int_equal(WEXITSTATUS(p.u.exited.status), 1);
        close(pair[0]);
    }
    close(l.link);
    assert_int_equal(world_exit(l.pid), 0);
}

#define TEST(f) cmocka_unit_test_setup(f, reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_link_it_says_so),
        TEST(a_link_that_ends_before_load_is_no_failure),
        TEST(a_retire_before_load_ends_it),
        TEST(garbage_instead_of_load_ends_it),
        TEST(ready_carries_the_numbers_of_the_self_test),
        TEST(what_it_has_loaded_is_said_before_ready),
        TEST(a_folder_to_load_from_does_not_stay_open),
        TEST(it_refuses_to_become_ready),
        TEST(a_hole_that_was_allowed_by_name_is_said),
        TEST(settings_that_can_still_change_are_refused),
        TEST(a_child_serves_and_its_end_is_told),
        TEST(retire_ends_the_child_that_is_named),
        TEST(no_child_outlives_its_loader),
        TEST(the_loader_keeps_nothing_of_a_child),
        TEST(a_broken_rule_ends_the_loader),
        TEST(the_number_of_children_is_bounded),
        TEST(a_child_that_cannot_begin_is_told_and_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
