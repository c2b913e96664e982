/*
 * dns_cache.h - answers that still hold, by type and name; those that say "there is none" among them.
 *
 * Used by dns_ask.c. Bounded by names and by bytes; what was not asked for longest goes first. Each call is
 * O(1) but for the flush and for a table that grows. The names are chosen by strangers, so places in the
 * table depend on a secret.
 */
#ifndef WORKERS_DNS_DNS_CACHE_H
#define WORKERS_DNS_DNS_CACHE_H

#include "common/facts.h"

#define DNS_CACHE_BYTES_MAX (64u << 20) /* of all answers, with what it takes to find them */

struct dns_cache;
struct dns_cache_counts {
    size_t names, bytes; /* now */
    uint64_t hits, misses, evicted;
};

struct dns_cache *dns_cache_new(size_t names_max, size_t bytes_max, uint64_t secret);
void dns_cache_free(struct dns_cache **c);
/* `now` and `lives` in milliseconds, of any clock that never goes back. The fact's name is clean. One that is
 * there is replaced; with `lives` 0 nothing is kept. */
void dns_cache_put(struct dns_cache *c, const struct fact *f, int64_t now, int64_t lives);
/* False: it is not there, or not any more. The fact's views are good until the next call; `answer` has room
 * for FACTS_ANSWERS_MAX. */
bool dns_cache_get(struct dns_cache *c, const struct fact *asked, int64_t now, struct fact *f,
                   struct view *answer);
void dns_cache_flush(struct dns_cache *c);
void dns_cache_count(const struct dns_cache *c, struct dns_cache_counts *to);

#endif
