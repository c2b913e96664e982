/*
 * dns_health.c - see dns_health.h.
 *
 * Called for each answer and each missing one. What it decides is an order and nothing else: a server is
 * never given up, and where all are late they are asked as the administrator wrote them. It must never make a
 * question wait for a server that is known to be silent while another one answers.
 */
#include "workers/dns/dns_health.h"

void dns_health_answered(struct dns_health *h, int64_t sent, int64_t now)
{
    h->answers++;
    h->took_ms += now - sent;
    h->answered_at = now;
    h->late = false;
    h->probe_wait = 0;
}

static void make_late(struct dns_health *h, int64_t now)
{
    if (h->late)
        return;
    h->late = true;
    h->probe_at = now;
    h->probe_wait = DNS_HEALTH_PROBE_MS;
}

void dns_health_timed_out(struct dns_health *h, int64_t sent, int64_t now)
{
    h->timeouts++;
    if (h->answers && h->answered_at >= sent)
        return; /* it is the name that takes long */
    make_late(h, now);
}

void dns_health_broke(struct dns_health *h, int64_t now)
{
    h->errors++;
    make_late(h, now);
}

bool dns_health_probe(struct dns_health *h, int64_t now)
{
    if (!h->late || now < h->probe_at)
        return false;
    h->probe_at = now + h->probe_wait;
    h->probe_wait = 2 * h->probe_wait < DNS_HEALTH_PROBE_MS_MAX ? 2 * h->probe_wait : DNS_HEALTH_PROBE_MS_MAX;
    return true;
}

unsigned dns_health_order(const struct dns_health *of, const struct dns_list *l, uint32_t out,
                          unsigned order[DNS_SERVERS_LIST_MAX])
{
    unsigned n = 0;

    for (unsigned late = 0; late < 2 && n == 0; late++)
        for (unsigned i = 0; i < l->n; i++)
            if (!(out >> i & 1) && of[l->server[i]].late == late)
                order[n++] = i;
    return n;
}
