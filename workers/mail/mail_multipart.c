/*
 * mail_multipart.c - see mail_multipart.h. One search for "--boundary", then arithmetic on views.
 *
 * Called by mail_tree.c for each reading of each multipart. It must never look at
 * the bytes more than once for one boundary, and never keep more than
 * MAIL_DELIMITERS_MAX of them. The bytes are hostile.
 */
#include "workers/mail/mail_multipart.h"

#include "workers/mail/mail_line.h"

/* Blanks, and the CR of line ends that were made twice (CR CR LF). */
static bool is_padding(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
        p++;
    return p == end;
}

static bool begins_line(struct view body, const char *p, bool bare_cr)
{
    return p == body.p || p[-1] == '\n' || (bare_cr && p[-1] == '\r');
}

/* Where the line that holds `p` ends: its text, and what is behind its end. */
static const char *end_of_line(const char *p, const char *end, bool bare_cr, const char **behind)
{
    struct mail_lines l = {{p, (size_t)(end - p)}, bare_cr};
    struct mail_line line = {{p, 0}, {p, 0}};

    mail_line_next(&l, &line);
    *behind = line.whole.p + line.whole.n;
    return line.text.p + line.text.n;
}

static void measure(struct mail_delimiter *d, const char *line, size_t n, const char *end, bool bare_cr)
{
    const char *text_end;

    d->line = line;
    d->rest = line + n;
    text_end = end_of_line(d->rest, end, bare_cr, &d->end);
    d->close = text_end - d->rest >= 2 && d->rest[0] == '-' && d->rest[1] == '-';
    d->exact = is_padding(d->rest + (d->close ? 2 : 0), text_end);
}

static bool add(struct mail_arena *a, struct mail_multipart *m, unsigned *room, struct mail_delimiter d)
{
    if (m->n == MAIL_DELIMITERS_MAX) {
        m->over = true;
        return false;
    }
    if (m->n == *room) {
        struct mail_delimiter *more;

        *room = *room ? *room * 4 : 8;
        more = mail_arena_alloc(a, *room * sizeof *more);
        if (m->n)
            memcpy(more, m->delimiter, m->n * sizeof *more);
        m->delimiter = more;
    }
    m->delimiter[m->n++] = d;
    return true;
}

void mail_multipart_find(struct mail_arena *a, struct view body, struct view boundary, bool bare_cr,
                         struct mail_multipart *m)
{
    char needle[MAIL_BOUNDARY_MAX + 2] = "--";
    size_t n = 2 + (boundary.n < MAIL_BOUNDARY_MAX ? boundary.n : MAIL_BOUNDARY_MAX);
    const char *p = body.p, *end = body.p + body.n;
    bool closed = false;
    unsigned room = 0;

    *m = (struct mail_multipart){.body = body};
    if (boundary.n)
        memcpy(needle + 2, boundary.p, n - 2);
    while (p && p < end && (p = memmem(p, (size_t)(end - p), needle, n))) {
        struct mail_delimiter d = {0};

        bool whole = begins_line(body, p, bare_cr);

        if (!whole && boundary.n == 0) { /* dashes are everywhere */
            p++;
            continue;
        }
        measure(&d, p, n, end, bare_cr);
        d.exact &= whole;
        m->exact += d.exact;
        m->inexact |= !d.exact;
        m->beyond |= closed && d.exact;
        closed |= d.exact && d.close;
        if (!add(a, m, &room, d))
            return;
        p = d.end;
    }
}

/* The line end before a delimiter belongs to the delimiter. */
static struct view between(const char *from, const char *to, bool delimiter)
{
    if (delimiter && to > from && to[-1] == '\n')
        to--;
    if (delimiter && to > from && to[-1] == '\r')
        to--;
    return (struct view){from, to > from ? (size_t)(to - from) : 0};
}

static bool counts(const struct mail_delimiter *d, enum mail_cut cut)
{
    return d->exact || cut == MAIL_CUT_BEGIN;
}

/* A reader that does not look at the rest of a delimiter's line may take a field from it. */
static const char *begin_of_part(const struct mail_delimiter *d, enum mail_cut cut)
{
    if (cut == MAIL_CUT_BEGIN && !d->exact && memchr(d->rest, ':', (size_t)(d->end - d->rest)))
        return d->rest;
    return d->end;
}

static unsigned add_segment(struct mail_segment *to, unsigned n, struct mail_segment s)
{
    if (s.bytes.n == 0 && (s.preamble || s.epilogue))
        return n;
    to[n] = s;
    return n + 1;
}

unsigned mail_multipart_cut(struct mail_arena *a, const struct mail_multipart *m, enum mail_cut cut,
                            struct mail_segment **to, bool *closed)
{
    const char *from = m->body.p, *end = m->body.p + m->body.n;
    bool open = false, any = false;
    unsigned n = 0;

    *to = mail_arena_alloc(a, (m->n + 2) * sizeof **to);
    *closed = false;
    for (unsigned i = 0; i < m->n; i++) {
        const struct mail_delimiter *d = &m->delimiter[i];

        if (!counts(d, cut))
            continue;
        n = add_segment(*to, n, (struct mail_segment){between(from, d->line, true), !any, any && !open});
        from = begin_of_part(d, cut);
        *closed = d->close;
        open = !d->close;
        any = true;
        if (d->close && cut == MAIL_CUT_USUAL)
            break;
    }
    if (any && (open || from < end))
        n = add_segment(*to, n, (struct mail_segment){between(from, end, false), false, !open});
    return any ? n : 0;
}

struct view mail_multipart_guess(struct view body)
{
    struct mail_lines l = {body, false};
    struct mail_line line;

    while (mail_line_next(&l, &line)) {
        struct view t = line.text;

        if (t.n < 3 || t.p[0] != '-' || t.p[1] != '-')
            continue;
        while (t.n && (t.p[t.n - 1] == ' ' || t.p[t.n - 1] == '\t' || t.p[t.n - 1] == '\r'))
            t.n--;
        for (size_t i = 2; i < t.n && i < MAIL_BOUNDARY_MAX; i++)
            if (t.p[i] != '-')
                return (struct view){t.p + 2, t.n - 2 < MAIL_BOUNDARY_MAX ? t.n - 2 : MAIL_BOUNDARY_MAX};
    }
    return (struct view){body.p, 0};
}
