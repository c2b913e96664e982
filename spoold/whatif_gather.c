/*
 * whatif_gather.c - see whatif_gather.h: a ring of messages with a hash table over it, and a set of numbers.
 *
 * Texts of a message lie in its own buffers, which its successor in the ring uses again. A record's facts are
 * its last member and half of its bytes; nobody who decides again needs them. Lines are checked by their CRC,
 * but what stands in them is anybody's: addresses are views and counts.
 */
#include "spoold/whatif_gather.h"

#include "common/xalloc.h"

#include <stdlib.h>

#define SLOTS (2 * WHATIF_GATHER_MAX)

struct place {
    size_t at, n;
};
struct kept {
    uint64_t number; /* hash of the id */
    struct base id;
    int64_t at_ms, begun_ms; /* begun: of the first of the lines that count */
    uint64_t size;
    struct buf text, record; /* text: sender, then recipients */
    size_t from_n;
    struct place *rcpt;
    size_t n, cap;
    size_t first_n; /* recipients of its first line */
    uint32_t next;  /* in its slot: number + 1 */
    bool used;
};
struct whatif_gather {
    whatif_gather_fn *fn;
    void *arg;
    struct kept ring[WHATIF_GATHER_MAX];
    uint32_t slot[SLOTS];
    size_t head;             /* the oldest, and the next place */
    const struct kept *last; /* whose line "accepted" was the last line */
    uint64_t *seen;          /* numbers of all that were given out; 0: free */
    size_t seen_n, seen_cap;
    struct view *rcpt; /* for giving out */
    size_t rcpt_cap;
};

static uint64_t number_of(const struct base *id)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (size_t i = 0; i < id->len; i++)
        h = (h ^ (unsigned char)id->s[i]) * 0x100000001b3u;
    h ^= h >> 32;
    return h ? h : 1;
}

/* Its place, which is free where it is not among them. */
static uint64_t *place_of(const struct whatif_gather *g, uint64_t number)
{
    size_t at = number & (g->seen_cap - 1);

    while (g->seen[at] && g->seen[at] != number)
        at = (at + 1) & (g->seen_cap - 1);
    return &g->seen[at];
}

static void grow_seen(struct whatif_gather *g)
{
    uint64_t *old = g->seen;
    const size_t cap = g->seen_cap;

    g->seen_cap = cap ? 2 * cap : 1024;
    g->seen = xcalloc(g->seen_cap, sizeof *g->seen);
    for (size_t i = 0; i < cap; i++)
        if (old[i])
            *place_of(g, old[i]) = old[i];
    free(old);
}

static void remember(struct whatif_gather *g, uint64_t number)
{
    if (2 * g->seen_n >= g->seen_cap)
        grow_seen(g);
    *place_of(g, number) = number;
    g->seen_n++;
}

static bool was_given(const struct whatif_gather *g, uint64_t number)
{
    return g->seen_cap && *place_of(g, number);
}

static struct kept *find(struct whatif_gather *g, uint64_t number, const struct base *id)
{
    for (uint32_t at = g->slot[number % SLOTS]; at; at = g->ring[at - 1].next)
        if (view_equal(base_view(&g->ring[at - 1].id), base_view(id)))
            return &g->ring[at - 1];
    return NULL;
}

static void unlink_kept(struct whatif_gather *g, struct kept *k)
{
    uint32_t *at = &g->slot[k->number % SLOTS];
    const uint32_t me = (uint32_t)(k - g->ring) + 1;

    while (*at != me)
        at = &g->ring[*at - 1].next;
    *at = k->next;
}

static void give(struct whatif_gather *g, struct kept *k)
{
    struct whatif_message m = {
        .id = k->id, .at_ms = k->at_ms, .size = k->size, .rcpt_n = k->n, .record = buf_view(&k->record)};

    if (g->rcpt_cap < k->n) {
        g->rcpt_cap = 2 * k->n;
        g->rcpt = xrealloc(g->rcpt, g->rcpt_cap, sizeof *g->rcpt);
    }
    for (size_t i = 0; i < k->n; i++)
        g->rcpt[i] = (struct view){k->text.p + k->rcpt[i].at, k->rcpt[i].n};
    m.rcpt = g->rcpt;
    m.from = (struct view){k->text.p, k->from_n};
    g->fn(&m, g->arg);
    unlink_kept(g, k);
    remember(g, k->number);
    k->used = false;
}

static void set_record(struct kept *k, struct view record)
{
    static const struct view key = VIEW(",\"facts\":{"), raw = VIEW(",\"raw\":true}");
    /* Within a string a quote has a backslash before it, so this is a member. */
    const char *facts = memmem(record.p, record.n, key.p, key.n);

    buf_clear(&k->record);
    buf_add(&k->record, record.p, facts ? (size_t)(facts - record.p) : record.n);
    if (facts)
        buf_add_view(&k->record, view_ends_with(record, raw) ? raw : VIEW("}"));
}

static void add_rcpt(struct kept *k, const struct event *e)
{
    for (size_t i = 0; i < e->rcpt_n; i++) {
        if (k->n == k->cap) {
            k->cap = k->cap ? 2 * k->cap : 4;
            k->rcpt = xrealloc(k->rcpt, k->cap, sizeof *k->rcpt);
        }
        k->rcpt[k->n++] = (struct place){k->text.n, e->rcpt[i].n};
        buf_add_view(&k->text, e->rcpt[i]);
    }
}

static struct kept *take_new(struct whatif_gather *g, uint64_t number, const struct event *e)
{
    struct kept *k = &g->ring[g->head];
    const uint32_t me = (uint32_t)g->head + 1;

    if (k->used)
        give(g, k);
    g->head = (g->head + 1) % WHATIF_GATHER_MAX;
    k->used = true;
    k->number = number;
    k->id = e->id;
    k->at_ms = k->begun_ms = e->at_ms;
    k->size = e->size;
    k->n = 0;
    buf_clear(&k->text);
    buf_clear(&k->record);
    buf_add_view(&k->text, e->sender);
    k->from_n = e->sender.n;
    add_rcpt(k, e);
    k->first_n = k->n;
    k->next = g->slot[number % SLOTS];
    g->slot[number % SLOTS] = me;
    return k;
}

/* A line that was written twice, after a crash or a failed flush, begins again with the same recipients. */
static bool begins_again(const struct kept *k, const struct event *e)
{
    if (e->rcpt_n != k->first_n)
        return false;
    for (size_t i = 0; i < e->rcpt_n; i++)
        if (!view_equal(e->rcpt[i], (struct view){k->text.p + k->rcpt[i].at, k->rcpt[i].n}))
            return false;
    return true;
}

/* The rest of one event: its first line alone has the record. An envelope may name the same recipients over
 * and over, so the recipients do not tell. */
static bool goes_on(const struct kept *k, const struct event *e)
{
    return k->record.n && !e->record.n && e->at_ms == k->begun_ms;
}

/* Where there are many recipients, the next line goes on with them. */
static void take_again(struct whatif_gather *g, struct kept *k, const struct event *e)
{
    const bool again = begins_again(k, e);

    if (g->last == k && (!again || goes_on(k, e))) {
        add_rcpt(k, e);
    } else if (again) {
        k->n = k->first_n;
        k->begun_ms = e->at_ms;
    }
}

void whatif_gather_take(struct whatif_gather *g, const struct event *e)
{
    const uint64_t number = number_of(&e->id);
    struct kept *k = find(g, number, &e->id);

    if (e->kind == EVENT_ACCEPTED) {
        if (k)
            take_again(g, k, e);
        else if (!was_given(g, number))
            k = take_new(g, number, e);
    }
    if (k && e->record.n && e->kind <= EVENT_DISCARDED)
        set_record(k, e->record);
    g->last = e->kind == EVENT_ACCEPTED ? k : NULL;
}

struct whatif_gather *whatif_gather_new(whatif_gather_fn *fn, void *arg)
{
    struct whatif_gather *g = xcalloc(1, sizeof *g);

    g->fn = fn;
    g->arg = arg;
    return g;
}

void whatif_gather_end(struct whatif_gather **g)
{
    for (size_t i = 0; i < WHATIF_GATHER_MAX; i++) {
        struct kept *k = &(*g)->ring[((*g)->head + i) % WHATIF_GATHER_MAX];

        if (k->used)
            give(*g, k);
    }
    for (size_t i = 0; i < WHATIF_GATHER_MAX; i++) {
        buf_free(&(*g)->ring[i].text);
        buf_free(&(*g)->ring[i].record);
        free((*g)->ring[i].rcpt);
    }
    free((*g)->seen);
    free((*g)->rcpt);
    free(*g);
    *g = NULL;
}
