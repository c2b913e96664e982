/*
 * test_worker_sandbox.c - unit tests of the worker runtime in the real sandbox: what it needs it still may
 * do.
 *
 * Run by `make check`. A loader with a role of a few words runs the whole way,
 * escape self-test included, and its child serves jobs locked down. Skipped
 * under a sanitizer, whose shadow memory no address space limit leaves room for.
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

#define REQUIRED (SANDBOX_NO_NEW_PRIVS | SANDBOX_RLIMITS | SANDBOX_SECCOMP)
#define FILE_MAX 8192

struct world {
    int loader, child;
    pid_t loader_pid, child_pid;
    struct wire_ready ready;
    struct wire_hello hello;
};

static _Noreturn void be_loader(int link)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (dup2(link, WIRE_LINK_FD) < 0)
        _exit(99);
    _exit(worker_main());
}

static void start_loader(struct world *w)
{
    struct wire_packet p = wire_packet(WIRE_LOAD, 1);
    int pair[2];

    world_pair(pair);
    w->loader_pid = fork();
    if (w->loader_pid == 0)
        be_loader(pair[1]);
    close(pair[1]);
    w->loader = pair[0];
    p.u.load.role = ROLE_REWRITE;
    p.u.load.file_max = FILE_MAX;
    p.fd[p.fd_n++] = sealed_blob((struct view){NULL, 0});
    world_send(w->loader, &p);
    wire_close_fds(&p);
    assert_true(world_recv(w->loader, &p));
    if (p.h.type != WIRE_READY)
        fail_msg("%s: %.*s", wire_type_name(p.h.type), (int)p.h.length, p.u.text);
    w->ready = p.u.ready;
}

static struct world start(void)
{
    struct world w = {0};
    struct wire_packet p = wire_packet(WIRE_SPAWN, 1);
    int pair[2];

    start_loader(&w);
    world_pair(pair);
    p.fd[p.fd_n++] = pair[1];
    p.fd[p.fd_n++] = sealed_crumb_open();
    world_send(w.loader, &p);
    wire_close_fds(&p);
    w.child = pair[0];
    assert_true(world_recv(w.child, &p));
    if (p.h.type != WIRE_HELLO)
        fail_msg("%s: %.*s", wire_type_name(p.h.type), (int)p.h.length, p.u.text);
    w.hello = p.u.hello;
    w.child_pid = (pid_t)p.u.hello.pid;
    return w;
}

static void stop(struct world *w)
{
    close(w->child);
    close(w->loader);
    assert_int_equal(world_exit(w->loader_pid), 0);
}

static void not_with_a_sanitizer(void)
{
    if (WORLD_ASAN)
        skip();
}

/* The value of a line of /proc/PID/status. */
static int status_line(pid_t pid, const char *key)
{
    char path[64], line[256];
    int value = -1;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    f = fopen(path, "re");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        if (strncmp(line, key, strlen(key)) == 0)
            value = atoi(line + strlen(key));
    fclose(f);
    return value;
}

static void the_self_test_finds_no_hole(void **state)
{
    struct world w;

    (void)state;
    not_with_a_sanitizer();
    w = start();
    assert_true(w.ready.attempts >= 20);
    assert_int_equal(w.ready.refused, w.ready.attempts);
    assert_int_equal(w.ready.applied & REQUIRED, REQUIRED);
    assert_int_equal(w.hello.applied & REQUIRED, REQUIRED);
    stop(&w);
}

static void the_kernel_says_that_the_child_is_locked(void **state)
{
    struct world w;

    (void)state;
    not_with_a_sanitizer();
    w = start();
    assert_int_equal(status_line(w.child_pid, "Seccomp:"), 2);
    assert_int_equal(status_line(w.child_pid, "NoNewPrivs:"), 1);
    assert_int_equal(status_line(w.loader_pid, "Seccomp:"), 0);
    stop(&w);
}

/* A job with a blob, an output and a look at CANCEL needs no more than the table grants. */
static void jobs_are_served_locked_down(void **state)
{
    static const char text[] = "Subject: test\n\nbody\n";
    struct world w;

    (void)state;
    not_with_a_sanitizer();
    w = start();
    for (uint64_t id = 1; id <= 100; id++) {
        int message = world_file(text), out = world_file("");
        struct wire_packet p;

        world_send_job(w.child, id, VIEW("copy"), message, out);
        p = world_expect(w.child, WIRE_RESULT);
        assert_int_equal(p.h.id, id);
        assert_int_equal(p.u.result.status, WIRE_OK);
        assert_int_equal(p.u.result.out_size, strlen(text));
        close(message);
        close(out);
    }
    assert_int_equal(world_do(w.child, 101, VIEW("look once")).removed, 0);
    stop(&w);
}

static void a_job_that_opens_a_file_ends_as_an_attack(void **state)
{
    struct wire_packet p;
    struct world w;
    int message = world_file("x");

    (void)state;
    not_with_a_sanitizer();
    w = start();
    world_send_job(w.child, 1, VIEW("open"), message, -1);
    world_expect_end(w.child);
    world_expect(w.loader, WIRE_SPAWNED);
    p = world_expect(w.loader, WIRE_EXITED);
    assert_true(WIFSIGNALED(p.u.exited.status));
    assert_int_equal(WTERMSIG(p.u.exited.status), SIGSYS);
    close(message);
    stop(&w);
}

static void an_output_beyond_the_limit_is_an_error_not_a_death(void **state)
{
    static char text[2 * FILE_MAX];
    int message, out;
    struct wire_packet p;
    struct world w;

    (void)state;
    not_with_a_sanitizer();
    memset(text, 'x', sizeof text - 1);
    message = world_file(text);
    out = world_file("");
    w = start();
    world_send_job(w.child, 1, VIEW("copy"), message, out);
    p = world_expect(w.child, WIRE_RESULT);
    assert_int_equal(p.u.result.status, WIRE_IO);
    assert_int_equal(p.u.result.err, EFBIG);
    assert_int_equal(p.u.result.out_size, FILE_MAX);
    close(message);
    close(out);
    stop(&w);
}

static void what_the_job_says_is_heard(void **state)
{
    struct wire_packet p;
    struct world w;
    int message = world_file("x"), lines = 0;

    (void)state;
    not_with_a_sanitizer();
    w = start();
    world_send_job(w.child, 1, VIEW("chatter"), message, -1);
    while (world_recv(w.child, &p) && p.h.type == WIRE_LOG)
        lines++;
    assert_int_equal(lines, WORKER_SAID_MAX);
    close(message);
    stop(&w);
}

static void a_killed_loader_takes_its_locked_child_along(void **state)
{
    struct world w;

    (void)state;
    not_with_a_sanitizer();
    w = start();
    kill(w.loader_pid, SIGKILL);
    world_expect_end(w.child);
    assert_int_equal(world_exit(w.loader_pid), -SIGKILL);
    close(w.child);
    close(w.loader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_self_test_finds_no_hole),
        cmocka_unit_test(the_kernel_says_that_the_child_is_locked),
        cmocka_unit_test(jobs_are_served_locked_down),
        cmocka_unit_test(a_job_that_opens_a_file_ends_as_an_attack),
        cmocka_unit_test(an_output_beyond_the_limit_is_an_error_not_a_death),
        cmocka_unit_test(what_the_job_says_is_heard),
        cmocka_unit_test(a_killed_loader_takes_its_locked_child_along),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
