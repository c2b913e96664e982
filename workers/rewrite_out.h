/*
 * rewrite_out.h - the bytes of a rewritten message on their way out, through one buffer of fixed size.
 *
 * Used by the rewriting engine alone. An error sticks: the writer goes on
 * without harm and asks once per chunk, so that the scanner needs no error path.
 * The caller's storage; nothing to free.
 */
#ifndef WORKERS_REWRITE_OUT_H
#define WORKERS_REWRITE_OUT_H

#include "common/buf.h"

#include <stdint.h>

#define REWRITE_CHUNK 65536

struct rewrite_out {
    int fd; /* written to, unless `memory` is there */
    struct buf *memory;
    int err;        /* errno of the first failure; nothing is written after it */
    uint64_t total; /* bytes that were given to it */
    size_t n;       /* bytes that wait in `b` */
    char b[REWRITE_CHUNK];
};

void rewrite_out_init(struct rewrite_out *o, int fd, struct buf *memory);
void rewrite_out_add(struct rewrite_out *o, struct view v);
/* The same byte `count` times. */
void rewrite_out_fill(struct rewrite_out *o, char c, uint64_t count);
/* What waits and then `v`, without copying it. */
void rewrite_out_flush(struct rewrite_out *o, struct view v);

#endif
