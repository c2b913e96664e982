/*
 * ledger_index.c - what the ledger's tables mean: events in, answers out.
 *
 * Store thread only; the database is behind ledger_store.h. Rows are made by
 * the journal's lines in the journal's order and by nothing else: a live line is
 * taken only when it follows the last indexed one directly, everything else is
 * left to the catch-up, so live and rebuilt ledgers are the same. Must never
 * count a line twice, and never work longer than one slice.
 */
#include "spoold/ledger_store.h"

#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>

#define SLICE_LINES   2000
#define SLICE_KEYS    4000
#define SWEEP_ROWS    1000
#define SWEEP_EACH_MS INT64_C(3600000)
#define RETRY_S       5 /* and twice as long after each failure */
#define RETRY_MAX_S   3600
#define WELL_AGAIN_S  600 /* trouble after this long is a new one */

/* --- where in the journal ----------------------------------------------- */

static uint64_t cursor_offset(const struct ledger *l)
{
    return l->head.last.offset + l->head.last.length;
}

/* Whether a new day's first line follows: nothing may stand behind ours in the old day. */
static bool starts_next_day(const struct ledger *l, const struct journal_place *place)
{
    char next[JOURNAL_DAY_LEN + 1] = "", name[JOURNAL_DAY_LEN + 16];
    struct stat st = {0};

    if (place->offset ||
        journal_find_day(l->journal_dirfd, l->head.last.day, 1, JOURNAL_FIND_ANY, next) != 1 ||
        strcmp(next, place->day) != 0)
        return false;
    if (!*l->head.last.day)
        return true;
    snprintf(name, sizeof name, "%s.jsonl", l->head.last.day);
    return fstatat(l->journal_dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size >= 0 &&
           (uint64_t)st.st_size == cursor_offset(l);
}

/* The usual case must cost nothing; only a line that begins a day is looked up in the directory. */
static bool follows(const struct ledger *l, const struct journal_place *place)
{
    if (l->behind || !place->length)
        return false;
    if (strcmp(place->day, l->head.last.day) == 0)
        return place->offset == cursor_offset(l);
    return starts_next_day(l, place);
}

/* The day of the last indexed line was removed in the meantime, and everything before it too. */
static bool outlived(const struct ledger *l)
{
    char oldest[JOURNAL_DAY_LEN + 1] = "";

    return journal_find_day(l->journal_dirfd, "", 1, JOURNAL_FIND_ANY, oldest) == 1 &&
           strcmp(oldest, l->head.last.day) > 0;
}

/* Whether the journal still has the line that was indexed last; sets `behind`. */
static bool fits_journal(struct ledger *l)
{
    struct journal_place place = {0};
    struct event e = {0};
    int rc = 0;

    l->behind = true;
    l->damaged = 0;
    if (!*l->head.last.day || outlived(l))
        return true;
    l->reader = journal_reader_open(l->journal_dirfd, &l->head.last);
    if (!l->reader)
        return true; /* says nothing about the ledger; the catch-up will see */
    rc = journal_reader_next(l->reader, &e, &place);
    if (rc != 1)
        return rc < 0;
    return strcmp(place.day, l->head.last.day) == 0 && place.offset == l->head.last.offset &&
           place.length == l->head.last.length && ledger_row_print(&e) == l->head.last_print;
}

/* --- the tables as a whole --------------------------------------------- */

/* A new environment: all tables get its identity in one transaction. */
static int found(struct ledger *l)
{
    struct view id = {(char *)&l->head.identity, sizeof l->head.identity};

    l->head = (struct ledger_head){0};
    if (getrandom(&l->head.identity, sizeof l->head.identity, 0) != (ssize_t)sizeof l->head.identity)
        return ledger_store_distrust(l, "getting random bytes");
    if (ledger_begin(l) < 0)
        return -1;
    l->touched = true;
    for (unsigned t = 0; t < LEDGER_TABLE__MAX; t++)
        ledger_store_put(l, (enum ledger_table)t, LEDGER_IDENTITY_KEY, id);
    return ledger_commit(l);
}

/* Whether each table belongs to this head: one that was deleted or exchanged is known by that. */
static int check_identity(struct ledger *l, bool have_head)
{
    unsigned have = 0;

    for (unsigned t = 0; t < LEDGER_TABLE__MAX; t++) {
        struct ledger_packed p = {.n = 0};
        int rc = ledger_store_get(l, (enum ledger_table)t, LEDGER_IDENTITY_KEY, &p);

        if (rc < 0)
            return -1;
        have += rc == 1;
        if (rc == 1 && have_head && (p.n != 8 || memcmp(p.p, &l->head.identity, 8) != 0))
            return ledger_store_distrust(l, "finding one table of another ledger");
    }
    if (have_head ? have != LEDGER_TABLE__MAX : have != 0)
        return ledger_store_distrust(l, "finding all tables");
    return 0;
}

/* Whether the tables belong together and to this version; an empty environment is founded. */
static int check_tables(struct ledger *l)
{
    struct ledger_packed p = {.n = 0};
    int rc = ledger_store_get(l, LEDGER_META, LEDGER_HEAD_KEY, &p), version = 0;

    if (rc < 0)
        return -1;
    if (rc == 1)
        version = ledger_row_unpack_head((struct view){(char *)p.p, p.n}, &l->head);
    if (version == -2)
        return ledger_store_distrust(l, "reading a ledger of another version");
    if (version < 0)
        return ledger_store_distrust(l, "reading how far the journal is indexed");
    if (check_identity(l, rc == 1) < 0)
        return -1;
    if (rc == 0)
        return found(l);
    return 0;
}

int ledger_index_check(struct ledger *l)
{
    if (check_tables(l) < 0)
        return -1;
    return fits_journal(l) ? 0 : ledger_store_distrust(l, "finding the last indexed line in the journal");
}

/* --- events in ---------------------------------------------------------- */

static struct view packed_view(const struct ledger_packed *p)
{
    return (struct view){(const char *)p->p, p->n};
}

int ledger_index_get(struct ledger *l, struct view id, struct ledger_stored *s)
{
    struct ledger_packed p = {.n = 0};
    int rc = ledger_store_get(l, LEDGER_ROWS, id, &p);

    if (rc == 1 && ledger_row_unpack(packed_view(&p), id, s) < 0)
        return ledger_store_distrust(l, "reading a row");
    return rc;
}

static int put_key(struct ledger *l, enum ledger_index index, struct view address,
                   const struct ledger_row *row)
{
    char key[LEDGER_KEY_MAX];
    size_t n = ledger_row_key_prefix(key, index, address);

    n = ledger_row_key_tail(key, n, row->accepted_ms, &row->id);
    return ledger_store_put(l, LEDGER_KEYS, (struct view){key, n}, ledger_row_key_data(&row->id));
}

/* Only with the claim: every message has one, and later events are about some of its recipients only. */
static int put_keys(struct ledger *l, const struct event *e, const struct ledger_row *row)
{
    size_t n = e->rcpt_n < LEDGER_RCPT_MAX ? e->rcpt_n : LEDGER_RCPT_MAX;

    if (put_key(l, LEDGER_BY_SENDER, e->sender, row) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (put_key(l, LEDGER_BY_RCPT, e->rcpt[i], row) < 0)
            return -1;
    }
    return 0;
}

/* The head changes with the row in one transaction: that is what makes each line count exactly once. */
static int index_event(struct ledger *l, const struct event *e, const struct journal_place *place)
{
    struct ledger_stored s = {.copy_bits = 0};
    struct ledger_packed p = {.n = 0};
    bool first = false;

    if (ledger_index_get(l, base_view(&e->id), &s) < 0)
        return -1;
    s.row.id = e->id;
    first = ledger_row_merge(&s, e, place, &l->head.counts);
    ledger_row_pack(&s, &p);
    if (ledger_store_put(l, LEDGER_ROWS, base_view(&e->id), packed_view(&p)) < 0)
        return -1;
    /* A claim with very many recipients has several lines; putting a key twice is one key. */
    if ((first || e->kind == EVENT_ACCEPTED) && put_keys(l, e, &s.row) < 0)
        return -1;
    l->head.last = *place;
    l->head.last_print = ledger_row_print(e);
    l->touched = true;
    return 0;
}

int ledger_apply(struct ledger *l, const struct event *e, const struct journal_place *place)
{
    bool own = !l->trouble && !ledger_store_in_txn(l);

    if (l->trouble)
        return -1;
    if (!follows(l, place)) {
        l->behind = true;
        return 0;
    }
    if (own && ledger_begin(l) < 0)
        return -1;
    if (index_event(l, e, place) < 0)
        return -1;
    return own ? ledger_commit(l) : 0;
}

/* --- holds -------------------------------------------------------------- */

/* A hold outside a transaction gets one of its own. */
static int change_hold(struct ledger *l, const struct base *id, const struct ledger_hold *h)
{
    struct ledger_packed p = {.n = 0};
    bool own = !l->trouble && !ledger_store_in_txn(l);
    int rc = 0;

    if (l->trouble || (own && ledger_begin(l) < 0))
        return -1;
    if (h) {
        ledger_row_pack_hold(h, &p);
        rc = ledger_store_put(l, LEDGER_HOLDS, base_view(id), packed_view(&p));
    } else {
        rc = ledger_store_del(l, LEDGER_HOLDS, base_view(id));
    }
    if (rc < 0)
        return -1;
    return own ? ledger_commit(l) : 0;
}

int ledger_put_hold(struct ledger *l, const struct ledger_hold *h)
{
    return change_hold(l, &h->id, h);
}

int ledger_del_hold(struct ledger *l, const struct base *id)
{
    return change_hold(l, id, NULL);
}

int ledger_get_hold(struct ledger *l, struct view id, struct ledger_hold *h)
{
    struct ledger_packed p = {.n = 0};
    int rc = ledger_store_get(l, LEDGER_HOLDS, id, &p);

    if (rc == 1 && ledger_row_unpack_hold(packed_view(&p), id, h) < 0)
        return ledger_store_distrust(l, "reading a hold");
    return rc;
}

/* --- answers out -------------------------------------------------------- */

int ledger_get(struct ledger *l, struct view id, struct ledger_row *row)
{
    struct ledger_stored s = {.copy_bits = 0};
    int rc = ledger_index_get(l, id, &s);

    if (rc == 1)
        *row = s.row;
    return rc;
}

void ledger_counts(struct ledger *l, struct ledger_counts *c)
{
    *c = l->head.counts;
}

/* --- housekeeping ------------------------------------------------------- */

/* Damage is counted with the next good line, so that going on after a restart counts it once. */
static int index_read(struct ledger *l, const struct event *e, const struct journal_place *place)
{
    uint64_t damaged = journal_reader_damaged(l->reader);

    l->head.counts.damaged_lines += damaged - l->damaged;
    l->damaged = damaged;
    return index_event(l, e, place);
}

/* The next catch-up begins at the head again, because live lines go on from here. */
static void catch_up_end(struct ledger *l)
{
    journal_reader_close(&l->reader);
    l->damaged = 0;
}

static bool catch_up_begin(struct ledger *l)
{
    struct journal_place from = l->head.last;

    from.offset = cursor_offset(l);
    if (!l->reader)
        l->reader = journal_reader_open(l->journal_dirfd, *from.day ? &from : NULL);
    if (!l->reader)
        log_warn("ledger: the journal cannot be read");
    return l->reader && ledger_begin(l) == 0;
}

/* One slice. 1 more to do, 0 at the end, or the journal or the ledger cannot go on now. */
static int catch_up(struct ledger *l)
{
    size_t keys = 0;
    int rc = 1;

    if (!catch_up_begin(l))
        return 0;
    for (unsigned i = 0; rc == 1 && i < SLICE_LINES && keys < SLICE_KEYS; i++) {
        struct journal_place place = {0};
        struct event e = {0};

        rc = journal_reader_next(l->reader, &e, &place);
        keys += 2 + e.rcpt_n;
        if (rc < 0)
            log_warn("ledger: a journal file cannot be read and is passed over");
        if (rc == 1 && index_read(l, &e, &place) < 0)
            break;
    }
    if (ledger_commit(l) < 0)
        return 0;
    if (rc == 0) {
        catch_up_end(l);
        l->behind = false;
    }
    return rc == 1;
}

struct sweep {
    struct ledger *l;
    int64_t before_ms;
    unsigned seen;
};

/* Rows that are settled and old; keys that are old and have no row any more. */
static bool is_forgotten(struct sweep *s, struct view key, struct view data)
{
    struct ledger_stored row = {.copy_bits = 0};
    struct base id = {.len = 0};
    int64_t ms = 0;

    if (s->l->sweep == LEDGER_KEYS) {
        if (ledger_row_unkey(key, data, &id, &ms) < 0)
            return ledger_store_distrust(s->l, "reading a key") == 0;
        return ms < s->before_ms && ledger_index_get(s->l, base_view(&id), &row) == 0;
    }
    if (ledger_row_unpack(data, key, &row) < 0)
        return ledger_store_distrust(s->l, "reading a row") == 0;
    return row.row.final_ms && row.row.final_ms < s->before_ms && row.row.accepted_ms < s->before_ms;
}

static enum ledger_scan sweep_see(struct view key, struct view data, void *arg)
{
    struct sweep *s = arg;

    if (s->seen++ == SWEEP_ROWS) {
        s->l->sweep_n = key.n < LEDGER_KEY_MAX ? key.n : LEDGER_KEY_MAX;
        memcpy(s->l->sweep_key, key.p, s->l->sweep_n);
        return LEDGER_SCAN_STOP;
    }
    return is_forgotten(s, key, data) ? LEDGER_SCAN_DELETE : LEDGER_SCAN_ON;
}

/* Rows first: a key may go only when its row is gone. */
static int sweep_slice(struct ledger *l, int64_t before_ms)
{
    struct sweep s = {.l = l, .before_ms = before_ms};
    int rc = 0;

    if (ledger_begin(l) < 0)
        return 0;
    rc = ledger_store_scan(l, l->sweep, (struct view){l->sweep_key, l->sweep_n}, 1,
                           (struct ledger_scanner){sweep_see, &s});
    if (ledger_commit(l) < 0 || rc < 0)
        return 0;
    if (rc == 1) {
        l->sweep_n = 0;
        l->sweep = l->sweep == LEDGER_ROWS ? LEDGER_KEYS : LEDGER_META;
    }
    return l->sweep != LEDGER_META;
}

static bool sweep_due(struct ledger *l, int64_t now_ms, int64_t before_ms)
{
    bool due = before_ms > 0 && (now_ms - l->swept_ms >= SWEEP_EACH_MS || now_ms < l->swept_ms);

    if (l->sweep == LEDGER_META && due) {
        l->swept_ms = now_ms;
        l->sweep = LEDGER_ROWS;
        l->sweep_n = 0;
    }
    return l->sweep != LEDGER_META;
}

/*
 * A failing disk is asked again more and more seldom: the library gives up the
 * memory of a broken environment (1 MB), and a rebuild costs time.
 */
static int mend(struct ledger *l)
{
    struct timespec now = {0};
    bool aside = false;
    time_t since = 0;

    clock_gettime(CLOCK_MONOTONIC, &now);
    since = now.tv_sec - l->tried;
    if (l->tried && since < l->retry_s)
        return 0;
    if (!l->tried || since > l->retry_s + WELL_AGAIN_S)
        l->retry_s = RETRY_S;
    else
        l->retry_s = l->retry_s * 2 < RETRY_MAX_S ? l->retry_s * 2 : RETRY_MAX_S;
    l->tried = now.tv_sec;
    return ledger_store_recover(l, &aside) == 0;
}

/* In the order of need: be whole, keep logs short, know everything, forget. */
int ledger_tidy(struct ledger *l, int64_t now_ms, int64_t forget_before_ms)
{
    if (l->trouble)
        return mend(l);
    if (ledger_store_in_txn(l))
        return 0;
    ledger_store_checkpoint(l);
    if (l->trouble)
        return 1;
    if (l->behind)
        return catch_up(l) || l->trouble == LEDGER_DAMAGED;
    if (sweep_due(l, now_ms, forget_before_ms))
        return sweep_slice(l, forget_before_ms) || l->trouble == LEDGER_DAMAGED;
    return 0;
}

bool ledger_catching_up(const struct ledger *l)
{
    return l->behind || l->trouble;
}
