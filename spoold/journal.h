/*
 * journal.h - state/journal/YYYY-MM-DD.jsonl: what became of every message.
 *
 * Append-only, one line of JSON per event, authoritative for history and audit.
 * The last member of a line is "crc" (CRC-32 of everything before `,"crc":`),
 * so a torn or altered line is known as such, skipped and counted, never
 * believed. Rotated daily (UTC); closed days are compressed to .jsonl.gz a slice
 * at a time; days past retention are removed whole.
 * A day has parts: YYYY-MM-DD, then YYYY-MM-DDb .. YYYY-MM-DDz. A failed flush is
 * final for its file, so the next append begins the next part; strcmp() sorts them.
 * Store thread only. An event may stand twice after a crash; it counts once per
 * (id, event, copy).
 */
#ifndef SPOOLD_JOURNAL_H
#define SPOOLD_JOURNAL_H

#include "common/buf.h"
#include "spoold/base.h"

#include <stdint.h>

#define JOURNAL_LINE_MAX 1048576 /* bytes; longer lines are refused on write and damage on read */
#define JOURNAL_DAY_LEN  11      /* YYYY-MM-DD and the letter of the part, if any */
#define JOURNAL_KEY_LEN  16

enum event_kind {
    EVENT_ACCEPTED,    /* claimed: from here on spoold answers for it */
    EVENT_DELIVERED,   /* one copy stands durable in an outlet */
    EVENT_QUARANTINED, /* originals stand durable in quarantine/CLASS */
    EVENT_DISCARDED,
    EVENT_RELEASED,
    EVENT_DELETED, /* a quarantine entry, by a person or by age */
    EVENT_KIND__MAX
};

enum log_addresses { LOG_ADDRESSES_FULL, LOG_ADDRESSES_HASH, LOG_ADDRESSES_NONE };

/* All views are borrowed for the call (append) or point into the reader's line buffer (read). */
struct event {
    enum event_kind kind;
    int64_t at_ms; /* wall clock, ms since 1970 */
    struct base id;
    unsigned copy;      /* 1..N for delivered and released copies, else 0 */
    struct view name;   /* the deposited NAME, any bytes; accepted only */
    struct view client; /* connectedip: value or empty; accepted only */
    struct view sender;
    const struct view *rcpt; /* those whom this event is about */
    size_t rcpt_n;
    struct view class;  /* quarantine class or empty */
    struct view reason; /* plain words, or empty */
    uint64_t size;      /* bytes of the original .eml */
    struct view record; /* decision record: a JSON object as text, or empty */
};

/* Where a line stands. */
struct journal_place {
    char day[JOURNAL_DAY_LEN + 1];
    uint64_t offset;
    uint64_t length; /* of the line with its newline; 0 = not known */
};

struct journal_options {
    enum log_addresses
        log_addresses;  /* hash: "h:" + 16 hex digits, keyed by the file `key` in the directory */
    unsigned keep_days; /* whole days, closed files older than this are removed */
    bool compress;
};

struct journal;

/* `dirfd` is borrowed and must outlive the journal. NULL with errno. A torn last line is closed with a
 * newline. */
struct journal *journal_open(int dirfd, const struct journal_options *o);
void journal_close(struct journal **j);
/* 0 and `place`, or -1 with errno (ENOSPC, EIO ...): then nothing was recorded, and the next append starts a
 * new line. */
int journal_append(struct journal *j, const struct event *e, struct journal_place *place);
/*
 * fdatasync of what was appended since the last one (and of the directory when a day was begun). 0, or -1
 * with errno: nothing appended since the last success is durable, all of it is to be appended again (it goes
 * to a new file).
 */
int journal_sync(struct journal *j);
bool journal_dirty(const struct journal *j);
/* One bounded slice (<= 1 MB) of compressing, or one day's removal. 1 = there is more to do, 0 = nothing, -1
 * with errno. */
int journal_tidy(struct journal *j, int64_t now_ms);
/* The key of hashed addresses, JOURNAL_KEY_LEN bytes; zeros unless log_addresses = hash. */
const unsigned char *journal_key(const struct journal *j);

/* Reading; each reader owns one line buffer. `from` may be NULL for the oldest line. */
struct journal_reader;
struct journal_reader *journal_reader_open(int dirfd, const struct journal_place *from);
void journal_reader_close(struct journal_reader **r);
/*
 * 1 with the event (valid until the next call) and its place; 0 at the end;
 * -1 with errno when a file cannot be read; the next call then goes on behind that file. Damaged lines are
 * skipped and counted. After a 0 the call may be repeated: it sees what was appended meanwhile.
 */
int journal_reader_next(struct journal_reader *r, struct event *e, struct journal_place *place);
/*
 * From now on only lines that hold these bytes are given, the others are passed over without a look at their
 * checksum, and no day behind `until` is opened. Both are borrowed; without n, and NULL: everything.
 */
void journal_reader_only(struct journal_reader *r, struct view holding, const char *until);
uint64_t journal_reader_damaged(const struct journal_reader *r);
/* The whole checked line of the last event, without newline. */
struct view journal_reader_line(const struct journal_reader *r);

/* The nearest day file after (`step` > 0) or before `than`; "" = from the very end. 1 and `day`, 0 none, -1
 * with errno. */
enum journal_find { JOURNAL_FIND_ANY, JOURNAL_FIND_PLAIN };
int journal_find_day(int dirfd, const char *than, int step, enum journal_find what,
                     char day[JOURNAL_DAY_LEN + 1]);

/* `to` gets what stands in the journal for `address` under log_addresses = hash: "h:" and 16 hex digits. */
#define JOURNAL_HASH_LEN 18
void journal_hash_address(struct view address, const unsigned char key[JOURNAL_KEY_LEN],
                          char to[JOURNAL_HASH_LEN + 1]);

/* Exposed for tests and fuzzing. journal_parse_line: 0, or -1 when damaged; `scratch` owns what the views
 * point to. */
struct journal_scratch;
struct journal_scratch *journal_scratch_new(void);
void journal_scratch_free(struct journal_scratch **s);
int journal_parse_line(struct view line, struct event *e, struct journal_scratch *s);
void journal_format_line(const struct event *e, const struct journal_options *o,
                         const unsigned char key[JOURNAL_KEY_LEN], struct buf *out);
const char *event_name(enum event_kind k);

#endif
