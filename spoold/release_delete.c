/*
 * release_delete.c - takes an entry out of quarantine for good (protocol.md section 3, delete/expire).
 *
 * Store thread, called by the verbs delete and purge and by quarantine_expire.c. The
 * rename to .hdr.del is the point of no return, the journal line follows, and
 * only then the files go, .hdr.del last: whatever is killed, what is left says
 * that it is to be deleted. The line names nobody: a purge must leave no address.
 */
#include "spoold/release_part.h"

#include "common/log.h"
#include "spoold/quarantine_record.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static bool record_deleted(struct depot *d, const struct quarantine_entry *e, const char *reason)
{
    struct event ev = {.kind = EVENT_DELETED,
                       .at_ms = depot_wall_ms(),
                       .id = e->base,
                       .copy = e->tag[0] ? release_copy_number(e, 0) : 0,
                       .class = view_of(spool_class_name(e->class)),
                       .reason = view_of(reason)};

    if (depot_record(d, &ev) == 0 && depot_sync_journal(d) == 0)
        return true;
    log_warn("id=%s event=not_recorded a deletion waits for the journal", e->base.s);
    return false;
}

static bool remove_parts(struct depot *d, const struct quarantine_entry *e)
{
    static const enum quarantine_part parts[] = {QUARANTINE_JSON_REL, QUARANTINE_JSON, QUARANTINE_EML};
    struct spool_dir *class = &d->spool.class[e->class];
    char name[MSG_NAME_MAX];

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (spool_remove(&d->spool, class, quarantine_file(e, name, parts[i])) < 0) {
            log_warn("event=delete_failed file=%s/%s", class->label, name);
            return false;
        }
    if (d->spool.model == SPOOL_MODEL_B && !release_flush(class))
        return false;
    if (spool_remove(&d->spool, class, quarantine_file(e, name, QUARANTINE_HDR_DEL)) == 0)
        return true;
    log_warn("event=delete_failed file=%s/%s", class->label, name);
    return false;
}

/* The way out of a release that was committed may not be over: without its .hdr.rel it would be undone. */
static bool is_out(struct depot *d, const struct quarantine_entry *e)
{
    static const char *const outs[] = {".eml.out", ".hdr.out"};
    struct quarantine_record r;
    char name[MSG_NAME_MAX];
    unsigned n = 1;
    bool left = false;

    if (quarantine_record_read(&r, &d->spool.class[e->class], quarantine_file(e, name, QUARANTINE_JSON)) ==
            0 &&
        r.releases < RELEASE_MAX)
        n = (unsigned)r.releases + 1;
    quarantine_record_free(&r);
    for (size_t i = 0; i < 2; i++)
        left |= faccessat(d->spool.proc.fd, release_out_name(e, n, name, outs[i]), F_OK,
                          AT_SYMLINK_NOFOLLOW) == 0;
    return !left || release_finish(d, e, n);
}

/* An envelope without content, and content without envelope, have nothing to be renamed or nothing to lose.
 */
enum release_end release_delete(struct depot *d, const struct quarantine_entry *e, const char *reason,
                                char *why)
{
    struct spool_dir *class = &d->spool.class[e->class];
    enum quarantine_state s = quarantine_state(d, e);

    if (s == QUARANTINE_NONE)
        return release_end_with(why, RELEASE_NOTHING, "there is no such entry any more");
    if (s == QUARANTINE_RELEASING || (s != QUARANTINE_DELETING && quarantine_in_work(d, e)))
        return release_end_with(why, RELEASE_LATER, "it is still in work, ask again");
    if (s == QUARANTINE_RELEASED && !is_out(d, e))
        return release_end_with(why, RELEASE_LATER, "its release is not over; see the log, and ask again");
    if ((s == QUARANTINE_HELD || s == QUARANTINE_RELEASED) &&
        !release_move_part(d, e, quarantine_envelope(s), QUARANTINE_HDR_DEL))
        return release_end_with(why, RELEASE_LATER, "it cannot be renamed; see the log, and ask again");
    if (!release_flush(class) || !record_deleted(d, e, reason) || !remove_parts(d, e))
        return release_end_with(why, RELEASE_LATER, "it is not deleted as a whole; spoold goes on by itself");
    log_info("id=%s event=deleted class=%s%s%s reason=\"%s\"", e->base.s, spool_class_name(e->class),
             e->tag[0] ? " copy=" : "", e->tag[0] ? e->tag + 1 : "", reason);
    return release_end_with(why, RELEASE_DONE, "%s", "");
}
