/*
 * flow_quarantine.c - moves the originals and their record into quarantine/CLASS, envelope last.
 *
 * Store thread. On the spool's own file system these are renames. On another
 * one each file is copied under a .tmp name, flushed and renamed, and what
 * stands in proc is unlinked only when all of it is durable there (protocol.md
 * section 3, "q across filesystems"); both forms can be run again at any point.
 */
#include "spoold/flow_quarantine.h"

#include "spoold/flow_copy.h"
#include "spoold/negative.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct entry {
    struct depot *d;
    struct msg *m;
    struct spool_dir *to;
};

static int move_in(struct entry *e, const char *from_suffix, const char *to_suffix)
{
    char from[MSG_NAME_MAX], to[MSG_NAME_MAX];
    struct spool *s = &e->d->spool;

    if (spool_move(s, &s->proc, msg_file(e->m, from, from_suffix), e->to, msg_file(e->m, to, to_suffix)) == 0)
        return 0;
    /* After a restart a part may be there already. */
    return errno == ENOENT && e->m->recovered ? 0
                                              : flow_fail(e->m, errno, "it cannot be moved to quarantine");
}

/* Copy, flush, rename. The flush is done at once: these are few, and the next step depends on them. */
static int copy_in(struct entry *e, const char *from_suffix, const char *to_suffix)
{
    char from[MSG_NAME_MAX], to[MSG_NAME_MAX], tmp[MSG_NAME_MAX + 8];
    struct spool *s = &e->d->spool;
    int in = -1, out = -1, r = -1, err;

    msg_file(e->m, to, to_suffix);
    snprintf(tmp, sizeof tmp, "%s.tmp", to);
    in = openat(s->proc.fd, msg_file(e->m, from, from_suffix), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (in < 0)
        return errno == ENOENT && e->m->recovered ? 0 : flow_fail(e->m, errno, "it cannot be read in proc");
    if (faccessat(e->to->fd, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        r = 0;
        goto out;
    }
    if (spool_remove(s, e->to, tmp) < 0 || (out = spool_create(s, e->to, tmp)) < 0 ||
        flow_copy_bytes(in, out) < 0 || spool_flush_now(out) < 0 || spool_move(s, e->to, tmp, e->to, to) < 0)
        goto out;
    r = 0;
out:
    err = errno;
    if (out >= 0)
        close(out);
    close(in);
    return r < 0 ? flow_fail(e->m, err, "it cannot be copied to quarantine on its file system") : 0;
}

static struct entry entry_of(struct depot *d, struct msg *m)
{
    return (struct entry){d, m, &d->spool.class[m->class]};
}

int flow_quarantine_content(struct depot *d, struct msg *m)
{
    struct entry e = entry_of(d, m);
    int (*put)(struct entry *, const char *, const char *) =
        spool_same_device(&d->spool, e.to) ? move_in : copy_in;

    if (NEGATIVE("q-hdr-first") && put(&e, m->suffix, ".hdr") < 0)
        return -1;
    if (put(&e, ".eml", ".eml") < 0 || put(&e, ".json.out", ".json") < 0)
        return -1;
    spool_wait_dirs(&d->spool, &m->err);
    return 0;
}

/* The last rename: from here on nothing of the message is left in proc. */
int flow_quarantine_envelope(struct depot *d, struct msg *m)
{
    static const char *const originals[] = {".eml", ".json.out"};
    struct entry e = entry_of(d, m);
    struct spool *s = &d->spool;
    char name[MSG_NAME_MAX];

    if (NEGATIVE("q-hdr-first"))
        return 0;
    if (spool_same_device(s, e.to))
        return move_in(&e, m->suffix, ".hdr");
    if (copy_in(&e, m->suffix, ".hdr") < 0)
        return -1;
    if (spool_flush_now(e.to->fd) < 0)
        return flow_fail(m, errno, "the quarantine folder cannot be flushed");
    for (size_t i = 0; i < 2; i++)
        if (spool_remove(s, &s->proc, msg_file(m, name, originals[i])) < 0)
            return flow_fail(m, errno, "its original cannot be removed");
    if (spool_flush_now(s->proc.fd) < 0)
        return flow_fail(m, errno, "the proc folder cannot be flushed");
    return spool_remove(s, &s->proc, msg_file(m, name, m->suffix)) < 0
               ? flow_fail(m, errno, "its envelope cannot be removed")
               : 0;
}
