/*
 * flow_copy.c - writes BASE.K.eml.out: the original bytes behind one Received: field (RFC 5321 section 4.4).
 *
 * Store thread. The trace field goes to the very start, after a byte order mark
 * and an mbox "From " line where there is one; no other byte changes. It looks
 * at the first line only, to see where that is and which line end is in use.
 */
#include "spoold/flow_copy.h"

#include "common/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define COPY_CHUNK 65536

/* RFC 5322 section 3.3, UTC. Names are written out: no locale. */
static void date_text(char *to, size_t size, time_t at)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm;

    gmtime_r(&at, &tm);
    snprintf(to, size, "%s, %d %s %04d %02d:%02d:%02d +0000", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
             tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

size_t flow_copy_trace(char *to, size_t size, const struct flow_trace *t)
{
    char date[64];
    int n;

    date_text(date, sizeof date, t->at);
    n = snprintf(to, size, "Received: by %s with spoold id %s;%s\t%s%s", t->host, t->id,
                 t->crlf ? "\r\n" : "\n", date, t->crlf ? "\r\n" : "\n");
    return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

size_t flow_copy_offset(struct view first, bool *crlf)
{
    size_t bom = first.n >= 3 && memcmp(first.p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    const char *eol = first.n ? memchr(first.p + bom, '\n', first.n - bom) : NULL;

    *crlf = eol && eol > first.p + bom && eol[-1] == '\r';
    if (eol && first.n - bom >= 5 && memcmp(first.p + bom, "From ", 5) == 0)
        return (size_t)(eol - first.p) + 1;
    return bom;
}

static int write_parts(int to, struct iovec *part, int n)
{
    while (n > 0) {
        ssize_t done = writev(to, part, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        while (n > 0 && (size_t)done >= part->iov_len)
            done -= (ssize_t)part->iov_len, part++, n--;
        if (n > 0) {
            part->iov_base = (char *)part->iov_base + done;
            part->iov_len -= (size_t)done;
        }
    }
    return 0;
}

int flow_copy_message(int from, int to, struct flow_trace *t, uint64_t *copied)
{
    char chunk[COPY_CHUNK], trace[FLOW_TRACE_MAX];
    ssize_t n = pread(from, chunk, sizeof chunk, 0);
    size_t at = n > 0 ? flow_copy_offset((struct view){chunk, (size_t)n}, &t->crlf) : 0;
    size_t trace_n = flow_copy_trace(trace, sizeof trace, t);
    struct iovec part[3] = {{chunk, at}, {trace, trace_n}, {chunk + at, n > 0 ? (size_t)n - at : 0}};
    off_t done = 0;

    if (n < 0 || write_parts(to, part, 3) < 0)
        return -1;
    while (n > 0) {
        struct iovec rest;

        done += n;
        /* A short read of a regular file is its end; asking once more would cost every small message a call.
         */
        if ((size_t)n < sizeof chunk)
            break;
        n = pread(from, chunk, sizeof chunk, done);
        rest = (struct iovec){chunk, n > 0 ? (size_t)n : 0};
        if (n < 0 || write_parts(to, &rest, n > 0) < 0)
            return -1;
    }
    *copied = (uint64_t)done;
    return 0;
}

int flow_copy_bytes(int from, int to)
{
    char chunk[COPY_CHUNK];
    ssize_t n;

    while ((n = read(from, chunk, sizeof chunk)) > 0) {
        struct buf b = {chunk, (size_t)n, 0};

        if (buf_write_fd(&b, to) < 0)
            return -1;
    }
    return n < 0 ? -1 : 0;
}
