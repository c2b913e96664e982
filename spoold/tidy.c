/*
 * tidy.c - see tidy.h. The store does a bounded slice each time, so that mail never waits for it long.
 */
#include "spoold/tidy.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/fs.h"
#include "spoold/kept.h"
#include "spoold/quarantine_expire.h"

#include <errno.h>
#include <stdlib.h>

#define TIDY_EVERY_MS 1000
#define TIDY_SOON_MS  5     /* more slices wait */
#define TIDY_CALM_MS  10000 /* without an error of the disk: it is over */

struct tidy {
    struct task task;
    bool stop_intake, mark; /* in: set the intakes' mark */
    bool marked;            /* it could be set */
    bool no_room, more, catching_up, swept;
    struct fs_room room;
    struct ledger_counts counts;
};

static void check_room(struct tidy *t, const struct depot *d)
{
    if (fs_room(d->spool.proc.fd, &t->room) < 0)
        return;
    t->no_room = t->room.free_bytes < (uint64_t)d->cfg->reserve ||
                 t->room.free_inodes < (uint64_t)d->cfg->reserve_inodes;
}

static void tidy_run(struct task *task, struct depot *d)
{
    struct tidy *t = (struct tidy *)task;
    int64_t now = depot_wall_ms();
    int more;

    if (t->mark)
        t->marked = spool_mark_intakes(&d->spool, t->stop_intake) == 0;
    check_room(t, d);
    more = journal_tidy(d->journal, now);
    if (more < 0)
        log_warn("event=journal_tidy_failed it is tried again");
    t->more = more > 0;
    if (!d->in_txn) /* its slices are transactions of their own */
        t->more |= ledger_tidy(d->ledger, now, now - d->cfg->keep_history) > 0;
    t->more |= quarantine_expire_slice(d) > 0;
    t->more |= kept_tidy(d) > 0;
    t->swept = quarantine_expire_walked(d);
    if (t->swept && d->ask)
        d->ask(d);
    t->catching_up = ledger_catching_up(d->ledger);
    ledger_counts(d->ledger, &t->counts);
}

static void note_mark(struct spoold *s, bool stopped)
{
    const char *why = spoold_stop_reason(s);

    if (stopped != s->marked_stopped && s->recovered && !s->stopping) {
        if (stopped)
            log_warnx("event=intake_stopped no new messages are taken: %s", why ? why : "for a moment");
        else
            log_info("event=intake_open new messages are taken");
    }
    s->marked_stopped = stopped;
}

static void tidy_done(struct task *task, struct spoold *s)
{
    struct tidy *t = (struct tidy *)task;

    s->tidying = false;
    s->no_room = t->no_room;
    s->counts = t->counts;
    s->catching_up = t->catching_up;
    s->swept = t->swept;
    if (t->marked)
        note_mark(s, t->stop_intake);
    s->mark_failed = t->mark && !t->marked;
    if (s->mark_failed)
        s->mark_fresh = false; /* tried again with the next round */
    if (t->catching_up && t->more)
        alarm_raise(&s->alarms, ALARM_LEDGER,
                    "the ledger reads up in the journal; history and audit are not complete yet");
    else
        alarm_clear(&s->alarms, ALARM_LEDGER);
    if (depot_mono_ms() - s->disk_error_ms > TIDY_CALM_MS)
        alarm_clear(&s->alarms, ALARM_DISK_ERROR);
    if (depot_mono_ms() - s->outlet_error_ms > TIDY_CALM_MS)
        alarm_clear(&s->alarms, ALARM_OUTLET_TAKEN);
    if (t->no_room)
        alarm_raise(
            &s->alarms, ALARM_NO_ROOM,
            "only %llu MB and %llu files are free on the spool's file system; no new messages are taken",
            (unsigned long long)(t->room.free_bytes >> 20), (unsigned long long)t->room.free_inodes);
    else
        alarm_clear(&s->alarms, ALARM_NO_ROOM);
    s->tidy_due = depot_mono_ms() + (t->more ? TIDY_SOON_MS : TIDY_EVERY_MS);
    free(t);
}

void tidy_start(struct spoold *s)
{
    struct tidy *t = xcalloc(1, sizeof *t);

    t->task.run = tidy_run;
    t->task.done = tidy_done;
    t->stop_intake = spoold_stop_reason(s) != NULL;
    t->mark = t->stop_intake != s->marked_stopped || !s->mark_fresh;
    s->mark_fresh = true;
    s->tidying = true;
    task_list_add(&s->todo, &t->task);
}

void tidy_watch(struct spoold *s)
{
    int64_t busy = store_busy_ms(s->store);

    s->stalled = busy > s->cfg->store_stall;
    if (s->stalled)
        alarm_raise(&s->alarms, ALARM_STORE_STALLED,
                    "the disk has not answered for %lld s; no new messages are taken until it does",
                    (long long)(busy / 1000));
    else
        alarm_clear(&s->alarms, ALARM_STORE_STALLED);
    if (s->roster.count[ROSTER_HELD] >= (size_t)s->cfg->max_held)
        alarm_raise(&s->alarms, ALARM_TOO_MANY_HELD, "%zu messages are held; no new messages are taken",
                    s->roster.count[ROSTER_HELD]);
    else
        alarm_clear(&s->alarms, ALARM_TOO_MANY_HELD);
    if ((spoold_stop_reason(s) != NULL) != s->marked_stopped && !s->mark_failed)
        s->tidy_due = 0;
}
