/*
 * ledger_row.h - how the ledger's records look on disk, and what an event does to a row.
 *
 * Pure functions for ledger.c: packing, unpacking, keys and merging; no
 * database, no files. What is unpacked comes from a disk and is checked byte by
 * byte: a record that does not fit to its last byte is damaged (-1).
 */
#ifndef SPOOLD_LEDGER_ROW_H
#define SPOOLD_LEDGER_ROW_H

#include "spoold/ledger.h"

#define LEDGER_PACKED_MAX  400 /* bytes of any packed record but the key */
#define LEDGER_NAME_MAX    255
#define LEDGER_KEY_MAX     256  /* bytes of any key */
#define LEDGER_ADDRESS_MAX 200  /* longer addresses are cut and end in a hash of the whole */
#define LEDGER_RCPT_MAX    5000 /* recipients of one message that can be looked up */
#define LEDGER_COPY_MAX    32   /* higher copy numbers count as this one */

/* A row with what only the ledger itself needs. */
struct ledger_stored {
    struct ledger_row row;
    uint32_t copy_bits; /* the copies that were counted, one bit each */
    uint8_t name_n;     /* the deposited NAME, when BASE does not show it as it was */
    char name[LEDGER_NAME_MAX];
};

/* The one record that says how far the journal has been read. */
struct ledger_head {
    uint64_t identity;         /* of the environment; the same in every table */
    struct journal_place last; /* the line that was indexed last */
    uint32_t last_print;       /* of its event, to know it again */
    struct ledger_counts counts;
};

/* One packed record. */
struct ledger_packed {
    unsigned char p[LEDGER_PACKED_MAX];
    size_t n;
};

void ledger_row_pack(const struct ledger_stored *s, struct ledger_packed *to);
/* `id` is the key. */
int ledger_row_unpack(struct view from, struct view id, struct ledger_stored *s);
void ledger_row_pack_head(const struct ledger_head *h, struct ledger_packed *to);
/* -1 damaged, -2 of another version. */
int ledger_row_unpack_head(struct view from, struct ledger_head *h);
void ledger_row_pack_hold(const struct ledger_hold *h, struct ledger_packed *to);
int ledger_row_unpack_hold(struct view from, struct view id, struct ledger_hold *h);

/* What `e` changes. Returns whether the row is to be indexed by its addresses now. Counts once per (id,
 * event, copy). */
bool ledger_row_merge(struct ledger_stored *s, const struct event *e, const struct journal_place *place,
                      struct ledger_counts *counts);
/* Whether the message was deposited under exactly this NAME. */
bool ledger_row_has_name(const struct ledger_stored *s, struct view name);
uint32_t ledger_row_print(const struct event *e);

/*
 * Keys of the address table: table letter, address in lower case, NUL, time
 * (newest first), ID; the data is the BASE without its ID.
 */
#define LEDGER_KEY_TAIL (6 + BASE_ID_LEN)
/* The part that all keys of one address share. `to` has room for LEDGER_KEY_MAX; returns the length. */
size_t ledger_row_key_prefix(char to[LEDGER_KEY_MAX], enum ledger_index index, struct view address);
/* Adds the rest behind the prefix of `n` bytes; returns the whole length. */
size_t ledger_row_key_tail(char to[LEDGER_KEY_MAX], size_t n, int64_t accepted_ms, const struct base *id);
/* The BASE without "~ID". */
struct view ledger_row_key_data(const struct base *id);
int ledger_row_unkey(struct view key, struct view data, struct base *id, int64_t *accepted_ms);

#endif
