/*
 * mail_arena.h - memory of one message: given out piece by piece, dropped all at once.
 *
 * Used by every file of workers/mail/ for what has to live as long as the message
 * is looked at. Bounded by the limits of its users (mail_limits.h), who count what they ask for.
 */
#ifndef WORKERS_MAIL_ARENA_H
#define WORKERS_MAIL_ARENA_H

#include "common/view.h"

struct mail_chunk;
struct mail_arena {
    struct mail_chunk *chunk; /* owned: the newest first */
    size_t left, bytes;       /* in the newest one; held in all of them */
    char *at;
};

/* An arena zeroed by the caller is empty. Zeroed memory, aligned for any type; never NULL. */
void *mail_arena_alloc(struct mail_arena *a, size_t n);
/* A copy of the bytes, with a NUL behind it. */
struct view mail_arena_copy(struct mail_arena *a, struct view v);
/* Everything at once; one chunk of the usual size is kept for the next message. */
void mail_arena_clear(struct mail_arena *a);
void mail_arena_free(struct mail_arena *a);

#endif
