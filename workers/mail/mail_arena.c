/*
 * mail_arena.c - see mail_arena.h. A list of chunks; the newest one is given out from its front.
 *
 * Called by every file of workers/mail/. What is large gets a chunk of its own, so
 * that the rest of the newest one is not lost. A chunk that is kept is not zeroed as a whole: each piece is,
 * when it is given out. Trusts its callers to count what they ask for; out of memory is fatal.
 */
#include "workers/mail/mail_arena.h"

#include "common/xalloc.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#define CHUNK ((size_t)32 << 10)
#define LARGE (CHUNK / 4)
#define ALIGN alignof(max_align_t)

/* A sanitizer sees what is read beyond a piece only when it is told where pieces begin and end. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#elif defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED 0
#endif
#if SANITIZED
#include <sanitizer/asan_interface.h>
#define GAP ALIGN
#else
#define GAP                               0
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

struct mail_chunk {
    struct mail_chunk *next;
    size_t n;
    alignas(max_align_t) char bytes[];
};

static struct mail_chunk *new_chunk(struct mail_arena *a, size_t n)
{
    struct mail_chunk *c = xrealloc(NULL, 1, sizeof *c + n);

    c->n = n;
    c->next = NULL;
    ASAN_POISON_MEMORY_REGION(c->bytes, n);
    a->bytes += n;
    return c;
}

/* Behind the newest one, which goes on being used. */
static char *take_large(struct mail_arena *a, size_t n)
{
    struct mail_chunk *c = new_chunk(a, n);

    if (a->chunk) {
        c->next = a->chunk->next;
        a->chunk->next = c;
    } else {
        a->chunk = c;
        a->left = 0;
    }
    return c->bytes;
}

static void begin_chunk(struct mail_arena *a, struct mail_chunk *c)
{
    a->chunk = c;
    a->at = c->bytes;
    a->left = c->n;
}

static char *take(struct mail_arena *a, size_t n)
{
    size_t need;
    char *p;

    /* No machine has it; and adding to it would make it small. */
    if (n > SIZE_MAX / 2)
        xrealloc(NULL, n, 4);
    need = ((n ? n : 1) + GAP + ALIGN - 1) / ALIGN * ALIGN;
    if (need > LARGE) {
        p = take_large(a, need);
    } else {
        if (need > a->left) {
            struct mail_chunk *c = new_chunk(a, CHUNK);

            c->next = a->chunk;
            begin_chunk(a, c);
        }
        p = a->at;
        a->at += need;
        a->left -= need;
    }
    ASAN_UNPOISON_MEMORY_REGION(p, n);
    return p;
}

void *mail_arena_alloc(struct mail_arena *a, size_t n)
{
    char *p = take(a, n);

    if (n)
        memset(p, 0, n);
    return p;
}

struct view mail_arena_copy(struct mail_arena *a, struct view v)
{
    char *p = take(a, v.n + 1);

    if (v.n)
        memcpy(p, v.p, v.n);
    p[v.n] = '\0';
    return (struct view){p, v.n};
}

/* Frees all chunks but one of the usual size, which is the answer: what is kept must not grow with the
 * largest message that was ever seen. */
static struct mail_chunk *drop(struct mail_arena *a, bool keep)
{
    struct mail_chunk *kept = NULL, *next;

    for (struct mail_chunk *c = a->chunk; c; c = next) {
        next = c->next;
        if (keep && !kept && c->n == CHUNK)
            kept = c;
        else
            free(c);
    }
    *a = (struct mail_arena){0};
    return kept;
}

void mail_arena_clear(struct mail_arena *a)
{
    struct mail_chunk *kept = drop(a, true);

    if (!kept)
        return;
    kept->next = NULL;
    ASAN_POISON_MEMORY_REGION(kept->bytes, kept->n);
    a->bytes = kept->n;
    begin_chunk(a, kept);
}

void mail_arena_free(struct mail_arena *a)
{
    drop(a, false);
}
