/*
 * spool.c - see spool.h. The one file that moves messages.
 *
 * An fsync error is final for that file: its message is told and the file is
 * closed; nobody calls fsync on it again (the kernel would answer success).
 */
#include "spoold/spool.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/negative.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const char *const class_names[SPOOL_CLASS__MAX] = {
    [SPOOL_CLASS_VIRUS] = "virus",   [SPOOL_CLASS_SPAM] = "spam",     [SPOOL_CLASS_POLICY] = "policy",
    [SPOOL_CLASS_POISON] = "poison", [SPOOL_CLASS_FAILED] = "failed",
};

const char *spool_class_name(enum spool_class c)
{
    return class_names[c];
}

int spool_class_find(struct view name)
{
    for (int c = 0; c < SPOOL_CLASS__MAX; c++)
        if (view_equal(name, view_of(class_names[c])))
            return c;
    return -1;
}

bool spool_same_device(const struct spool *s, const struct spool_dir *d)
{
    return d->dev == s->proc.dev;
}

/* Some file systems (FUSE, some network ones) know no RENAME_NOREPLACE. One creator and unique names make the
 * test before the rename safe there (protocol.md section 3). */
static int rename_checked(const struct spool_dir *from, const char *name, const struct spool_dir *to,
                          const char *to_name)
{
    struct stat st;

    if (fstatat(to->fd, to_name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return errno == ENOENT ? renameat(from->fd, name, to->fd, to_name) : -1;
}

int spool_move(struct spool *s, struct spool_dir *from, const char *name, struct spool_dir *to,
               const char *to_name)
{
    (void)s;
    if (renameat2(from->fd, name, to->fd, to_name, RENAME_NOREPLACE) < 0 &&
        (errno != EINVAL || rename_checked(from, name, to, to_name) < 0))
        return -1;
    from->dirty = to->dirty = true;
    return 0;
}

int spool_replace(struct spool *s, struct spool_dir *d, const char *name, const char *to_name)
{
    (void)s;
    if (renameat(d->fd, name, d->fd, to_name) < 0)
        return -1;
    d->dirty = true;
    return 0;
}

int spool_remove(struct spool *s, struct spool_dir *d, const char *name)
{
    (void)s;
    if (unlinkat(d->fd, name, 0) < 0)
        return errno == ENOENT ? 0 : -1;
    d->dirty = true;
    return 0;
}

int spool_create(struct spool *s, struct spool_dir *d, const char *name)
{
    int fd = openat(d->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return -1;
    d->dirty = true;
    if (fchmod(fd, 0640) < 0 ||
        (s->outgoing_gid != (gid_t)-1 && fchown(fd, (uid_t)-1, s->outgoing_gid) < 0)) {
        int err = errno;

        close(fd);
        unlinkat(d->fd, name, 0);
        errno = err;
        return -1;
    }
    return fd;
}

/* A folder under the name of a mark: nobody but a depositor makes one. The parent is ours, so it can be
 * renamed. */
static void put_aside(const struct spool_dir *intake, const char *name)
{
    char aside[64];

    snprintf(aside, sizeof aside, ".planted-%lld", (long long)time(NULL));
    log_warnx("event=planted folder=%s name=\"%s\" it is a folder; renamed to %s", intake->label, name,
              aside);
    if (unlinkat(intake->fd, name, AT_REMOVEDIR) < 0 && renameat(intake->fd, name, intake->fd, aside) < 0)
        log_warn("event=planted folder=%s it cannot be renamed", intake->label);
}

/*
 * Others may write in an intake, so whatever stands under these names is removed
 * and the mark is a new file of ours. Where none can be made (no inode is free)
 * a depositor cannot make one either.
 */
int spool_mark_intakes(struct spool *s, bool stopped)
{
    static const char *const names[] = {".running", ".stopped"};
    int r = 0;

    for (size_t i = 0; i < s->intake_n; i++) {
        int fd;

        for (size_t n = 0; n < 2; n++)
            if (unlinkat(s->intake[i].fd, names[n], 0) < 0 && errno == EISDIR)
                put_aside(&s->intake[i], names[n]);
        fd = openat(s->intake[i].fd, names[stopped],
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
        if (fd >= 0)
            close(fd);
        else
            r = -1;
    }
    return r;
}

static void wait_for(struct spool *s, int fd, int *err, unsigned needs)
{
    if (s->pending_n == s->pending_cap) {
        s->pending_cap = s->pending_cap ? s->pending_cap * 2 : 64;
        s->pending = xrealloc(s->pending, s->pending_cap, sizeof *s->pending);
    }
    s->pending[s->pending_n++] = (struct spool_pending){fd, err, needs};
}

void spool_wait_file(struct spool *s, int fd, int *err)
{
    wait_for(s, fd, err, SPOOL_NEEDS_FILE);
    s->files_n++;
}

void spool_wait_all(struct spool *s, int *err)
{
    wait_for(s, -1, err, SPOOL_NEEDS_FILE);
    s->all = true;
}

void spool_wait_dirs(struct spool *s, int *err)
{
    wait_for(s, -1, err, SPOOL_NEEDS_DIRS);
}

void spool_wait_journal(struct spool *s, int *err)
{
    wait_for(s, -1, err, SPOOL_NEEDS_JOURNAL);
}

void spool_journal_failed(struct spool *s, int err)
{
    s->journal_errno = err;
}

int spool_flush_now(int fd)
{
    return fsync(fd);
}

static unsigned needs_of_batch(const struct spool *s)
{
    unsigned needs = 0;

    for (size_t i = 0; i < s->pending_n; i++)
        needs |= s->pending[i].needs;
    return needs;
}

static void flush_files(struct spool *s)
{
    for (size_t i = 0; i < s->pending_n; i++) {
        struct spool_pending *p = &s->pending[i];

        if (p->fd >= 0 && !NEGATIVE("no-f0") && fsync(p->fd) < 0) {
            *p->err = errno;
            log_warn("event=flush_failed a new file could not be flushed");
        }
    }
}

static void flush_dir(struct spool *s, struct spool_dir *d)
{
    if (!d->dirty || d->fd < 0)
        return;
    if (fsync(d->fd) < 0) {
        s->dirs_errno = errno;
        log_warn("event=flush_failed folder=%s", d->label);
        return;
    }
    d->dirty = false;
}

static void each_dir(struct spool *s, void (*fn)(struct spool *, struct spool_dir *))
{
    fn(s, &s->proc);
    for (size_t i = 0; i < s->intake_n; i++) {
        fn(s, &s->intake[i]);
        fn(s, &s->outlet[i]);
    }
    for (int c = 0; c < SPOOL_CLASS__MAX; c++)
        fn(s, &s->class[c]);
    fn(s, &s->stray);
}

static void mark_clean(struct spool *s, struct spool_dir *d)
{
    if (spool_same_device(s, d))
        d->dirty = false;
}

/* One syncfs instead of many fsyncs; it reports write-back errors since Linux 5.8, but not whose they are. */
static void flush_all(struct spool *s)
{
    if (NEGATIVE("no-f0"))
        return;
    if (syncfs(s->proc.fd) < 0) {
        s->files_errno = s->dirs_errno = errno;
        log_warn("event=flush_failed the file system of the spool could not be flushed");
        return;
    }
    each_dir(s, mark_clean);
}

void spool_flush(struct spool *s)
{
    unsigned needs = needs_of_batch(s);

    if (!(needs & (SPOOL_NEEDS_FILE | SPOOL_NEEDS_DIRS)))
        return;
    s->flushes++;
    if (s->all || s->files_n > (size_t)s->cfg->syncfs_above)
        flush_all(s);
    else if (needs & SPOOL_NEEDS_FILE)
        flush_files(s);
    if ((needs & SPOOL_NEEDS_DIRS) && !s->dirs_errno)
        each_dir(s, flush_dir);
}

void spool_settle_errors(struct spool *s)
{
    for (size_t i = 0; i < s->pending_n; i++) {
        struct spool_pending *p = &s->pending[i];

        if (p->fd >= 0)
            close(p->fd);
        if (*p->err)
            continue;
        if (p->needs & SPOOL_NEEDS_FILE)
            *p->err = s->files_errno;
        if ((p->needs & SPOOL_NEEDS_DIRS) && !*p->err)
            *p->err = s->dirs_errno;
        if ((p->needs & SPOOL_NEEDS_JOURNAL) && !*p->err)
            *p->err = s->journal_errno;
    }
    s->pending_n = s->files_n = 0;
    s->all = false;
    s->journal_errno = s->dirs_errno = s->files_errno = 0;
}
