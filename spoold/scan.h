/*
 * scan.h - the store's half of an intake: walks the folder, claims what is complete.
 */
#ifndef SPOOLD_SCAN_H
#define SPOOLD_SCAN_H

#include "spoold/flow.h"

#define SCAN_LATER_MAX 256

struct scan_task {
    struct task task; /* first */
    size_t intake;
    bool walk, orphans; /* walk on; and report halves and strangers that are older than deposit_alarm */
    char **name;        /* names to try first; owned array of owned strings */
    size_t name_n, name_tried;
    size_t room; /* messages that may be claimed */
    uint64_t room_bytes;
    int64_t until; /* monotonic ms; set by the store */
    /* answers */
    struct msg **claimed; /* owned array; the messages are the receiver's */
    size_t claimed_n;
    struct {
        char *name; /* owned */
        int64_t delay;
    } later[SCAN_LATER_MAX];
    size_t later_n;
    bool later_lost; /* there were more */
    bool gone;       /* the folder was removed */
    bool end;        /* the walk has come to its end */
};

void scan_run(struct task *t, struct depot *d);
void scan_task_free(struct scan_task *t);
/* Store thread: reports a deposit that does not get on, once per file and process. */
void scan_report(struct depot *d, const struct flow_deposit *dep, const char *what);
void scan_fini(struct depot *d);

#endif
