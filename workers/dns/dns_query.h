/*
 * dns_query.h - one question as it goes to a server, and whether a packet answers it.
 *
 * Made by dns_send.c, sent by dns_line.c. Random bits are all that keeps a stranger from answering in the
 * server's place: the number of the question (16 bits), and the case of its letters, which servers copy
 * ("0x20", one bit for each letter). c-ares 1.18 takes its numbers from a weak generator, so they are made
 * here.
 */
#ifndef WORKERS_DNS_DNS_QUERY_H
#define WORKERS_DNS_DNS_QUERY_H

#include "common/facts.h"

#define DNS_QUERY_HEAD  12
#define DNS_QUERY_MAX   (DNS_QUERY_HEAD + 255 + 4 + 11) /* bytes: head, name, type and class, EDNS */
#define DNS_QUERY_EDNS  1232 /* bytes that an answer by UDP may have: no fragments on any usual path */
#define DNS_QUERY_EXTRA 11   /* bytes of EDNS */

struct dns_query {
    unsigned char bytes[DNS_QUERY_MAX];
    unsigned n, question_n; /* of all; of the question behind the head */
};

/* Bytes of getrandom(2), fetched in blocks. Zeroed = empty. */
struct dns_random {
    unsigned char pool[512];
    unsigned left;
};
void dns_random_take(struct dns_random *r, void *to, size_t n);

/* `name` as fact_question_clean() writes it. False: it is none. The number is 0. */
bool dns_query_make(struct dns_query *q, enum fact_type type, struct view name, bool edns);
void dns_query_set_id(struct dns_query *q, uint16_t id);
uint16_t dns_query_id(const struct dns_query *q);
/* Gives each letter a case of its own. */
void dns_query_mix_case(struct dns_query *q, struct dns_random *r);

enum dns_match {
    DNS_MATCH_NOT,
    DNS_MATCH_CASE, /* the case of its letters is another: forged, or by a server that does not keep it */
    DNS_MATCH_SAME,
};
enum dns_match dns_query_match(const struct dns_query *q, struct view packet);
/* The number of RFC 1035 and 3596. */
uint16_t dns_query_type(enum fact_type type);

#endif
