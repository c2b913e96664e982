/*
 * dns_cache.c - see dns_cache.h: a hash table with chains, and a list of all entries by their last use.
 *
 * An entry keeps its fact packed (facts_pack_one), in one piece of memory with its links. What has expired is
 * dropped when it is asked for; what nobody asks for any more sinks to the end of the list, where each
 * dns_cache_put() looks at two entries. It trusts its caller for clean names.
 */
#include "workers/dns/dns_cache.h"

#include "common/xalloc.h"

#include <stdlib.h>

#define SLOTS_LEAST 1024 /* a power of two */
#define SWEEP       2    /* entries at the end of the list that a put looks at */

struct entry {
    struct entry *chain, *newer, *older;
    int64_t until;
    uint64_t hash;
    uint32_t n;
    enum fact_type type;
    uint8_t name_n;
    char bytes[]; /* the name, then the packed fact */
};

struct dns_cache {
    struct entry **slot; /* slot_n of them */
    size_t slot_n, names_max, bytes_max;
    struct entry *newest, *oldest;
    uint64_t secret;
    struct buf packed;
    struct dns_cache_counts counts;
};

struct dns_cache *dns_cache_new(size_t names_max, size_t bytes_max, uint64_t secret)
{
    struct dns_cache *c = xcalloc(1, sizeof *c);

    c->names_max = names_max;
    c->bytes_max = bytes_max;
    c->secret = secret;
    c->slot_n = SLOTS_LEAST;
    c->slot = xcalloc(c->slot_n, sizeof(struct entry *));
    return c;
}

static uint64_t hash_of(const struct dns_cache *c, enum fact_type type, struct view name)
{
    uint64_t h = c->secret ^ (uint64_t)type << 32;

    for (size_t i = 0; i < name.n; i++) {
        h = (h ^ (unsigned char)name.p[i]) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    return h ^ h >> 32;
}

static struct entry **find(const struct dns_cache *c, enum fact_type type, struct view name, uint64_t hash)
{
    struct entry **at = &c->slot[hash & (c->slot_n - 1)];

    while (*at && ((*at)->hash != hash || (*at)->type != type ||
                   !view_equal((struct view){(*at)->bytes, (*at)->name_n}, name)))
        at = &(*at)->chain;
    return at;
}

static void unlink_use(struct dns_cache *c, struct entry *e)
{
    *(e->newer ? &e->newer->older : &c->newest) = e->older;
    *(e->older ? &e->older->newer : &c->oldest) = e->newer;
}

static void link_use(struct dns_cache *c, struct entry *e)
{
    e->newer = NULL;
    e->older = c->newest;
    *(e->older ? &e->older->newer : &c->oldest) = e;
    c->newest = e;
}

static size_t size_of(const struct entry *e)
{
    return sizeof *e + e->n;
}

static void drop(struct dns_cache *c, struct entry *e)
{
    struct entry **at = &c->slot[e->hash & (c->slot_n - 1)];

    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
    unlink_use(c, e);
    c->counts.names--;
    c->counts.bytes -= size_of(e);
    free(e);
}

static void grow(struct dns_cache *c)
{
    const size_t slot_n = 2 * c->slot_n;

    free(c->slot);
    c->slot = xcalloc(slot_n, sizeof(struct entry *));
    c->slot_n = slot_n;
    for (struct entry *e = c->newest; e; e = e->older) {
        struct entry **at = &c->slot[e->hash & (slot_n - 1)];

        e->chain = *at;
        *at = e;
    }
}

/* Room for one more entry of `bytes`. */
static void make_room(struct dns_cache *c, size_t bytes, int64_t now)
{
    for (unsigned i = 0; i < SWEEP && c->oldest && c->oldest->until <= now; i++)
        drop(c, c->oldest);
    while (c->oldest && (c->counts.names >= c->names_max || c->counts.bytes + bytes > c->bytes_max)) {
        drop(c, c->oldest);
        c->counts.evicted++;
    }
}

void dns_cache_put(struct dns_cache *c, const struct fact *f, int64_t now, int64_t lives)
{
    const uint64_t hash = hash_of(c, f->type, f->name);
    struct entry *e = *find(c, f->type, f->name, hash);
    size_t size;

    if (e)
        drop(c, e);
    if (lives <= 0 || f->name.n > FACTS_NAME_MAX)
        return;
    buf_clear(&c->packed);
    facts_pack_one(&c->packed, f);
    size = sizeof *e + f->name.n + c->packed.n;
    make_room(c, size, now);
    if (c->names_max == 0 || size > c->bytes_max || c->packed.n == 0)
        return;
    if (c->counts.names >= c->slot_n)
        grow(c);
    e = xcalloc(1, size);
    e->hash = hash;
    e->type = f->type;
    e->until = now + lives;
    e->name_n = (uint8_t)f->name.n;
    e->n = (uint32_t)(f->name.n + c->packed.n);
    memcpy(e->bytes, f->name.p, f->name.n);
    memcpy(e->bytes + f->name.n, c->packed.p, c->packed.n);
    e->chain = c->slot[hash & (c->slot_n - 1)];
    c->slot[hash & (c->slot_n - 1)] = e;
    link_use(c, e);
    c->counts.names++;
    c->counts.bytes += size;
}

bool dns_cache_get(struct dns_cache *c, const struct fact *asked, int64_t now, struct fact *f,
                   struct view *answer)
{
    struct entry *e = *find(c, asked->type, asked->name, hash_of(c, asked->type, asked->name));

    if (e && e->until <= now) {
        drop(c, e);
        e = NULL;
    }
    if (!e || !facts_unpack_one((struct view){e->bytes + e->name_n, e->n - e->name_n}, f, answer)) {
        c->counts.misses++;
        return false;
    }
    unlink_use(c, e);
    link_use(c, e);
    c->counts.hits++;
    return true;
}

void dns_cache_flush(struct dns_cache *c)
{
    while (c->oldest)
        drop(c, c->oldest);
}

void dns_cache_count(const struct dns_cache *c, struct dns_cache_counts *to)
{
    *to = c->counts;
}

void dns_cache_free(struct dns_cache **c)
{
    if (!*c)
        return;
    dns_cache_flush(*c);
    buf_free(&(*c)->packed);
    free((*c)->slot);
    free(*c);
    *c = NULL;
}
