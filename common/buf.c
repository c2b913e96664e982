/*
 * buf.c - see buf.h. Called by everyone; trusts its caller, not the bytes.
 */
#include "common/buf.h"

#include "common/xalloc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void buf_reserve(struct buf *b, size_t more)
{
    size_t want = b->n + more + 1;

    if (want <= b->cap)
        return;
    if (want < b->cap * 2)
        want = b->cap * 2;
    b->p = xrealloc(b->p, want, 1);
    b->cap = want;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
    buf_reserve(b, n);
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void buf_add_view(struct buf *b, struct view v)
{
    buf_add(b, v.p, v.n);
}

void buf_add_str(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_add_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n > 0) {
        buf_reserve(b, (size_t)n);
        vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

void buf_clear(struct buf *b)
{
    b->n = 0;
}

void buf_free(struct buf *b)
{
    free(b->p);
    *b = (struct buf){0};
}

struct view buf_view(const struct buf *b)
{
    return (struct view){b->p, b->n};
}

int buf_read_fd(struct buf *b, int fd, size_t max)
{
    for (;;) {
        size_t room = 4096;
        ssize_t got;

        buf_reserve(b, room);
        got = read(fd, b->p + b->n, room);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        b->n += (size_t)got;
        if (b->n > max) {
            errno = EFBIG;
            return -1;
        }
    }
    buf_add(b, "", 0);
    return 0;
}

int buf_write_fd(const struct buf *b, int fd)
{
    size_t done = 0;

    while (done < b->n) {
        ssize_t n = write(fd, b->p + done, b->n - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        done += (size_t)n;
    }
    return 0;
}
