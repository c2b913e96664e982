/*
 * dns_answer.h - reads the answer of a name server: bytes of strangers, bounded in every way.
 *
 * Called by dns_send.c for packets whose number and question were compared with what was sent. Follows the
 * CNAMEs in the packet, takes the answers of the type that was asked for, and how long they last. What it
 * gives out is a fact's (common/facts.h). No recursion, no memory of its own; a pointer in a name only leads
 * backwards.
 */
#ifndef WORKERS_DNS_DNS_ANSWER_H
#define WORKERS_DNS_DNS_ANSWER_H

#include "common/facts.h"

#define DNS_ANSWER_MAX         65535
#define DNS_ANSWER_RECORDS_MAX 600 /* of one packet that are looked at; what lies behind them is left */
#define DNS_ANSWER_SHORT_TTL   5   /* seconds: "there is none", without a word how long that holds */

enum dns_outcome {
    DNS_ANSWER_FACT,
    DNS_ANSWER_MORE,    /* the CNAMEs lead out of the packet: `target` is to be asked */
    DNS_ANSWER_CUT,     /* it did not fit in the packet */
    DNS_ANSWER_NO_EDNS, /* the server did not understand the question: without EDNS it may */
    DNS_ANSWER_FAILED,  /* of no use: SERVFAIL, REFUSED, a referral, a packet that is broken */
};
struct dns_answer {
    enum dns_outcome outcome;
    enum fact_rcode rcode; /* NOERROR, NXDOMAIN; SERVFAIL: more than FACTS_CNAMES_MAX CNAMEs, or a circle */
    uint32_t ttl;          /* the shortest of the chain; of a negative one by its SOA (RFC 2308, 5) */
    unsigned cnames;       /* those before among them */
    char target[FACTS_NAME_MAX + 1]; /* the name at the end of the chain */
    struct view answer[FACTS_ANSWERS_MAX];
    unsigned n;
    char bytes[FACTS_ONE_MAX]; /* what the answers point to */
    size_t used;
};

/* `name`: as fact_question_clean() writes it. `cnames` and `ttl`: of packets before this one; 0 and
 * UINT32_MAX. */
struct dns_asked {
    enum fact_type type;
    struct view name;
    unsigned cnames;
    uint32_t ttl;
};
void dns_answer_read(struct view packet, const struct dns_asked *q, struct dns_answer *a);

#endif
