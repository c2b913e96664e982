/*
 * dns_ask.h - questions and their answers: merged, cached, asked of servers, and answered in time whatever
 * happens.
 *
 * Used by dns_serve.c and the canary. Each dns_ask_resolve() is answered exactly once: from the cache at
 * once, else when a server has answered, at the latest after dns_ask_bound_ms(). Opened in the loader,
 * because c-ares opens a file there; each child works with its own copy. It trusts its caller for clean names
 * and nothing that comes over the network.
 */
#ifndef WORKERS_DNS_DNS_ASK_H
#define WORKERS_DNS_DNS_ASK_H

#include "workers/dns/dns_cache.h"
#include "workers/dns/dns_health.h"

#include <poll.h>

#define DNS_ASK_TIMEOUT_MAX  30000 /* ms */
#define DNS_ASK_TRIES_MAX    10
#define DNS_ASK_CHANNELS_MAX 16
#define DNS_ASK_OUT_MAX      1000 /* questions under way on one channel */
#define DNS_ASK_TCP          8    /* channels by TCP of each server of list 0; one question on each */
#define DNS_ASK_TCP_ZONE     2    /* of a server that some zone has */
#define DNS_ASK_LINES_MAX                                                                                    \
    (DNS_SERVERS_LIST_MAX * (DNS_ASK_CHANNELS_MAX + DNS_ASK_TCP) + DNS_SERVERS_MAX * (1 + DNS_ASK_TCP_ZONE))
#define DNS_ASK_FAIL_MS 5000 /* so long a failure is the answer to the same question */

struct dns_setup { /* clamped to the limits above */
    struct dns_servers servers;
    int64_t timeout;               /* ms, of one try */
    int64_t tries;                 /* rounds through the servers */
    int64_t channels, outstanding; /* of each server of list 0; questions under way on one */
    int64_t cache_names;
    int64_t max_ttl, max_negative_ttl; /* s */
};

struct dns_ask;
struct dns_ask_counts {
    uint64_t questions, merged, sent; /* sent: to servers, tries and probes */
    uint64_t rcode[FACT_RCODE__MAX];  /* answers, those from the cache among them */
    uint64_t bounded;                 /* answered by dns_ask_bound_ms() alone */
    uint64_t tcp, no_edns, wrong_case, strange;
    size_t open, waiting; /* now: questions; those of them that wait for a place on a channel */
};

/* The facts of an answer are good for this call only. */
typedef void dns_ask_answer(void *arg, uint32_t id, const struct fact *f);

/* Takes over s->servers. NULL: c-ares cannot be set up; the reason is in `why`. */
struct dns_ask *dns_ask_open(struct dns_setup *s, struct buf *why);
void dns_ask_close(struct dns_ask **a);
/* From here on answers go there. */
void dns_ask_set_answer(struct dns_ask *a, dns_ask_answer *answer, void *arg);
/* `name` is clean. May answer at once; else the next dns_ask_run() sends it. */
void dns_ask_resolve(struct dns_ask *a, uint32_t id, enum fact_type type, struct view name);
/* Forgets answers, and what is known of servers. */
void dns_ask_flush(struct dns_ask *a);
/* Ends what is over its time and sends what waits. */
void dns_ask_run(struct dns_ask *a);
/* Milliseconds until dns_ask_run() or a dns_ask_event() is due; -1: never. */
int dns_ask_wait_ms(struct dns_ask *a);
/* Sockets for poll(2), at most DNS_ASK_LINES_MAX; `line` gets what goes to dns_ask_event() beside them. */
unsigned dns_ask_poll(struct dns_ask *a, struct pollfd *to, unsigned *line);
void dns_ask_event(struct dns_ask *a, unsigned line, int fd, short revents);
/* timeout x (tries + 1) x 2 + 1 s */
int64_t dns_ask_bound_ms(const struct dns_ask *a);
void dns_ask_count(const struct dns_ask *a, struct dns_ask_counts *to);
const struct dns_setup *dns_ask_setup(const struct dns_ask *a);
/* NULL beyond the last one. */
const struct dns_health *dns_ask_health(const struct dns_ask *a, unsigned server);
struct dns_cache *dns_ask_cache(struct dns_ask *a);

#endif
