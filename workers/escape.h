/*
 * escape.h - the attempts to get out of the sandbox, and how each of them ended.
 *
 * Used by the self-test of every loader (escape_run() in sandbox.h) and by the
 * program tests/escape, which also makes the attempts without a sandbox: an
 * attempt that cannot succeed anywhere proves nothing. An attempt does what it
 * says when it is let; it does no lasting harm and clears up after itself.
 */
#ifndef WORKERS_ESCAPE_H
#define WORKERS_ESCAPE_H

#include "workers/sandbox.h"

#include <sys/types.h>

#define ESCAPE_MAX     120 /* attempts */
#define ESCAPE_SECONDS 5   /* of one child */

/* What an attempt works on; made before the lock-down. */
struct escape_world {
    pid_t parent, sibling;
    int link;    /* the one more descriptor that may be open; -1 */
    int file;    /* read and write, as a message would be given: a file, a memfd for roles without files */
    bool places; /* descriptors are set out as sandbox_places_set() does */
    char victim[80]; /* a file that is there to be removed; for roles without files it need not be there */
    char folder[64]; /* absolute; anybody may write there */
    char own[80];    /* the scratch folder of the process, in `folder`; it is there for roles that have one */
    char other[80];  /* that of a sibling, with a file "mail" in it */
};

struct escape_attempt {
    const char *name; /* "open_passwd" */
    const char *what; /* "open /etc/passwd" */
    /* Tries it. 0: it SUCCEEDED (the sandbox has a hole); else the errno it was refused with. */
    int (*try)(const struct escape_world *w);
    bool needs_root; /* control outside the sandbox: cannot succeed as a plain user */
    bool
        files; /* only for roles that have files: for others openat(2) itself is hostile, see "open_passwd" */
};

/* The i-th attempt; NULL beyond the last one. */
const struct escape_attempt *escape_get(size_t i);
size_t escape_count(void);
/* Does it say anything of this role? */
bool escape_applies(const struct escape_attempt *a, enum role role);

/* For attempts: 0 or errno of a call; of one that gives a descriptor, which is closed. */
int escape_error(long rc);
int escape_opened(long fd);

/* The parts of the list, each by its own file. */
const struct escape_attempt *escape_files_get(size_t i);
const struct escape_attempt *escape_scratch_get(size_t i);
const struct escape_attempt *escape_process_get(size_t i);
const struct escape_attempt *escape_kernel_get(size_t i);

enum escape_end {
    ESCAPE_NOT_RUN, /* it does not apply to the role */
    ESCAPE_BEGUN,
    ESCAPE_ERRNO,     /* refused with this errno */
    ESCAPE_KILLED,    /* refused by this signal: SIGSYS, SIGKILL, SIGSEGV */
    ESCAPE_SUCCEEDED, /* the number is 0 */
    ESCAPE_BROKEN,    /* ended by another signal (SIGALRM: it did not end by itself), or at a loss */
};
struct escape_outcome {
    enum escape_end end;
    int number;
};
struct escape_report {
    struct sandbox_result sandbox;
    struct escape_outcome outcome[ESCAPE_MAX];
};
/* As escape_run(), with the outcome of each attempt. */
int escape_run_report(enum role role, const struct sandbox_options *o, struct escape_report *r,
                      struct buf *why);
/* Attempt i in a child without any sandbox, in a folder that is made for it. 0, or -1 with errno. */
int escape_run_free(size_t i, struct escape_outcome *r);

#endif
