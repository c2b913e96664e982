/*
 * rewrite.h - changes the header of one message and nothing else, in one pass and constant memory.
 *
 * Called by role_rewrite.c, by its tests and by the fuzzer. The message is read
 * with pread(2), the result is written with writev(2); nothing else is asked of
 * the kernel. What is changed stands in the edits (common/edit.h); what counts
 * as a field and where the body begins is said in rewrite_field.c.
 */
#ifndef WORKERS_REWRITE_H
#define WORKERS_REWRITE_H

#include "workers/rewrite_field.h"
#include "workers/sha256.h"

#define REWRITE_CANCEL_EACH 1048576 /* bytes between two looks whether the job is still wanted */

/* 170 kB, the caller's storage; rewrite_open() makes it ready, there is nothing to free. */
struct rewrite {
    struct rewrite_edits edits;
    struct rewrite_field field;
    struct rewrite_out out;
    char in[REWRITE_CHUNK];
};

struct rewrite_io {
    int in, out;
    uint64_t size;         /* of the message as far as it is known: saves a call at its end */
    struct sha256 *digest; /* may be NULL: none is made */
    bool (*cancelled)(const void *arg);
    const void *arg;
};

struct rewrite_result {
    uint64_t in_size, out_size;
    unsigned char sha256[SHA256_SIZE]; /* of all bytes as they were read */
    uint32_t hops, own_hops, removed;
};

/* `edits` is borrowed. 0, or -1 with EINVAL when it is no list of edits. */
int rewrite_open(struct rewrite *rw, struct view edits);
/* 0, or -1 with errno: of reading or writing; ECANCELED. The output is worth nothing then. */
int rewrite_run(struct rewrite *rw, const struct rewrite_io *io, struct rewrite_result *r);
/* The same from memory to memory, fed in pieces of `piece` bytes; no digest. */
void rewrite_memory(struct rewrite *rw, struct view in, size_t piece, struct buf *out,
                    struct rewrite_result *r);

#endif
