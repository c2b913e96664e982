/*
 * trace.h - runs a program under ptrace and interferes at one exact system call.
 *
 * Every thread and child is followed and all of them share one index, so that
 * "point 417" names one moment of the whole program: 1 is the first system call
 * after execve. A point is the entry of a call (the call has not happened yet);
 * on request its return is a point as well. Called by the crash harness only.
 * x86-64 Linux only; trace_supported() says so elsewhere.
 */
#ifndef CRASH_TRACE_H
#define CRASH_TRACE_H

#include "common/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define TRACE_PATH_MAX 1024
#define TRACE_HUPS_MAX 3

enum trace_action {
    TRACE_COUNT,     /* only count, and show the calls when `see` is given */
    TRACE_KILL_TREE, /* SIGKILL for every process */
    TRACE_KILL_ONE,  /* SIGKILL for the process that makes the call */
    TRACE_FAIL,      /* the call is not made and returns -error */
};

enum trace_kind {
    TRACE_OTHER,
    TRACE_OPEN,
    TRACE_WRITE,
    TRACE_SYNC,
    TRACE_SYNCFS,
    TRACE_RENAME,
    TRACE_UNLINK,
};

/* One file call that has returned. */
struct trace_call {
    uint64_t enter, leave; /* places in the sequence of all stops */
    pid_t tid;
    const char *name;
    enum trace_kind kind;
    int64_t result;
    bool creates;               /* open with O_CREAT */
    char path[TRACE_PATH_MAX];  /* file of the descriptor, or the path argument made absolute */
    char path2[TRACE_PATH_MAX]; /* second path, or "" */
    struct buf data;            /* what was written, for *.jsonl only */
};

struct trace_plan {
    char *const *argv;
    enum trace_action action;
    uint64_t at;  /* 1-based point; 0 = never */
    int error;    /* TRACE_FAIL */
    bool exits;   /* returns are points too */
    bool io_only; /* only file calls are points */
    bool late;    /* points begin with the first attempt: what comes before is start-up */
    unsigned
        hup_every; /* SIGHUP for the program itself at each n-th point, TRACE_HUPS_MAX times; 0 = never */
    unsigned timeout_ms;
    const char *log; /* takes stdout and stderr of the program */
    /* Called for each file call on its return; true kills the whole tree at once. */
    bool (*see)(void *arg, const struct trace_call *call);
    void *arg;
};

struct trace_result {
    uint64_t points;
    bool reached; /* the action was done, or `see` said kill */
    bool timed_out;
    int status; /* wait status of the program itself */
};

bool trace_supported(void);
/* Returns when no process of the tree is left. 0, or -1 with errno when tracing is impossible. */
int trace_run(const struct trace_plan *plan, struct trace_result *res);
/* The same program untraced; `plan->timeout_ms` and `plan->log` are kept. */
int trace_run_plain(const struct trace_plan *plan, struct trace_result *res);
void trace_print_call(FILE *to, const struct trace_call *call);

#endif
