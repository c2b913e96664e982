/*
 * smtp_data.c - see smtp_data.h: a machine of a few bits, fed with pieces of any length.
 *
 * LF becomes CR LF; CR LF stays; a CR without a LF behind it becomes a space: as
 * a line end it would be one to some readers only, and left out it would join
 * what was apart. NUL and bytes above 0x7f pass as they are. Long lines stay.
 */
#include "workers/deliver/smtp_data.h"

static const char mbox[] = "From ";
#define MBOX (sizeof mbox - 1)

/* A run of bytes without CR and LF. */
static void add_run(struct smtp_data *d, struct view run, struct buf *out)
{
    if (run.n == 0)
        return;
    if (!d->inside && run.p[0] == '.')
        buf_add_char(out, '.');
    d->inside = true;
    buf_add_view(out, run);
    d->size += run.n;
}

static void add_line_end(struct smtp_data *d, struct buf *out)
{
    buf_add(out, "\r\n", 2);
    d->size += 2;
    d->inside = d->cr = false;
}

static void add_owed_cr(struct smtp_data *d, struct buf *out)
{
    if (d->cr)
        add_run(d, VIEW(" "), out);
    d->cr = false;
}

static void add_text(struct smtp_data *d, struct view v, struct buf *out)
{
    size_t at = 0;

    while (at < v.n) {
        size_t from = at;

        while (at < v.n && v.p[at] != '\r' && v.p[at] != '\n')
            at++;
        if (at > from) {
            add_owed_cr(d, out);
            add_run(d, (struct view){v.p + from, at - from}, out);
        } else if (v.p[at++] == '\n') {
            add_line_end(d, out);
        } else {
            add_owed_cr(d, out);
            d->cr = true;
        }
    }
}

/* Holds back what may be an mbox line: its bytes are known, so only their number is kept. */
static void add_begin(struct smtp_data *d, struct view *v, struct buf *out)
{
    while (v->n && !d->skipping && d->mbox < MBOX && v->p[0] == mbox[d->mbox]) {
        v->p++, v->n--;
        d->skipping = ++d->mbox == MBOX;
    }
    if (v->n == 0)
        return;
    if (!d->skipping) {
        add_text(d, (struct view){mbox, d->mbox}, out);
        d->begun = true;
        return;
    }
    while (v->n && !d->begun) {
        d->begun = v->p[0] == '\n';
        v->p++, v->n--;
    }
}

void smtp_data_add(struct smtp_data *d, struct view piece, struct buf *out)
{
    if (!d->begun)
        add_begin(d, &piece, out);
    if (d->begun)
        add_text(d, piece, out);
}

void smtp_data_end(struct smtp_data *d, struct buf *out)
{
    if (!d->begun && !d->skipping)
        add_text(d, (struct view){mbox, d->mbox}, out);
    add_owed_cr(d, out);
    if (d->inside)
        add_line_end(d, out);
    *d = (struct smtp_data){.begun = true, .size = d->size};
}

void smtp_data_dot(struct buf *out)
{
    buf_add(out, ".\r\n", 3);
}
