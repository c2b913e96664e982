/*
 * mail_qp.c - see mail_qp.h.
 *
 * Called by mail_leaf.c for bodies and mail_word.c for encoded words. Line by line: what a line ends with
 * decides about its blanks and whether it goes on; between two "=" bytes are copied as
 * they are. Never fails, never reads behind `in`; trusts nothing in it. The buffer gets all its room first.
 */
#include "workers/mail/mail_qp.h"

#define SHORT 16 /* bytes; that much more room than the output can need */

/* Of a hexadecimal digit, and one more. */
static const unsigned char hex[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
    ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

struct decoder {
    enum mail_qp_way way;
    char *to;
    const char *end; /* of all that may be read */
    unsigned met;
};

/* Most pieces are short: one copy of a fixed size is faster than one of the right size. */
static void copy(struct decoder *d, const char *p, size_t n)
{
    if (n <= SHORT && d->end - p >= SHORT)
        memcpy(d->to, p, SHORT);
    else
        memcpy(d->to, p, n);
    d->to += n;
}

/* A piece without line ends and their like. */
static void take_text(struct decoder *d, const char *p, const char *end)
{
    while (p < end) {
        /* Where everything is encoded, each call of memchr() would find the next byte. */
        const char *eq = *p == '=' ? p : memchr(p, '=', (size_t)(end - p));
        size_t n = (size_t)((eq ? eq : end) - p);
        unsigned high, low;

        copy(d, p, n);
        if (!eq)
            return;
        p = eq + 1;
        high = end - p >= 2 ? hex[(unsigned char)p[0]] : 0;
        low = high ? hex[(unsigned char)p[1]] : 0;
        if (low) {
            *d->to++ = (char)((high - 1) << 4 | (low - 1));
            p += 2;
            continue;
        }
        d->met |= MAIL_QP_BROKEN;
        if (d->way != MAIL_QP_DROP)
            *d->to++ = '=';
    }
}

/* `end`: behind its text. `next`: behind its LF, or the same. */
static void take_line(struct decoder *d, const char *p, const char *end, const char *next)
{
    const char *last = end;

    while (last > p && (last[-1] == ' ' || last[-1] == '\t'))
        last--;
    if (last < end)
        d->met |= MAIL_QP_BLANKS;
    if (d->way == MAIL_QP_KEEP)
        last = end;
    if (last > p && last[-1] == '=') {
        take_text(d, p, last - 1);
        return;
    }
    take_text(d, p, last);
    memcpy(d->to, end, (size_t)(next - end));
    d->to += next - end;
}

static struct decoder begin(struct view in, enum mail_qp_way way, struct buf *to)
{
    buf_reserve(to, in.n + SHORT);
    return (struct decoder){.way = way, .to = to->p + to->n, .end = in.n ? in.p + in.n : in.p};
}

static void finish(const struct decoder *d, struct buf *to)
{
    to->n = (size_t)(d->to - to->p);
    to->p[to->n] = '\0';
}

unsigned mail_qp_decode(struct view in, enum mail_qp_way way, struct buf *to)
{
    struct decoder d = begin(in, way, to);

    while (in.n) {
        const char *lf = memchr(in.p, '\n', in.n), *end = lf ? lf : in.p + in.n;
        const char *next = lf ? lf + 1 : end;

        if (lf && end > in.p && end[-1] == '\r')
            end--;
        take_line(&d, in.p, end, next);
        in.n -= (size_t)(next - in.p);
        in.p = next;
    }
    finish(&d, to);
    return d.met;
}

unsigned mail_qp_other_ways(unsigned met)
{
    return (met & MAIL_QP_BROKEN ? 1u << MAIL_QP_DROP : 0u) |
           (met & MAIL_QP_BLANKS ? 1u << MAIL_QP_KEEP : 0u);
}

void mail_qp_decode_word(struct view in, struct buf *to)
{
    struct decoder d = begin(in, MAIL_QP_USUAL, to);

    while (in.n) {
        const char *blank = memchr(in.p, '_', in.n);
        size_t n = blank ? (size_t)(blank - in.p) : in.n;

        take_text(&d, in.p, in.p + n);
        if (blank)
            *d.to++ = ' ', n++;
        in.p += n, in.n -= n;
    }
    finish(&d, to);
}
