/*
 * mail_tree_multipart.c - see mail_tree.h. Multiparts and messages in messages: what is put on the lists for
 * them.
 *
 * Called by mail_tree.c for each such reading of a header. It must never go through
 * the bytes more often than mail_tree_may_work() allows. The bytes are hostile.
 */
#include "workers/mail/mail_tree_part.h"

#include "common/xalloc.h"

/* The parts are put on the stack backwards, so that they are read in their order. */
static void push_segments(struct mail *m, const struct mail_entity *e, const struct mail_part *of,
                          const struct mail_segment *s, unsigned n)
{
    struct mail_entity child = *e;

    child.depth++;
    child.why = of->why;
    child.others = child.guess = child.plain = false;
    child.split = MAIL_SPLIT_USUAL;
    for (unsigned i = n; i-- > 0;) {
        if (s[i].preamble || s[i].epilogue)
            continue;
        child.bytes = s[i].bytes;
        mail_tree_push(m, child);
    }
}

static void read_cut(struct mail *m, struct mail_entity *e, struct mail_part *p,
                     const struct mail_multipart *parts, enum mail_cut cut)
{
    static const enum oddity why[MAIL_CUT__MAX] = {
        [MAIL_CUT_BEYOND] = ODDITY_EPILOGUE, [MAIL_CUT_BEGIN] = ODDITY_DELIMITER};
    struct mail_segment *s;
    bool closed;
    unsigned n = mail_multipart_cut(&m->arena, parts, cut, &s, &closed);

    if (cut != MAIL_CUT_USUAL && !p->why)
        p->why = why[cut];
    p->other = p->why != ODDITY_NONE;
    if (n && !closed && cut == MAIL_CUT_USUAL && !p->other)
        mail_tree_tell(m, ODDITY_UNTERMINATED);
    for (unsigned i = 0; i < n && cut == MAIL_CUT_USUAL; i++)
        if (s[i].preamble || s[i].epilogue)
            mail_tree_add_around(m, e, p, &s[i]);
    push_segments(m, e, p, s, n);
}

/* False: no such delimiter in it, but perhaps something that only begins like one. */
static bool read_multipart(struct mail *m, const struct mail_entity *of, struct mail_part *p,
                           struct view boundary)
{
    struct mail_multipart parts;
    struct mail_entity e = *of;
    struct mail_part other = *p;
    bool bare_cr = m->source[e.source].bare_cr;

    if (boundary.n > MAIL_BOUNDARY_MAX)
        mail_tree_tell(m, ODDITY_BOUNDARY_MAX);
    if (!mail_tree_may_work(m, p->body.n))
        return false;
    mail_multipart_find(&m->arena, p->body, boundary, bare_cr, &parts);
    if (parts.over)
        mail_tree_tell(m, ODDITY_PARTS_MAX);
    p->kind = MAIL_KIND_MULTIPART;
    other = *p;
    if (parts.exact)
        e.parent = mail_tree_add_part(m, p);
    /* Pushed last, read first. */
    if (parts.beyond)
        read_cut(m, &e, &other, &parts, MAIL_CUT_BEYOND);
    other = *p;
    if (parts.inexact)
        read_cut(m, &e, &other, &parts, MAIL_CUT_BEGIN);
    other = *p;
    if (parts.exact)
        read_cut(m, &e, &other, &parts, MAIL_CUT_USUAL);
    return parts.exact > 0;
}

/* A body that is decoded before parts are looked for in it: a source of its own. False: too much. */
static bool decode_source(struct mail *m, struct mail_part *p)
{
    struct mail_tree *t = m->tree;
    struct mail_content c;
    char *copy;

    if (!mail_tree_may_work(m, p->body.n))
        return false;
    mail_leaf_open(&t->leaf, p->body, p->encoding);
    if (!mail_leaf_next(&t->leaf, &c) || c.bytes.n > t->decoded_max - t->decoded) {
        mail_tree_tell(m, ODDITY_SIZE_MAX);
        return false;
    }
    t->decoded += c.bytes.n;
    copy = xcalloc(1, c.bytes.n + 1);
    if (c.bytes.n)
        memcpy(copy, c.bytes.p, c.bytes.n);
    p->source = mail_tree_add_source(m, (struct view){copy, c.bytes.n}, copy, m->source[p->source].bare_cr);
    p->body = m->source[p->source].bytes;
    return true;
}

void mail_tree_read_message(struct mail *m, const struct mail_entity *e, struct mail_part *p)
{
    struct mail_entity in = *e;

    in.parent = mail_tree_add_part(m, p);
    if (p->encoding != MAIL_ENCODING_NONE && !decode_source(m, p))
        return;
    in.source = p->source;
    in.bytes = p->body;
    in.depth++;
    in.digest = in.others = in.guess = in.plain = false;
    in.why = p->why;
    in.split = MAIL_SPLIT_USUAL;
    mail_tree_push(m, in);
}

/* Nothing to cut: to most readers it is content, whatever its type says. */
static void read_as_leaf(struct mail *m, const struct mail_entity *e, const struct mail_shape *s,
                         struct mail_part *p)
{
    if (s->why)
        return;
    p->kind = MAIL_KIND_LEAF;
    mail_tree_add_leaf(m, e, p);
}

/* Some readers take the first line that looks like a delimiter for one, where none is told or the one that is
 * told does not occur; and some an empty one as it is told. */
static void read_guesses(struct mail *m, const struct mail_entity *e, const struct mail_shape *s,
                         struct mail_part *p)
{
    struct view guess;

    p->why = p->why ? p->why : s->guess ? ODDITY_NO_BOUNDARY : ODDITY_NO_DELIMITER;
    p->other = true;
    if (s->guess && s->boundary.p)
        read_multipart(m, e, p, s->boundary);
    if (!mail_tree_may_work(m, p->body.n))
        return;
    guess = mail_multipart_guess(p->body);
    if (guess.n)
        read_multipart(m, e, p, guess);
}

/* Guesses at the usual reading wait until that is through. */
static void push_guesses(struct mail *m, const struct mail_entity *of)
{
    struct mail_entity e = *of;

    e.others = e.guess = true;
    mail_tree_push(m, e);
}

static bool has_delimiter(struct mail *m, const struct mail_entity *e, const struct mail_part *p,
                          struct view boundary)
{
    struct mail_multipart parts = {0};

    if (mail_tree_may_work(m, p->body.n))
        mail_multipart_find(&m->arena, p->body, boundary, m->source[e->source].bare_cr, &parts);
    return parts.exact > 0;
}

void mail_tree_read_multipart(struct mail *m, const struct mail_entity *e, const struct mail_shape *s,
                              struct mail_part *p)
{
    struct mail_entity in = *e;

    in.digest = s->digest;
    if (p->encoding != MAIL_ENCODING_NONE) {
        struct mail_part leaf = *p;

        leaf.kind = MAIL_KIND_LEAF;
        mail_tree_add_leaf(m, e, &leaf);
        if (!mail_tree_is_new(m, p->body, MAIL_TREE_ENTITY + MAIL_TREE_LEAF + p->encoding) ||
            !decode_source(m, p))
            return;
        in.source = p->source;
    }
    if (s->strict && !has_delimiter(m, &in, p, s->boundary))
        return;
    if (!e->guess) {
        if (!s->guess && read_multipart(m, &in, p, s->boundary))
            return;
        read_as_leaf(m, e, s, p);
    }
    if (s->why && !s->guess)
        return;
    if (e->guess || s->why || e->why)
        read_guesses(m, &in, s, p);
    else
        push_guesses(m, e);
}
