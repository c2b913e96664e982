/*
 * mail_tree_leaf.c - see mail_tree.h. Contents, text around the parts of a multipart, and what stands in
 * texts.
 *
 * Called by mail_tree.c and mail_tree_multipart.c. A content that a reading before has
 * seen is not added again: only what makes a difference is one. The bytes are hostile.
 */
#include "workers/mail/mail_tree_part.h"

#include "workers/mail/mail_base64.h"
#include "workers/mail/mail_line.h"

#define INSIDE_WHOLE 16 /* headers in one text that are read to its end */

static bool begins_field(const char *p, const char *end)
{
    static const struct view word = {"Content-T", 9};

    return (size_t)(end - p) > word.n && (*p | 0x20) == 'c' &&
           view_equal_nocase((struct view){p, word.n}, word);
}

/* A line ends with LF, or with CR where no LF follows. */
const char *mail_tree_find_field(struct view text, const char *from)
{
    const char *end = text.p + text.n;

    while (from < end) {
        const char *lf = memchr(from, '\n', (size_t)(end - from)), *line_end = lf ? lf : end, *cr = from;

        if ((from == text.p || from[-1] == '\n' || from[-1] == '\r') && begins_field(from, end))
            return from;
        while (cr < line_end && (cr = memchr(cr, '\r', (size_t)(line_end - cr))))
            if (begins_field(++cr, end))
                return cr;
        from = line_end + 1;
    }
    return NULL;
}

/* Behind the fields that begin at `p`. */
static const char *behind_header(struct view text, const char *p)
{
    struct mail_lines l = {{p, (size_t)(text.p + text.n - p)}, false};
    struct mail_line line;

    while (mail_line_next(&l, &line) && line.text.n &&
           (line.text.p[0] == ' ' || line.text.p[0] == '\t' || mail_header_is_field(line.text)))
        ;
    return l.rest.p;
}

/*
 * A message or a part that stands in a text, as bounces and forwards have it, and as what is hidden before
 * the first or behind the last delimiter has it: from a line that begins a MIME header to the end of the
 * text. From the INSIDE_WHOLE-th on each ends where the next begins: else a text of so many would be read so
 * many times.
 */
static void look_inside(struct mail *m, const struct mail_entity *e, struct view text, enum oddity why)
{
    const char *end = text.p + text.n,
               *p = text.n && mail_tree_may_work(m, text.n) ? mail_tree_find_field(text, text.p) : NULL;
    struct mail_entity in = *e;

    in.why = why;
    in.depth++;
    in.digest = in.others = in.guess = in.plain = false;
    in.split = MAIL_SPLIT_USUAL;
    for (unsigned i = 0; p && i <= MAIL_ENTITIES_MAX; i++) {
        const char *next = mail_tree_find_field(text, behind_header(text, p));

        in.bytes = (struct view){p, (size_t)((next && i >= INSIDE_WHOLE ? next : end) - p)};
        mail_tree_push(m, in);
        p = next;
    }
}

static bool is_blank(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] != ' ' && v.p[i] != '\t' && v.p[i] != '\r' && v.p[i] != '\n')
            return false;
    return true;
}

/* Base64 to the very end of the message, in a multipart whose last delimiter is missing, and without the "="
 * that ends most files. What is displayed is the same either way; of a file the rest is missing. */
static bool is_cut_off(const struct mail *m, const struct mail_part *p)
{
    struct view source = m->source[p->source].bytes, body = p->body;
    const char *line;

    if (p->encoding != MAIL_ENCODING_BASE64 || p->parent < 0 || view_equal_nocase(p->type, VIEW("text")) ||
        m->part[p->parent].kind != MAIL_KIND_MULTIPART || body.p + body.n != source.p + source.n)
        return false;
    while (body.n && (body.p[body.n - 1] == '\n' || body.p[body.n - 1] == '\r'))
        body.n--;
    line = body.n ? memrchr(body.p, '\n', body.n) : NULL;
    line = line ? line + 1 : body.p;
    for (const char *c = line; c < body.p + body.n; c++)
        if (mail_base64_is_foreign(*c))
            return false;
    return body.n > 0 && body.p[body.n - 1] != '=';
}

/* A reading that sees what is known already, or nothing, makes no difference. */
void mail_tree_add_leaf(struct mail *m, const struct mail_entity *e, const struct mail_part *p)
{
    bool first = mail_tree_is_new(m, p->body, MAIL_TREE_LEAF + p->encoding);

    if (p->other && (!first || (is_blank(p->body) && !m->source[p->source].cleaned)))
        return;
    if (p->other)
        mail_tree_tell(m, p->why);
    if (!p->other && is_cut_off(m, p))
        mail_tree_tell(m, ODDITY_CUT_OFF);
    mail_tree_add_part(m, p);
    /* In a copy without NUL bytes it was looked for already. */
    if (p->encoding == MAIL_ENCODING_NONE && !m->source[p->source].cleaned)
        look_inside(m, e, p->body, p->other ? p->why : ODDITY_INSIDE);
}

struct view mail_tree_trim(struct view v)
{
    while (v.n && (v.p[0] == '\n' || v.p[0] == '\r'))
        v.p++, v.n--;
    return v;
}

void mail_tree_add_around(struct mail *m, const struct mail_entity *e, const struct mail_part *of,
                          const struct mail_segment *s)
{
    struct mail_header *h;
    struct mail_part p = *of;

    if (is_blank(s->bytes))
        return;
    h = mail_arena_alloc(&m->arena, sizeof *h);
    h->body = mail_tree_trim(s->bytes);
    p.kind = MAIL_KIND_AROUND;
    p.header = h;
    p.body = h->body;
    p.type = VIEW("text");
    p.subtype = VIEW("plain");
    p.content = p.disposition = NULL;
    p.encoding = MAIL_ENCODING_NONE;
    mail_tree_tell(m, ODDITY_AROUND);
    if (!mail_tree_is_new(m, p.body, MAIL_TREE_LEAF) && p.other)
        return;
    if (p.other)
        mail_tree_tell(m, p.why);
    p.parent = e->parent;
    p.depth++;
    mail_tree_add_part(m, &p);
    look_inside(m, e, s->bytes, s->preamble ? ODDITY_PREAMBLE : ODDITY_EPILOGUE);
}
