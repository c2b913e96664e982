/*
 * worker.h - the runtime of a worker process; a role is one struct worker_role.
 *
 * The binary worker-NAME is started by the launcher as a loader: it loads,
 * tests that its sandbox holds, says READY and forks serving children. A child
 * locks itself down, passes the role's canary and serves one job at a time.
 * Everything that comes in a message is hostile; what comes over the link is
 * the supervisor's.
 */
#ifndef WORKERS_WORKER_H
#define WORKERS_WORKER_H

#include "common/role.h"
#include "common/wire.h"

struct worker_state; /* worker_part.h */

struct worker_job {
    uint64_t id;
    int message;      /* read only; offset is shared with others: pread(2) only */
    int out;          /* write only, at offset 0, empty; -1 when none */
    int notes, peer;  /* append only; a connected socket; -1 when none */
    struct view blob; /* the runtime's */
    uint64_t size;    /* of the message as the supervisor knows it */
    uint32_t test;    /* see struct wire_job */
    int link;         /* the runtime's; for worker_cancelled(). -1: none, never cancelled */
    struct sealed_crumb *crumb;
    struct worker_state *state; /* the runtime's */
};

/* What a loader has to load from, and what it tells of it. */
struct worker_load {
    struct view settings;
    int dir;             /* a folder that the supervisor opened for it; -1 = none. The runtime's */
    const char *scratch; /* a folder of the loader's own for while it loads; NULL where the role has none */
    unsigned slots;      /* children at the same time; they have numbers below it, see born() */
    struct wire_loaded *loaded; /* out: sent before READY when `engine` is not empty */
};

struct worker_role {
    enum role role;
    /* Loader, before any lock-down. 0, or -1 with the reason in plain words in `why`. */
    int (*load)(const struct worker_load *l, struct buf *why);
    /* Child, after the fork, while it still has all descriptors of the loader: `slot` is its own as long as
     * it lives. May be NULL. */
    void (*born)(unsigned slot);
    /* Loader: that child has ended, however, and perhaps before it was born; afterwards another one gets its
     * slot. May be NULL. */
    void (*ended)(unsigned slot);
    /* Child, before its lock-down: `scratch` is its own empty folder, which nobody else uses. 0, or -1 with
     * the reason. NULL where the role has no scratch folder. */
    int (*settle)(const char *scratch, struct buf *why);
    /* Child, locked down: the role's known answers. 0, or -1 with the reason. fd_in and fd_out are what
     * open_canary() gave, -1 where it is NULL. */
    int (*canary)(int in, int out, struct buf *why);
    /* Before the lock-down: descriptors that the canary needs (memfds). 0 or -1. May be NULL. */
    int (*open_canary)(int *in, int *out);
    /* One job; fills everything of `r` but cpu_us and rss_kb. Never ends the process because of a message. */
    void (*run)(struct worker_job *job, struct wire_result *r);
};

/* Defined once per binary, by workers/role_NAME.c. */
extern const struct worker_role worker_role;

/* Runs as a loader on the link at descriptor WIRE_LINK_FD; returns the exit code. */
int worker_main(void);
/* Between two pieces of work: has the supervisor cancelled this job (or gone)? Costs one system call; once
 * true it stays true. */
bool worker_cancelled(const struct worker_job *job);
void worker_phase(const struct worker_job *job, enum sealed_phase phase);
/* The words that belong to this job's RESULT (wire_result.state); the last ones count. At most WIRE_TEXT_MAX.
 */
__attribute__((format(printf, 2, 3))) void worker_find(const struct worker_job *job, const char *fmt, ...);
/* A line for the supervisor's log, where log_*() reaches nobody. At most WORKER_SAID_MAX of one job are sent.
 */
__attribute__((format(printf, 2, 3))) void worker_say(const struct worker_job *job, const char *fmt, ...);

#endif
