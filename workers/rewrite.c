/*
 * rewrite.c - see rewrite.h. Reads the message in chunks, hashes them and hands them to the field scanner.
 *
 * Called by role_rewrite.c. The message may change under it (whoever deposited
 * it can hold it open), so that every byte is read once only and the digest is
 * over the very bytes that were used.
 */
#include "workers/rewrite.h"

#include <errno.h>
#include <unistd.h>

int rewrite_open(struct rewrite *rw, struct view edits)
{
    if (rewrite_edit_load(&rw->edits, edits) == 0)
        return 0;
    errno = EINVAL;
    return -1;
}

/*
 * Fills the chunk as far as the message goes, so that nothing depends on short reads. `size` only saves the
 * call that would say 0; a message that is longer is read to its end all the same.
 */
static ssize_t read_chunk(struct rewrite *rw, const struct rewrite_io *io, uint64_t done)
{
    size_t n = 0;

    while (n < sizeof rw->in) {
        ssize_t got = pread(io->in, rw->in + n, sizeof rw->in - n, (off_t)(done + n));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        n += (size_t)got;
        if (got == 0 || (n < sizeof rw->in && done + n == io->size))
            break;
    }
    return (ssize_t)n;
}

static struct rewrite_start look(struct view first)
{
    struct rewrite_start s = {0};
    const char *p = first.p, *lf = NULL;

    if (first.n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
        s.bom = 3;
    if (first.n > s.bom)
        lf = memchr(p + s.bom, '\n', first.n - s.bom);
    s.crlf = lf && lf > p + s.bom && lf[-1] == '\r';
    s.mbox = lf && first.n - s.bom >= 5 && memcmp(p + s.bom, "From ", 5) == 0;
    return s;
}

static void begin(struct rewrite *rw, struct view first)
{
    struct rewrite_start start = look(first);

    rewrite_out_add(&rw->out, (struct view){first.p, start.bom});
    rewrite_field_begin(&rw->field, &rw->edits, &rw->out, &start);
    rewrite_field_add(&rw->field, (struct view){first.p + start.bom, first.n - start.bom});
}

static void end(struct rewrite *rw, struct rewrite_result *r)
{
    rewrite_field_end(&rw->field);
    r->out_size = rw->out.total;
    r->hops = rw->field.hop.hops;
    r->own_hops = rw->field.hop.own;
    r->removed = rw->field.removed;
}

static bool is_cancelled(const struct rewrite_io *io, uint64_t done)
{
    return io->cancelled && done && done % REWRITE_CANCEL_EACH == 0 && io->cancelled(io->arg);
}

/* One chunk: its length; 0: that was the last one; -1 with errno. */
static ssize_t run_chunk(struct rewrite *rw, const struct rewrite_io *io, struct rewrite_result *r)
{
    ssize_t n = -1;
    struct view chunk = {0};

    if (is_cancelled(io, r->in_size)) {
        errno = ECANCELED;
        return -1;
    }
    n = read_chunk(rw, io, r->in_size);
    if (n < 0)
        return -1;
    chunk = (struct view){rw->in, (size_t)n};
    if (io->digest && n && sha256_add(io->digest, chunk.p, chunk.n) < 0) {
        errno = EIO;
        return -1;
    }
    if (r->in_size == 0)
        begin(rw, chunk);
    else
        rewrite_field_add(&rw->field, chunk);
    r->in_size += chunk.n;
    errno = rw->out.err;
    if (rw->out.err)
        return -1;
    return chunk.n == sizeof rw->in ? n : 0;
}

int rewrite_run(struct rewrite *rw, const struct rewrite_io *io, struct rewrite_result *r)
{
    ssize_t n = 1;

    *r = (struct rewrite_result){0};
    rewrite_out_init(&rw->out, io->out, NULL);
    if (io->digest && sha256_begin(io->digest) < 0)
        goto broken;
    while (n > 0)
        n = run_chunk(rw, io, r);
    if (n < 0)
        return -1;
    end(rw, r);
    if (rw->out.err) {
        errno = rw->out.err;
        return -1;
    }
    if (!io->digest || sha256_end(io->digest, r->sha256) == 0)
        return 0;
broken:
    errno = EIO;
    return -1;
}

void rewrite_memory(struct rewrite *rw, struct view in, size_t piece, struct buf *out,
                    struct rewrite_result *r)
{
    struct rewrite_start start = look((struct view){in.p, in.n < REWRITE_CHUNK ? in.n : REWRITE_CHUNK});

    *r = (struct rewrite_result){.in_size = in.n};
    rewrite_out_init(&rw->out, -1, out);
    rewrite_out_add(&rw->out, (struct view){in.p, start.bom});
    rewrite_field_begin(&rw->field, &rw->edits, &rw->out, &start);
    for (size_t at = start.bom; at < in.n; at += piece) {
        size_t n = in.n - at < piece ? in.n - at : piece;

        rewrite_field_add(&rw->field, (struct view){in.p + at, n});
    }
    end(rw, r);
}
