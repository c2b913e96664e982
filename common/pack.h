/*
 * pack.h - numbers and texts of the formats that travel between processes: little endian, lengths before
 * texts.
 *
 * Used by what packs and unpacks facts, settings, orders and answers. A view is read from its front and gets
 * shorter; whatever does not fit into it is refused, nothing is read behind its end. What the bytes mean is
 * the caller's to check.
 */
#ifndef COMMON_PACK_H
#define COMMON_PACK_H

#include "common/buf.h"

#include <stdint.h>

/* Into memory of the caller; the place behind it. */
static inline char *pack_put(char *to, uint64_t v, size_t bytes)
{
    for (; bytes > 0; bytes--, v >>= 8)
        *to++ = (char)(v & 0xff);
    return to;
}

static inline uint64_t pack_get(const char *p, size_t bytes)
{
    uint64_t v = 0;

    while (bytes-- > 0)
        v = v << 8 | (unsigned char)p[bytes];
    return v;
}

static inline void pack_number(struct buf *to, uint64_t v, size_t bytes)
{
    char text[8] = {0};

    pack_put(text, v, bytes);
    buf_add(to, text, bytes);
}

/* Its length in so many bytes, and the text, of which `max` bytes at most. */
static inline void pack_text(struct buf *to, struct view v, size_t bytes, size_t max)
{
    v.n = v.n < max ? v.n : max;
    pack_number(to, v.n, bytes);
    buf_add_view(to, v);
}

static inline bool pack_take_bytes(struct view *rest, size_t n, struct view *v)
{
    if (n > rest->n)
        return false;
    *v = (struct view){rest->p, n};
    if (n)
        *rest = (struct view){rest->p + n, rest->n - n};
    return true;
}

static inline bool pack_take(struct view *rest, size_t bytes, uint64_t *n)
{
    struct view v;

    if (!pack_take_bytes(rest, bytes, &v))
        return false;
    *n = pack_get(v.p, bytes);
    return true;
}

static inline bool pack_take_text(struct view *rest, size_t bytes, size_t max, struct view *v)
{
    uint64_t n;

    return pack_take(rest, bytes, &n) && n <= max && pack_take_bytes(rest, (size_t)n, v);
}

#endif
