/*
 * release.c - see release.h: the order of calls in which an entry leaves quarantine.
 *
 * prepare   proc/NAME.rN.eml.out, .hdr.out; for some of the recipients CLS/NAME.json.rel; flushed, F0
 * commit    CLS/NAME.hdr -> .hdr.rel, or .hdr.part for some of them; F1
 * publish   content to the outlet, F2 (B), journal line, envelope to the outlet, F3
 * settle    (some) .json.rel over .json, flushed, then .hdr.part -> .hdr
 *
 * Here: who gets it, prepare and commit. What follows is in release_finish.c.
 * Each step may be killed; what follows is found from the names alone. Must never
 * publish before the commit is durable, nor take anything back after it.
 */
#include "spoold/release_part.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/flow.h"
#include "spoold/flow_copy.h"
#include "spoold/negative.h"
#include "spoold/quarantine_record.h"
#include "spoold/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* One release on its way. */
struct job {
    struct depot *d;
    const struct quarantine_entry *e;
    struct spool_dir *class, *outlet;
    unsigned n; /* the nth of this entry */
    struct envelope env;
    struct quarantine_record record;
    size_t *pick;      /* owned: indexes of the envelope's recipients to whom it goes */
    struct view *rest; /* owned: who stays */
    size_t pick_n, rest_n;
    char *why;
};

static enum release_end disk_failed(char *why, const char *what)
{
    int err = errno;

    log_warn("event=release_failed %s", what);
    return release_end_with(why, RELEASE_LATER, "%s: %s; ask again", what, strerror(err));
}

/* --- prepare ------------------------------------------------------------- */

/* A new file, whole and flushed: from a buffer, or with the bytes of `from`. */
static int put_file(struct job *j, struct spool_dir *dir, const char *name, const struct buf *text, int from)
{
    int fd = spool_create(&j->d->spool, dir, name), rc, saved;

    if (fd < 0)
        return -1;
    rc = text ? buf_write_fd(text, fd) : flow_copy_bytes(from, fd);
    if (rc == 0)
        rc = spool_flush_now(fd);
    saved = errno;
    close(fd);
    errno = saved;
    return rc;
}

static int put_content(struct job *j)
{
    char name[MSG_NAME_MAX], out[MSG_NAME_MAX];
    int fd = openat(j->class->fd, quarantine_file(j->e, name, QUARANTINE_EML),
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int rc =
        fd < 0 ? -1 : put_file(j, &j->d->spool.proc, release_out_name(j->e, j->n, out, ".eml.out"), NULL, fd);
    int saved = errno;

    if (fd >= 0)
        close(fd);
    errno = saved;
    return rc;
}

/* Line 1 is a word between depositor and spoold; whoever takes it from an outlet looks for "Written". */
static void add_envelope(const struct job *j, struct buf *out)
{
    size_t head = j->env.raw.n ? (size_t)(j->env.head[0].p - j->env.raw.p) : 0;
    struct buf whole = {0};

    envelope_write(&j->env, j->pick, j->pick_n, &whole);
    if (j->env.status == ENVELOPE_WRITTEN) {
        *out = whole;
        return;
    }
    buf_add(out, whole.p, head);
    buf_add_str(out, j->env.crlf ? "Written\r\n" : "Written\n");
    buf_add(out, whole.p + head + j->env.head[0].n, whole.n - head - j->env.head[0].n);
    buf_free(&whole);
}

static int put_envelope(struct job *j)
{
    char name[MSG_NAME_MAX];
    struct buf text = {0};
    int rc;

    add_envelope(j, &text);
    rc = put_file(j, &j->d->spool.proc, release_out_name(j->e, j->n, name, ".hdr.out"), &text, -1);
    buf_free(&text);
    return rc;
}

static int put_record(struct job *j)
{
    char name[MSG_NAME_MAX];
    struct buf text = {0};
    int rc;

    if (!j->rest_n)
        return 0;
    quarantine_record_write(&j->record, j->rest, j->rest_n, &text);
    quarantine_file(j->e, name, QUARANTINE_JSON_REL);
    rc = put_file(j, j->class, name, &text, -1);
    buf_free(&text);
    return rc;
}

/* Everything durable that the commit promises. */
static int prepare(struct job *j)
{
    if (put_content(j) < 0 || put_envelope(j) < 0 || put_record(j) < 0)
        return -1;
    return release_flush(&j->d->spool.proc) && (!j->rest_n || release_flush(j->class)) ? 0 : -1;
}

/* --- to whom -------------------------------------------------------------- */

static bool is_asked(const struct release *r, struct view address)
{
    for (size_t i = 0; i < r->rcpt_n; i++)
        if (view_equal_nocase(r->rcpt[i], address))
            return true;
    return r->rcpt_n == 0;
}

/*
 * The record's recipients are some of the envelope's, in the same order. An
 * entry whose record is lost holds, as far as anybody knows, all of them.
 */
static void choose(struct job *j, const struct release *r)
{
    const struct quarantine_record *held = &j->record;

    j->pick = xcalloc(j->env.rcpt_n + 1, sizeof *j->pick);
    j->rest = xcalloc(j->env.rcpt_n + 1, sizeof *j->rest);
    for (size_t i = 0, k = 0; i < j->env.rcpt_n; i++) {
        if (held->has_rcpt && (k == held->rcpt_n || !view_equal(j->env.rcpt[i], held->rcpt[k])))
            continue;
        k++;
        if (is_asked(r, j->env.rcpt[i]))
            j->pick[j->pick_n++] = i;
        else
            j->rest[j->rest_n++] = j->env.rcpt[i];
    }
}

static bool is_held(const struct job *j, struct view address)
{
    for (size_t i = 0; i < j->pick_n; i++)
        if (view_equal_nocase(j->env.rcpt[j->pick[i]], address))
            return true;
    return false;
}

static enum release_end check_choice(struct job *j, const struct release *r)
{
    for (size_t i = 0; i < r->rcpt_n; i++)
        if (!is_held(j, r->rcpt[i]))
            return release_end_with(j->why, RELEASE_REFUSED,
                                    "this entry is not, or not any more, held for %.*s",
                                    r->rcpt[i].n < 100 ? (int)r->rcpt[i].n : 100, r->rcpt[i].p);
    if (!j->pick_n)
        return release_end_with(
            j->why, RELEASE_REFUSED,
            "its record and its envelope do not name the same recipients; name them with --rcpt");
    if (j->rest_n && j->n >= RELEASE_MAX)
        return release_end_with(j->why, RELEASE_REFUSED,
                                "it was released in %d parts; release the rest at once", RELEASE_MAX - 1);
    return RELEASE_DONE;
}

static enum release_end load(struct job *j, const struct release *r)
{
    char name[MSG_NAME_MAX];
    struct envelope_error err = {.lineno = 0};
    struct stat st;
    int rc = flow_read_envelope(j->class, quarantine_file(j->e, name, QUARANTINE_HDR), &j->env, &err);

    if (rc < 0)
        return disk_failed(j->why, "its envelope cannot be read");
    if (rc > 0)
        return release_end_with(j->why, RELEASE_REFUSED, "its envelope is broken, line %u: %.120s",
                                err.lineno, err.what);
    rc = quarantine_record_read(&j->record, j->class, quarantine_file(j->e, name, QUARANTINE_JSON));
    if (rc < 0 && errno != ENOENT && errno != EBADMSG)
        return disk_failed(j->why, "its record cannot be read");
    if (!j->record.has_rcpt && !r->rcpt_n)
        return release_end_with(
            j->why, RELEASE_REFUSED,
            "its record is missing or damaged, so it is not known for whom it is still held; "
            "name the recipients with --rcpt");
    if (fstatat(j->class->fd, quarantine_file(j->e, name, QUARANTINE_EML), &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? release_end_with(j->why, RELEASE_REFUSED, "its content is missing")
                               : disk_failed(j->why, "its content cannot be read");
    if (j->record.size && j->record.size != (uint64_t)st.st_size)
        return release_end_with(j->why, RELEASE_REFUSED,
                                "its content is not of the size that its record says");
    j->n = j->record.releases < RELEASE_MAX ? (unsigned)j->record.releases + 1 : RELEASE_MAX;
    choose(j, r);
    return check_choice(j, r);
}

static void job_free(struct job *j)
{
    envelope_free(&j->env);
    quarantine_record_free(&j->record);
    free(j->pick);
    free(j->rest);
}

/* --- release --------------------------------------------------------------- */

static enum release_end run(struct job *j)
{
    enum quarantine_part commit = j->rest_n ? QUARANTINE_HDR_PART : QUARANTINE_HDR_REL;

    /* The envelope stands as .hdr, so what is there of this release was left by a kill. */
    if (release_discard(j->d, j->e, j->n) < 0 || prepare(j) < 0) {
        int err = errno;

        release_discard(j->d, j->e, j->n);
        errno = err;
        return disk_failed(j->why, "the release cannot be prepared");
    }
    if (NEGATIVE("release-after-publish"))
        release_publish(j->d, j->e, j->n, j->outlet);
    if (!release_move_part(j->d, j->e, QUARANTINE_HDR, commit)) {
        if (quarantine_has(j->d, j->e, QUARANTINE_HDR)) /* else it may have happened all the same */
            release_discard(j->d, j->e, j->n);
        return release_end_with(j->why, RELEASE_LATER, "the release cannot be committed; ask again");
    }
    if (!release_finish(j->d, j->e, j->n))
        return release_end_with(
            j->why, RELEASE_LATER,
            "the release is decided, but not finished; see the log, spoold goes on by itself");
    return RELEASE_DONE;
}

static enum release_end check_state(struct depot *d, const struct quarantine_entry *e, char *why)
{
    static const struct {
        enum release_end end;
        const char *why;
    } ends[QUARANTINE_STATE__MAX] = {
        [QUARANTINE_NONE] = {RELEASE_NOTHING, "there is no such entry any more"},
        [QUARANTINE_HELD] = {RELEASE_DONE, ""},
        [QUARANTINE_RELEASED] = {RELEASE_ALREADY, "already released"},
        [QUARANTINE_RELEASING] = {RELEASE_LATER, "it is still in work, ask again"},
        [QUARANTINE_DELETING] = {RELEASE_NOTHING, "it is being deleted"},
        [QUARANTINE_HALF] = {RELEASE_REFUSED, "it has no envelope, so nobody knows to whom it should go"},
    };
    enum quarantine_state s = quarantine_state(d, e);

    if (s != QUARANTINE_NONE && quarantine_in_work(d, e))
        return release_end_with(why, RELEASE_LATER, "it is still in work, ask again");
    return release_end_with(why, ends[s].end, "%s", ends[s].why);
}

enum release_end release_entry(struct depot *d, const struct quarantine_entry *e, struct release *r)
{
    struct job j = {.d = d, .e = e, .class = &d->spool.class[e->class], .why = r->why};
    enum release_end end = check_state(d, e, r->why);

    j.outlet = release_outlet(d, e);
    if (end == RELEASE_DONE && !j.outlet)
        end = release_end_with(r->why, RELEASE_REFUSED,
                               "it came from an intake that is not configured any more");
    if (end == RELEASE_DONE)
        end = load(&j, r);
    if (end == RELEASE_DONE)
        end = run(&j);
    if (end == RELEASE_DONE) {
        r->released = j.pick_n;
        r->left = j.rest_n;
        release_out_name(e, j.n, r->stem, "");
        log_info("id=%s event=released class=%s recipients=%zu left=%zu file=%s", e->base.s,
                 spool_class_name(e->class), r->released, r->left, r->stem);
    }
    job_free(&j);
    return end;
}
