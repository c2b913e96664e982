/*
 * mail_tree_multipart.c - see mail_tree.h. Multiparts and messages in messages: what is put on the lists for
 * them.
 *
 * Called by mail_tree.c for each such reading of a header. It must never go through
 * the bytes more often than mail_tree_may_work() allows. The bytes are hostile.
 */
#include "workers/mail/mail_tree_part.h"

#include "common/xalloc.h"
#include "workers/mail/mail_source.h"

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

/* What was decoded, also with CR as line ends and without NUL bytes, where it has them. */
static void add_source(struct mail *m, struct view bytes, enum oddity why)
{
    struct mail_source s = {.why = why};
    char *copy = xcalloc(1, bytes.n + 1);

    if (bytes.n)
        memcpy(copy, bytes.p, bytes.n);
    m->tree->decoded += bytes.n;
    s.bytes = (struct view){copy, bytes.n};
    s.owned = copy;
    mail_source_add(m, s);
    if (mail_source_has_bare_cr(s.bytes))
        mail_source_add(m, (struct mail_source){.bytes = s.bytes, .why = ODDITY_BARE_CR, .bare_cr = true});
    if (bytes.n && memchr(copy, 0, bytes.n)) {
        s.bytes = mail_source_without_nul(s.bytes, &s.owned);
        s.why = ODDITY_NUL;
        s.cleaned = true;
        m->tree->decoded += s.bytes.n;
        mail_source_add(m, s);
    }
}

/* A body that is decoded before parts are looked for in it: each content of it is a source, from
 * m->source[the answer] on. */
static unsigned decode(struct mail *m, const struct mail_part *p)
{
    struct mail_tree *t = m->tree;
    unsigned first = m->source_n;
    struct mail_content c;

    if (!mail_tree_may_work(m, p->body.n))
        return first;
    mail_leaf_open(&t->leaf, p->body, p->encoding);
    while (mail_leaf_next(&t->leaf, &c)) {
        if (t->decoded > t->decoded_max || c.bytes.n > t->decoded_max - t->decoded) {
            mail_tree_tell(m, ODDITY_SIZE_MAX);
            break;
        }
        if (!c.inside && mail_tree_may_work(m, p->body.n))
            add_source(m, c.bytes, c.odd);
    }
    m->odd |= oddity_of_grade(t->leaf.met, ODDITY_LIMIT);
    return first;
}

static void push_message(struct mail *m, const struct mail_entity *e, unsigned source, struct view bytes)
{
    struct mail_entity in = *e;

    in.source = source;
    in.bytes = bytes;
    in.depth++;
    in.digest = in.others = in.guess = false;
    in.split = MAIL_SPLIT_USUAL;
    mail_tree_push(m, in);
}

void mail_tree_read_message(struct mail *m, const struct mail_entity *e, struct mail_part *p)
{
    struct mail_entity in = *e;

    in.parent = mail_tree_add_part(m, p);
    /* A message that is none matters only where it has parts or files. */
    in.plain = p->why == ODDITY_TYPE;
    in.why = p->why;
    if (p->encoding == MAIL_ENCODING_NONE) {
        push_message(m, &in, p->source, p->body);
        return;
    }
    for (unsigned i = decode(m, p); i < m->source_n; i++) {
        in.why = p->why ? p->why : m->source[i].why;
        push_message(m, &in, i, m->source[i].bytes);
    }
    /* RFC 2045, 6.4 forbids to encode it, and some readers never decode it. */
    in.why = p->why ? p->why : ODDITY_ENCODING;
    if (mail_header_is_field(mail_tree_trim(p->body)))
        push_message(m, &in, p->source, p->body);
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

static void cut_multipart(struct mail *m, const struct mail_entity *e, const struct mail_shape *s,
                          struct mail_part *p)
{
    struct mail_entity in = *e;

    in.digest = s->digest;
    in.source = p->source;
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

/* No multipart is encoded (RFC 2045, 6.4); a reader that decodes it all the same sees other parts, or a file.
 */
static void cut_encoded(struct mail *m, const struct mail_entity *e, const struct mail_shape *s,
                        const struct mail_part *p)
{
    struct mail_part leaf = *p;

    if (p->encoding == MAIL_ENCODING_QP && !(p->body.n && memchr(p->body.p, '=', p->body.n)))
        return;
    leaf.kind = MAIL_KIND_LEAF;
    mail_tree_add_leaf(m, e, &leaf);
    if (!mail_tree_is_new(m, p->body, MAIL_TREE_ENTITY + MAIL_TREE_LEAF + p->encoding))
        return;
    for (unsigned i = decode(m, p); i < m->source_n; i++) {
        struct mail_part decoded = *p;

        decoded.source = i;
        decoded.body = m->source[i].bytes;
        cut_multipart(m, e, s, &decoded);
    }
}

void mail_tree_read_multipart(struct mail *m, const struct mail_entity *e, const struct mail_shape *s,
                              struct mail_part *p)
{
    if (p->encoding == MAIL_ENCODING_NONE)
        cut_multipart(m, e, s, p);
    else
        cut_encoded(m, e, s, p);
}
