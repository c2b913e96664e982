/*
 * sandbox.h - locks the calling process down to what its role needs, for good.
 *
 * Order: no_new_privs, rlimits, Landlock, seccomp. What a role needs stands in
 * sandbox_table.c, one row with a reason beside each right. Called by the
 * worker runtime in each child after the fork, before anything of a message is
 * seen. Required: what the role's row (common/role.c) says; the rest is best effort.
 */
#ifndef WORKERS_SANDBOX_H
#define WORKERS_SANDBOX_H

#include "common/buf.h"
#include "common/role.h"

struct sandbox_options {
    uint64_t file_max;   /* RLIMIT_FSIZE */
    uint32_t allow_less; /* SANDBOX_ bits that may be missing */
    bool trace;          /* unknown calls are named with LOG on `link`, then refused as always */
    int link;
    int scratch; /* O_PATH: the one folder whose files it may make, read, write and remove; -1 = none */
    int folder;  /* open in the loader, which loads from it; no child keeps it. -1 = none */
};

struct sandbox_result {
    uint32_t applied; /* SANDBOX_ bits */
    unsigned landlock_abi;
};

/*
 * 0; -1 with the reason in `why` (empty before; stays empty on success) when a required part could not be
 * applied and is not in allow_less. After a failure the process is half locked and must end.
 * Memory that seccomp needs is taken and given back inside.
 */
int sandbox_enter(enum role role, const struct sandbox_options *o, struct sandbox_result *r, struct buf *why);

/*
 * Before that, in a child whose role has a scratch folder: sets out descriptors as sandbox_table.h says, with
 * whatever standard input is at 4 to 7, and moves *scratch up to the child's own. What was open there is
 * closed. The child closes 4 when it is ready for its first message. 0, or -1 with errno.
 */
int sandbox_places_set(int *scratch);

/* The self-test of the sandbox (reliability R9); the attempts are in escape.h. */
struct escape_result {
    unsigned attempts, refused;
    uint32_t applied; /* by the test children */
    unsigned landlock_abi;
    char first_hole[200]; /* plain words; "" = none */
};
/*
 * Runs every attempt in a child that entered the sandbox of this role first; being killed counts as refused.
 * 0 when the tests could be run (look at r), -1 with errno, and mostly `why`, when not. Beside 0, 1, 2,
 * o->link and o->folder no descriptor may be open: one more is a hole. A role with a scratch folder is tested
 * in one that is made for that; o->scratch is not used.
 */
int escape_run(enum role role, const struct sandbox_options *o, struct escape_result *r, struct buf *why);

#endif
