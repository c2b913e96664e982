/*
 * mail_line.c - see mail_line.h. memchr(3), and for two kinds of line ends at once memchr(3) in steps.
 *
 * Called by the header, multipart and decoder files for each line of a message, so it is on the hot path.
 * Must not look further than it has to: the other line end may be 50 MB away from each of
 * a million lines.
 */
#include "workers/mail/mail_line.h"

#define STEP 128 /* bytes; a usual line and more */

static const char *find_lf(struct view v)
{
    return memchr(v.p, '\n', v.n);
}

/* The first CR or LF. Each step is twice the one before: less than four times the line is looked at. */
static const char *find_any(struct view v)
{
    for (size_t at = 0, step = STEP; at < v.n; at += step, step *= 2) {
        size_t n = v.n - at < step ? v.n - at : step;
        const char *lf = memchr(v.p + at, '\n', n);
        const char *cr = memchr(v.p + at, '\r', lf ? (size_t)(lf - v.p) - at : n);

        if (cr || lf)
            return cr ? cr : lf;
    }
    return NULL;
}

bool mail_line_next(struct mail_lines *l, struct mail_line *line)
{
    struct view rest = l->rest;
    const char *end;
    size_t n;

    if (!rest.n)
        return false;
    end = l->bare_cr ? find_any(rest) : find_lf(rest);
    n = end ? (size_t)(end - rest.p) : rest.n;
    line->text = (struct view){rest.p, n};
    line->whole = (struct view){rest.p, n + (end != NULL)};
    if (l->bare_cr) {
        if (end && *end == '\r' && n + 1 < rest.n && end[1] == '\n')
            line->whole.n++;
    } else if (end && n && end[-1] == '\r') {
        line->text.n--;
    }
    l->rest = (struct view){rest.p + line->whole.n, rest.n - line->whole.n};
    return true;
}
