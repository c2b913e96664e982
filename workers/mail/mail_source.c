/*
 * mail_source.c - see mail_source.h. Two looks at bytes, and the list of sources.
 *
 * Sources live as long as the mail; views point into their bytes, which stay where
 * they are when the list grows. The bytes are hostile.
 */
#include "workers/mail/mail_source.h"

#include "common/xalloc.h"

bool mail_source_has_bare_cr(struct view v)
{
    const char *p = v.p, *end = v.p + v.n;

    while (p < end && (p = memchr(p, '\r', (size_t)(end - p)))) {
        p++;
        if (p == end || *p != '\n')
            return true;
    }
    return false;
}

struct view mail_source_without_nul(struct view from, char **owned)
{
    const char *p = from.p, *end = from.p + from.n;
    size_t n = 0;

    *owned = xcalloc(1, from.n + 1);
    while (p < end) {
        const char *nul = memchr(p, 0, (size_t)(end - p));
        size_t piece = (size_t)((nul ? nul : end) - p);

        memcpy(*owned + n, p, piece);
        n += piece;
        p += piece + (nul != NULL);
    }
    return (struct view){*owned, n};
}

unsigned mail_source_add(struct mail *m, struct mail_source s)
{
    m->source = xrealloc(m->source, m->source_n + 1, sizeof *m->source);
    m->source[m->source_n] = s;
    return m->source_n++;
}
