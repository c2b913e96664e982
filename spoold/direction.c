/*
 * direction.c - see direction.h: ranges of addresses, sorted and joined, and a search among them.
 *
 * Built while the settings are loaded, asked in the loop. An address comes from an envelope or from a worker
 * that has read a hostile message: what is none is nobody's. Pure.
 */
#include "spoold/direction.h"

#include "common/entry.h"
#include "common/xalloc.h"
#include "spoold/config_entries.h"

#include <stdlib.h>

struct direction {
    struct entry_network *net; /* ascending, none touches another */
    size_t n;
};

static int compare(const void *a, const void *b)
{
    const struct entry_network *x = a, *y = b;

    return memcmp(x->first, y->first, sizeof x->first);
}

/* Ranges that overlap become one. */
static void join(struct direction *d)
{
    size_t kept = 0;

    for (size_t i = 1; i < d->n; i++) {
        struct entry_network *last = &d->net[kept];

        if (memcmp(d->net[i].first, last->last, sizeof last->last) > 0)
            d->net[++kept] = d->net[i];
        else if (memcmp(d->net[i].last, last->last, sizeof last->last) > 0)
            memcpy(last->last, d->net[i].last, sizeof last->last);
    }
    d->n = kept + 1;
}

struct direction *direction_new(const struct config *c)
{
    const struct config_list *l = &c->site_networks;
    struct direction *d;

    if (!l->n)
        return NULL;
    d = xcalloc(1, sizeof *d);
    d->net = xcalloc(l->n, sizeof *d->net);
    for (size_t i = 0; i < l->n; i++)
        if (!entry_parse_network(config_entries_text(l, i), &d->net[d->n]))
            d->n++;
    qsort(d->net, d->n, sizeof *d->net, compare);
    if (d->n)
        join(d);
    return d;
}

void direction_free(struct direction **d)
{
    if (*d)
        free((*d)->net);
    free(*d);
    *d = NULL;
}

static bool holds(const struct direction *d, const unsigned char ip[16])
{
    size_t from = 0, to = d->n;

    while (from < to) {
        const size_t at = from + (to - from) / 2;

        if (memcmp(ip, d->net[at].first, 16) < 0)
            to = at;
        else if (memcmp(ip, d->net[at].last, 16) > 0)
            from = at + 1;
        else
            return true;
    }
    return false;
}

bool direction_is_outgoing(const struct config *c, struct view auth, struct view ip)
{
    struct entry_network one;

    if (auth.n)
        return true;
    if (!c->own || entry_parse_network(ip, &one) || memcmp(one.first, one.last, sizeof one.first) != 0)
        return false;
    return holds(c->own, one.first);
}
