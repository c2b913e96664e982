/*
 * mail_tree.c - see mail_tree.h. Entities (a header and a body) are taken from a list until it is empty.
 *
 * Called by mail.c. The lists are stacks, so that the usual reading comes in the
 * order of the message, and whole before the others. What was read once is in `seen`
 * and never read again, which keeps readings of readings from multiplying; what is
 * left is bounded by MAIL_PARTS_MAX and by MAIL_WORK_MAX passes over the bytes. It must
 * never drop bytes silently: what is not read is a limit.
 */
#include "workers/mail/mail_tree_part.h"

#include "common/xalloc.h"

#include <stdlib.h>

#define SEEN_SLOTS 8192u       /* a power of two, more than is ever put in */
#define WORK_FREE  (16u << 20) /* bytes that any message may cost */

void mail_tree_tell(struct mail *m, enum oddity o)
{
    m->odd |= oddity_bit(o);
}

static uint32_t hash_key(struct key k)
{
    uint64_t h = (uint64_t)(uintptr_t)k.p * 0x9e3779b97f4a7c15u;

    h ^= ((uint64_t)k.n + k.how) * 0xc2b2ae3d27d4eb4fu;
    return (uint32_t)(h >> 33);
}

/* True the first time. */
bool mail_tree_is_new(struct mail *m, struct view bytes, unsigned how)
{
    struct mail_tree *t = m->tree;
    struct key k = {bytes.p, bytes.n, how};
    uint32_t i = hash_key(k) % SEEN_SLOTS;

    while (t->seen[i].how) {
        if (t->seen[i].p == k.p && t->seen[i].n == k.n && t->seen[i].how == k.how)
            return false;
        i = (i + 1) % SEEN_SLOTS;
    }
    if (t->seen_n > SEEN_SLOTS * 3 / 4) {
        mail_tree_tell(m, ODDITY_PARTS_MAX);
        return false;
    }
    t->taken[t->seen_n++] = (uint16_t)i;
    t->seen[i] = k;
    return true;
}

/* May another `n` bytes be gone through? */
bool mail_tree_may_work(struct mail *m, size_t n)
{
    if (n > m->tree->work_max - m->tree->work) {
        mail_tree_tell(m, ODDITY_WORK_MAX);
        return false;
    }
    m->tree->work += n;
    return true;
}

void mail_tree_push(struct mail *m, struct mail_entity e)
{
    struct mail_tree *t = m->tree;
    struct mail_entities *to = &t->list[e.why == ODDITY_INSIDE ? LIST_LAST
                                        : e.why || e.others    ? LIST_LATER
                                                               : LIST_NOW];

    if (e.depth > MAIL_DEPTH_MAX) {
        mail_tree_tell(m, ODDITY_DEPTH_MAX);
        return;
    }
    if (t->read_n + t->list[LIST_NOW].n + t->list[LIST_LATER].n + t->list[LIST_LAST].n >= MAIL_ENTITIES_MAX) {
        mail_tree_tell(m, ODDITY_PARTS_MAX);
        return;
    }
    if (to->n == to->cap) {
        to->cap = to->cap ? to->cap * 2 : 16;
        to->e = xrealloc(to->e, to->cap, sizeof *to->e);
    }
    to->e[to->n++] = e;
}

int mail_tree_add_part(struct mail *m, const struct mail_part *p)
{
    if (m->n == MAIL_PARTS_MAX) {
        mail_tree_tell(m, ODDITY_PARTS_MAX);
        return -1;
    }
    if (m->n == m->cap) {
        m->cap = m->cap ? m->cap * 2 : 8;
        m->part = xrealloc(m->part, m->cap, sizeof *m->part);
    }
    m->part[m->n] = *p;
    return (int)m->n++;
}

static struct mail_part part_of(const struct mail_entity *e, const struct mail_header *h,
                                const struct mail_shape *s)
{
    return (struct mail_part){.kind = s->kind,
                              .other = e->why || s->why,
                              .why = e->why ? e->why : s->why,
                              .parent = e->parent,
                              .depth = e->depth,
                              .source = e->source,
                              .header = h,
                              .type = s->type,
                              .subtype = s->subtype,
                              .body = h->body,
                              .encoding = s->encoding,
                              .content = s->content,
                              .disposition = s->disposition};
}

static void read_shape(struct mail *m, const struct mail_entity *e, const struct mail_header *h,
                       const struct mail_shape *s)
{
    struct mail_part p = part_of(e, h, s);

    /* Another end of the header alone moves the begin of a text; that is shown, and no file. */
    if (e->plain && !s->content && s->encoding == MAIL_ENCODING_NONE && !s->why)
        return;
    if (s->kind == MAIL_KIND_MULTIPART)
        mail_tree_read_multipart(m, e, s, &p);
    else if (s->kind == MAIL_KIND_MESSAGE)
        mail_tree_read_message(m, e, &p);
    else
        mail_tree_add_leaf(m, e, &p);
}

static void tell_header(struct mail *m, const struct mail_header *h)
{
    static const struct {
        unsigned bit;
        enum oddity odd;
    } rows[] = {
        {MAIL_HEADER_NO_END, ODDITY_NO_BODY},
        {MAIL_HEADER_FIELDS_MAX, ODDITY_FIELDS_MAX},
        {MAIL_HEADER_SIZE_MAX, ODDITY_HEADER_MAX},
        {MAIL_HEADER_LINE_MAX, ODDITY_LINE_MAX},
    };

    for (size_t i = 0; h->odd && i < sizeof rows / sizeof *rows; i++)
        if (h->odd & rows[i].bit)
            mail_tree_tell(m, rows[i].odd);
}

static void push_split(struct mail *m, const struct mail_entity *e, enum mail_split split, enum oddity why)
{
    struct mail_entity other = *e;

    if (e->split != MAIL_SPLIT_USUAL)
        return;
    other.split = split;
    other.why = e->why ? e->why : why;
    mail_tree_push(m, other);
}

/* Some readers pass over empty lines before a header. */
static void push_without_empty_lines(struct mail *m, const struct mail_entity *e)
{
    struct mail_entity other = *e;
    struct view *b = &other.bytes;

    *b = mail_tree_trim(*b);
    if (b->n == e->bytes.n || b->n == 0 || (e->depth && mail_tree_find_field(*b, b->p) != b->p) ||
        !mail_header_is_field(*b))
        return;
    other.why = e->why ? e->why : ODDITY_NO_BLANK_LINE;
    other.plain = false;
    mail_tree_push(m, other);
}

static void push_other_splits(struct mail *m, const struct mail_entity *of, const struct mail_header *h,
                              const struct mail_shape *usual)
{
    struct mail_entity e = *of;

    e.plain = !usual->content && usual->encoding == MAIL_ENCODING_NONE;
    e.others = e.guess = false;
    if (h->odd & MAIL_HEADER_NO_FIELD)
        push_split(m, &e, MAIL_SPLIT_SKIP, ODDITY_NO_BLANK_LINE);
    if (h->odd & MAIL_HEADER_BLANKS)
        push_split(m, &e, MAIL_SPLIT_BLANKS, ODDITY_BLANKS);
    if (h->odd & MAIL_HEADER_BLANK_COLON)
        push_split(m, &e, MAIL_SPLIT_NAMES, ODDITY_FIELD_NAME);
    if (h->n == 0)
        push_without_empty_lines(m, of);
    e.plain = true;
    if (h->odd & MAIL_HEADER_MBOX_WITHIN)
        push_split(m, &e, MAIL_SPLIT_MBOX, ODDITY_NO_BLANK_LINE);
}

/* They are read when the usual reading is through, so that what it sees is known then. */
static void push_other_shapes(struct mail *m, const struct mail_entity *e, const struct mail_shapes *shapes)
{
    struct mail_entity others = *e;

    others.others = true;
    if (shapes->n > 1)
        mail_tree_push(m, others);
}

static void read_entity(struct mail *m, const struct mail_entity *e)
{
    struct mail_header *h = mail_arena_alloc(&m->arena, sizeof *h);
    bool bare_cr = m->source[e->source].bare_cr;
    struct mail_shapes *shapes = &m->tree->shapes;
    unsigned how;

    m->tree->read_n++;
    if (m->arena.bytes > MAIL_MEMORY_MAX) {
        mail_tree_tell(m, ODDITY_WORK_MAX);
        return;
    }
    how = MAIL_TREE_ENTITY + e->split + (e->digest ? MAIL_TREE_DIGEST : 0u) +
          (bare_cr ? MAIL_TREE_BARE_CR : 0u);
    if (!e->others && !mail_tree_is_new(m, e->bytes, how) && e->why)
        return;
    mail_header_parse(&m->arena, e->bytes, bare_cr, e->split, h);
    if (!mail_tree_may_work(m, h->block.n))
        return;
    mail_shape_find(&m->arena, h, e->digest, shapes);
    if (e->others) {
        for (unsigned i = e->guess ? 0 : 1; i < (e->guess ? 1 : shapes->n); i++)
            read_shape(m, e, h, &shapes->shape[i]);
        return;
    }
    tell_header(m, h);
    m->odd |= shapes->odd;
    push_other_splits(m, e, h, &shapes->shape[0]);
    push_other_shapes(m, e, shapes);
    read_shape(m, e, h, &shapes->shape[0]);
}

void mail_tree_read(struct mail *m, unsigned source, enum oddity why)
{
    struct mail_entities *list = m->tree->list;

    mail_tree_push(m, (struct mail_entity){
                          .bytes = m->source[source].bytes, .source = source, .parent = -1, .why = why});
    for (unsigned i = 0; i < LIST__MAX;) {
        if (list[i].n) {
            struct mail_entity e = list[i].e[--list[i].n];

            read_entity(m, &e);
            i = 0; /* what it led to may come before others */
        } else {
            i++;
        }
    }
}

void mail_tree_begin(struct mail *m, uint64_t size_max)
{
    struct mail_tree *t = m->tree;

    if (!t) {
        t = m->tree = xcalloc(1, sizeof *t);
        t->seen = xcalloc(SEEN_SLOTS, sizeof *t->seen);
        t->taken = xcalloc(SEEN_SLOTS, sizeof *t->taken);
    }
    while (t->seen_n)
        t->seen[t->taken[--t->seen_n]] = (struct key){0};
    t->read_n = 0;
    t->work = t->decoded = 0;
    t->work_max = (uint64_t)m->source[0].bytes.n * MAIL_WORK_MAX + WORK_FREE;
    t->decoded_max = (uint64_t)m->source[0].bytes.n * 2 + WORK_FREE;
    if (t->decoded_max > size_max)
        t->decoded_max = size_max;
}

void mail_tree_end(struct mail *m)
{
    struct mail_tree *t = m->tree;

    if (!t)
        return;
    mail_leaf_free(&t->leaf);
    for (unsigned i = 0; i < LIST__MAX; i++)
        free(t->list[i].e);
    free(t->seen);
    free(t->taken);
    free(t);
    m->tree = NULL;
}
