/*
 * depot.c - see depot.h. Store thread (or the loop itself with store_inline).
 *
 * One batch is one tick of protocol.md section 3: all steps, then one flush for
 * all of them, then the journal's, then the ledger's commit.
 */
#include "spoold/depot.h"

#include "common/log.h"
#include "spoold/kept.h"
#include "spoold/negative.h"
#include "spoold/quarantine_expire.h"
#include "spoold/scan.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_ms(clockid_t which)
{
    struct timespec t;

    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t depot_wall_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

int64_t depot_wall_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t depot_mono_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

void depot_open(struct depot *d, const struct config *cfg)
{
    struct journal_options jo = {
        .log_addresses = (enum log_addresses)cfg->log_addresses,
        .keep_days = (unsigned)(cfg->keep_history / 86400000),
        .compress = cfg->compress,
    };
    bool rebuilt = false;

    d->cfg = cfg;
    d->journal = journal_open(d->journal_dir, &jo);
    if (!d->journal)
        fatal("state/journal cannot be opened");
    if (fchdir(d->ledger_dir) < 0)
        fatal("state/ledger cannot be entered");
    d->ledger = ledger_open(d->ledger_dir, d->journal_dir, &rebuilt);
    if (!d->ledger)
        fatal("state/ledger cannot be opened");
    if (rebuilt)
        log_warnx("event=ledger_rebuild the ledger was missing, damaged or of another version; "
                  "it is built again from the journal while mail flows");
}

void depot_close(struct depot *d)
{
    if (d->ledger && d->in_txn)
        ledger_commit(d->ledger);
    d->in_txn = false;
    scan_fini(d);
    quarantine_expire_fini(d);
    kept_close(d);
    ledger_close(&d->ledger);
    journal_close(&d->journal);
}

void depot_begin(struct depot *d)
{
    if (!d->in_txn)
        d->in_txn = ledger_begin(d->ledger) == 0;
}

int depot_record(struct depot *d, const struct event *e)
{
    struct journal_place place;

    if (NEGATIVE("no-audit") && e->kind == EVENT_DISCARDED)
        return 0;
    if (journal_append(d->journal, e, &place) < 0)
        return -1;
    depot_begin(d);
    if (d->in_txn)
        ledger_apply(d->ledger, e, &place);
    return 0;
}

/* The journal goes first: the ledger may only say what the journal will still say after a power loss. */
int depot_sync_journal(struct depot *d)
{
    if (!journal_dirty(d->journal) || journal_sync(d->journal) == 0)
        return 0;
    spool_journal_failed(&d->spool, errno);
    ledger_abort(d->ledger);
    d->in_txn = false;
    return -1;
}

static void flush_batch(struct depot *d)
{
    spool_flush(&d->spool);
    depot_sync_journal(d);
    if (d->in_txn)
        ledger_commit(d->ledger);
    d->in_txn = false;
    spool_settle_errors(&d->spool);
}

void depot_run(struct depot *d, struct task_list *batch)
{
    for (struct task *t = batch->first; t; t = t->next)
        t->run(t, d);
    flush_batch(d);
}
