/*
 * start.h - starts one worker: what happens between fork(2) and execve(2).
 *
 * Called by serve.c for every LOAD. The order comes from the launcher's own
 * tables, never from the wire: the binary and the user stand in the row of the
 * role; only the size of the scratch folder is asked for, within bounds. Never
 * starts a worker as root.
 */
#ifndef LAUNCHER_START_H
#define LAUNCHER_START_H

#include "common/role.h"

#include <stdbool.h>
#include <sys/types.h>

#define START_WAIT_MS  10000 /* after that a start that hangs is ended */
#define START_AUTO_UID 60910 /* plus the role: numbers that neither Debian nor systemd gives to anybody */
#define START_EXIT     127   /* of a child that did not get as far as the binary */
#define START_FILES    65536 /* in a scratch folder; the loader removes as many in 2 s or so */

struct start_user {
    bool drop; /* started as root: a worker becomes uid and gid, or does not start */
    uid_t uid;
    gid_t gid;
};

struct start_order {
    const struct role_row *row;
    struct start_user user;
    int dir;             /* O_PATH, holds the binaries */
    int link;            /* the worker's link; still the caller's */
    uint32_t scratch_mb; /* for a role that has a scratch folder; 0 = the size in its row */
};

struct start_report {
    pid_t pid;        /* 0 when nothing was forked */
    uint32_t applied; /* SANDBOX_ bits */
    int status;       /* after a failure: as wait(2) gives it; it is reaped already */
    int err;          /* errno of the failed step */
    char step[64];    /* in plain words: "opening the binary" */
};

/*
 * Returns when the worker runs (0) or does not (-1, the report says why).
 * Descriptors 0 to 4 must be in use: what is opened here must not become 3.
 */
int start_worker(const struct start_order *o, struct start_report *r);
/*
 * Whom workers of this role become: looked up in the user database, else a number of its own. 0, or -1
 * when that user is root.
 */
int start_find_user(enum role role, struct start_user *u);

#endif
