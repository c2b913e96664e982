/*
 * smtp_reply.c - see smtp_reply.h: the one parser of what a server says.
 *
 * A line ends in LF, with a CR before it or without: servers that forget the
 * CR are understood, since nothing depends on it in this direction. The text may
 * hold any byte; whoever writes it somewhere cleans it. It trusts nothing.
 */
#include "workers/deliver/smtp_reply.h"

struct line {
    unsigned code;
    bool last;
    struct view text;
    size_t used; /* bytes with the line end */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* False: what is there of the line can never become one. */
static bool check_begin(struct view v)
{
    if (v.n > 0 && (v.p[0] < '2' || v.p[0] > '5'))
        return false;
    for (size_t i = 1; i < 3 && i < v.n; i++)
        if (!is_digit(v.p[i]))
            return false;
    return v.n < 4 || v.p[3] == ' ' || v.p[3] == '-' || v.p[3] == '\r' || v.p[3] == '\n';
}

static unsigned code_of(const char *p)
{
    return (unsigned)(p[0] - '0') * 100 + (unsigned)(p[1] - '0') * 10 + (unsigned)(p[2] - '0');
}

/* 1; 0: not whole; -1: no line of a reply. */
static int cut_line(struct view bytes, struct line *l)
{
    size_t look = bytes.n < SMTP_REPLY_LINE_MAX ? bytes.n : SMTP_REPLY_LINE_MAX;
    const char *end = look ? memchr(bytes.p, '\n', look) : NULL;
    struct view v = {bytes.p, end ? (size_t)(end - bytes.p) : look};

    l->used = v.n + 1;
    if (end && v.n > 0 && v.p[v.n - 1] == '\r')
        v.n--;
    if (!check_begin(v) || (!end && look == SMTP_REPLY_LINE_MAX) || (end && v.n < 3))
        return -1;
    if (!end)
        return 0;
    l->code = code_of(v.p);
    l->last = v.n == 3 || v.p[3] != '-';
    l->text = v.n > 4 ? (struct view){v.p + 4, v.n - 4} : (struct view){v.p, 0};
    return 1;
}

ptrdiff_t smtp_reply_parse(struct view bytes, struct smtp_reply *r)
{
    size_t at = 0;

    r->code = 0;
    buf_clear(&r->text);
    for (unsigned lines = 0; lines < SMTP_REPLY_LINES_MAX; lines++) {
        struct line l = {0};
        int rc = cut_line((struct view){bytes.p + at, bytes.n - at}, &l);

        if (rc <= 0)
            return rc;
        /* Of two classes it cannot be said which is meant. */
        if (lines > 0 && l.code / 100 != r->code / 100)
            return -1;
        r->code = l.code;
        if (lines > 0)
            buf_add_char(&r->text, '\n');
        buf_add_view(&r->text, l.text);
        at += l.used;
        if (l.last)
            return (ptrdiff_t)at;
    }
    return -1;
}

bool smtp_reply_line(struct view *rest, struct view *line)
{
    const char *end;

    if (!rest->p)
        return false;
    end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
    *line = (struct view){rest->p, end ? (size_t)(end - rest->p) : rest->n};
    *rest = end ? (struct view){end + 1, rest->n - line->n - 1} : (struct view){NULL, 0};
    return true;
}

unsigned smtp_reply_class(const struct smtp_reply *r)
{
    return r->code / 100;
}

void smtp_reply_free(struct smtp_reply *r)
{
    buf_free(&r->text);
    r->code = 0;
}
