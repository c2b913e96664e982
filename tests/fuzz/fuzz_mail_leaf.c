/*
 * fuzz_mail_leaf.c - any bytes as the body of a leaf, in each encoding.
 *
 * Built with libFuzzer or with a plain main that feeds files. The first byte chooses the encoding. Every
 * further content has a reason and differs from the first one, files in text are counted, what is met says
 * what came, and the same leaf opened again gives the same.
 */
#include "tests/fuzz/fuzz_must.h"

#include "workers/mail/mail_leaf.h"
#include "workers/mail/mail_limits.h"

#define INPUT_MAX 20000

struct sum {
    unsigned contents, inside;
    uint64_t met, bytes, mix;
};

static void take(struct sum *s, const struct mail_content *c)
{
    s->contents++;
    s->inside += c->inside;
    s->bytes += c->bytes.n;
    for (size_t i = 0; i < c->bytes.n; i++)
        s->mix = (s->mix ^ (unsigned char)c->bytes.p[i]) * 1099511628211u;
}

static struct sum look(struct mail_leaf *l, struct view body, enum mail_encoding encoding)
{
    struct mail_content c;
    struct sum s = {0};
    struct view first;

    mail_leaf_open(l, body, encoding);
    MUST(mail_leaf_next(l, &c) && c.odd == ODDITY_NONE && !c.inside);
    first = c.bytes;
    take(&s, &c);
    while (mail_leaf_next(l, &c)) {
        MUST(c.inside == (c.odd == ODDITY_NONE));
        MUST(c.inside || !view_equal(c.bytes, first));
        MUST(c.inside || (l->met & oddity_bit(c.odd)));
        MUST(!c.inside || (l->met & oddity_bit(ODDITY_INSIDE)));
        /* Other readings come before the files. */
        MUST(c.inside || s.inside == 0);
        take(&s, &c);
    }
    MUST(!mail_leaf_next(l, &c));
    MUST(s.inside <= MAIL_INSIDE_MAX && s.contents - s.inside <= MAIL_WAYS_MAX);
    MUST(s.bytes <= 40 * (uint64_t)body.n + (256u << 10));
    s.met = l->met;
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mail_leaf l = {0};
    enum mail_encoding encoding;
    struct sum one, two;
    struct view body;

    if (size < 1 || size > INPUT_MAX)
        return 0;
    encoding = (enum mail_encoding)(data[0] % MAIL_ENCODING__MAX);
    body = (struct view){(const char *)data + 1, size - 1};
    one = look(&l, body, encoding);
    two = look(&l, body, encoding);
    MUST(one.contents == two.contents && one.met == two.met && one.mix == two.mix);
    mail_leaf_free(&l);
    return 0;
}
