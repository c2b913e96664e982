/*
 * journal_line.c - one line of the journal: writing it and reading it back.
 *
 * Called by journal.c for every event and by the readers for every line; pure
 * functions, no files. A line is believed only when the CRC-32 at its end fits
 * the bytes before it; even then the parser trusts nothing: it is iterative,
 * length-counted and bounded (journal_value.h).
 * Must never let a byte of a message begin a new line, and must never lose an
 * event because a decision record is malformed (it is then kept as a string).
 */
#include "spoold/journal.h"

#include "common/json.h"
#include "common/xalloc.h"
#include "spoold/journal_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#define LINE_RCPT_MAX (JOURNAL_LINE_MAX / 3)
#define CRC_TAIL_LEN  18 /* ,"crc":"9f3a0b12"} */

static const char *const event_names[EVENT_KIND__MAX] = {
    [EVENT_ACCEPTED] = "accepted",   [EVENT_DELIVERED] = "delivered", [EVENT_QUARANTINED] = "quarantined",
    [EVENT_DISCARDED] = "discarded", [EVENT_RELEASED] = "released",   [EVENT_DELETED] = "deleted",
};

/* One per reader: a line is parsed without allocating once this has grown. */
struct journal_scratch {
    struct buf text; /* decoded strings; reserved before parsing so that views into it stay good */
    struct view *rcpt;
    size_t rcpt_cap;
};

struct parse {
    struct journal_value at;
    struct journal_scratch *scratch;
};

const char *event_name(enum event_kind k)
{
    return (unsigned)k < EVENT_KIND__MAX ? event_names[k] : "unknown";
}

/* --- hashed addresses: SipHash-2-4 ------------------------------------- */

/*
 * Keyed, so that nobody without the key can try out addresses; not slow, because the key never leaves the
 * journal's directory. The names are those of the published algorithm.
 */
static uint64_t rotate(uint64_t v, unsigned by)
{
    return v << by | v >> (64 - by);
}

static void sip_rounds(uint64_t v[4], unsigned rounds)
{
    while (rounds-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

static uint64_t load_le(const char *p, size_t n)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)(unsigned char)p[i] << (8 * i);
    return v;
}

/* Addresses are looked up without regard to case, so they are hashed in lower case. */
static uint64_t load_lower(const char *p, size_t n)
{
    char low[8] = {0};

    for (size_t i = 0; i < n; i++)
        low[i] = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] + 32) : p[i];
    return load_le(low, n);
}

static uint64_t sip_hash(struct view in, const unsigned char key[JOURNAL_KEY_LEN])
{
    uint64_t k0 = load_le((const char *)key, 8), k1 = load_le((const char *)key + 8, 8);
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                     k1 ^ 0x7465646279746573};
    uint64_t last = (uint64_t)in.n << 56;

    for (; in.n >= 8; in.p += 8, in.n -= 8) {
        uint64_t m = load_lower(in.p, 8);

        v[3] ^= m;
        sip_rounds(v, 2);
        v[0] ^= m;
    }
    last |= load_lower(in.p, in.n);
    v[3] ^= last;
    sip_rounds(v, 2);
    v[0] ^= last;
    v[2] ^= 0xff;
    sip_rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void journal_hash_address(struct view address, const unsigned char key[JOURNAL_KEY_LEN],
                          char to[JOURNAL_HASH_LEN + 1])
{
    snprintf(to, JOURNAL_HASH_LEN + 1, "h:%016llx", (unsigned long long)sip_hash(address, key));
}

/* --- members ------------------------------------------------------------ */

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar. */
static int64_t day_number(int64_t year, unsigned month, unsigned day)
{
    static const unsigned short before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    int64_t past = year - 1;

    return past * 365 + past / 4 - past / 100 + past / 400 - 719162 + before[month - 1] + day - 1 +
           (leap && month > 2);
}

/* Only the one form that json_time_text() writes; each digit of `form` names the field it belongs to. */
static bool time_fields(struct view v, unsigned field[7])
{
    static const char form[] = "0000-11-22T33:44:55.666Z";
    static const unsigned low[7] = {1970, 1, 1, 0, 0, 0, 0}, high[7] = {9999, 12, 31, 23, 59, 59, 999};

    if (v.n != sizeof form - 1)
        return false;
    for (size_t i = 0; i < v.n; i++) {
        if (form[i] < '0' || form[i] > '9') {
            if (v.p[i] != form[i])
                return false;
            continue;
        }
        if (v.p[i] < '0' || v.p[i] > '9')
            return false;
        field[form[i] - '0'] = field[form[i] - '0'] * 10 + (unsigned)(v.p[i] - '0');
    }
    for (unsigned i = 0; i < 7; i++) {
        if (field[i] < low[i] || field[i] > high[i])
            return false;
    }
    return true;
}

static int read_time(struct parse *p, struct event *e)
{
    unsigned f[7] = {0};
    struct view v = {0};

    if (journal_value_string(&p->at, &v) < 0 || !time_fields(v, f))
        return -1;
    e->at_ms =
        day_number(f[0], f[1], f[2]) * 86400000 + (f[3] * 3600 + f[4] * 60 + f[5]) * INT64_C(1000) + f[6];
    return 0;
}

static int read_event(struct parse *p, struct event *e)
{
    struct view v = {0};

    if (journal_value_string(&p->at, &v) < 0)
        return -1;
    for (unsigned k = 0; k < EVENT_KIND__MAX; k++) {
        if (view_equal(v, view_of(event_names[k]))) {
            e->kind = (enum event_kind)k;
            return 0;
        }
    }
    return -1;
}

/* An id that is no BASE cannot be one of our messages, whatever the checksum says. */
static int read_id(struct parse *p, struct event *e)
{
    struct view v = {0};

    return journal_value_string(&p->at, &v) < 0 ? -1 : base_parse(&e->id, v);
}

/* Members may be added under the same version; another number means that old readers would misunderstand. */
static int read_version(struct parse *p, struct event *e)
{
    uint64_t v = 0;

    (void)e;
    return journal_value_number(&p->at, &v) < 0 || v != 1 ? -1 : 0;
}

static int read_copy(struct parse *p, struct event *e)
{
    uint64_t v = 0;

    if (journal_value_number(&p->at, &v) < 0 || v > INT32_MAX)
        return -1;
    e->copy = (unsigned)v;
    return 0;
}

static int read_size(struct parse *p, struct event *e)
{
    return journal_value_number(&p->at, &e->size);
}

/* Doubled, so that a line full of recipients does not cost the square of their number. */
static void grow_rcpt(struct journal_scratch *s)
{
    s->rcpt_cap = s->rcpt_cap ? s->rcpt_cap * 2 : 16;
    s->rcpt = xrealloc(s->rcpt, s->rcpt_cap, sizeof *s->rcpt);
}

static int read_rcpt(struct parse *p, struct event *e)
{
    struct journal_scratch *s = p->scratch;
    size_t n = 0;

    if (!journal_value_take(&p->at, '['))
        return -1;
    while (!journal_value_take(&p->at, ']')) {
        if (n && !journal_value_take(&p->at, ','))
            return -1;
        if (n == LINE_RCPT_MAX)
            return -1;
        if (n == s->rcpt_cap)
            grow_rcpt(s);
        if (journal_value_string(&p->at, &s->rcpt[n]) < 0)
            return -1;
        n++;
    }
    e->rcpt = n ? s->rcpt : NULL;
    e->rcpt_n = n;
    return 0;
}

/* A record that is no object was kept as a string by the writer: for people to read, not for the machine. */
static int read_record(struct parse *p, struct event *e)
{
    const char *start = p->at.p;

    if (journal_value_skip(&p->at) < 0)
        return -1;
    if (*start == '{')
        e->record = (struct view){start, (size_t)(p->at.p - start)};
    return 0;
}

#define READ_STRING(field)                                                                                   \
    static int read_##field(struct parse *p, struct event *e)                                                \
    {                                                                                                        \
        return journal_value_string(&p->at, &e->field);                                                      \
    }

READ_STRING(name)
READ_STRING(client)
READ_STRING(sender)
READ_STRING(class)
READ_STRING(reason)

enum { SEEN_VERSION = 1, SEEN_TIME = 2, SEEN_EVENT = 4, SEEN_ID = 8, SEEN_ALL = 15 };

static const struct member {
    struct view key;
    int (*read)(struct parse *p, struct event *e);
    unsigned seen;
} members[] = {
    {{"v", 1}, read_version, SEEN_VERSION},
    {{"at", 2}, read_time, SEEN_TIME},
    {{"event", 5}, read_event, SEEN_EVENT},
    {{"id", 2}, read_id, SEEN_ID},
    {{"copy", 4}, read_copy, 0},
    {{"name", 4}, read_name, 0},
    {{"client", 6}, read_client, 0},
    {{"from", 4}, read_sender, 0},
    {{"to", 2}, read_rcpt, 0},
    {{"class", 5}, read_class, 0},
    {{"reason", 6}, read_reason, 0},
    {{"size", 4}, read_size, 0},
    {{"record", 6}, read_record, 0},
};

/* What we do not know is of a newer release and none of our business. */
static int read_member(struct parse *p, struct event *e, unsigned *seen)
{
    struct view key = {0};

    if (journal_value_string(&p->at, &key) < 0 || !journal_value_take(&p->at, ':'))
        return -1;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (view_equal(key, members[i].key)) {
            *seen |= members[i].seen;
            return members[i].read(p, e);
        }
    }
    return journal_value_skip(&p->at);
}

/* The line without its checksum, when that fits. */
static int check_crc(struct view line, struct view *body)
{
    const char *tail = NULL;
    int64_t want = 0;

    if (line.n < CRC_TAIL_LEN || line.n >= JOURNAL_LINE_MAX)
        return -1;
    body->p = line.p;
    body->n = line.n - CRC_TAIL_LEN;
    tail = line.p + body->n;
    if (memcmp(tail, ",\"crc\":\"", 8) != 0 || memcmp(tail + 16, "\"}", 2) != 0)
        return -1;
    want = journal_value_hex(tail + 8, 8);
    return want == (int64_t)crc32(0, (const Bytef *)body->p, (uInt)body->n) ? 0 : -1;
}

int journal_parse_line(struct view line, struct event *e, struct journal_scratch *s)
{
    struct view body = {0};
    struct parse p = {.scratch = s};
    unsigned seen = 0;

    *e = (struct event){0};
    if (check_crc(line, &body) < 0)
        return -1;
    buf_clear(&s->text);
    buf_reserve(&s->text, body.n);
    p.at = (struct journal_value){body.p, body.p + body.n, &s->text};
    if (!journal_value_take(&p.at, '{'))
        return -1;
    do {
        if (read_member(&p, e, &seen) < 0)
            return -1;
    } while (journal_value_take(&p.at, ','));
    return p.at.p == p.at.end && seen == SEEN_ALL ? 0 : -1;
}

struct journal_scratch *journal_scratch_new(void)
{
    return xcalloc(1, sizeof(struct journal_scratch));
}

void journal_scratch_free(struct journal_scratch **s)
{
    if (!*s)
        return;
    buf_free(&(*s)->text);
    free((*s)->rcpt);
    free(*s);
    *s = NULL;
}

/* --- writing ------------------------------------------------------------ */

/* Empty members are left out: most lines have few, and lines are many. */
static void add_some(struct json *j, const char *key, struct view v)
{
    if (v.n)
        json_add_view(j, key, v);
}

static void add_hashed(struct json *j, const struct event *e, const unsigned char *key)
{
    struct view *all = xcalloc(e->rcpt_n, sizeof *all);
    char(*text)[JOURNAL_HASH_LEN + 1] = xcalloc(e->rcpt_n + 1, sizeof *text);

    for (size_t i = 0; i < e->rcpt_n; i++) {
        journal_hash_address(e->rcpt[i], key, text[i]);
        all[i] = (struct view){text[i], JOURNAL_HASH_LEN};
    }
    journal_hash_address(e->sender, key, text[e->rcpt_n]);
    /* The null reverse-path is no one's address and stays visible. */
    if (e->sender.n)
        json_add_view(j, "from", (struct view){text[e->rcpt_n], JOURNAL_HASH_LEN});
    else if (e->kind == EVENT_ACCEPTED)
        json_add_str(j, "from", "");
    if (e->rcpt_n)
        json_add_views(j, "to", all, e->rcpt_n);
    free(text);
    free(all);
}

/* What the administrator does not want kept must not even reach the disk. */
static void add_addresses(struct json *j, const struct event *e, const struct journal_options *o,
                          const unsigned char *key)
{
    if (o->log_addresses == LOG_ADDRESSES_NONE)
        return;
    if (o->log_addresses == LOG_ADDRESSES_HASH) {
        add_hashed(j, e, key);
        return;
    }
    if (e->sender.n || e->kind == EVENT_ACCEPTED)
        json_add_view(j, "from", e->sender);
    if (e->rcpt_n)
        json_add_views(j, "to", e->rcpt, e->rcpt_n);
}

/* Between values a newline is only a blank; here it would end the line. */
static void add_record(struct json *j, struct view record)
{
    struct journal_value c = {0};
    char *p = NULL;

    if (!record.n)
        return;
    c = (struct journal_value){record.p, record.p + record.n, NULL};
    if (record.p[0] != '{' || journal_value_skip(&c) < 0 || c.p != c.end) {
        json_add_view(j, "record", record);
        return;
    }
    json_add_text(j, "record", record);
    p = j->out->p + j->out->n - record.n;
    while ((p = memchr(p, '\n', (size_t)(j->out->p + j->out->n - p))) != NULL)
        *p = ' ';
}

void journal_format_line(const struct event *e, const struct journal_options *o,
                         const unsigned char key[JOURNAL_KEY_LEN], struct buf *out)
{
    size_t start = out->n;
    struct json j = {0};

    json_open(&j, out);
    json_add_time(&j, "at", e->at_ms);
    json_add_str(&j, "event", event_name(e->kind));
    json_add_view(&j, "id", base_view(&e->id));
    if (e->copy)
        json_add_int(&j, "copy", e->copy);
    add_some(&j, "name", e->name);
    add_some(&j, "client", e->client);
    add_addresses(&j, e, o, key);
    add_some(&j, "class", e->class);
    add_some(&j, "reason", e->reason);
    if (e->size)
        json_add_int(&j, "size", e->size > INT64_MAX ? INT64_MAX : (int64_t)e->size);
    add_record(&j, e->record);
    if (j.raw)
        json_add_bool(&j, "raw", true);
    /* Must be last: the checksum is over everything before it. */
    buf_addf(out, ",\"crc\":\"%08lx\"}", crc32(0, (const Bytef *)out->p + start, (uInt)(out->n - start)));
}
