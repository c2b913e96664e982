/*
 * dns_answer.c - see dns_answer.h.
 *
 * First the records are found and their places noted, then the chain is followed over these notes. A record
 * that lies about its length spoils the packet; one that is well framed and says something impossible is left
 * out. At most DNS_ANSWER_RECORDS_MAX notes, FACTS_CNAMES_MAX steps, 255 bytes and 127 pointers for a name:
 * the work is bounded whatever the packet says. It trusts nothing but the length of the packet.
 */
#include "workers/dns/dns_answer.h"

#include "workers/dns/dns_query.h"

#include <arpa/inet.h>
#include <stdio.h>

#define WIRE_NAME_MAX 255
#define POINTER       0xc0
#define FLAG_SURE     0x04 /* the server has the zone */
#define FLAG_CUT      0x02
#define RCODE_BITS    0x0f
#define RECORD_HEAD   10 /* type, class, TTL, bytes of data */
#define CLASS_IN      1
#define TYPE_NS       2
#define TYPE_CNAME    5
#define TYPE_SOA      6
#define SOA_NUMBERS   20

enum { RCODE_NONE, RCODE_FORMAT, RCODE_SERVER, RCODE_NAME, RCODE_KIND };

struct packet {
    const unsigned char *p;
    size_t n, at;
};
struct record {
    uint16_t type, owner, data, data_n; /* places in the packet */
    uint32_t ttl;
};
struct records {
    struct record r[DNS_ANSWER_RECORDS_MAX];
    unsigned n, answers; /* those of the authority section are behind the answers */
};

enum name_kind {
    NAME_BROKEN,
    NAME_ODD, /* in order, but with bytes that no question can have */
    NAME_GOOD,
};

static uint32_t number(const struct packet *k, size_t at, unsigned bytes)
{
    uint32_t v = 0;

    for (unsigned i = 0; i < bytes; i++)
        v = v << 8 | k->p[at + i];
    return v;
}

/* One label into `to`; false where it has bytes that no question has. Blanks may be in one
 * (fact_question_clean); names with a blank are no answers, which add_answer() sees to. */
static bool take_label(const struct packet *k, size_t at, unsigned n, char *to)
{
    bool good = true;

    for (unsigned i = 0; i < n; i++) {
        unsigned char c = k->p[at + i];

        good = good && c >= ' ' && c < 0x7f && c != '.';
        to[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    return good;
}

/*
 * Reads the name at `at`; *end: the place behind it. `to` has room for WIRE_NAME_MAX; *n is 0 for the root.
 * A pointer must lead before the run of labels it stands in, so that there are no circles.
 */
static enum name_kind read_name(const struct packet *k, size_t at, char *to, size_t *n, size_t *end)
{
    size_t run = at, left = WIRE_NAME_MAX - 1;
    bool jumped = false, good = true;

    *n = 0;
    while (at < k->n && k->p[at] != 0) {
        unsigned len = k->p[at];

        if ((len & POINTER) == POINTER) {
            size_t target = k->n - at < 2 ? k->n : number(k, at, 2) & 0x3fff;

            if (target >= run)
                return NAME_BROKEN;
            if (!jumped)
                *end = at + 2;
            jumped = true;
            run = at = target;
            continue;
        }
        if (len & POINTER || k->n - at <= len || len + 1 > left)
            return NAME_BROKEN;
        if (*n)
            to[(*n)++] = '.';
        good = take_label(k, at + 1, len, to + *n) && good;
        *n += len;
        left -= len + 1;
        at += len + 1;
    }
    if (at >= k->n)
        return NAME_BROKEN;
    if (!jumped)
        *end = at + 1;
    return good ? NAME_GOOD : NAME_ODD;
}

/* Over a name without reading where its pointer leads. */
static bool skip_name(struct packet *k)
{
    size_t left = WIRE_NAME_MAX;

    while (k->at < k->n) {
        unsigned len = k->p[k->at];

        if ((len & POINTER) == POINTER) {
            k->at += 2;
            return k->at <= k->n;
        }
        if (len & POINTER || len + 1 > left)
            return false;
        left -= len + 1;
        k->at += len + 1;
        if (len == 0)
            return true;
    }
    return false;
}

/* 1: noted; 0: of another class, left; -1: broken. */
static int note_record(struct packet *k, struct record *r)
{
    size_t owner = k->at;
    unsigned data_n;

    if (!skip_name(k) || k->n - k->at < RECORD_HEAD)
        return -1;
    data_n = number(k, k->at + 8, 2);
    *r = (struct record){.type = (uint16_t)number(k, k->at, 2),
                         .owner = (uint16_t)owner,
                         .data = (uint16_t)(k->at + RECORD_HEAD),
                         .data_n = (uint16_t)data_n,
                         .ttl = number(k, k->at + 4, 4)};
    if (r->ttl > INT32_MAX)
        r->ttl = 0; /* RFC 2181, 8 */
    data_n += RECORD_HEAD;
    if (k->n - k->at < data_n)
        return -1;
    k->at += data_n;
    return number(k, r->data - RECORD_HEAD + 2u, 2) == CLASS_IN;
}

static int note_section(struct packet *k, struct records *rs, unsigned count)
{
    for (unsigned i = 0; i < count && rs->n < DNS_ANSWER_RECORDS_MAX; i++) {
        int got = note_record(k, &rs->r[rs->n]);

        if (got < 0)
            return -1;
        rs->n += got != 0;
    }
    return 0;
}

static int note_records(struct packet *k, struct records *rs)
{
    unsigned questions = number(k, 4, 2), answers = number(k, 6, 2), authority = number(k, 8, 2);

    rs->n = 0;
    k->at = DNS_QUERY_HEAD;
    if (questions != 1 || !skip_name(k) || k->n - k->at < 4)
        return -1;
    k->at += 4;
    if (note_section(k, rs, answers) < 0)
        return -1;
    rs->answers = rs->n;
    return note_section(k, rs, authority);
}

static bool is_of(const struct packet *k, const struct record *r, struct view name)
{
    char text[WIRE_NAME_MAX];
    size_t n, end;

    return read_name(k, r->owner, text, &n, &end) == NAME_GOOD && view_equal((struct view){text, n}, name);
}

/* A name in a record's data, which it must fill from `skip` on. */
static enum name_kind read_data_name(const struct packet *k, const struct record *r, unsigned skip, char *to,
                                     size_t *n)
{
    size_t end = 0, last = (size_t)r->data + r->data_n;
    const struct packet upto = {k->p, last, 0};
    enum name_kind kind;

    if (r->data_n <= skip)
        return NAME_BROKEN;
    kind = read_name(&upto, r->data + skip, to, n, &end);
    return end == last ? kind : NAME_BROKEN;
}

/* Writes one answer of *n bytes to `to`, which has room for FACTS_ANSWER_MAX. False: it says nothing that can
 * be. */
static bool read_address(const struct packet *k, const struct record *r, char *to, size_t *n)
{
    const bool ip6 = r->type == dns_query_type(FACT_AAAA);

    if (r->data_n != (ip6 ? 16 : 4) ||
        !inet_ntop(ip6 ? AF_INET6 : AF_INET, k->p + r->data, to, INET6_ADDRSTRLEN))
        return false;
    *n = strlen(to);
    return true;
}

static bool read_mx(const struct packet *k, const struct record *r, char *to, size_t *n)
{
    char name[WIRE_NAME_MAX];

    if (read_data_name(k, r, 2, name, n) != NAME_GOOD)
        return false;
    *n = (size_t)snprintf(to, FACTS_ANSWER_MAX, "%u %.*s", number(k, r->data, 2), *n ? (int)*n : 1,
                          *n ? name : ".");
    return true;
}

/* Cut at FACTS_ANSWER_MAX bytes: what needs more is no SPF record, no key and no policy. */
static bool read_txt(const struct packet *k, const struct record *r, char *to, size_t *n)
{
    size_t at = r->data, last = at + r->data_n;

    *n = 0;
    while (at < last) {
        size_t len = k->p[at], room = FACTS_ANSWER_MAX - *n;

        if (last - at <= len)
            return false;
        memcpy(to + *n, k->p + at + 1, len < room ? len : room);
        *n += len < room ? len : room;
        at += len + 1;
    }
    return r->data_n != 0;
}

static bool read_target(const struct packet *k, const struct record *r, char *to, size_t *n)
{
    return read_data_name(k, r, 0, to, n) == NAME_GOOD && *n;
}

static bool (*const readers[FACT_TYPE__MAX])(const struct packet *, const struct record *, char *,
                                             size_t *) = {
    [FACT_A] = read_address, [FACT_AAAA] = read_address, [FACT_MX] = read_mx,
    [FACT_TXT] = read_txt,   [FACT_PTR] = read_target,   [FACT_CNAME] = read_target,
};

static void lower_ttl(struct dns_answer *a, uint32_t ttl)
{
    if (ttl < a->ttl)
        a->ttl = ttl;
}

static void add_answer(struct dns_answer *a, enum fact_type type, struct view v)
{
    char room[FACT_ROOM];

    if (!fact_answer_clean(type, v, room, &v) || v.n > sizeof a->bytes - a->used)
        return;
    memcpy(a->bytes + a->used, v.p, v.n);
    a->answer[a->n++] = (struct view){a->bytes + a->used, v.n};
    a->used += v.n;
}

/* All of this name and the type that is asked for. False: there is no such record. */
static bool take_answers(const struct packet *k, const struct records *rs, enum fact_type type,
                         struct dns_answer *a)
{
    const struct view name = view_of(a->target);
    char text[FACTS_ANSWER_MAX];
    bool found = false;

    for (unsigned i = 0; i < rs->answers && a->n < FACTS_ANSWERS_MAX; i++) {
        const struct record *r = &rs->r[i];
        size_t n;

        if (r->type != dns_query_type(type) || !is_of(k, r, name))
            continue;
        found = true;
        lower_ttl(a, r->ttl);
        if (readers[type](k, r, text, &n))
            add_answer(a, type, (struct view){text, n});
    }
    return found;
}

/* 1: one step was made; 0: there is none; -1: it leads to what cannot be asked. */
static int follow_cname(const struct packet *k, const struct records *rs, struct dns_answer *a)
{
    const struct view name = view_of(a->target);
    char text[WIRE_NAME_MAX];
    size_t n = 0;

    for (unsigned i = 0; i < rs->answers; i++) {
        const struct record *r = &rs->r[i];

        if (r->type != TYPE_CNAME || !is_of(k, r, name))
            continue;
        if (read_data_name(k, r, 0, text, &n) != NAME_GOOD ||
            !fact_question_clean((struct view){text, n}, a->target))
            return -1;
        lower_ttl(a, r->ttl);
        a->cnames++;
        return 1;
    }
    return 0;
}

/* How long there is nothing: the SOA of the authority section. False: there is no SOA. */
static bool take_soa(const struct packet *k, const struct records *rs, struct dns_answer *a)
{
    for (unsigned i = rs->answers; i < rs->n; i++) {
        const struct record *r = &rs->r[i];
        struct packet data = {k->p, (size_t)r->data + r->data_n, r->data};

        if (r->type != TYPE_SOA || !skip_name(&data) || !skip_name(&data) || data.n - data.at != SOA_NUMBERS)
            continue;
        lower_ttl(a, r->ttl);
        lower_ttl(a, number(k, data.at + SOA_NUMBERS - 4, 4));
        return true;
    }
    return false;
}

/* "Ask over there": of a server that does not ask on for others. */
static bool is_referral(const struct packet *k, const struct records *rs)
{
    if (k->p[2] & FLAG_SURE)
        return false;
    for (unsigned i = rs->answers; i < rs->n; i++)
        if (rs->r[i].type == TYPE_NS)
            return true;
    return false;
}

/* At the end of the chain stands nothing of the type. */
static enum dns_outcome take_nothing(const struct packet *k, const struct records *rs, bool has_chain,
                                     struct dns_answer *a)
{
    if (take_soa(k, rs, a) || a->rcode == FACT_NXDOMAIN)
        ;
    else if (has_chain)
        return DNS_ANSWER_MORE;
    else if (is_referral(k, rs))
        return DNS_ANSWER_FAILED;
    else
        lower_ttl(a, DNS_ANSWER_SHORT_TTL);
    if (a->ttl == UINT32_MAX)
        a->ttl = DNS_ANSWER_SHORT_TTL;
    return DNS_ANSWER_FACT;
}

static enum dns_outcome read_chain(const struct packet *k, const struct records *rs,
                                   const struct dns_asked *q, struct dns_answer *a)
{
    int step = 1;

    while (a->cnames <= FACTS_CNAMES_MAX && step == 1) {
        if (a->rcode == FACT_NOERROR && take_answers(k, rs, q->type, a))
            return DNS_ANSWER_FACT;
        step = q->type == FACT_CNAME ? 0 : follow_cname(k, rs, a);
    }
    if (step == 0)
        return take_nothing(k, rs, a->cnames > q->cnames, a);
    /* Too many steps, a circle, or a target that nobody can ask for: no other server will say better. */
    a->rcode = FACT_SERVFAIL;
    a->ttl = DNS_ANSWER_SHORT_TTL;
    return DNS_ANSWER_FACT;
}

static enum dns_outcome read_packet(struct packet *k, const struct dns_asked *q, struct dns_answer *a)
{
    struct records rs;
    unsigned rcode;

    if (k->n < DNS_QUERY_HEAD || k->n > DNS_ANSWER_MAX)
        return DNS_ANSWER_FAILED;
    rcode = k->p[3] & RCODE_BITS;
    if (rcode == RCODE_FORMAT || rcode == RCODE_KIND)
        return DNS_ANSWER_NO_EDNS;
    if (k->p[2] & FLAG_CUT)
        return DNS_ANSWER_CUT;
    if ((rcode != RCODE_NONE && rcode != RCODE_NAME) || note_records(k, &rs) < 0)
        return DNS_ANSWER_FAILED;
    a->rcode = rcode == RCODE_NAME ? FACT_NXDOMAIN : FACT_NOERROR;
    return read_chain(k, &rs, q, a);
}

void dns_answer_read(struct view packet, const struct dns_asked *q, struct dns_answer *a)
{
    struct packet k = {(const unsigned char *)packet.p, packet.n, 0};

    a->rcode = FACT_SERVFAIL;
    a->ttl = q->ttl;
    a->cnames = q->cnames;
    a->n = 0;
    a->used = 0;
    memcpy(a->target, q->name.p, q->name.n);
    a->target[q->name.n] = '\0';
    a->outcome = read_packet(&k, q, a);
}
