/*
 * release_finish.c - what follows the commit of a release, and what recovery does with one that was killed.
 *
 * Store thread. The order is the one in release.c. The journal line stands before
 * the last rename, as for "quarantined" (PROTOCOL.md): while an output is in proc,
 * recovery sees that the line may be missing. Each function may be run again from
 * any point: it does what is left, as the names tell it. Must never publish an
 * envelope without its content, nor undo what was committed.
 */
#include "spoold/release_part.h"

#include "common/envelope_redirect.h"
#include "common/log.h"
#include "spoold/flow.h"
#include "spoold/quarantine_record.h"
#include "spoold/recover.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum release_end release_end_with(char *why, enum release_end end, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, RELEASE_WHY_MAX, fmt, ap);
    va_end(ap);
    return end;
}

const char *release_out_name(const struct quarantine_entry *e, unsigned n, char *to, const char *suffix)
{
    char number[12] = "";

    if (n > 1)
        snprintf(number, sizeof number, "%u", n);
    snprintf(to, MSG_NAME_MAX, "%s%s.r%s%s", e->base.s, e->tag, number, suffix);
    return to;
}

static bool has(const struct spool_dir *dir, const char *name)
{
    return faccessat(dir->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool move(struct depot *d, struct spool_dir *from, const char *name, struct spool_dir *to,
                 const char *to_name)
{
    if (spool_move(&d->spool, from, name, to, to_name) == 0)
        return true;
    log_warn("event=release_failed file=%s/%s", from->label, name);
    return false;
}

bool release_move_part(struct depot *d, const struct quarantine_entry *e, enum quarantine_part from,
                       enum quarantine_part to)
{
    char a[MSG_NAME_MAX], b[MSG_NAME_MAX];
    struct spool_dir *dir = &d->spool.class[e->class];

    return move(d, dir, quarantine_file(e, a, from), dir, quarantine_file(e, b, to));
}

bool release_flush(const struct spool_dir *dir)
{
    if (spool_flush_now(dir->fd) == 0)
        return true;
    log_warn("event=flush_failed folder=%s", dir->label);
    return false;
}

int release_discard(struct depot *d, const struct quarantine_entry *e, unsigned n)
{
    static const char *const outs[] = {".eml.out", ".hdr.out"};
    char name[MSG_NAME_MAX];
    int rc = 0;

    for (size_t i = 0; i < 2; i++)
        rc |= spool_remove(&d->spool, &d->spool.proc, release_out_name(e, n, name, outs[i]));
    if (quarantine_has(d, e, QUARANTINE_JSON_REL))
        rc |=
            spool_remove(&d->spool, &d->spool.class[e->class], quarantine_file(e, name, QUARANTINE_JSON_REL));
    if (rc < 0)
        log_warn("id=%s event=release_failed what was prepared cannot be removed", e->base.s);
    return rc;
}

/* --- publish and settle: all that follows the commit --------------------- */

/* Lines count once per (id, event, copy): copies of one message and their releases must not share a number.
 */
unsigned release_copy_number(const struct quarantine_entry *e, unsigned n)
{
    unsigned tag = e->tag[0] ? (unsigned)strtoul(e->tag + 1, NULL, 10) : 0;

    if (e->tag[0] && !tag)
        tag = 100 + (e->tag[2] ? (unsigned)strtoul(e->tag + 2, NULL, 10) : 1);
    return tag * (RELEASE_MAX + 1) + n;
}

/* Who they are stands in the envelope that is about to be published: also after a restart. */
static bool record_release(struct depot *d, const struct quarantine_entry *e, unsigned n, const char *hdr_out)
{
    struct event ev = {.kind = EVENT_RELEASED,
                       .at_ms = depot_wall_ms(),
                       .id = e->base,
                       .copy = release_copy_number(e, n),
                       .class = view_of(spool_class_name(e->class))};
    struct envelope env = {.rcpt_n = 0};
    struct envelope_error err;
    struct view *replaced = NULL;
    struct buf reason = {0};
    int rc = flow_read_envelope(&d->spool.proc, hdr_out, &env, &err);
    const size_t redirected = rc == 0 ? envelope_redirect_read(&env, base_id(&e->base), &replaced) : 0;

    if (rc == 0) {
        ev.sender = env.sender;
        ev.rcpt = redirected ? replaced : env.rcpt;
        ev.rcpt_n = redirected ? redirected : env.rcpt_n;
    }
    if (redirected)
        buf_addf(&reason, "redirected to %.*s", (int)env.rcpt[0].n, env.rcpt[0].p);
    ev.reason = buf_view(&reason);
    if (rc >= 0)
        rc = flow_record_event(d, &ev) < 0 || depot_sync_journal(d) < 0 ? -1 : 0;
    if (rc < 0)
        log_warn("id=%s event=not_recorded a release waits for the journal", e->base.s);
    buf_free(&reason);
    free(replaced);
    envelope_free(&env);
    return rc == 0;
}

/* Never an envelope without its content, nor before its line. What has gone out already is passed over. */
bool release_publish(struct depot *d, const struct quarantine_entry *e, unsigned n, struct spool_dir *outlet)
{
    char from[MSG_NAME_MAX], to[MSG_NAME_MAX];
    struct spool_dir *proc = &d->spool.proc;

    if (has(proc, release_out_name(e, n, from, ".eml.out")) &&
        !move(d, proc, from, outlet, release_out_name(e, n, to, ".eml")))
        return false;
    if (!has(proc, release_out_name(e, n, from, ".hdr.out")))
        return release_flush(outlet);
    if (d->spool.model == SPOOL_MODEL_B && !release_flush(outlet))
        return false;
    return record_release(d, e, n, from) && move(d, proc, from, outlet, release_out_name(e, n, to, ".hdr")) &&
           release_flush(outlet);
}

/* The entry is held again, for those who are left. */
static bool settle(struct depot *d, const struct quarantine_entry *e)
{
    struct spool_dir *class = &d->spool.class[e->class];
    char from[MSG_NAME_MAX], to[MSG_NAME_MAX];

    if (!quarantine_has(d, e, QUARANTINE_HDR_PART))
        return true;
    if (quarantine_has(d, e, QUARANTINE_JSON_REL) &&
        spool_replace(&d->spool, class, quarantine_file(e, from, QUARANTINE_JSON_REL),
                      quarantine_file(e, to, QUARANTINE_JSON)) < 0) {
        log_warn("event=release_failed file=%s/%s", class->label, from);
        return false;
    }
    return release_flush(class) && release_move_part(d, e, QUARANTINE_HDR_PART, QUARANTINE_HDR) &&
           release_flush(class);
}

struct spool_dir *release_outlet(struct depot *d, const struct quarantine_entry *e)
{
    size_t intake = recover_intake(d->cfg, &e->base);

    return intake == SIZE_MAX ? NULL : &d->spool.outlet[intake];
}

/* From the commit on; from any point on. */
bool release_finish(struct depot *d, const struct quarantine_entry *e, unsigned n)
{
    struct spool_dir *outlet = release_outlet(d, e);

    return outlet && release_flush(&d->spool.class[e->class]) && release_flush(&d->spool.proc) &&
           release_publish(d, e, n, outlet) && settle(d, e);
}

/* --- recovery --------------------------------------------------------------- */

/* ".2.r3" is the third release of the entry with tag ".2". */
static int parse_tail(struct quarantine_entry *e, const struct base *b, const char *tail, unsigned *n)
{
    const char *last = strrchr(tail, '.');
    char name[MSG_NAME_MAX];

    if (!last || last[1] != 'r')
        return -1;
    *n = last[2] ? (unsigned)strtoul(last + 2, NULL, 10) : 1;
    snprintf(name, sizeof name, "%s%.*s", b->s, (int)(last - tail), tail);
    return quarantine_parse_entry(e, view_of(name));
}

/* The class in which such a release was committed, or -1. */
static int committed_class(struct depot *d, struct quarantine_entry *e)
{
    for (int c = 0; c < SPOOL_CLASS__MAX; c++) {
        e->class = (enum spool_class)c;
        if (quarantine_has(d, e, QUARANTINE_HDR_REL) || quarantine_has(d, e, QUARANTINE_HDR_PART))
            return c;
    }
    return -1;
}

bool release_is_committed(struct depot *d, const struct base *b, const char *tail)
{
    struct quarantine_entry e;
    unsigned n;

    return parse_tail(&e, b, tail, &n) == 0 && committed_class(d, &e) >= 0;
}

bool release_resume(struct depot *d, const struct base *b, const char *tail)
{
    struct quarantine_entry e;
    unsigned n;

    return parse_tail(&e, b, tail, &n) == 0 && committed_class(d, &e) >= 0 && release_finish(d, &e, n);
}

bool release_undo(struct depot *d, const struct base *b, const char *tail)
{
    struct quarantine_entry e;
    unsigned n;

    if (parse_tail(&e, b, tail, &n) < 0 || committed_class(d, &e) >= 0)
        return false;
    return release_discard(d, &e, n) == 0;
}

int release_mend(struct depot *d, const struct quarantine_entry *e)
{
    struct spool_dir *class = &d->spool.class[e->class];
    struct quarantine_record now = {.size = 0}, then = {.size = 0};
    char name[MSG_NAME_MAX];
    uint64_t n = 0;

    if (!quarantine_has(d, e, QUARANTINE_HDR_PART))
        return spool_remove(&d->spool, class, quarantine_file(e, name, QUARANTINE_JSON_REL));
    if (quarantine_record_read(&then, class, quarantine_file(e, name, QUARANTINE_JSON_REL)) == 0)
        n = then.releases;
    else if (quarantine_record_read(&now, class, quarantine_file(e, name, QUARANTINE_JSON)) == 0)
        n = now.releases;
    quarantine_record_free(&then);
    quarantine_record_free(&now);
    if (!n || n > RELEASE_MAX) {
        log_warnx("id=%s event=repair_failed class=%s the record of a release cannot be read", e->base.s,
                  class->label);
        return -1;
    }
    return release_finish(d, e, (unsigned)n) ? 0 : -1;
}
