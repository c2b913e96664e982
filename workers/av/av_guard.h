/*
 * av_guard.h - notices when a call for a file or for memory fails under libclamav, which does not always say
 * so.
 *
 * worker-av (and each test of it) defines open, mkdir, write, fwrite, fclose,
 * malloc and their like itself; libclamav's calls of them come here first, do
 * what they always do, and a failure is remembered. Must be linked into the
 * program itself, not into a library, so that it is found before libc.
 */
#ifndef WORKERS_AV_GUARD_H
#define WORKERS_AV_GUARD_H

#include <stdbool.h>

struct av_guard_report {
    unsigned failures;
    int err;          /* of the first one */
    const char *call; /* "fwrite", a constant */
};

/* Before the lock-down: finds libc's own functions. 0, or -1 when one is missing. */
int av_guard_load(void);
/* From now on failures count; forgets former ones. */
void av_guard_begin(void);
/* Until here. */
void av_guard_end(struct av_guard_report *r);
/* Tests: the n-th (1..) guarded call of this name from av_guard_begin() on fails with `err`; NULL = none. */
void av_guard_break(const char *call, unsigned n, int err);

#endif
