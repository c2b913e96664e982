/*
 * test_misbehave.c - unit tests of workers/misbehave.c: each misbehaviour ends as its tests expect it to.
 *
 * Run by `make check`. Includes the source with SPOOLD_TEST set, because an
 * ordinary build leaves it empty. Every case runs in a child of its own with a
 * bound on its memory and its processor time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#ifndef SPOOLD_TEST
#define SPOOLD_TEST
#endif
#include "workers/misbehave.c"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static pid_t start(uint32_t test)
{
    struct worker_job job = {.test = test};
    struct rlimit memory = {256 << 20, 256 << 20}, core = {0, 0};
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    setrlimit(RLIMIT_AS, &memory);
    setrlimit(RLIMIT_CORE, &core);
    signal(SIGSEGV, SIG_DFL);
    close(2);
    misbehave_begin(&job);
    _exit(0);
}

static int outcome(uint32_t test)
{
    int status = -1;
    pid_t pid = start(test);

    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void those_that_end_end_as_they_say(void **state)
{
    int status = outcome(MISBEHAVE_EXIT);

    (void)state;
    assert_int_equal(outcome(MISBEHAVE_NOT), 0);
    assert_int_equal(outcome(MISBEHAVE_LIE), 0);
    assert_int_equal(outcome(MISBEHAVE_CALL), 0);
    assert_int_equal(outcome(MISBEHAVE__MAX), 0);
    assert_int_equal(outcome(UINT32_MAX), 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
#if !defined(__SANITIZE_ADDRESS__)
    status = outcome(MISBEHAVE_CRASH);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    status = outcome(MISBEHAVE_MEMORY);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
#endif
}

/* Until it has used 20 ms of the processor, `ms` at most: on a busy machine it may get it late. */
static void wait_for_cpu(pid_t pid, int ms)
{
    const struct timespec wait = {.tv_nsec = 10000000};
    struct timespec used = {0};
    clockid_t clock;

    assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
    for (int i = 0; i < ms / 10 && used.tv_sec == 0 && used.tv_nsec < 20000000; i++) {
        nanosleep(&wait, NULL);
        assert_int_equal(clock_gettime(clock, &used), 0);
    }
}

static void those_that_hang_hang(void **state)
{
    static const uint32_t tests[] = {MISBEHAVE_SPIN, MISBEHAVE_SLEEP};

    (void)state;
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        struct rusage used = {0};
        int status = 0;
        long ms = 0;
        pid_t pid = start(tests[i]);

        assert_true(pid > 0);
        wait_for_cpu(pid, tests[i] == MISBEHAVE_SPIN ? 5000 : 60);
        assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
        kill(pid, SIGKILL);
        assert_int_equal(wait4(pid, &status, 0, &used), pid);
        ms = used.ru_utime.tv_sec * 1000 + used.ru_utime.tv_usec / 1000;
        assert_int_equal(ms >= 10, tests[i] == MISBEHAVE_SPIN);
    }
}

static void only_a_lie_changes_the_result(void **state)
{
    (void)state;
    for (uint32_t i = 0; i <= MISBEHAVE__MAX; i++) {
        struct worker_job job = {.test = i};
        struct wire_result r = {.in_size = 1, .out_size = 2};

        misbehave_end(&job, &r);
        assert_int_equal(r.in_size != 1 && r.out_size != 2, i == MISBEHAVE_LIE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_that_end_end_as_they_say),
        cmocka_unit_test(those_that_hang_hang),
        cmocka_unit_test(only_a_lie_changes_the_result),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
