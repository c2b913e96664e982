/*
 * flow_claim.c - takes a deposited pair over: is it complete, is it sane, two renames, look again.
 *
 * Store thread. The folder is writable by others: every name, link and device
 * in it may be a trap, and a depositor may still be writing. Nothing of the
 * message itself is read here, only its envelope. protocol.md section 3, "claim".
 */
#include "spoold/flow.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/negative.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLAIM_SETTLE_MS 2000 /* a pair that looks cut off or linked twice gets this long to become whole */
#define CLAIM_RETRY_MS  200  /* somebody has it open: look again soon */

struct half {
    int fd;
    struct stat st;
    bool leased;
    char file[MSG_NAME_MAX];
};

struct claim {
    struct depot *d;
    struct flow_deposit *dep;
    struct half eml, hdr;
};

__attribute__((format(printf, 2, 3))) static enum flow_claim_result problem(struct flow_deposit *dep,
                                                                            const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(dep->problem, sizeof dep->problem, fmt, ap);
    va_end(ap);
    return FLOW_PROBLEM;
}

static enum flow_claim_result later(struct flow_deposit *dep, int64_t ms)
{
    dep->retry_ms = ms;
    return FLOW_LATER;
}

/* Milliseconds since the file was last touched. A time in the future counts like one as long ago: a clock
 * that was set back must not stop mail for as long as it was wrong. */
static int64_t quiet_for(const struct stat *st)
{
    const struct timespec *t = &st->st_mtim;
    int64_t age;

    if (st->st_ctim.tv_sec > t->tv_sec ||
        (st->st_ctim.tv_sec == t->tv_sec && st->st_ctim.tv_nsec > t->tv_nsec))
        t = &st->st_ctim;
    age = depot_wall_ms() - ((int64_t)t->tv_sec * 1000 + t->tv_nsec / 1000000);
    return age < 0 ? -age : age;
}

static const char *kind_of(mode_t mode)
{
    return S_ISLNK(mode)    ? "a symbolic link"
           : S_ISDIR(mode)  ? "a folder"
           : S_ISFIFO(mode) ? "a pipe"
           : S_ISSOCK(mode) ? "a socket"
                            : "a device";
}

static enum flow_claim_result unreadable(struct flow_deposit *dep, const struct half *h)
{
    int err = errno;

    if (err == EACCES || err == EPERM)
        return problem(
            dep,
            "%.60s may not be read: owner %u, group %u, mode %04o; let user %u read it (group and mode 0640)",
            strrchr(h->file, '.'), h->st.st_uid, h->st.st_gid, (unsigned)(h->st.st_mode & 07777), geteuid());
    return problem(dep, "%.60s cannot be opened: %s", strrchr(h->file, '.'), strerror(err));
}

/* Looks before it opens, so that a device or pipe feels nothing, and after, so that a swap is noticed. */
static enum flow_claim_result open_half(struct claim *c, struct half *h, const char *suffix,
                                        struct stat *seen)
{
    struct flow_deposit *dep = c->dep;
    struct stat before;

    snprintf(h->file, sizeof h->file, "%.*s%s", (int)dep->name.n, dep->name.p, suffix);
    if (fstatat(dep->from->fd, h->file, &before, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? FLOW_NOTHING : unreadable(dep, h);
    *seen = h->st = before;
    if (!S_ISREG(before.st_mode))
        return problem(dep, "%.60s is %s, not a file; it is left alone", suffix, kind_of(before.st_mode));
    if (before.st_nlink != 1 && quiet_for(&before) < CLAIM_SETTLE_MS)
        return later(dep, CLAIM_SETTLE_MS);
    if (before.st_nlink != 1)
        return problem(dep, "%.60s has %lu names (hard links); it is left alone until it has one", suffix,
                       (unsigned long)before.st_nlink);
    h->fd = openat(dep->from->fd, h->file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (h->fd < 0)
        return errno == ENOENT ? FLOW_NOTHING : unreadable(dep, h);
    if (fstat(h->fd, &h->st) < 0 || h->st.st_ino != before.st_ino || h->st.st_dev != before.st_dev)
        return later(dep, CLAIM_RETRY_MS);
    return FLOW_CLAIMED;
}

/* A read lease says "no writer has it open" for sure, but only the owner may ask. */
static enum flow_claim_result lease_half(struct claim *c, struct half *h)
{
    const struct config_ready *ready = &c->dep->ready;
    int64_t quiet = quiet_for(&h->st), need = ready->kind == CONFIG_READY_QUIET ? ready->quiet_ms : 0;

    if (!NEGATIVE("no-lease")) {
        h->leased = fcntl(h->fd, F_SETLEASE, F_RDLCK) == 0;
        if (!h->leased && errno == EAGAIN)
            return later(c->dep, CLAIM_RETRY_MS);
    }
    if (ready->kind == CONFIG_READY_LEASE && !h->leased && !NEGATIVE("no-lease"))
        need = CLAIM_SETTLE_MS;
    return quiet < need ? later(c->dep, need - quiet + 1) : FLOW_CLAIMED;
}

/* A cut-off envelope can look valid with fewer recipients; the empty line at the end shows that it is whole.
 */
static bool ends_whole(const struct buf *raw)
{
    struct view v = {raw->p, raw->n};

    return view_ends_with(v, VIEW("\n\n")) || view_ends_with(v, VIEW("\n\r\n"));
}

/* What is wrong with the whole file is said of its first line. */
static void say_broken(struct msg *m, const struct envelope_error *err)
{
    msg_set_reason(m, ".hdr line %u: %s", err->lineno ? err->lineno : 1, err->what);
}

/* Line 1 is looked at before the rest is read: an envelope that is not finished must cost next to nothing. */
static bool is_finished(const struct half *hdr)
{
    struct envelope_error err;
    struct envelope e = {0};
    struct buf head = {0};
    char text[64];
    ssize_t n = pread(hdr->fd, text, sizeof text, 0);
    const char *end = n > 0 ? memchr(text, '\n', (size_t)n) : NULL;
    enum envelope_status status;

    if (!end) /* no first line: broken, or a status that nobody writes; the parser says what */
        return true;
    buf_add(&head, text, (size_t)(end - text) + 1);
    envelope_parse(&e, &head, &err);
    status = e.status;
    envelope_free(&e);
    return status == ENVELOPE_WRITTEN || status == ENVELOPE_FAILED || status == ENVELOPE_UNKNOWN;
}

/* 0, or -1 with errno; EFBIG before a byte of a .hdr that is too large is read. */
static int read_whole(const struct half *hdr, struct buf *raw)
{
    if (hdr->st.st_size > ENVELOPE_SIZE_MAX) {
        errno = EFBIG;
        return -1;
    }
    return buf_read_fd(raw, hdr->fd, ENVELOPE_SIZE_MAX);
}

/* Reads status and envelope. A broken one is taken too (fate: quarantine/failed), but not while it is still
 * warm. */
static enum flow_claim_result read_envelope(struct claim *c, struct msg *m)
{
    struct buf raw = {0};
    struct envelope_error err = {0};
    bool whole;

    if (!is_finished(&c->hdr))
        return later(c->dep, 0);
    if (read_whole(&c->hdr, &raw) < 0) {
        int e = errno;

        buf_free(&raw);
        return e == EFBIG
                   ? problem(c->dep, ".hdr is larger than %d bytes; it is left alone", ENVELOPE_SIZE_MAX)
                   : later(c->dep, CLAIM_RETRY_MS);
    }
    whole = c->hdr.leased || ends_whole(&raw);
    m->env_ok = envelope_parse(&m->env, &raw, &err) == 0;
    if ((!m->env_ok || !whole) && quiet_for(&c->hdr.st) < CLAIM_SETTLE_MS)
        return later(c->dep, CLAIM_SETTLE_MS);
    if (!m->env_ok)
        say_broken(m, &err);
    else if (m->env.status == ENVELOPE_FAILED)
        msg_set_reason(m, "the depositor marked it Failed");
    return FLOW_CLAIMED;
}

/* What stands in proc now is what was looked at, unchanged, and nobody has opened it for writing since. */
static bool is_unchanged(const struct spool_dir *dir, const char *name, const struct half *h)
{
    struct stat now;

    if (h->leased && fcntl(h->fd, F_GETLEASE) != F_RDLCK)
        return false;
    return fstatat(dir->fd, name, &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_ino == h->st.st_ino &&
           now.st_dev == h->st.st_dev && now.st_size == h->st.st_size &&
           memcmp(&now.st_mtim, &h->st.st_mtim, sizeof now.st_mtim) == 0;
}

static void give_back(struct claim *c, const char *base_name, const char *name)
{
    if (spool_move(&c->d->spool, &c->d->spool.proc, base_name, c->dep->from, name) < 0)
        log_warn("event=give_back_failed file=proc/%s it stays there and is looked at again", base_name);
}

/* The claim point. The .eml goes first, so that a depositor who reuses the name cannot overwrite it. */
static enum flow_claim_result take_pair(struct claim *c, struct msg *m)
{
    struct spool *s = &c->d->spool;
    char eml[MSG_NAME_MAX], hdr[MSG_NAME_MAX];

    msg_file(m, eml, ".eml");
    msg_file(m, hdr, ".hdr.c");
    if (spool_move(s, c->dep->from, c->eml.file, &s->proc, eml) < 0) {
        if (errno == ENOENT)
            return FLOW_NOTHING;
        return problem(c->dep, "it cannot be moved to proc as %.100s: %s", m->base.s, strerror(errno));
    }
    if (spool_move(s, c->dep->from, c->hdr.file, &s->proc, hdr) < 0) {
        int err = errno;

        give_back(c, eml, c->eml.file);
        return err == ENOENT ? FLOW_NOTHING
                             : problem(c->dep, "its .hdr cannot be moved to proc as %.100s: %s", m->base.s,
                                       strerror(err));
    }
    if (!is_unchanged(&s->proc, eml, &c->eml) || !is_unchanged(&s->proc, hdr, &c->hdr)) {
        give_back(c, eml, c->eml.file);
        give_back(c, hdr, c->hdr.file);
        return later(c->dep, CLAIM_RETRY_MS);
    }
    snprintf(m->suffix, sizeof m->suffix, ".hdr.c");
    return FLOW_CLAIMED;
}

static struct msg *claimed_msg(struct claim *c)
{
    const char *intake = c->d->cfg->intake[c->dep->intake].name;
    struct base base;
    struct msg *m;

    base_make(&base, c->dep->name, intake, &c->eml.st, &c->hdr.st);
    base_set_time(&base, depot_wall_ns());
    m = msg_new(&base);
    m->intake = c->dep->intake;
    m->name = (struct view){xstrndup(c->dep->name.p, c->dep->name.n), c->dep->name.n};
    m->eml_stat = c->eml.st;
    m->since_ms = depot_wall_ms();
    m->step = MSG_STEP_ADMIT;
    return m;
}

static enum flow_claim_result claim_open(struct claim *c)
{
    struct flow_deposit *dep = c->dep;
    enum flow_claim_result r = open_half(c, &c->hdr, ".hdr", &dep->hdr);

    if (r == FLOW_CLAIMED)
        r = open_half(c, &c->eml, ".eml", &dep->eml);
    if (r == FLOW_CLAIMED)
        r = lease_half(c, &c->eml);
    return r == FLOW_CLAIMED ? lease_half(c, &c->hdr) : r;
}

enum flow_claim_result flow_claim(struct depot *d, struct flow_deposit *dep, struct msg **out)
{
    struct claim c = {.d = d, .dep = dep, .eml = {.fd = -1}, .hdr = {.fd = -1}};
    enum flow_claim_result r = claim_open(&c);
    struct msg *m = NULL;

    *out = NULL;
    if (r != FLOW_CLAIMED)
        goto out;
    m = claimed_msg(&c);
    r = read_envelope(&c, m);
    if (r == FLOW_CLAIMED)
        r = take_pair(&c, m);
    if (r != FLOW_CLAIMED)
        goto out;
    if (c.eml.leased)
        fcntl(c.eml.fd, F_SETLEASE, F_UNLCK);
    m->eml = c.eml.fd;
    c.eml.fd = -1;
    *out = m;
    m = NULL;
out:
    msg_free(&m);
    if (c.eml.fd >= 0)
        close(c.eml.fd);
    if (c.hdr.fd >= 0)
        close(c.hdr.fd);
    return r;
}

int flow_read_envelope(const struct spool_dir *dir, const char *name, struct envelope *e,
                       struct envelope_error *err)
{
    struct buf raw = {0};
    int fd = openat(dir->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), saved;

    if (fd < 0)
        return -1;
    if (buf_read_fd(&raw, fd, ENVELOPE_SIZE_MAX) < 0) {
        saved = errno;
        close(fd);
        buf_free(&raw);
        errno = saved;
        return -1;
    }
    close(fd);
    envelope_free(e);
    return envelope_parse(e, &raw, err) == 0 ? 0 : 1;
}

int flow_load(struct depot *d, struct msg *m)
{
    char name[MSG_NAME_MAX];
    struct envelope_error err = {0};
    int r = flow_read_envelope(&d->spool.proc, msg_file(m, name, m->suffix), &m->env, &err);

    if (r < 0)
        return flow_unreadable(m, "the envelope cannot be read");
    m->env_ok = r == 0;
    if (!m->env_ok)
        say_broken(m, &err);
    if (m->eml < 0)
        m->eml = openat(d->spool.proc.fd, msg_file(m, name, ".eml"),
                        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (m->eml < 0 || fstat(m->eml, &m->eml_stat) < 0)
        return flow_unreadable(m, "the message cannot be opened");
    return 0;
}
