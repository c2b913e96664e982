/*
 * literals.c - see literals.h: Aho-Corasick over a trie that is built level by level from the sorted
 * literals.
 *
 * Sorted, all literals that go through a place of the trie stand side by side, so that a place is a range of
 * them, and the children of a place get numbers that follow each other: a place needs only the first child's.
 * No recursion, one allocation for each array. Used by rules.c; see there for what is trusted.
 */
#include "workers/antispam/literals.h"

#include "common/xalloc.h"

#include <stdlib.h>

struct place {
    uint32_t first;    /* child; they follow each other */
    uint32_t fail;     /* the longest other place that this one ends like */
    uint32_t next_out; /* the nearest place along `fail` where a literal ends, itself included; 0: none */
    uint32_t out;      /* the first literal that ends here, in `order`; they follow each other */
    uint32_t out_n;
    uint32_t seen; /* the last search that came by, where out_n */
    uint16_t child_n;
};
struct literals {
    struct place *place;  /* 0: the root */
    unsigned char *label; /* by which byte its parent leads to a place */
    uint32_t *order;      /* the literals, sorted */
    uint32_t root[256];   /* its children by byte; 0: none */
    uint32_t n, place_n, search;
};
/* What is known of a place while its level is built. */
struct range {
    uint32_t from, to; /* in the sorted literals */
    uint32_t depth;
};
struct sorted {
    struct view text;
    uint32_t i;
};

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* Bytes that both begin with. */
static size_t common_bytes(struct view a, struct view b)
{
    size_t n = 0;

    while (n < a.n && n < b.n && lower(a.p[n]) == lower(b.p[n]))
        n++;
    return n;
}

static int compare(const void *a, const void *b)
{
    const struct sorted *x = a, *y = b;
    size_t n = common_bytes(x->text, y->text);

    if (n < x->text.n && n < y->text.n)
        return lower(x->text.p[n]) < lower(y->text.p[n]) ? -1 : 1;
    if (x->text.n != y->text.n)
        return x->text.n < y->text.n ? -1 : 1;
    return x->i < y->i ? -1 : 1;
}

static struct sorted *sort(const struct view *literal, uint32_t n, uint32_t *places)
{
    struct sorted *s = xcalloc(n ? n : 1, sizeof *s);

    for (uint32_t i = 0; i < n; i++)
        s[i] = (struct sorted){literal[i], i};
    qsort(s, n, sizeof *s, compare);
    *places = 1;
    for (uint32_t i = 0; i < n; i++)
        *places += (uint32_t)(s[i].text.n - (i ? common_bytes(s[i - 1].text, s[i].text) : 0));
    return s;
}

static uint32_t child_of(const struct literals *l, uint32_t at, unsigned char c)
{
    const struct place *p = &l->place[at];
    const unsigned char *found;

    if (p->child_n == 0)
        return 0;
    if (p->child_n == 1)
        return l->label[p->first] == c ? p->first : 0;
    found = memchr(l->label + p->first, c, p->child_n);
    return found ? (uint32_t)(found - l->label) : 0;
}

/* Where a search goes on that found no child. */
static uint32_t fail_of(const struct literals *l, uint32_t parent, unsigned char c)
{
    while (parent) {
        uint32_t child;

        parent = l->place[parent].fail;
        child = child_of(l, parent, c);
        if (child)
            return child;
    }
    return 0;
}

/* The literals that end at a place stand first in its range; the others make its children. */
static void grow(struct literals *l, const struct sorted *s, struct range *range, uint32_t at)
{
    struct place *p = &l->place[at];
    struct range r = range[at];

    p->out = r.from;
    while (r.from < r.to && s[r.from].text.n == r.depth)
        r.from++;
    p->out_n = r.from - p->out;
    p->first = l->place_n;
    while (r.from < r.to) {
        unsigned char c = lower(s[r.from].text.p[r.depth]);
        uint32_t child = l->place_n++, end = r.from;

        while (end < r.to && lower(s[end].text.p[r.depth]) == c)
            end++;
        range[child] = (struct range){r.from, end, r.depth + 1};
        l->label[child] = c;
        l->place[child].fail = at ? fail_of(l, at, c) : 0;
        p->child_n++;
        r.from = end;
    }
}

static void build(struct literals *l, const struct sorted *s, uint32_t places)
{
    struct range *range = xcalloc(places, sizeof *range);

    range[0].to = l->n;
    l->place_n = 1;
    for (uint32_t at = 0; at < l->place_n; at++)
        grow(l, s, range, at);
    /* A place fails to one that is nearer to the root, and so has a lower number. */
    for (uint32_t at = 1; at < l->place_n; at++)
        l->place[at].next_out = l->place[at].out_n ? at : l->place[l->place[at].fail].next_out;
    for (uint32_t i = 0; i < l->place[0].child_n; i++)
        l->root[l->label[l->place[0].first + i]] = l->place[0].first + i;
    free(range);
}

struct literals *literals_open(const struct view *literal, uint32_t n)
{
    struct literals *l;
    struct sorted *s;
    size_t bytes = 0;
    uint32_t places;

    for (uint32_t i = 0; i < n && bytes <= LITERALS_BYTES_MAX; i++)
        bytes += literal[i].n;
    if (n > LITERALS_MAX || bytes > LITERALS_BYTES_MAX)
        return NULL;
    l = xcalloc(1, sizeof *l);
    l->n = n;
    s = sort(literal, n, &places);
    l->place = xcalloc(places, sizeof *l->place);
    l->label = xcalloc(places, 1);
    l->order = xcalloc(n ? n : 1, sizeof *l->order);
    for (uint32_t i = 0; i < n; i++)
        l->order[i] = s[i].i;
    build(l, s, places);
    free(s);
    return l;
}

void literals_close(struct literals *l)
{
    if (!l)
        return;
    free(l->place);
    free(l->label);
    free(l->order);
    free(l);
}

/* A place that was told in this search has had all behind it told, too. */
static void tell(struct literals *l, uint32_t at, size_t end, literals_fn *fn, void *arg)
{
    while (at && l->place[at].seen != l->search) {
        struct place *p = &l->place[at];

        p->seen = l->search;
        for (uint32_t i = 0; i < p->out_n; i++)
            fn(arg, l->order[p->out + i], end);
        at = l->place[p->fail].next_out;
    }
}

/* A number that no place has seen. */
static void begin_search(struct literals *l)
{
    if (++l->search == 0) {
        for (uint32_t i = 0; i < l->place_n; i++)
            l->place[i].seen = 0;
        l->search = 1;
    }
}

void literals_find(struct literals *l, struct view text, literals_fn *fn, void *arg)
{
    uint32_t at = 0;

    if (l->n == 0)
        return;
    begin_search(l);
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = lower(text.p[i]);
        uint32_t child = at ? child_of(l, at, c) : l->root[c];

        while (at && !child) {
            at = l->place[at].fail;
            child = at ? child_of(l, at, c) : l->root[c];
        }
        at = child;
        if (l->place[at].next_out)
            tell(l, l->place[at].next_out, i + 1, fn, arg);
    }
}

size_t literals_bytes(const struct literals *l)
{
    return sizeof *l + l->place_n * (sizeof *l->place + 1) + l->n * sizeof *l->order;
}
