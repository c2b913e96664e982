/*
 * trace_call.h - which system calls touch files, and what their arguments name.
 *
 * Private to the trace engine: trace.c asks it what a stopped task is about to
 * do. It reads the traced program's memory and /proc entries, and trusts
 * neither: every length is bounded, an unreadable string is an empty one.
 */
#ifndef CRASH_TRACE_CALL_H
#define CRASH_TRACE_CALL_H

#include "tests/crash/trace.h"

/* Whether `nr` is a file call, that is one whose failure the error sweep injects. */
bool trace_call_is_io(uint64_t nr);
/* Describes the call that `tid` is about to make; NULL when it is no file call. Owned by the caller. */
struct trace_call *trace_call_new(pid_t tid, uint64_t nr, const uint64_t args[6]);
/* Whether this is the rename that begins an attempt: from then on workers are at messages. */
bool trace_call_begins_work(pid_t tid, uint64_t nr, const uint64_t args[6]);
void trace_call_free(struct trace_call **c);

#endif
