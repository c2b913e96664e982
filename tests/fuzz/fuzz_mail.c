/*
 * fuzz_mail.c - a whole message: every part of every reading, and every content of every part.
 *
 * Whatever the bytes are: the bounds hold, all views lie in what they are said to lie in, parents come before
 * their children, the usual reading comes first, and what is decoded is never longer than what it was made
 * of.
 */
#include "tests/fuzz/fuzz_must.h"

#include "workers/mail/mail.h"
#include "workers/mail/mail_leaf.h"
#include "workers/mail/mail_limits.h"

#define INPUT_MAX   (256u << 10)
#define DECODED_MAX (1u << 20)

static void check_part(const struct mail *m, unsigned i)
{
    const struct mail_part *p = &m->part[i];
    struct view source;

    MUST(p->source < m->source_n);
    source = m->source[p->source].bytes;
    MUST(p->body.n == 0 || (p->body.p >= source.p && p->body.p + p->body.n <= source.p + source.n));
    MUST(p->parent < (int)i);
    MUST(p->depth <= MAIL_DEPTH_MAX + 1);
    MUST(p->other == (p->why != ODDITY_NONE));
    MUST(p->header != NULL && p->header->n <= MAIL_FIELDS_MAX);
    MUST(p->encoding < MAIL_ENCODING__MAX);
}

static void take_contents(struct mail_leaf *leaf, const struct mail_part *p)
{
    struct mail_content c;
    unsigned n = 0;

    mail_leaf_open(leaf, p->body, p->encoding);
    while (mail_leaf_next(leaf, &c)) {
        /* Zeros that a short line of uuencode lacks are bounded by mail_uu.c itself. */
        MUST(c.inside || p->encoding == MAIL_ENCODING_UU || c.bytes.n <= p->body.n);
        MUST(++n < MAIL_INSIDE_MAX + 32);
    }
}

static void name_part(struct mail *m, const struct mail_part *p)
{
    struct view name = mail_part_name(m, p, NULL), type = mail_part_type(m, p);

    MUST(name.n <= 255);
    MUST(memchr(type.p, '/', type.n) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mail m;
    static struct mail_leaf leaf;
    bool other = false;

    if (size > INPUT_MAX)
        return 0;
    mail_open(&m, (struct view){(const char *)data, size}, DECODED_MAX);
    MUST(m.n <= MAIL_PARTS_MAX);
    for (unsigned i = 0; i < m.n; i++) {
        check_part(&m, i);
        MUST(m.part[i].other || !other || m.part[i].kind != MAIL_KIND_LEAF);
        other |= m.part[i].other;
        name_part(&m, &m.part[i]);
        if (m.part[i].kind == MAIL_KIND_LEAF || m.part[i].kind == MAIL_KIND_AROUND)
            take_contents(&leaf, &m.part[i]);
    }
    mail_close(&m);
    return 0;
}
