/*
 * sandbox_world.h - what the tests of the sandbox share: a child to be locked down, a kernel that lacks
 * something.
 *
 * Included by test_sandbox*.c and test_escape.c only. What a child finds it
 * says by its exit code or its death, because nothing can be asserted in there.
 * Under a sanitizer, which needs calls and memory that the sandbox refuses, the
 * tests skip themselves.
 */
#ifndef TESTS_UNIT_SANDBOX_WORLD_H
#define TESTS_UNIT_SANDBOX_WORLD_H

#include "workers/sandbox.h"

#include <errno.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#endif

#ifdef UNDER_SANITIZER
#define SKIP_UNDER_SANITIZER() skip()
#else
#define SKIP_UNDER_SANITIZER() ((void)0)
#endif

#define WORLD_FILE_MAX 100000
#define WORLD_PLAIN    65534 /* a user who is not root */

static const struct sandbox_options world_options = {
    .file_max = WORLD_FILE_MAX, .link = -1, .scratch = -1, .folder = -1};

/* The wait status of a child in which `run` gave its exit code. */
__attribute__((unused)) static int world_child(int (*run)(const void *), const void *arg)
{
    int status = -1;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit none = {0, 0};

        setrlimit(RLIMIT_CORE, &none);
        alarm(20);
        _exit(run(arg));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* Takes calls away from this process: each answers ENOSYS. prctl: only this first argument. */
__attribute__((unused)) static int world_take_away(const char *const *calls, int prctl_option)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    int rc = ctx ? 0 : -1;

    for (size_t i = 0; rc == 0 && calls[i]; i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), seccomp_syscall_resolve_name(calls[i]), 0);
    if (rc == 0 && prctl_option)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
                              SCMP_CMP(0, SCMP_CMP_EQ, (scmp_datum_t)prctl_option, 0));
    if (rc == 0)
        rc = seccomp_load(ctx);
    seccomp_release(ctx);
    return rc;
}

/* "exit code 3", "signal 31": readable in a failure. */
__attribute__((unused)) static const char *world_status(int status, char *to, size_t max)
{
    if (WIFSIGNALED(status))
        snprintf(to, max, "signal %d", WTERMSIG(status));
    else
        snprintf(to, max, "exit code %d", WEXITSTATUS(status));
    return to;
}

#endif
