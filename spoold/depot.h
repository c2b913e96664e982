/*
 * depot.h - what belongs to the store thread: spool, journal and ledger.
 *
 * The loop never touches a struct depot once the store runs; it sends tasks.
 */
#ifndef SPOOLD_DEPOT_H
#define SPOOLD_DEPOT_H

#include "spoold/config.h"
#include "spoold/journal.h"
#include "spoold/ledger.h"
#include "spoold/spool.h"
#include "spoold/task.h"

struct kept;
struct scan_state;
struct quarantine_sweep;

struct depot {
    const struct config *cfg;
    struct spool spool;
    int root_dir, state_dir, journal_dir, ledger_dir, config_dir;
    struct journal *journal;
    struct ledger *ledger;
    struct scan_state *scan;        /* scan.c's memory between two tasks; owned */
    struct quarantine_sweep *sweep; /* quarantine_expire.c's memory between two slices; owned */
    struct kept *kept;              /* kept.c's, the same; NULL: settings are not kept (tests) */
    void (*ask)(struct depot *d);   /* tests only: questions without a client; else NULL */
    bool in_txn;                    /* a ledger transaction is open in this batch */
    char hostname[256];
};

/* Opens journal and ledger in their directories; the process' working directory becomes state/ledger. Fatal
 * on failure. */
void depot_open(struct depot *d, const struct config *cfg);
void depot_close(struct depot *d);
/*
 * Appends the event to the journal and, in this batch's transaction, to the
 * ledger. 0, or -1 with errno when the journal did not take it; the ledger's
 * troubles are its own.
 */
int depot_record(struct depot *d, const struct event *e);
/*
 * What was recorded so far is durable now, not only at the end of the batch. 0, or -1: then none of this
 * batch's lines counts, and each task that waits for the journal learns of it.
 */
int depot_sync_journal(struct depot *d);
/* Runs one batch and everything that makes it durable. Tasks learn of errors through what they registered
 * with the spool. */
void depot_run(struct depot *d, struct task_list *batch);
/* The open ledger transaction of this batch, begun when there is none. */
void depot_begin(struct depot *d);

/* Milliseconds since 1970, and of the clock that never jumps. */
int64_t depot_wall_ms(void);
int64_t depot_wall_ns(void);
int64_t depot_mono_ms(void);

#endif
