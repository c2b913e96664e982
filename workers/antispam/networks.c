/*
 * networks.c - see networks.h: two binary trees with compressed paths, one for each family, in one array.
 *
 * A node is a prefix; below it stand longer ones that begin with it. A range becomes the few prefixes that
 * make it up. The list is the administrator's; the address that is looked up may be anything.
 */
#include "workers/antispam/networks.h"

#include "common/entry.h"
#include "common/xalloc.h"

#include <stdlib.h>

#define STARTS_LEAST 2000 /* nodes: fewer stay in the caches anyway */

/* 16 bytes as a number: the most significant half first. IPv4 is its 32 bits at the top. */
struct key {
    uint64_t hi, lo;
};
struct node {
    struct key key;
    uint32_t child[2]; /* 0: none; node 0 is not used */
    uint32_t entry;    /* ENTRIES_NONE: it only branches */
    uint32_t bits;
};
/* Where a look-up begins that knows the first 16 bits, and what is known to hold it. */
struct start {
    uint32_t at, best;
};
struct networks {
    struct node *node;
    struct start *ip4; /* 65536 of them; NULL: a short list has none */
    uint32_t n, cap;
    uint32_t root[2]; /* IPv6, IPv4 */
    uint32_t prefixes;
    struct entries entries;
};

static struct key key_of(const unsigned char ip[16], bool is_ip4)
{
    struct key k = {0, 0};

    for (int i = is_ip4 ? 12 : 0; i < (is_ip4 ? 16 : 8); i++)
        k.hi = k.hi << 8 | ip[i];
    if (is_ip4)
        k.hi <<= 32;
    else
        for (int i = 8; i < 16; i++)
            k.lo = k.lo << 8 | ip[i];
    return k;
}

static unsigned bit_of(struct key k, uint32_t at)
{
    return (unsigned)(at < 64 ? k.hi >> (63 - at) : k.lo >> (127 - at)) & 1;
}

/* Bits that both begin with. */
static uint32_t common_bits(struct key a, struct key b)
{
    if (a.hi != b.hi)
        return (uint32_t)__builtin_clzll(a.hi ^ b.hi);
    return a.lo != b.lo ? 64 + (uint32_t)__builtin_clzll(a.lo ^ b.lo) : 128;
}

static struct key mask_of(uint32_t bits)
{
    return (struct key){bits == 0    ? 0
                        : bits >= 64 ? UINT64_MAX
                                     : ~(UINT64_MAX >> bits),
                        bits <= 64    ? 0
                        : bits >= 128 ? UINT64_MAX
                                      : ~(UINT64_MAX >> (bits - 64))};
}

static uint32_t new_node(struct networks *t, struct key key, uint32_t bits, uint32_t entry)
{
    struct key mask = mask_of(bits);

    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap + t->cap / 2 : 64;
        t->node = xrealloc(t->node, t->cap, sizeof *t->node);
    }
    t->node[t->n] = (struct node){.key = {key.hi & mask.hi, key.lo & mask.lo}, .entry = entry, .bits = bits};
    return t->n++;
}

/* Hangs `child` below `parent`, or, where that is 0, into the root. */
static void hang(struct networks *t, unsigned family, uint32_t parent, uint32_t child)
{
    if (parent)
        t->node[parent].child[bit_of(t->node[child].key, t->node[parent].bits)] = child;
    else
        t->root[family] = child;
}

/* Puts the new prefix in the place of node `at`, which hangs below `parent` and shares `common` bits with it.
 */
static void split(struct networks *t, unsigned family, uint32_t parent, uint32_t at, const struct node *new)
{
    uint32_t common = common_bits(new->key, t->node[at].key);
    uint32_t fork;

    if (common > new->bits)
        common = new->bits;
    fork = new_node(t, new->key, common, common == new->bits ? new->entry : ENTRIES_NONE);
    hang(t, family, parent, fork);
    hang(t, family, fork, at);
    if (common < new->bits)
        hang(t, family, fork, new_node(t, new->key, new->bits, new->entry));
}

static bool starts_with(struct key key, const struct node *n)
{
    struct key mask = mask_of(n->bits);

    return !(((key.hi ^ n->key.hi) & mask.hi) | ((key.lo ^ n->key.lo) & mask.lo));
}

static void insert(struct networks *t, unsigned family, const struct node *new)
{
    uint32_t parent = 0, at = t->root[family];

    while (at && t->node[at].bits < new->bits &&starts_with(new->key, &t->node[at])) {
        parent = at;
        at = t->node[at].child[bit_of(new->key, t->node[at].bits)];
    }
    if (!at)
        hang(t, family, parent, new_node(t, new->key, new->bits, new->entry));
    else if (t->node[at].bits == new->bits && starts_with(new->key, &t->node[at]))
        t->node[at].entry = t->node[at].entry == ENTRIES_NONE ? new->entry : t->node[at].entry;
    else
        split(t, family, parent, at, new);
}

static bool is_less(struct key a, struct key b)
{
    return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo;
}

/* The last address of the prefix. */
static struct key last_of(struct key key, uint32_t bits)
{
    struct key mask = mask_of(bits);

    return (struct key){key.hi | ~mask.hi, key.lo | ~mask.lo};
}

/* The shortest prefix that begins at `from` and ends no later than `to`. */
static uint32_t widest(struct key from, struct key to)
{
    uint32_t bits = 128;

    while (bits && !bit_of(from, bits - 1) && !is_less(to, last_of(from, bits - 1)))
        bits--;
    return bits;
}

/* A range as prefixes. An IPv4 address is 32 bits of a key; the others are 0 in `from` and 1 in `to`. */
static bool insert_range(struct networks *t, const struct entry_network *net, uint32_t entry)
{
    struct key from = key_of(net->first, net->is_ip4), to = key_of(net->last, net->is_ip4);

    if (net->is_ip4)
        to = last_of(to, 32);
    for (;;) {
        struct node new = {.key = from, .bits = widest(from, to), .entry = entry};

        if (++t->prefixes > NETWORKS_PREFIXES_MAX)
            return false;
        insert(t, net->is_ip4, &new);
        from = last_of(from, new.bits);
        if (!is_less(from, to))
            return true;
        from.hi += ++from.lo == 0;
    }
}

/*
 * Nodes in the order of a walk, each in front of all below it, so that the last steps of a look-up share
 * their cache lines. The stack holds at most one node a step, and no way has more steps than a key has bits.
 */
static void put_in_order(struct networks *t)
{
    struct node *to = xcalloc(t->n, sizeof *to);
    struct {
        uint32_t from, *link; /* the number of which is the node's new one */
    } stack[2 * 129];
    unsigned depth = 0;
    uint32_t n = 1;

    for (unsigned family = 0; family < 2; family++)
        if (t->root[family])
            stack[depth].from = t->root[family], stack[depth++].link = &t->root[family];
    while (depth) {
        const struct node *from = &t->node[stack[--depth].from];
        struct node *new = &to[n];

        *stack[depth].link = n++;
        *new = *from;
        for (int side = 1; side >= 0; side--)
            if (from->child[side])
                stack[depth].from = from->child[side], stack[depth++].link = &new->child[side];
    }
    free(t->node);
    t->node = to;
    t->cap = t->n;
}

/* Down from `at` to the first node of more than `bits` bits. */
static struct start walk(const struct networks *t, struct start s, struct key key, uint32_t bits)
{
    while (s.at && t->node[s.at].bits <= bits) {
        const struct node *n = &t->node[s.at];

        /* A node that only branches need not be compared: what is not below it shows at the next entry. */
        if (n->entry != ENTRIES_NONE) {
            if (!starts_with(key, n))
                return (struct start){0, s.best};
            s.best = n->entry;
        }
        s.at = n->bits == 128 ? 0 : n->child[bit_of(key, n->bits)];
    }
    return s;
}

/* Most clients come by IPv4: in a long list they do without the half of the way. */
static void make_starts(struct networks *t)
{
    if (t->n < STARTS_LEAST)
        return;
    t->ip4 = xcalloc(1u << 16, sizeof *t->ip4);
    for (uint64_t i = 0; i < 1u << 16; i++)
        t->ip4[i] = walk(t, (struct start){t->root[1], ENTRIES_NONE}, (struct key){i << 48, 0}, 15);
}

static int add(struct networks *t, const struct settings_item *i, struct buf *why)
{
    struct entry_network net;
    const char *what = entry_parse_network(i->value, &net);

    if (!what) {
        uint32_t entry = entries_add(&t->entries, i->value, i);

        if (entry != ENTRIES_NONE && insert_range(t, &net, entry))
            return 0;
        what = "the list is too long; accepted: up to 1000000 entries, and 2000000 networks";
    }
    entries_say_place(i, why);
    buf_addf(why, "\"%.*s\": %s", (int)i->value.n, i->value.p, what);
    return -1;
}

struct networks *networks_open(const struct settings *s, const char *list, struct buf *why)
{
    struct networks *t = xcalloc(1, sizeof *t);
    const struct settings_item *i;
    size_t at = 0;

    new_node(t, (struct key){0, 0}, 0, ENTRIES_NONE); /* 0 means none */
    while ((i = settings_next(s, "list", list, &at))) {
        if (add(t, i, why) < 0) {
            networks_close(t);
            return NULL;
        }
    }
    put_in_order(t);
    make_starts(t);
    entries_settle(&t->entries);
    return t;
}

void networks_close(struct networks *t)
{
    if (!t)
        return;
    entries_free(&t->entries);
    free(t->node);
    free(t->ip4);
    free(t);
}

bool networks_is_empty(const struct networks *t)
{
    return t->entries.n == 0;
}

uint32_t networks_find(const struct networks *t, const unsigned char ip[16])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    bool is_ip4 = memcmp(ip, mapped, sizeof mapped) == 0;
    struct key key = key_of(ip, is_ip4);
    struct start s = {t->root[is_ip4], ENTRIES_NONE};

    if (is_ip4 && t->ip4)
        s = t->ip4[key.hi >> 48];
    return walk(t, s, key, 128).best;
}

void networks_say(const struct networks *t, uint32_t entry, struct buf *to)
{
    entries_say(&t->entries, entry, to);
}

size_t networks_bytes(const struct networks *t)
{
    return sizeof *t + t->cap * sizeof *t->node + (t->ip4 ? sizeof *t->ip4 << 16 : 0) +
           t->entries.cap * 3 * sizeof(uint32_t) + t->entries.text.cap + t->entries.files.cap;
}
