/*
 * dns_state.c - see dns_state.h.
 *
 * Only numbers, words of ours and addresses of the settings: nothing that a server or a message said gets
 * into it. It reads what dns_ask.h shows and changes nothing.
 */
#include "workers/dns/dns_state.h"

#include "common/dns.h"
#include "common/json.h"

#define SERVER_BYTES 220 /* of one server at most: six numbers of 20 digits do not all come together */
_Static_assert(DNS_SERVERS_MAX *SERVER_BYTES < DNS_STATE_MAX - 2000, "all servers fit");

static void add_int(struct json *j, const char *key, uint64_t v)
{
    json_add_int(j, key, (int64_t)v);
}

static void add_counts(struct json *j, const struct dns_ask *a)
{
    struct dns_ask_counts c;

    dns_ask_count(a, &c);
    add_int(j, "questions", c.questions);
    add_int(j, "merged", c.merged);
    add_int(j, "sent", c.sent);
    add_int(j, "open", c.open);
    add_int(j, "waiting", c.waiting);
    add_int(j, "bounded", c.bounded);
    add_int(j, "tcp", c.tcp);
    add_int(j, "no_edns", c.no_edns);
    add_int(j, "wrong_case", c.wrong_case);
    add_int(j, "strange", c.strange);
    json_begin_object(j, "rcodes");
    for (unsigned i = 0; i < FACT_RCODE__MAX; i++)
        add_int(j, fact_rcode_name(i), c.rcode[i]);
    json_end_object(j);
}

static void add_cache(struct json *j, struct dns_ask *a)
{
    struct dns_cache_counts c;

    dns_cache_count(dns_ask_cache(a), &c);
    json_begin_object(j, "cache");
    add_int(j, "names", c.names);
    add_int(j, "bytes", c.bytes);
    add_int(j, "hits", c.hits);
    add_int(j, "misses", c.misses);
    add_int(j, "evicted", c.evicted);
    json_end_object(j);
}

static void add_server(struct json *j, const struct dns_address *address, const struct dns_health *h)
{
    char name[DNS_SERVERS_TEXT];

    dns_servers_text(address, name);
    json_begin_object(j, name);
    json_add_bool(j, "late", h->late);
    add_int(j, "asked", h->asked);
    add_int(j, "answers", h->answers);
    add_int(j, "timeouts", h->timeouts);
    add_int(j, "errors", h->errors);
    add_int(j, "average_ms", h->answers ? (uint64_t)h->took_ms / h->answers : 0);
    json_end_object(j);
}

void dns_state_add(struct dns_ask *a, struct buf *to)
{
    const struct dns_servers *s = &dns_ask_setup(a)->servers;
    const struct dns_health *h;
    struct json j;

    json_open(&j, to);
    add_counts(&j, a);
    add_cache(&j, a);
    json_begin_object(&j, "servers");
    for (unsigned i = 0; (h = dns_ask_health(a, i)); i++)
        add_server(&j, &s->address[i], h);
    json_end_object(&j);
    add_int(&j, "zones", s->zone_n);
    json_close(&j);
}
