/*
 * smtp_body.c - see smtp_body.h: constant memory, two buffers of 64 kB and less.
 *
 * The dot goes out with the last piece and only when the file was read to its end:
 * a message that became shorter or longer meanwhile is never ended, so
 * the server drops it (RFC 5321 section 4.1.1.4). It looks for a cancel between pieces.
 */
#include "workers/deliver/smtp_body.h"

#include "workers/deliver/smtp_data.h"

#include <errno.h>
#include <unistd.h>

#define PIECE 32768 /* doubled at most by smtp_data_add() */

static ssize_t read_at(const struct smtp_source *s, char *to, size_t n, uint64_t at)
{
    ssize_t got;

    if (s->fd < 0) {
        size_t left = at < s->memory.n ? s->memory.n - (size_t)at : 0;

        if (n > left)
            n = left;
        if (n)
            memcpy(to, s->memory.p + at, n);
        return (ssize_t)n;
    }
    do
        got = pread(s->fd, to, n, (off_t)at);
    while (got < 0 && errno == EINTR);
    return got;
}

/* The next piece, right for the wire, in `out`. 1; 0 that was the end; -1 with errno. */
static int next_piece(const struct smtp_source *s, uint64_t *at, struct smtp_data *d, struct buf *out)
{
    char piece[PIECE];
    ssize_t got = read_at(s, piece, sizeof piece, *at);

    buf_clear(out);
    if (got < 0)
        return -1;
    *at += (uint64_t)got;
    if (*at > s->size || (got == 0 && *at < s->size)) {
        errno = EIO;
        return -1;
    }
    if (got > 0) {
        smtp_data_add(d, (struct view){piece, (size_t)got}, out);
        return 1;
    }
    smtp_data_end(d, out);
    smtp_data_dot(out);
    return 0;
}

int smtp_body_measure(const struct smtp_source *s, uint64_t *size)
{
    struct smtp_data d = {0};
    struct buf out = {0};
    uint64_t at = 0;
    int rc;

    while ((rc = next_piece(s, &at, &d, &out)) > 0)
        ;
    *size = d.size;
    buf_free(&out);
    return rc;
}

int smtp_body_send(const struct smtp_source *s, struct smtp_link *l, uint64_t *read)
{
    struct smtp_data d = {0};
    struct buf out = {0};
    uint64_t at = 0;
    int rc = 1;

    *read = 0;
    while (rc > 0) {
        rc = smtp_link_cancelled(l) ? -1 : next_piece(s, &at, &d, &out);
        if (rc >= 0 && smtp_link_send(l, buf_view(&out)) < 0)
            rc = -1;
        if (rc >= 0)
            *read = at;
    }
    buf_free(&out);
    return rc;
}
