/*
 * dns_health.h - how a name server does, and in which order those of a list are asked.
 *
 * Used by dns_send.c. A server that lets a question pass without an answer, while it answered none that was
 * asked at the same time or later, is `late`: those that are not go before it, so that a dead server costs
 * its time once and not for every name. A late one is asked again beside another (a probe), whose answer
 * nobody waits for. A name that no server can resolve in time does not make a server late that answers other
 * questions. Pure: times are given, in milliseconds of a clock that never goes back.
 */
#ifndef WORKERS_DNS_DNS_HEALTH_H
#define WORKERS_DNS_DNS_HEALTH_H

#include "workers/dns/dns_servers.h"

#define DNS_HEALTH_PROBE_MS     500 /* after the second probe; each time twice as long */
#define DNS_HEALTH_PROBE_MS_MAX 30000

struct dns_health {
    bool late;
    int64_t answered_at; /* the last answer */
    int64_t probe_at, probe_wait;
    uint64_t asked, answers, timeouts, errors; /* errors: it could not be reached */
    int64_t took_ms;                           /* of all answers */
};

void dns_health_answered(struct dns_health *h, int64_t sent, int64_t now);
/* The question of `sent` got no answer in time. */
void dns_health_timed_out(struct dns_health *h, int64_t sent, int64_t now);
void dns_health_broke(struct dns_health *h, int64_t now);
/* True: it is late, and this question is to be sent to it as well. */
bool dns_health_probe(struct dns_health *h, int64_t now);
/*
 * The servers of a list that a question may go to, in their order: without those whose place is a bit of
 * `out`, without late ones as long as others are left. Returns how many; `order` gets places in the list.
 */
unsigned dns_health_order(const struct dns_health *of, const struct dns_list *l, uint32_t out,
                          unsigned order[DNS_SERVERS_LIST_MAX]);

#endif
