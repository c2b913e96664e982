/*
 * rewrite_out.c - see rewrite_out.h. write(2) and writev(2) and nothing else: no seek, no flush to the disk.
 *
 * The descriptor is write only and at offset 0; its making durable is the
 * supervisor's. Trusts nothing about the disk: short writes are continued, and
 * ENOSPC, EIO and EFBIG end the writing for good.
 */
#include "workers/rewrite_out.h"

#include <errno.h>
#include <sys/uio.h>

void rewrite_out_init(struct rewrite_out *o, int fd, struct buf *memory)
{
    /* Not the whole struct: clearing the buffer would cost more than a small message. */
    o->fd = fd;
    o->memory = memory;
    o->err = 0;
    o->total = 0;
    o->n = 0;
}

static void write_parts(struct rewrite_out *o, struct iovec *part, int n)
{
    while (n > 0) {
        ssize_t done = 0;

        while (n > 0 && part->iov_len == 0)
            part++, n--;
        if (n == 0)
            return;
        done = writev(o->fd, part, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            o->err = done < 0 ? errno : EIO;
            return;
        }
        while (n > 0 && (size_t)done >= part->iov_len)
            done -= (ssize_t)part->iov_len, part++, n--;
        if (n > 0) {
            part->iov_base = (char *)part->iov_base + done;
            part->iov_len -= (size_t)done;
        }
    }
}

void rewrite_out_flush(struct rewrite_out *o, struct view v)
{
    struct iovec part[2] = {{o->b, o->n}, {(void *)(uintptr_t)v.p, v.n}};

    o->total += v.n;
    if (o->memory && !o->err) {
        buf_add(o->memory, o->b, o->n);
        buf_add_view(o->memory, v);
    } else if (!o->err) {
        write_parts(o, part, 2);
    }
    o->n = 0;
}

void rewrite_out_add(struct rewrite_out *o, struct view v)
{
    if (v.n > sizeof o->b - o->n) {
        rewrite_out_flush(o, v);
        return;
    }
    if (v.n)
        memcpy(o->b + o->n, v.p, v.n);
    o->n += v.n;
    o->total += v.n;
}

void rewrite_out_fill(struct rewrite_out *o, char c, uint64_t count)
{
    char run[256];

    memset(run, c, count < sizeof run ? (size_t)count : sizeof run);
    while (count) {
        size_t n = count < sizeof run ? (size_t)count : sizeof run;

        rewrite_out_add(o, (struct view){run, n});
        count -= n;
    }
}
