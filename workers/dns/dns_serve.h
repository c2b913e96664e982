/*
 * dns_serve.h - the life of worker-dns: packets of common/dns.h in and out, servers, and the link of the job.
 *
 * Called by role_dns.c, once, for the one job of a child. Ends when the supervisor closes the socket or
 * cancels the job.
 */
#ifndef WORKERS_DNS_DNS_SERVE_H
#define WORKERS_DNS_DNS_SERVE_H

#include "workers/dns/dns_ask.h"

#define DNS_SERVE_OUT_MAX (8u << 20) /* bytes of answers that are not taken; beyond, nothing more is done */

struct dns_serve_link {
    int peer, link;                  /* link: readable when `cancelled` is to be asked; -1: none */
    bool (*cancelled)(const void *); /* may be NULL */
    const void *arg;
};

enum dns_serve_end {
    DNS_SERVE_CLOSED,
    DNS_SERVE_CANCELLED,
    DNS_SERVE_BROKE, /* what came breaks the rules of common/dns.h, or the socket failed: errno */
};
enum dns_serve_end dns_serve(struct dns_ask *a, const struct dns_serve_link *l);

#endif
