/*
 * ledger.h - the index beside the journal: what must be looked up fast.
 *
 * Nothing here is needed to be right: the ledger is derived from the journal
 * (and from the suffixes in the spool) and remembers up to which line it has
 * read it, in the same transaction as the rows. Missing, damaged or of another
 * version: moved aside with an alarm, built again a slice at a time while mail
 * flows. Berkeley DB, DB_PRIVATE, this process alone; the only file that
 * includes <db.h> is ledger.c. Store thread only. Never a lost message, never a
 * crash because of it: every error is an answer.
 */
#ifndef SPOOLD_LEDGER_H
#define SPOOLD_LEDGER_H

#include "spoold/journal.h"
#include "spoold/spool.h"

#define LEDGER_VERSION 2

enum ledger_state {
    LEDGER_ACCEPTED,
    LEDGER_DELIVERED,
    LEDGER_QUARANTINED,
    LEDGER_DISCARDED,
    LEDGER_STATE__MAX
};

/* What the ledger knows of one message. */
struct ledger_row {
    struct base id;
    int64_t accepted_ms, final_ms; /* 0 = not yet */
    unsigned events;               /* bit 1 << event_kind for each kind seen */
    unsigned copies;               /* delivered copies, counted once per copy number */
    uint64_t size;
    struct journal_place accepted, final; /* day[0] == 0 when there is none */
};

/* Why a message waits: lost with the ledger, and then the message is tried at once. */
struct ledger_hold {
    struct base id;
    int64_t since_ms, next_ms;
    unsigned tries;
    char reason[128];
};

struct ledger_counts {
    uint64_t event[EVENT_KIND__MAX]; /* messages, once each (delivered: messages with at least one copy) */
    uint64_t copies;
    uint64_t class[SPOOL_CLASS__MAX]; /* of those quarantined, by the class of the first line */
    uint64_t indexed_lines, damaged_lines;
};

struct ledger;

/*
 * `dirfd` is the process' working directory's directory state/ledger (Berkeley
 * DB opens by name; spoold stays there so that no absolute path is ever
 * resolved); `journal_dirfd` is borrowed. A damaged environment, also one whose
 * log was cut, is moved to bad-TIME inside it (removed when large) and `*rebuilt`
 * set. NULL with errno only when the directory itself is unusable.
 */
struct ledger *ledger_open(int dirfd, int journal_dirfd, bool *rebuilt);
void ledger_close(struct ledger **l);

/* One transaction for everything between begin and commit; the retry is inside. 0 or -1 (the ledger is then
 * reopened or rebuilt by ledger_tidy). */
int ledger_begin(struct ledger *l);
int ledger_commit(struct ledger *l);
/* Gives the open transaction up, where there is one: nothing since its begin was said. */
void ledger_abort(struct ledger *l);
/*
 * The line just appended and flushed (a ledger that knows lines which the journal lost is built again). One
 * that does not follow the last indexed line is left to ledger_tidy(); that is no error.
 */
int ledger_apply(struct ledger *l, const struct event *e, const struct journal_place *place);
int ledger_put_hold(struct ledger *l, const struct ledger_hold *h);
int ledger_del_hold(struct ledger *l, const struct base *id);

/* 1 found, 0 not there, -1 damaged. */
int ledger_get(struct ledger *l, struct view id, struct ledger_row *row);
int ledger_get_hold(struct ledger *l, struct view id, struct ledger_hold *h);

enum ledger_index { LEDGER_BY_ID, LEDGER_BY_SENDER, LEDGER_BY_RCPT, LEDGER_BY_NAME, LEDGER_INDEX__MAX };
struct ledger_find {
    enum ledger_index index;
    struct view key;
    unsigned max; /* rows in one call */
};
/*
 * Rows in key order, newest first, that start after `*resume` (a base, s[0] == 0 = begin):
 * for BY_ID `key` is a prefix of BASE (empty = all), else the exact address (any case) or NAME
 * (newest first within an intake; BY_ID ascends).
 * Calls back at most `max` times; fn returns nonzero to stop. Returns the rows
 * given, -1 on damage; `*resume` is where to go on (s[0] == 0 at the end).
 */
int ledger_walk(struct ledger *l, struct ledger_find what, struct base *resume,
                int (*fn)(const struct ledger_row *row, void *arg), void *arg);
void ledger_counts(struct ledger *l, struct ledger_counts *c);

/*
 * Housekeeping in slices: catch up with the journal, rebuild, checkpoint (each
 * minute or 4 MB), remove old logs, forget rows older than `forget_before_ms`.
 * 1 = more to do, 0 = nothing.
 */
int ledger_tidy(struct ledger *l, int64_t now_ms, int64_t forget_before_ms);
/* Whether the index still lags behind the journal (rebuilding): answers may be incomplete. */
bool ledger_catching_up(const struct ledger *l);

#endif
