/*
 * dns_query.c - see dns_query.h.
 *
 * What dns_query_match() reads comes from anybody who can send a packet to this machine: it compares bytes
 * with those that were sent and follows nothing, so that no byte of a stranger is worked on before number and
 * question are the right ones.
 */
#include "workers/dns/dns_query.h"

#include "common/log.h"

#include <sys/random.h>

#define FLAG_ASK_ON  0x01 /* recursion desired */
#define FLAG_ANSWER  0x80
#define OPCODE_BITS  0x78
#define RCODE_BITS   0x0f
#define CLASS_IN     1
#define TYPE_OPT     41
#define RCODE_FORMAT 1 /* FORMERR */

static const uint16_t types[FACT_TYPE__MAX] = {
    [FACT_A] = 1, [FACT_AAAA] = 28, [FACT_MX] = 15, [FACT_TXT] = 16, [FACT_PTR] = 12, [FACT_CNAME] = 5,
};

uint16_t dns_query_type(enum fact_type type)
{
    return type < FACT_TYPE__MAX ? types[type] : 0;
}

void dns_random_take(struct dns_random *r, void *to, size_t n)
{
    unsigned char *p = to;

    for (size_t i = 0; i < n; i++) {
        if (r->left == 0) {
            /* Up to 256 bytes come whole and without waiting; guessable numbers are worse than no worker. */
            if (getrandom(r->pool, 256, 0) != 256 || getrandom(r->pool + 256, 256, 0) != 256)
                fatal("getrandom");
            r->left = sizeof r->pool;
        }
        p[i] = r->pool[--r->left];
    }
}

static void put_number(struct dns_query *q, unsigned v)
{
    q->bytes[q->n++] = (unsigned char)(v >> 8);
    q->bytes[q->n++] = (unsigned char)v;
}

static bool put_name(struct dns_query *q, struct view name)
{
    size_t from = 0;

    if (!name.n || name.n > FACTS_NAME_MAX)
        return false;
    while (from <= name.n) {
        const char *dot = memchr(name.p + from, '.', name.n - from);
        size_t n = (dot ? (size_t)(dot - name.p) : name.n) - from;

        if (n == 0 || n > 63)
            return false;
        q->bytes[q->n++] = (unsigned char)n;
        memcpy(q->bytes + q->n, name.p + from, n);
        q->n += (unsigned)n;
        from += n + 1;
    }
    q->bytes[q->n++] = 0;
    return true;
}

bool dns_query_make(struct dns_query *q, enum fact_type type, struct view name, bool edns)
{
    *q = (struct dns_query){.bytes = {[2] = FLAG_ASK_ON, [5] = 1, [11] = edns}, .n = DNS_QUERY_HEAD};
    if (!put_name(q, name))
        return false;
    put_number(q, dns_query_type(type));
    put_number(q, CLASS_IN);
    q->question_n = q->n - DNS_QUERY_HEAD;
    if (!edns)
        return true;
    q->bytes[q->n++] = 0; /* the root */
    put_number(q, TYPE_OPT);
    put_number(q, DNS_QUERY_EDNS);
    q->n += DNS_QUERY_EXTRA - 5; /* no flags, no options */
    return true;
}

void dns_query_set_id(struct dns_query *q, uint16_t id)
{
    q->bytes[0] = (unsigned char)(id >> 8);
    q->bytes[1] = (unsigned char)id;
}

uint16_t dns_query_id(const struct dns_query *q)
{
    return (uint16_t)(q->bytes[0] << 8 | q->bytes[1]);
}

static bool is_letter(unsigned char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Lengths are below 64 and so no letters; neither are the bytes of type and class. */
void dns_query_mix_case(struct dns_query *q, struct dns_random *r)
{
    unsigned char *p = q->bytes + DNS_QUERY_HEAD, bits[(255 + 7) / 8];

    dns_random_take(r, bits, sizeof bits);
    for (unsigned i = 0; i + 4 < q->question_n; i++)
        if (is_letter(p[i]) && (bits[i / 8] >> i % 8 & 1))
            p[i] ^= 0x20;
}

static enum dns_match match_question(const struct dns_query *q, const unsigned char *p)
{
    const unsigned char *own = q->bytes + DNS_QUERY_HEAD;
    enum dns_match match = DNS_MATCH_SAME;

    for (unsigned i = 0; i < q->question_n; i++) {
        if (p[i] == own[i])
            continue;
        if ((p[i] ^ own[i]) != 0x20 || !is_letter(own[i]))
            return DNS_MATCH_NOT;
        match = DNS_MATCH_CASE;
    }
    return match;
}

enum dns_match dns_query_match(const struct dns_query *q, struct view packet)
{
    const unsigned char *p = (const unsigned char *)packet.p;

    if (packet.n < DNS_QUERY_HEAD || p[0] != q->bytes[0] || p[1] != q->bytes[1] || !(p[2] & FLAG_ANSWER) ||
        (p[2] & OPCODE_BITS) != 0 || p[4] != 0)
        return DNS_MATCH_NOT;
    /* Servers that do not know EDNS may not even repeat the question (RFC 6891, 7); nothing is taken from it.
     */
    if (p[5] == 0 && (p[3] & RCODE_BITS) == RCODE_FORMAT)
        return DNS_MATCH_SAME;
    if (p[5] != 1 || packet.n < DNS_QUERY_HEAD + (size_t)q->question_n)
        return DNS_MATCH_NOT;
    return match_question(q, p + DNS_QUERY_HEAD);
}
