/*
 * point.h - one experiment: deposit, run and disturb, let the consumer take, recover, judge.
 *
 * Everything of one experiment lies in its own directory, which is made anew
 * each time. Called by sweep.c, in as many processes at once as there are jobs;
 * nothing is shared between them here.
 */
#ifndef CRASH_POINT_H
#define CRASH_POINT_H

#include "tests/crash/options.h"
#include "tests/crash/trace.h"

struct point {
    uint64_t first;  /* point of the run that is disturbed; 0 = undisturbed */
    uint64_t second; /* point of the recovery that is killed; 0 = none */
    int error;       /* 0 = kill */
};

/* Where one job works. */
struct bench {
    const struct options *o;
    struct disk_path root; /* absolute, without links */
    struct disk_path log;  /* what the program says, all runs of one point */
};

struct point_result {
    uint64_t points; /* of the first run */
    bool reached, second_reached;
    bool stopped; /* with an error: the run had to be ended */
    unsigned found[ORACLE_KIND__MAX], parked;
    struct buf say; /* owned */
};

/* 0, or -1 with errno when tracing is impossible. */
int point_run(const struct bench *b, const struct point *p, struct point_result *res);
/* Runs undisturbed and shows each file call to `see`. 0, or -1 as above; the findings are in `res`. */
int point_watch(const struct bench *b, bool (*see)(void *, const struct trace_call *), void *arg,
                struct point_result *res);

#endif
