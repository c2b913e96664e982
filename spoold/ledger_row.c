/*
 * ledger_row.c - see ledger_row.h. Called by ledger.c only.
 *
 * Numbers are packed seven bits at a time, low bits first: rows are many and
 * mostly small, and what is written to the log is what the index costs.
 * Must never believe a length that stands in a record.
 */
#include "spoold/ledger_row.h"

#include <stdio.h>
#include <zlib.h>

#define KEY_TIME_MAX ((INT64_C(1) << 48) - 1)

/* Errors are collected, so that a record is read without a test after each field. */
struct unpacker {
    struct view left;
    bool bad;
};

/* --- numbers ------------------------------------------------------------ */

static void put_number(struct ledger_packed *to, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        to->p[to->n++] = (unsigned char)(v | 0x80);
    to->p[to->n++] = (unsigned char)v;
}

static uint64_t get_number(struct unpacker *u)
{
    uint64_t v = 0;

    for (unsigned shift = 0; u->left.n && shift < 64; shift += 7) {
        unsigned char c = (unsigned char)*u->left.p;

        u->left.p++, u->left.n--;
        v |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80)
            return v;
    }
    u->bad = true;
    return 0;
}

/* A number that must fit a narrower type; one that does not is damage, not a smaller number. */
static unsigned get_small(struct unpacker *u, uint64_t max)
{
    uint64_t v = get_number(u);

    if (v > max)
        u->bad = true;
    return u->bad ? 0 : (unsigned)v;
}

/* Times are never negative here: check_event() in journal.c and the parser see to it. */
static int64_t get_time(struct unpacker *u)
{
    uint64_t v = get_number(u);

    if (v > INT64_MAX)
        u->bad = true;
    return u->bad ? 0 : (int64_t)v;
}

/* 20260102 and the part's letter as one number; 0 for no place. */
static void put_place(struct ledger_packed *to, const struct journal_place *place)
{
    uint64_t day = 0;

    for (const char *p = place->day; *p; p++) {
        if (*p >= '0' && *p <= '9')
            day = day * 10 + (uint64_t)(*p - '0');
    }
    put_number(to, day * 32 + (*place->day && place->day[10] ? (uint64_t)(place->day[10] - 'a') : 0));
    if (!day)
        return;
    put_number(to, place->offset);
    put_number(to, place->length);
}

static void get_place(struct unpacker *u, struct journal_place *place)
{
    uint64_t v = get_number(u), day = v / 32;
    char part[2] = {v % 32 ? (char)('a' + v % 32) : '\0', '\0'};

    *place = (struct journal_place){0};
    if (!v)
        return;
    if (day > 99991231 || v % 32 > 25)
        u->bad = true;
    if (u->bad)
        return;
    snprintf(place->day, sizeof place->day, "%04u-%02u-%02u%s", (unsigned)(day / 10000 % 10000),
             (unsigned)(day / 100 % 100), (unsigned)(day % 100), part);
    place->offset = get_number(u);
    place->length = get_number(u);
}

/* A record must be used up to its last byte, else it is of something else. */
static int done(const struct unpacker *u)
{
    return u->bad || u->left.n ? -1 : 0;
}

/* --- records ------------------------------------------------------------ */

void ledger_row_pack(const struct ledger_stored *s, struct ledger_packed *to)
{
    to->n = 0;
    put_number(to, (uint64_t)s->row.accepted_ms);
    put_number(to, (uint64_t)s->row.final_ms);
    put_number(to, s->row.events);
    put_number(to, s->copy_bits);
    put_number(to, s->row.size);
    put_place(to, &s->row.accepted);
    put_place(to, &s->row.final);
    memcpy(to->p + to->n, s->name, s->name_n);
    to->n += s->name_n;
}

int ledger_row_unpack(struct view from, struct view id, struct ledger_stored *s)
{
    struct unpacker u = {from, false};

    *s = (struct ledger_stored){0};
    s->row.accepted_ms = get_time(&u);
    s->row.final_ms = get_time(&u);
    s->row.events = get_small(&u, (1U << EVENT_KIND__MAX) - 1);
    s->copy_bits = get_small(&u, UINT32_MAX);
    s->row.size = get_number(&u);
    get_place(&u, &s->row.accepted);
    get_place(&u, &s->row.final);
    s->row.copies = (unsigned)__builtin_popcount(s->copy_bits);
    if (u.bad || u.left.n > LEDGER_NAME_MAX)
        return -1;
    s->name_n = (uint8_t)u.left.n;
    if (s->name_n)
        memcpy(s->name, u.left.p, s->name_n);
    return base_parse(&s->row.id, id);
}

void ledger_row_pack_head(const struct ledger_head *h, struct ledger_packed *to)
{
    to->n = 0;
    put_number(to, LEDGER_VERSION);
    put_number(to, h->identity);
    put_place(to, &h->last);
    put_number(to, h->last_print);
    for (unsigned k = 0; k < EVENT_KIND__MAX; k++)
        put_number(to, h->counts.event[k]);
    put_number(to, h->counts.copies);
    for (unsigned c = 0; c < SPOOL_CLASS__MAX; c++)
        put_number(to, h->counts.class[c]);
    put_number(to, h->counts.indexed_lines);
    put_number(to, h->counts.damaged_lines);
}

/* The version comes first and is read before anything else may have changed its form. */
int ledger_row_unpack_head(struct view from, struct ledger_head *h)
{
    struct unpacker u = {from, false};

    *h = (struct ledger_head){0};
    if (get_number(&u) != LEDGER_VERSION)
        return u.bad ? -1 : -2;
    h->identity = get_number(&u);
    get_place(&u, &h->last);
    h->last_print = get_small(&u, UINT32_MAX);
    for (unsigned k = 0; k < EVENT_KIND__MAX; k++)
        h->counts.event[k] = get_number(&u);
    h->counts.copies = get_number(&u);
    for (unsigned c = 0; c < SPOOL_CLASS__MAX; c++)
        h->counts.class[c] = get_number(&u);
    h->counts.indexed_lines = get_number(&u);
    h->counts.damaged_lines = get_number(&u);
    return done(&u);
}

void ledger_row_pack_hold(const struct ledger_hold *h, struct ledger_packed *to)
{
    size_t n = strnlen(h->reason, sizeof h->reason);

    to->n = 0;
    put_number(to, (uint64_t)h->since_ms);
    put_number(to, (uint64_t)h->next_ms);
    put_number(to, h->tries);
    memcpy(to->p + to->n, h->reason, n);
    to->n += n;
}

int ledger_row_unpack_hold(struct view from, struct view id, struct ledger_hold *h)
{
    struct unpacker u = {from, false};

    *h = (struct ledger_hold){0};
    h->since_ms = get_time(&u);
    h->next_ms = get_time(&u);
    h->tries = get_small(&u, UINT32_MAX);
    if (u.bad || u.left.n >= sizeof h->reason || base_parse(&h->id, id) < 0)
        return -1;
    if (u.left.n)
        memcpy(h->reason, u.left.p, u.left.n);
    return 0;
}

/* --- events ------------------------------------------------------------- */

/* The bits are what makes a line that stands twice count once, live as well as in a rebuild. */
static void merge_copy(struct ledger_stored *s, unsigned copy, struct ledger_counts *counts)
{
    unsigned at = copy < 1 ? 1 : copy > LEDGER_COPY_MAX ? LEDGER_COPY_MAX : copy;
    uint32_t bit = UINT32_C(1) << (at - 1);

    if (s->copy_bits & bit)
        return;
    s->copy_bits |= bit;
    s->row.copies++;
    counts->copies++;
}

/* The first line wins, so that a repeat after a crash changes neither the time nor the keys. */
static void merge_accepted(struct ledger_stored *s, const struct event *e, const struct journal_place *place)
{
    s->row.accepted_ms = e->at_ms;
    s->row.accepted = *place;
    if (e->name.n && e->name.n <= LEDGER_NAME_MAX && !view_equal(e->name, base_clean(&s->row.id))) {
        s->name_n = (uint8_t)e->name.n;
        memcpy(s->name, e->name.p, e->name.n);
    }
}

bool ledger_row_has_name(const struct ledger_stored *s, struct view name)
{
    if (s->name_n)
        return view_equal(name, (struct view){s->name, s->name_n});
    return view_equal(name, base_clean(&s->row.id));
}

static void count_class(struct view name, struct ledger_counts *counts)
{
    int c = spool_class_find(name);

    if (c >= 0)
        counts->class[c]++;
}

bool ledger_row_merge(struct ledger_stored *s, const struct event *e, const struct journal_place *place,
                      struct ledger_counts *counts)
{
    unsigned bit = 1U << e->kind;
    bool first = !(s->row.events & bit);

    counts->indexed_lines++;
    counts->event[e->kind] += first;
    s->row.events |= bit;
    if (first && e->kind == EVENT_QUARANTINED)
        count_class(e->class, counts);
    if (e->kind == EVENT_DELIVERED)
        merge_copy(s, e->copy, counts);
    if (!s->row.size)
        s->row.size = e->size;
    if (e->kind == EVENT_ACCEPTED) {
        if (first)
            merge_accepted(s, e, place);
        return first;
    }
    /* The line that decided; what happens to a quarantined message later does not change why it got there. */
    if (!s->row.final.day[0] && e->kind <= EVENT_DISCARDED) {
        s->row.final_ms = e->at_ms;
        s->row.final = *place;
    }
    return false;
}

/* Enough to tell another line at the same place; the journal's own checksum has been verified by then. */
uint32_t ledger_row_print(const struct event *e)
{
    uint64_t head[3] = {(uint64_t)e->kind, (uint64_t)e->at_ms, e->copy};
    uLong crc = crc32(0, (const Bytef *)head, sizeof head);

    return (uint32_t)crc32(crc, (const Bytef *)e->id.s, e->id.len);
}

/* --- keys --------------------------------------------------------------- */

size_t ledger_row_key_prefix(char to[LEDGER_KEY_MAX], enum ledger_index index, struct view address)
{
    static const unsigned char no_key[JOURNAL_KEY_LEN] = {0};
    size_t n = 1, keep = address.n;

    to[0] = index == LEDGER_BY_SENDER ? 'S' : 'R';
    if (keep > LEDGER_ADDRESS_MAX)
        keep = LEDGER_ADDRESS_MAX - JOURNAL_HASH_LEN;
    for (size_t i = 0; i < keep; i++) {
        char c = address.p[i];

        to[n++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    if (keep < address.n) {
        journal_hash_address(address, no_key, to + n);
        n += JOURNAL_HASH_LEN;
    }
    to[n++] = '\0';
    return n;
}

/* Counted back from the end of time, so that the newest sorts first; the ID keeps keys of one moment apart.
 */
size_t ledger_row_key_tail(char to[LEDGER_KEY_MAX], size_t n, int64_t accepted_ms, const struct base *id)
{
    uint64_t back = (uint64_t)(KEY_TIME_MAX - (accepted_ms & KEY_TIME_MAX));

    for (unsigned i = 0; i < 6; i++)
        to[n++] = (char)(back >> (40 - 8 * i));
    memcpy(to + n, id->s + id->len - BASE_ID_LEN, BASE_ID_LEN);
    return n + BASE_ID_LEN;
}

struct view ledger_row_key_data(const struct base *id)
{
    return (struct view){id->s, (size_t)id->len - BASE_ID_LEN - 1};
}

int ledger_row_unkey(struct view key, struct view data, struct base *id, int64_t *accepted_ms)
{
    char text[BASE_MAX + 1];
    const unsigned char *tail = NULL;
    uint64_t back = 0;

    if (key.n < 2 + LEDGER_KEY_TAIL || data.n > BASE_MAX - BASE_ID_LEN - 1)
        return -1;
    tail = (const unsigned char *)key.p + key.n - LEDGER_KEY_TAIL;
    for (unsigned i = 0; i < 6; i++)
        back = back << 8 | tail[i];
    *accepted_ms = KEY_TIME_MAX - (int64_t)back;
    memcpy(text, data.p, data.n);
    text[data.n] = '~';
    memcpy(text + data.n + 1, tail + 6, BASE_ID_LEN);
    return base_parse(id, (struct view){text, data.n + 1 + BASE_ID_LEN});
}
