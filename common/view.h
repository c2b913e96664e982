/*
 * view.h - a borrowed run of bytes: pointer and length, never NUL-terminated.
 *
 * Used by every parser for what stands in a message, an envelope or a file
 * name. A view owns nothing: it is good as long as the buffer it points into.
 */
#ifndef COMMON_VIEW_H
#define COMMON_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct view {
    const char *p;
    size_t n;
};

/* A view of a string constant. */
#define VIEW(lit) ((struct view){(lit), sizeof(lit) - 1})

static inline struct view view_of(const char *s)
{
    return (struct view){s, s ? strlen(s) : 0};
}

static inline bool view_equal(struct view a, struct view b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* ASCII only: mail keys are compared without regard to case, never by locale (no setlocale). */
static inline bool view_equal_nocase(struct view a, struct view b)
{
    if (a.n != b.n)
        return false;
    /* Not strncasecmp(3): it ends at a NUL, and what follows one would count as equal. */
    for (size_t i = 0; i < a.n; i++) {
        unsigned char x = (unsigned char)a.p[i], y = (unsigned char)b.p[i];

        if (x != y && ((x ^ y) != 0x20 || (x | 0x20) < 'a' || (x | 0x20) > 'z'))
            return false;
    }
    return true;
}

static inline bool view_ends_with(struct view v, struct view end)
{
    return v.n >= end.n && (end.n == 0 || memcmp(v.p + v.n - end.n, end.p, end.n) == 0);
}

/* Without blanks and tabs at both ends. */
static inline struct view view_trim(struct view v)
{
    while (v.n && (v.p[0] == ' ' || v.p[0] == '\t'))
        v.p++, v.n--;
    while (v.n && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '\t'))
        v.n--;
    return v;
}

#endif
