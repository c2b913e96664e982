/*
 * recover_repair.c - repairs that need no decision: torn claims, lone halves, releases, strays.
 *
 * Store thread, called for states that no message in work is ever in. Each
 * repair is one rename (and a note beside what is parked), may be killed at any
 * point, and leaves a state of the same table behind. Nothing is deleted. Releases are
 * finished or undone by release.c.
 */
#include "spoold/recover.h"

#include "common/json.h"
#include "common/log.h"
#include "spoold/carry.h"
#include "spoold/negative.h"
#include "spoold/release.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const char *file_of(const struct recover_found *f, char *to, const char *suffix)
{
    snprintf(to, MSG_NAME_MAX, "%s%s", f->base.s, suffix);
    return to;
}

/* Whether `file` in an intake is the half of this BASE that is looked for; which = 'E', 'H', or 0 for "any
 * file of that name". */
static bool is_peer(const struct spool_dir *dir, const struct recover_found *f, const char *file, char which)
{
    struct stat st;

    if (fstatat(dir->fd, file, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
        return false;
    return which == 0 || NEGATIVE("no-stamps") || base_stamp_matches(&f->base, which, &st);
}

/* Only where cleaning may have changed the name: the whole intake is read. */
static bool search_intake(const struct spool_dir *dir, struct recover_found *f, const char *suffix,
                          char which)
{
    int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *e;
    bool found = false;

    if (!d && fd >= 0)
        close(fd);
    while (d && !found && (e = readdir(d))) {
        struct view name = view_of(e->d_name);

        if (!view_ends_with(name, view_of(suffix)))
            continue;
        name.n -= strlen(suffix);
        found = base_name_matches(&f->base, name) && is_peer(dir, f, e->d_name, which);
        if (found)
            snprintf(f->peer, sizeof f->peer, "%s", e->d_name);
    }
    if (d)
        closedir(d);
    return found;
}

static bool clean_may_differ(const struct base *b)
{
    return b->clean_len == BASE_CLEAN_MAX || memchr(b->s, '_', b->clean_len) != NULL;
}

static bool find_peer_in(struct depot *d, struct recover_found *f, size_t i, const char *suffix, char which)
{
    const struct spool_dir *dir = &d->spool.intake[i];
    struct view clean = base_clean(&f->base);

    snprintf(f->peer, sizeof f->peer, "%.*s%s", (int)clean.n, clean.p, suffix);
    f->peer_intake = i;
    if (is_peer(dir, f, f->peer, which) ||
        (clean_may_differ(&f->base) && search_intake(dir, f, suffix, which)))
        return true;
    f->peer[0] = '\0';
    return false;
}

static bool find_peer(struct depot *d, struct recover_found *f, const char *suffix, char which)
{
    for (size_t i = 0; i < d->spool.intake_n; i++)
        if (find_peer_in(d, f, i, suffix, which))
            return true;
    return false;
}

static bool stamp_ok(struct depot *d, const struct recover_found *f, const char *suffix, char which)
{
    char name[MSG_NAME_MAX];
    struct stat st;

    return fstatat(d->spool.proc.fd, file_of(f, name, suffix), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           base_stamp_matches(&f->base, which, &st);
}

void recover_gather(struct depot *d, struct recover_found *f)
{
    if (f->release_eml || f->release_hdr)
        f->released = release_is_committed(d, &f->base, f->release);
    if (f->state == RECOVER_CLAIMED) {
        f->hdr_stamp_ok = stamp_ok(d, f, f->suffix, 'H');
        f->eml_stamp_ok = !f->eml || stamp_ok(d, f, ".eml", 'E');
    }
    if (f->state == RECOVER_NONE && f->eml) {
        f->eml_stamp_ok = stamp_ok(d, f, ".eml", 'E');
        find_peer(d, f, ".hdr", 'H');
    }
    if ((f->state == RECOVER_CLAIMED || f->state == RECOVER_WORK) && !f->eml)
        find_peer(d, f, ".eml", 'E');
}

static bool move(struct depot *d, struct spool_dir *from, const char *name, struct spool_dir *to,
                 const char *to_name)
{
    if (spool_move(&d->spool, from, name, to, to_name) == 0)
        return true;
    log_warn("event=repair_failed file=%s/%s", from->label, name);
    return false;
}

static bool take_peer(struct depot *d, const struct recover_found *f, const char *suffix)
{
    char to[MSG_NAME_MAX];

    return move(d, &d->spool.intake[f->peer_intake], f->peer, &d->spool.proc, file_of(f, to, suffix));
}

/* Out of proc for good: by rename, or, where quarantine is on another file system, by a durable copy and an
 * unlink. */
static bool move_out(struct depot *d, const char *name, struct spool_dir *to, const char *to_name)
{
    if (carry_out(&d->spool, &d->spool.proc, name, to, to_name) == 0)
        return true;
    log_warn("event=repair_failed file=proc/%s", name);
    return false;
}

/* Says beside a parked half why it is there; it is written first, so that no entry stands without a reason.
 */
static bool write_reason(struct depot *d, const struct recover_found *f, const char *why)
{
    char name[MSG_NAME_MAX];
    struct buf text = {0};
    struct json j;
    bool done;

    json_open(&j, &text);
    json_add_view(&j, "id", base_view(&f->base));
    json_add_time(&j, "at", depot_wall_ms());
    json_add_str(&j, "class", "failed");
    json_add_str(&j, "reason", why);
    json_close(&j);
    buf_add_char(&text, '\n');
    done = carry_put(&d->spool, &d->spool.class[SPOOL_CLASS_FAILED], file_of(f, name, ".json"), &text) == 0;
    if (!done)
        log_warn("id=%s event=reason_not_written", f->base.s);
    buf_free(&text);
    return done;
}

static void record_parked(struct depot *d, const struct recover_found *f, const char *why)
{
    struct event e = {
        .at_ms = depot_wall_ms(), .id = f->base, .reason = view_of(why), .class = VIEW("failed")};
    static const enum event_kind kinds[] = {EVENT_ACCEPTED, EVENT_QUARANTINED};

    for (size_t i = 0; i < 2; i++) {
        e.kind = kinds[i];
        if (depot_record(d, &e) < 0)
            log_warn("id=%s event=not_recorded", f->base.s);
    }
}

static bool park(struct depot *d, const struct recover_found *f, const char *suffix, const char *to_suffix,
                 const char *why)
{
    char from[MSG_NAME_MAX], to[MSG_NAME_MAX];

    log_warnx("id=%s event=parked half=%s reason=\"%s\"", f->base.s, to_suffix, why);
    if (NEGATIVE("delete-lone-eml"))
        return spool_remove(&d->spool, &d->spool.proc, file_of(f, from, suffix)) == 0;
    /* The line first: after the move nothing in proc would say that it is missing, and it counts once. */
    if (!write_reason(d, f, why))
        return false;
    record_parked(d, f, why);
    if (journal_sync(d->journal) < 0)
        return false;
    return move_out(d, file_of(f, from, suffix), &d->spool.class[SPOOL_CLASS_FAILED],
                    file_of(f, to, to_suffix));
}

/* Into its own intake, under the name that its other half has there, where there is one. */
static bool give_back_half(struct depot *d, const struct recover_found *f, const char *suffix, const char *as)
{
    size_t intake = recover_intake(d->cfg, &f->base);
    struct recover_found other = *f;
    char from[MSG_NAME_MAX], to[MSG_NAME_MAX + 8];
    struct view clean = base_clean(&f->base);

    if (intake == SIZE_MAX) /* whose the half is cannot be known; recover_look.c raises the alarm */
        return false;
    if (find_peer_in(d, &other, intake, strcmp(as, ".eml") == 0 ? ".hdr" : ".eml", 0))
        clean = (struct view){other.peer, strlen(other.peer) - 4};
    snprintf(to, sizeof to, "%.*s%s", (int)clean.n, clean.p, as);
    log_warnx("id=%s event=give_back half=%s it belongs to another deposit", f->base.s, as);
    return move(d, &d->spool.proc, file_of(f, from, suffix), &d->spool.intake[intake], to);
}

static bool give_back(struct depot *d, const struct recover_found *f)
{
    if (!f->eml_stamp_ok)
        return give_back_half(d, f, ".eml", ".eml");
    return give_back_half(d, f, f->suffix, ".hdr");
}

/* One output per look is enough: the table is asked again until none is left. */
static bool park_stray(struct depot *d, const struct recover_found *f)
{
    char name[MSG_NAME_MAX], suffix[32] = ".json.out";
    uint32_t outs = f->outs_eml ? f->outs_eml : f->outs_hdr;

    if (outs)
        snprintf(suffix, sizeof suffix, ".%d.%s.out", __builtin_ctz(outs) + 1, f->outs_eml ? "eml" : "hdr");
    file_of(f, name, suffix);
    log_warnx("id=%s event=stray file=%s moved to quarantine/failed/stray", f->base.s, name);
    return move_out(d, name, &d->spool.stray, name);
}

/* Rubbish of an attempt that ended in a hold. */
static bool discard_outs(struct depot *d, const struct recover_found *f)
{
    struct msg *m;
    int r;

    if (!f->outs_eml && !f->outs_hdr && !f->json_out)
        return false;
    m = msg_new(&f->base);
    m->outs_eml = f->outs_eml;
    m->outs_hdr = f->outs_hdr;
    m->json_out = f->json_out;
    r = flow_discard_outs(d, m);
    msg_free(&m);
    if (r < 0)
        log_warnx("id=%s event=repair_failed an output of an attempt that ended cannot be removed from proc",
                  f->base.s);
    return r == 0;
}

bool recover_is_repair(const struct recover_found *f, const struct recover_row *row)
{
    if (row->action == RECOVER_HOLD)
        return f->outs_eml || f->outs_hdr || f->json_out;
    return row->action >= RECOVER_TAKE_ENVELOPE;
}

bool recover_repair(struct depot *d, const struct recover_found *f, const struct recover_row *row)
{
    switch (row->action) {
    case RECOVER_HOLD:
        return discard_outs(d, f);
    case RECOVER_TAKE_ENVELOPE:
        return take_peer(d, f, ".hdr.c");
    case RECOVER_TAKE_CONTENT:
        return take_peer(d, f, ".eml");
    case RECOVER_PARK_CONTENT:
        return park(d, f, ".eml", ".eml", row->meaning);
    case RECOVER_PARK_ENVELOPE:
        return park(d, f, f->suffix, ".hdr", row->meaning);
    case RECOVER_GIVE_BACK:
        return give_back(d, f);
    case RECOVER_UNDO_RELEASE:
        return release_undo(d, &f->base, f->release);
    case RECOVER_FINISH_RELEASE:
        return release_resume(d, &f->base, f->release);
    case RECOVER_PARK_STRAY:
        return park_stray(d, f);
    default:
        return false;
    }
}
