/*
 * ledger_store.h - between ledger.c (Berkeley DB, the environment's life),
 * ledger_index.c (what the tables mean) and what ledger.c left to others.
 * Nobody else includes it.
 *
 * Keys and data are bytes here. Every verb uses the open transaction, or none
 * when none is open. After the first trouble every verb answers -1 until
 * ledger_store_recover() has been called, which needs no cursor to be open.
 */
#ifndef SPOOLD_LEDGER_STORE_H
#define SPOOLD_LEDGER_STORE_H

#include "spoold/ledger_row.h"

#include <time.h>

enum ledger_table { LEDGER_META, LEDGER_ROWS, LEDGER_KEYS, LEDGER_HOLDS, LEDGER_TABLE__MAX };

/* SHORT: no room, memory or descriptors, the files are good. DAMAGED: they are not. */
enum ledger_trouble { LEDGER_WELL, LEDGER_SHORT, LEDGER_DAMAGED };

struct ledger_store; /* the database handles */

struct ledger {
    int dirfd, journal_dirfd; /* borrowed */
    struct ledger_store *store;
    enum ledger_trouble trouble;
    time_t tried;                   /* CLOCK_MONOTONIC of the last attempt to mend it; 0 = never */
    time_t retry_s;                 /* to wait before the next one */
    struct ledger_head head, kept;  /* now, and as of the last commit */
    bool touched;                   /* head differs from kept */
    bool behind;                    /* lines of the journal are not indexed yet */
    struct journal_reader *reader;  /* open while catching up */
    uint64_t damaged;               /* of the reader, counted already */
    enum ledger_table sweep;        /* the table being swept; LEDGER_META = none */
    char sweep_key[LEDGER_KEY_MAX]; /* where to go on */
    size_t sweep_n;
    int64_t swept_ms;
};

bool ledger_store_in_txn(const struct ledger *l);
/* 1 found, 0 not there, -1 trouble. */
int ledger_store_get(struct ledger *l, enum ledger_table t, struct view key, struct ledger_packed *to);
int ledger_store_put(struct ledger *l, enum ledger_table t, struct view key, struct view data);
/* 0 also when it was not there. */
int ledger_store_del(struct ledger *l, enum ledger_table t, struct view key);
/* Something makes no sense: the environment counts as damaged. `doing` is for the log. Always -1. */
int ledger_store_distrust(struct ledger *l, const char *doing);

enum ledger_scan { LEDGER_SCAN_ON, LEDGER_SCAN_STOP, LEDGER_SCAN_DELETE };
struct ledger_scanner {
    enum ledger_scan (*see)(struct view key, struct view data, void *arg);
    void *arg;
};
/* From the first key >= `from` upwards, or with `step` < 0 from the last key < `from` downwards. 1 = at the
 * end, 0 stopped. */
int ledger_store_scan(struct ledger *l, enum ledger_table t, struct view from, int step,
                      struct ledger_scanner by);
/* Each minute or CHECKPOINT_KB; old logs go with it. */
void ledger_store_checkpoint(struct ledger *l);
/* Closes what is open, moves it aside when damaged, opens anew. `*aside` is set when it was moved. 0 or -1.
 */
int ledger_store_recover(struct ledger *l, bool *aside);

/* A place in Berkeley DB's log, as every page of a table begins with the one that changed it last. */
struct ledger_place {
    uint32_t file, offset;
};

/*
 * ledger_proof.c: whether the log, whose next record would stand at `end`, has
 * all that the tables need. Ahead of recovery; removes the note of the end. 0
 * it has, 1 it was cut, -1 and errno.
 */
int ledger_proof_check(int dirfd, struct ledger_place end, const char *const *tables, size_t n);
/* The log is on the disk up to `end`, and nothing will be written to it any more. */
void ledger_proof_leave(int dirfd, struct ledger_place end);

/* ledger_aside.c: everything in the directory goes to bad-TIME inside it. 0, or -1 and errno. */
int ledger_aside_move(int dirfd);

/* In LEDGER_META. */
#define LEDGER_HEAD_KEY VIEW("head")
/* In every table; sorts before every BASE and address, and no scan shows it. */
#define LEDGER_IDENTITY_KEY ((struct view){"\0", 1})

/*
 * ledger_index.c: reads the head of an environment just opened, or founds it,
 * and looks whether the tables and the journal belong to it. 0, or -1 with
 * `trouble`; sets `behind`.
 */
int ledger_index_check(struct ledger *l);
/* 1 and the row, 0 not there, -1. */
int ledger_index_get(struct ledger *l, struct view id, struct ledger_stored *s);

#endif
