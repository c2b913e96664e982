/*
 * worker_part.h - what the two halves of the worker runtime share: loader (worker.c) and child
 * (worker_child.c).
 *
 * Nobody else includes this; a role sees worker.h only. The loader fills a
 * worker_birth before it forks; after the fork it is the child's and the loader
 * gives nothing more to it than signals.
 */
#ifndef WORKERS_WORKER_PART_H
#define WORKERS_WORKER_PART_H

#include "workers/sandbox.h"
#include "workers/scratch.h"
#include "workers/worker.h"

#include <sys/types.h>

#define WORKER_CHILDREN_MAX 128 /* of one loader; the supervisor keeps well below */
#define WORKER_SAID_MAX     32  /* LOG packets of one job; the supervisor calls many more a flood */

/* What the runtime remembers of the job that is being served. */
struct worker_state {
    bool cancelled;
    bool broken; /* the supervisor broke a rule of the wire: the child ends */
    unsigned said;
};

struct worker_birth {
    const struct worker_role *role;
    struct sandbox_options sandbox;
    int link, crumb;               /* of this child */
    int null;                      /* /dev/null, opened before the lock-down */
    uint64_t id;                   /* its number, which its scratch folder is named by */
    unsigned slot;                 /* below WORKER_CHILDREN_MAX; of no other child that lives */
    const struct scratch *scratch; /* the loader's; NULL: this role has none */
    pid_t loader;
};

/* The life of a serving child, in the forked process. Returns the exit code, for _exit(2). */
int worker_child(const struct worker_birth *birth);
/* Sends, and waits while the supervisor does not read. 0, or -1 with errno. */
int worker_send(int link, const struct wire_packet *p);

#endif
