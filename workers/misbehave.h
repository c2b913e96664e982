/*
 * misbehave.h - what worker-rewrite does wrong on request, for tests of those who have to bear it.
 *
 * Only in test builds (SPOOLD_TEST); in all others both functions are empty and
 * `test` of a job means nothing. Called by role_rewrite.c at the begin and at
 * the end of a job, within the sandbox.
 */
#ifndef WORKERS_MISBEHAVE_H
#define WORKERS_MISBEHAVE_H

#include "workers/worker.h"

enum misbehave {
    MISBEHAVE_NOT,
    MISBEHAVE_CRASH,  /* SIGSEGV */
    MISBEHAVE_SPIN,   /* hangs and uses the processor */
    MISBEHAVE_SLEEP,  /* hangs and does not */
    MISBEHAVE_MEMORY, /* takes memory until there is none */
    MISBEHAVE_EXEC,   /* execve(2), again and again */
    MISBEHAVE_EXIT,   /* ends in an orderly way, with code 3 */
    MISBEHAVE_LIE,    /* other sizes in the RESULT */
    MISBEHAVE_CALL,   /* a system call that no role has, but a harmless one */
    MISBEHAVE__MAX
};

#ifdef SPOOLD_TEST
void misbehave_begin(const struct worker_job *job);
void misbehave_end(const struct worker_job *job, struct wire_result *r);
#else
static inline void misbehave_begin(const struct worker_job *job)
{
    (void)job;
}
static inline void misbehave_end(const struct worker_job *job, struct wire_result *r)
{
    (void)job;
    (void)r;
}
#endif

#endif
