/*
 * ctl_check_part.h - what ctl_check_worker.c and ctl_check_judge.c share: the supervisor's parts that a check
 * without the daemon works with. Nobody else includes it.
 */
#ifndef TOOLS_CTL_CHECK_PART_H
#define TOOLS_CTL_CHECK_PART_H

#include "spoold/spoold.h"
#include "tools/ctl_check.h"

struct ctl_check_worker {
    struct spoold
        s; /* first: the pool hands it back; settings, alarms, av and resolver are used, nothing else */
    struct config c; /* a copy whose strings are the caller's */
    const struct ctl_check_about *about;
    struct facts facts; /* of the file of facts */
    int64_t now;        /* its clock; 0 = the present one */
    bool news;          /* a file has its verdict since the last turn */
};

/* Reads the file of facts. 0, or -1 with the reason. */
int ctl_check_judge_open(struct ctl_check_worker *w, struct buf *why);
void ctl_check_judge_close(struct ctl_check_worker *w);
/* Has the antispam stage judge it; the file ends with that. */
void ctl_check_judge_begin(struct ctl_check_worker *w, struct ctl_check_file *f);

#endif
