/*
 * dkim_text.c - see dkim_text.h. Line by line, with memchr(3).
 *
 * Called by dkim_engine.c for each signature of a message, so it is on the hot path: 16 MB five times over.
 * Must not change anything but line ends: a CR alone stays what it is (libopendkim drops it in a relaxed
 * body, and check_dkim.c does not let that pass). It trusts the length of its input.
 */
#include "workers/antispam/dkim_text.h"

#include "workers/mail/mail_line.h"

void dkim_text_add_field(struct buf *to, struct view whole)
{
    struct mail_lines lines = {whole, false};
    struct mail_line line;

    for (bool first = true; mail_line_next(&lines, &line); first = false) {
        if (!first)
            buf_add_str(to, "\r\n");
        buf_add_view(to, line.text);
    }
}

/* Bytes before the end of the first line, and its end. */
static size_t find_end(struct view rest, size_t *end)
{
    const char *lf = rest.n ? memchr(rest.p, '\n', rest.n) : NULL;
    size_t text = lf ? (size_t)(lf - rest.p) : rest.n;

    *end = lf != NULL;
    if (lf && text && lf[-1] == '\r')
        text--, ++*end;
    return text;
}

bool dkim_text_next(struct dkim_text *t, struct view *piece)
{
    size_t n = 0;

    while ((t->rest.n || t->open) && sizeof t->piece - n >= 2) {
        size_t end, text = find_end(t->rest, &end);
        size_t some = text < sizeof t->piece - n ? text : sizeof t->piece - n;

        if (some)
            memcpy(t->piece + n, t->rest.p, some);
        n += some;
        t->open = true;
        t->rest = (struct view){some ? t->rest.p + some : t->rest.p, t->rest.n - some};
        if (some < text || sizeof t->piece - n < 2)
            break; /* what is left of the line comes with the next piece */
        memcpy(t->piece + n, "\r\n", 2);
        n += 2;
        t->open = false;
        if (end)
            t->rest = (struct view){t->rest.p + end, t->rest.n - end};
    }
    *piece = (struct view){t->piece, n};
    return n > 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* A run of blanks is one, and none at the end. */
static uint64_t relaxed_length(struct view line)
{
    uint64_t n = 0;

    while (line.n && is_blank(line.p[line.n - 1]))
        line.n--;
    for (size_t i = 0; i < line.n; i++)
        n += !is_blank(line.p[i]) || !i || !is_blank(line.p[i - 1]);
    return n;
}

uint64_t dkim_text_length(struct view body, bool relaxed)
{
    struct mail_lines lines = {body, false};
    struct mail_line line;
    uint64_t all = 0, kept = 0;

    while (mail_line_next(&lines, &line)) {
        uint64_t n = relaxed ? relaxed_length(line.text) : line.text.n;

        all += n + 2;
        if (n)
            kept = all;
    }
    return kept || relaxed ? kept : 2;
}

bool dkim_text_has_bare_cr(struct view v)
{
    while (v.n) {
        const char *cr = memchr(v.p, '\r', v.n);
        size_t skip = cr ? (size_t)(cr + 1 - v.p) : v.n;

        if (cr && (skip == v.n || cr[1] != '\n'))
            return true;
        v = (struct view){v.p + skip, v.n - skip};
    }
    return false;
}
