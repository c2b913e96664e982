/*
 * misbehave.c - see misbehave.h. Empty but in test builds.
 *
 * One small function per misbehaviour, in the order of enum misbehave. A number
 * beyond the table does nothing. Must never be linked into what is installed.
 */
#include "workers/misbehave.h"

#ifdef SPOOLD_TEST

#include "common/xalloc.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PIECE 1048576

static void crash(void)
{
    int *volatile nowhere = NULL;

    *(volatile int *)nowhere = 1;
}

static void spin(void)
{
    for (volatile unsigned n = 0;; n++)
        ;
}

static void sleep_on(void)
{
    for (;;)
        poll(NULL, 0, -1);
}

static void take_memory(void)
{
    for (;;) {
        volatile char *p = xcalloc(PIECE, 1);

        /* Touched, so that it is had and not only promised; kept, so that it is not given back. */
        for (size_t i = 0; i < PIECE; i += 4096)
            p[i] = 1;
    }
}

static void exec_loop(void)
{
    char *argv[] = {(char *)"true", NULL}, *env[] = {NULL};

    for (;;)
        execve("/bin/true", argv, env);
}

static void end_process(void)
{
    _exit(3);
}

static void odd_call(void)
{
    char answer[256];

    syscall(SYS_sysinfo, answer);
}

void misbehave_begin(const struct worker_job *job)
{
    static void (*const act[MISBEHAVE__MAX])(void) = {
        [MISBEHAVE_CRASH] = crash,        [MISBEHAVE_SPIN] = spin,      [MISBEHAVE_SLEEP] = sleep_on,
        [MISBEHAVE_MEMORY] = take_memory, [MISBEHAVE_EXEC] = exec_loop, [MISBEHAVE_EXIT] = end_process,
        [MISBEHAVE_CALL] = odd_call,
    };

    if (job->test < MISBEHAVE__MAX && act[job->test])
        act[job->test]();
}

void misbehave_end(const struct worker_job *job, struct wire_result *r)
{
    if (job->test != MISBEHAVE_LIE)
        return;
    r->in_size += 1;
    r->out_size = UINT64_C(1) << 60;
}

#else

/* A translation unit may not be empty. */
typedef int misbehave_nothing;

#endif
