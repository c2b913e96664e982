/*
 * roster.c - see roster.h. A balanced tree of libc's, no disk, no waiting.
 */
#include "spoold/roster.h"

#include "common/xalloc.h"

#include <search.h>
#include <stdlib.h>

static const char *const state_names[ROSTER_STATE__MAX] = {
    [ROSTER_WORK] = "in work",
    [ROSTER_HELD] = "held",
    [ROSTER_OFFERED] = "offered",
    [ROSTER_RESTING] = "resting",
};

const char *roster_state_name(enum roster_state s)
{
    return state_names[s];
}

/* The base is the first member, so that a bare struct base can be searched for. */
_Static_assert(offsetof(struct roster_entry, base) == 0, "compare() takes entries and bases alike");

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct base *)a)->s, ((const struct base *)b)->s);
}

struct roster_entry *roster_find(const struct roster *r, const struct base *b)
{
    struct roster_entry *const *found = tfind(b, &r->tree, compare);

    return found ? *found : NULL;
}

struct roster_entry *roster_add(struct roster *r, const struct base *b)
{
    struct roster_entry *e = roster_find(r, b);

    if (e)
        return e;
    e = xcalloc(1, sizeof *e);
    e->base = *b;
    e->state = ROSTER_WORK;
    if (!tsearch(e, &r->tree, compare))
        abort(); /* xcalloc has succeeded and this needs less */
    r->count[ROSTER_WORK]++;
    return e;
}

static void entry_free(void *p)
{
    struct roster_entry *e = p;

    free(e->reason);
    free(e->from);
    free(e->to);
    free(e);
}

void roster_remove(struct roster *r, struct roster_entry *e)
{
    r->count[e->state]--;
    tdelete(e, &r->tree, compare);
    entry_free(e);
}

void roster_set_state(struct roster *r, struct roster_entry *e, enum roster_state state)
{
    r->count[e->state]--;
    r->count[state]++;
    e->state = state;
}

bool roster_is_looked_for(const struct roster_entry *e)
{
    return e->state == ROSTER_RESTING && e->due == INT64_MAX;
}

bool roster_is_kept(const struct roster_entry *e)
{
    return e->state == ROSTER_HELD && e->reason && strcmp(e->reason, ROSTER_KEPT) == 0;
}

void roster_set_due(struct roster *r, struct roster_entry *e, int64_t due)
{
    e->due = due;
    if (due < r->next_due)
        r->next_due = due;
}

void roster_set_reason(struct roster_entry *e, const char *reason)
{
    free(e->reason);
    e->reason = reason && reason[0] ? xstrdup(reason) : NULL;
}

void roster_set_people(struct roster_entry *e, struct view from, struct view to, size_t to_count)
{
    free(e->from);
    free(e->to);
    e->from = xstrndup(from.p, from.n);
    e->to = to_count ? xstrndup(to.p, to.n) : NULL;
    e->to_count = to_count;
}

struct walk {
    void (*fn)(struct roster_entry *, void *);
    void *arg;
};

static void visit(const void *node, VISIT which, void *closure)
{
    const struct walk *w = closure;

    if (which == postorder || which == leaf)
        w->fn(*(struct roster_entry *const *)node, w->arg);
}

void roster_each(const struct roster *r, void (*fn)(struct roster_entry *, void *), void *arg)
{
    struct walk w = {fn, arg};

    twalk_r(r->tree, visit, &w);
}

struct due {
    struct roster *r;
    struct roster_entry **to;
    size_t n, max;
    int64_t now;
};

static void collect_due(struct roster_entry *e, void *arg)
{
    struct due *d = arg;

    if (e->state == ROSTER_WORK)
        return;
    if (e->due <= d->now && d->n < d->max)
        d->to[d->n++] = e;
    else if (e->due < d->r->next_due)
        d->r->next_due = e->due;
}

size_t roster_take_due(struct roster *r, int64_t now, struct roster_entry **to, size_t max)
{
    struct due d = {r, to, 0, max, now};

    if (now < r->next_due)
        return 0;
    r->next_due = INT64_MAX;
    roster_each(r, collect_due, &d);
    return d.n;
}

void roster_fini(struct roster *r)
{
    tdestroy(r->tree, entry_free);
    r->tree = NULL;
}
