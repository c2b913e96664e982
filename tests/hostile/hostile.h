/*
 * hostile.h - a worker-rewrite that works as it should until it is asked to misbehave.
 *
 * For tests only (tests/func/hostile_worker.sh): started by the launcher in the
 * place of the real one, without any sandbox on purpose, because it plays a
 * worker that was taken over. A child misbehaves when the message of its job
 * has a line "X-Hostile: NAME" in its first bytes; the loader does when a file
 * hostile.conf with a name stands beside the binary. Nothing of this is ever
 * linked into a program that is installed.
 */
#ifndef TESTS_HOSTILE_H
#define TESTS_HOSTILE_H

#include "common/role.h"
#include "common/wire.h"

#define HOSTILE_NAME_MAX   64
#define HOSTILE_LOOK_BYTES 400 /* of a message, for its X-Hostile: line */
#define HOSTILE_FDS_MAX    64
/* What it claims to have of the sandbox. */
#define HOSTILE_APPLIED (SANDBOX_NO_NEW_PRIVS | SANDBOX_RLIMITS | SANDBOX_LANDLOCK | SANDBOX_SECCOMP)

struct hostile_job {
    const struct wire_packet *job; /* message, then output and blob as its flags say */
    int message, out, blob;        /* -1 = none */
    int crumb_fd;
    struct sealed_crumb *crumb;
    struct wire_packet answer; /* the honest one, not sent yet */
};

struct hostile_act {
    const char *name;
    bool early; /* before the work is done */
    /* Says everything that is said about this job; the child then serves the next one, if it still can. */
    void (*act)(struct hostile_job *j);
};

/* hostile_act.c: NULL when there is none of this name. */
const struct hostile_act *hostile_act_find(const char *name);

/* hostile_child.c */
int hostile_child(int link, int crumb);
/* Takes the job out of the crumb page and sends the answer as it stands in `j`. */
void hostile_child_answer(struct hostile_job *j);
/* Any bytes with any descriptors, waiting; 0 or -1. */
int hostile_child_send(const void *bytes, size_t n, const int *fd, unsigned fd_n);
/* A second without end, again and again. */
_Noreturn void hostile_child_sleep(void);

#endif
