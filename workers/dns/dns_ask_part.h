/*
 * dns_ask_part.h - what dns_ask.c (questions) and dns_send.c (servers) share; nobody else includes it.
 *
 * A question is in dns_ask.c's table from dns_ask_resolve() to dns_ask_finish(). Meanwhile it stands in one
 * queue, or has one try under way, never both. One that is over while it stands in a queue stays there,
 * `gone`, until the queue comes to it.
 */
#ifndef WORKERS_DNS_DNS_ASK_PART_H
#define WORKERS_DNS_DNS_ASK_PART_H

#include "workers/dns/dns_answer.h"
#include "workers/dns/dns_ask.h"
#include "workers/dns/dns_line.h"

#define DNS_OPEN_SLOTS 4096 /* of the table of open questions; a power of two */
#define DNS_NO_SERVER  UINT32_MAX

struct dns_open {
    struct dns_open *chain;         /* of the table */
    struct dns_open *older, *newer; /* by the end of their time */
    struct dns_open *behind;        /* in the queue */
    struct dns_try *try;            /* under way; NULL: in a queue */
    bool queued, gone;
    enum fact_type type;
    struct view name; /* into name_bytes */
    char name_bytes[FACTS_NAME_MAX + 1];
    /* What is asked now: the name, or where its CNAMEs lead. */
    char target[FACTS_NAME_MAX + 1];
    unsigned cnames;
    uint32_t ttl;
    unsigned list;
    uint32_t pinned;                     /* the server that must be next; DNS_NO_SERVER */
    uint32_t out;                        /* places in the list of servers that gave nothing of use */
    uint8_t asked[DNS_SERVERS_LIST_MAX]; /* how often each server, for this target; without pinned ones */
    bool tcp, no_edns;                   /* at the pinned server */
    bool case_lost;                      /* by TCP because of that */
    bool was_late;                       /* the last try timed out */
    int64_t until, at;                   /* the end of its time; Unix ms of its begin */
    uint32_t *id;                        /* owned: who waits */
    unsigned id_n, id_cap;
};

struct dns_queue {
    struct dns_open *first, *last;
};
struct dns_server {
    struct dns_line *line; /* udp_n and then tcp_n; into dns_ask.line */
    unsigned udp_n, tcp_n, turn;
    bool any_case; /* it does not keep the case of letters, and has no TCP */
    bool no_edns;
};

struct dns_ask {
    struct dns_setup setup;
    dns_ask_answer *answer;
    void *arg;
    struct dns_cache *cache;
    struct dns_random random;
    struct dns_ask_counts counts;
    int64_t now;
    bool is_due;           /* a question was begun since dns_ask_run() */
    struct dns_line *line; /* owned, line_n of all servers */
    unsigned line_n;
    struct dns_server server[DNS_SERVERS_MAX];
    struct dns_health health[DNS_SERVERS_MAX];
    struct dns_queue *queue; /* owned: two for each list, by UDP and by TCP */
    struct dns_open *slot[DNS_OPEN_SLOTS];
    struct dns_open *oldest, *newest;
    uint64_t secret;
    struct dns_answer read; /* of the packet that is looked at */
};

/* dns_ask.c */
/* Tells all who wait and keeps the answer: by rcode, with the answers of a->read where it is NOERROR. */
void dns_ask_finish(struct dns_ask *a, struct dns_open *o, enum fact_rcode rcode, uint32_t ttl);

/* dns_send.c */
int dns_send_open(struct dns_ask *a, struct buf *why);
void dns_send_close(struct dns_ask *a);
/* Begins with `o->target`: its list, all servers. */
void dns_send_begin(struct dns_ask *a, struct dns_open *o);
/* Sends what waits as far as there is room. */
void dns_send_run(struct dns_ask *a);

#endif
