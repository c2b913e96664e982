/*
 * deliver_table.c - see deliver_table.h. A hash table with chains, and a queue through the items.
 *
 * Names come from a folder that others may write to: one that is not made by spoold
 * is left alone.
 */
#include "spoold/deliver_table.h"

#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

/* "2", "r", "r3". */
static int parse_tag(struct view v, unsigned *copy)
{
    size_t release = v.n && v.p[0] == 'r';
    unsigned k = 0;

    if (!v.n || v.n - release > 3)
        return -1;
    for (size_t i = release; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return -1;
        k = k * 10 + (unsigned)(v.p[i] - '0');
    }
    *copy = release ? MSG_COPIES_MAX + (k ? k : 1) : k;
    return *copy ? 0 : -1;
}

/* ".2.r": the release of a copy that was refused before; the last part counts. */
int deliver_table_parse(struct view stem, struct base *b, unsigned *copy)
{
    const char *tilde = stem.n ? memrchr(stem.p, '~', stem.n) : NULL;
    size_t n = tilde ? (size_t)(tilde - stem.p) + 1 + BASE_ID_LEN : 0;

    if (!tilde || n > stem.n || base_parse(b, (struct view){stem.p, n}) < 0)
        return -1;
    *copy = 1;
    while (n < stem.n) {
        const char *dot = memchr(stem.p + n + 1, '.', stem.n - n - 1);
        size_t end = dot ? (size_t)(dot - stem.p) : stem.n;

        if (stem.p[n] != '.' || parse_tag((struct view){stem.p + n + 1, end - n - 1}, copy) < 0)
            return -1;
        n = end;
    }
    return 0;
}

/* FNV-1a; a place in the table, nothing else. */
static size_t place_of(const char *stem)
{
    uint32_t h = 2166136261u;

    for (; *stem; stem++)
        h = (h ^ (unsigned char)*stem) * 16777619u;
    return h % DELIVER_BUCKETS;
}

static bool is_known(const struct deliver_table *t, const struct deliver_item *i)
{
    for (const struct deliver_item *o = t->bucket[place_of(i->stem)]; o; o = o->chain)
        if (strcmp(o->stem, i->stem) == 0 && o->intake == i->intake)
            return true;
    return false;
}

static bool is_intakes(const struct config *cfg, size_t intake, const struct base *b)
{
    struct view name = base_intake(b);

    return view_equal(name.n ? name : VIEW("main"), view_of(cfg->intake[intake].name));
}

struct deliver_item *deliver_table_add(struct deliver_table *t, const struct config *cfg, size_t intake,
                                       struct view stem)
{
    struct deliver_item *i = xcalloc(1, sizeof *i);
    size_t at;

    if (!t->bucket)
        t->bucket = xcalloc(DELIVER_BUCKETS, sizeof *t->bucket);
    i->intake = intake;
    i->eml = i->notes = i->peer = -1;
    if (stem.n <= DELIVER_STEM_MAX && deliver_table_parse(stem, &i->base, &i->copy) == 0)
        memcpy(i->stem, stem.p, stem.n);
    /* Two intakes may share one outlet: each message is its own intake's. */
    if (!i->stem[0] || !is_intakes(cfg, intake, &i->base) || is_known(t, i)) {
        free(i);
        return NULL;
    }
    at = place_of(i->stem);
    i->chain = t->bucket[at];
    t->bucket[at] = i;
    t->n++;
    deliver_table_ready(t, i);
    return i;
}

void deliver_table_ready(struct deliver_table *t, struct deliver_item *i)
{
    if (!t->ready)
        t->last = &t->ready;
    i->state = DELIVER_READY;
    i->next = NULL;
    *t->last = i;
    t->last = &i->next;
    t->ready_n++;
}

struct deliver_item *deliver_table_take(struct deliver_table *t)
{
    struct deliver_item *i = t->ready;

    if (i) {
        t->ready = i->next;
        t->ready_n--;
    }
    return i;
}

void deliver_table_remove(struct deliver_table *t, struct deliver_item *i)
{
    struct deliver_item **at = &t->bucket[place_of(i->stem)];

    while (*at != i)
        at = &(*at)->chain;
    *at = i->chain;
    t->n--;
    free(i);
}

static struct deliver_item *from_bucket(const struct deliver_table *t, size_t at)
{
    for (; t->bucket && at < DELIVER_BUCKETS; at++)
        if (t->bucket[at])
            return t->bucket[at];
    return NULL;
}

struct deliver_item *deliver_table_first(const struct deliver_table *t)
{
    return from_bucket(t, 0);
}

struct deliver_item *deliver_table_next(const struct deliver_table *t, const struct deliver_item *i)
{
    return i->chain ? i->chain : from_bucket(t, place_of(i->stem) + 1);
}

size_t deliver_table_count(const struct deliver_table *t, size_t intake)
{
    size_t n = 0;

    for (struct deliver_item *i = deliver_table_first(t); i; i = deliver_table_next(t, i))
        n += i->intake == intake;
    return n;
}

void deliver_table_free(struct deliver_table *t)
{
    for (size_t at = 0; t->bucket && at < DELIVER_BUCKETS; at++) {
        struct deliver_item *i = t->bucket[at];

        while (i) {
            struct deliver_item *next = i->chain;

            free(i);
            i = next;
        }
    }
    free(t->bucket);
    *t = (struct deliver_table){0};
}
