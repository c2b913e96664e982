/*
 * mail_shape.c - see mail_shape.h. Types by boundaries by encodings, each a short list that begins with the
 * usual.
 *
 * Called by mail_tree.c. An ordinary header gives one shape; each further one comes
 * from a field that stands twice or breaks its grammar. It must never give none.
 */
#include "workers/mail/mail_shape.h"

#include "workers/mail/mail_limits.h"

#include <stdlib.h>

/* What may be chosen for one header. */
struct choice {
    const struct mail_type *type[MAIL_WAYS_MAX]; /* NULL: none, the default */
    enum oddity type_why[MAIL_WAYS_MAX];
    unsigned types;
    enum mail_encoding encoding[MAIL_ENCODING__MAX];
    enum oddity encoding_why[MAIL_ENCODING__MAX];
    unsigned encodings;
    const struct mail_type *disposition;
};

static bool is(struct view v, const char *word)
{
    return view_equal_nocase(v, view_of(word));
}

/* Blanks before the colon: readers differ in whether that is a field. */
static bool has_blank_colon(const struct mail_field *f)
{
    return f->name.p + f->name.n < f->whole.p + f->whole.n && f->name.p[f->name.n] != ':';
}

static void add_type(struct choice *c, struct mail_shapes *to, const struct mail_type *t, enum oddity why)
{
    if (c->types == MAIL_WAYS_MAX) {
        to->odd |= oddity_bit(ODDITY_WAYS_MAX);
        return;
    }
    c->type[c->types] = t;
    c->type_why[c->types] = c->types ? why : ODDITY_NONE;
    c->types++;
}

static void read_type(struct mail_arena *a, const struct mail_field *f, struct choice *c,
                      struct mail_shapes *to)
{
    struct mail_type *t;

    if (c->types == MAIL_WAYS_MAX) {
        to->odd |= oddity_bit(ODDITY_WAYS_MAX);
        return;
    }
    t = mail_arena_alloc(a, sizeof *t);
    mail_type_parse(a, f->value, t);
    if (t->over)
        to->odd |= oddity_bit(ODDITY_PARAMS_MAX);
    add_type(c, to, t, ODDITY_TYPES);
    if (t->odd)
        add_type(c, to, NULL, ODDITY_TYPE);
    if (has_blank_colon(f))
        add_type(c, to, NULL, ODDITY_FIELD_NAME);
}

static void add_encoding(struct choice *c, enum mail_encoding e, enum oddity why)
{
    for (unsigned i = 0; i < c->encodings; i++)
        if (c->encoding[i] == e)
            return;
    c->encoding[c->encodings] = e;
    c->encoding_why[c->encodings] = c->encodings ? why : ODDITY_NONE;
    c->encodings++;
}

static void read_encoding(const struct mail_field *f, struct choice *c)
{
    enum mail_encoding e[MAIL_ENCODING__MAX];
    bool unknown = false;
    unsigned n = mail_encoding_find(f->value, e, &unknown);
    bool first = c->encodings == 0;

    for (unsigned i = 0; i < n; i++)
        add_encoding(c, e[i], first ? ODDITY_ENCODING : ODDITY_ENCODINGS);
    if (has_blank_colon(f))
        add_encoding(c, MAIL_ENCODING_NONE, ODDITY_FIELD_NAME);
}

/* One pass over the fields, whatever their number. */
static void read_fields(struct mail_arena *a, const struct mail_header *h, struct choice *c,
                        struct mail_shapes *to)
{
    struct view last = {0};

    for (size_t i = 0; i < h->n; i++) {
        const struct mail_field *f = &h->field[i];

        if (f->name.n < 12 || (f->name.p[0] | 0x20) != 'c')
            continue;
        if (is(f->name, "Content-Type") && !(c->types && view_equal(last, f->value))) {
            last = f->value;
            read_type(a, f, c, to);
        } else if (is(f->name, "Content-Transfer-Encoding")) {
            read_encoding(f, c);
        } else if (is(f->name, "Content-Disposition") && !c->disposition) {
            struct mail_type *t = mail_arena_alloc(a, sizeof *t);

            mail_type_parse(a, f->value, t);
            c->disposition = t;
        }
    }
    if (c->types == 0)
        add_type(c, to, NULL, ODDITY_NONE);
    if (c->encodings == 0)
        add_encoding(c, MAIL_ENCODING_NONE, ODDITY_NONE);
}

static void add_shape(struct mail_shapes *to, struct mail_shape s)
{
    if (to->n == MAIL_SHAPES_MAX)
        to->odd |= oddity_bit(ODDITY_WAYS_MAX);
    else
        to->shape[to->n++] = s;
}

/* A number that is told as a parameter; 0: none. */
static unsigned long parameter_number(struct mail_arena *a, const struct mail_type *t, const char *name)
{
    struct view v[1];

    if (mail_type_values(a, t, view_of(name), v, 1) == 0 || v[0].n == 0 || v[0].n > 6)
        return 0;
    return strtoul(mail_arena_copy(a, v[0]).p, NULL, 10);
}

/* RFC 2046, 5.2.2: the first piece begins with the header of the whole; one piece of one is all of it. */
static void shape_partial(struct mail_arena *a, struct mail_shape *s, struct mail_shapes *to)
{
    unsigned long number = parameter_number(a, s->content, "number");

    s->kind = number <= 1 ? MAIL_KIND_MESSAGE : MAIL_KIND_LEAF;
    if (parameter_number(a, s->content, "total") != 1 || number != 1)
        to->odd |= oddity_bit(ODDITY_PARTIAL);
}

static enum mail_kind kind_of_message(struct view subtype)
{
    static const char *const messages[] = {"rfc822", "global", "news"};

    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        if (is(subtype, messages[i]))
            return MAIL_KIND_MESSAGE;
    return MAIL_KIND_LEAF;
}

static void shape_type(struct mail_arena *a, struct mail_shape *s, bool digest, struct mail_shapes *to)
{
    s->type = VIEW("text");
    s->subtype = VIEW("plain");
    if (!s->content && digest)
        s->kind = MAIL_KIND_MESSAGE, s->type = VIEW("message"), s->subtype = VIEW("rfc822");
    if (!s->content || s->content->type.n == 0)
        return;
    s->type = s->content->type;
    s->subtype = s->content->subtype;
    if (is(s->type, "multipart"))
        s->kind = MAIL_KIND_MULTIPART;
    else if (is(s->type, "message") && is(s->subtype, "partial"))
        shape_partial(a, s, to);
    else if (is(s->type, "message") && is(s->subtype, "external-body"))
        to->odd |= oddity_bit(ODDITY_EXTERNAL);
    else if (is(s->type, "message"))
        s->kind = kind_of_message(s->subtype);
    s->digest = s->kind == MAIL_KIND_MULTIPART && is(s->subtype, "digest");
}

static void add_strict(struct mail_shape s, struct mail_shapes *to)
{
    s.boundary = mail_type_strict(s.content, VIEW("boundary"));
    s.strict = true;
    s.guess = false;
    s.why = s.why ? s.why : ODDITY_BOUNDARIES;
    if (s.boundary.n)
        add_shape(to, s);
}

/* Of a multipart each boundary; of anything else a boundary that is told all the same may be believed. */
static void add_boundaries(struct mail_arena *a, struct mail_shape s, struct mail_shapes *to)
{
    struct view v[MAIL_WAYS_MAX];
    unsigned n = s.content ? mail_type_values(a, s.content, VIEW("boundary"), v, MAIL_WAYS_MAX) : 0;

    if (n > MAIL_WAYS_MAX) {
        to->odd |= oddity_bit(ODDITY_WAYS_MAX);
        n = MAIL_WAYS_MAX;
    }
    if (s.kind != MAIL_KIND_MULTIPART) {
        if (n)
            s.why = ODDITY_TYPE;
    } else if (n == 0) {
        s.guess = true;
        add_shape(to, s);
    }
    s.kind = MAIL_KIND_MULTIPART;
    for (unsigned i = 0; i < n; i++) {
        s.boundary = v[i];
        s.guess = v[i].n == 0;
        if (i && s.why == ODDITY_NONE)
            s.why = ODDITY_BOUNDARIES;
        add_shape(to, s);
    }
    if (s.content)
        add_strict(s, to);
}

/* RFC 2045, 6.4: no multipart is encoded; a reader that decodes it all the same sees other parts. */
static void add_encodings(struct mail_arena *a, struct mail_shape s, const struct choice *c,
                          struct mail_shapes *to)
{
    enum oddity why = s.why;

    for (unsigned i = 0; i < c->encodings; i++) {
        s.encoding = c->encoding[i];
        s.why = why ? why : c->encoding_why[i];
        if (s.kind == MAIL_KIND_MULTIPART && s.encoding != MAIL_ENCODING_NONE) {
            s.why = why ? why : ODDITY_ENCODING;
            add_boundaries(a, s, to);
        } else if (s.kind != MAIL_KIND_MULTIPART) {
            add_shape(to, s);
        }
    }
}

static void add_type_shapes(struct mail_arena *a, const struct choice *c, unsigned i, bool digest,
                            struct mail_shapes *to)
{
    struct mail_shape s = {.content = c->type[i], .disposition = c->disposition, .why = c->type_why[i]};

    shape_type(a, &s, digest, to);
    if (s.kind == MAIL_KIND_MULTIPART)
        add_boundaries(a, s, to);
    add_encodings(a, s, c, to);
    if (s.kind == MAIL_KIND_LEAF && s.content)
        add_boundaries(a, s, to);
    if (s.kind == MAIL_KIND_LEAF && is(s.type, "message")) {
        /* To some readers every kind of message holds one, and so does the body of what is elsewhere. */
        s.kind = MAIL_KIND_MESSAGE;
        s.why = s.why ? s.why : ODDITY_TYPE;
        s.encoding = c->encoding[0];
        add_shape(to, s);
    }
}

void mail_shape_find(struct mail_arena *a, const struct mail_header *h, bool digest, struct mail_shapes *to)
{
    struct choice c = {0};

    to->n = 0;
    to->odd = 0;
    read_fields(a, h, &c, to);
    for (unsigned i = 0; i < c.types; i++)
        add_type_shapes(a, &c, i, digest, to);
}
