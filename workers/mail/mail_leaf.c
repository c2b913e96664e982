/*
 * mail_leaf.c - see mail_leaf.h.
 *
 * Called by worker-av for each leaf, and by mail_tree.c for a message that is encoded. Knows which breach of
 * an encoding is worth another reading, and what it is called; the decoders know how. A file in text is
 * looked for in the usual content only, never in another file. Trusts nothing in the body.
 */
#include "workers/mail/mail_leaf.h"

#include "workers/mail/mail_limits.h"
#include "workers/mail/mail_qp.h"

#define FOOTER_MAX 2048 /* bytes of text that was added behind base64 */

void mail_leaf_open(struct mail_leaf *l, struct view body, enum mail_encoding encoding)
{
    struct buf usual = l->usual, other = l->other;

    buf_clear(&usual);
    buf_clear(&other);
    *l = (struct mail_leaf){.body = body, .encoding = encoding, .usual = usual, .other = other};
}

void mail_leaf_free(struct mail_leaf *l)
{
    buf_free(&l->usual);
    buf_free(&l->other);
    *l = (struct mail_leaf){0};
}

/* The lines are equally long but for the last one, as one program writes them. */
static bool is_uniform(struct view v)
{
    size_t first = 0;

    while (v.n) {
        const char *lf = memchr(v.p, '\n', v.n);
        size_t n = lf ? (size_t)(lf + 1 - v.p) : v.n;

        first = first ? first : n;
        v.p += n, v.n -= n;
        if (n != first)
            return n < first && view_trim(v).n <= 2;
    }
    return true;
}

/* Without a short text in lines of its own, as a mailing list adds it behind what it takes for text. */
static struct view without_footer(struct view body)
{
    size_t from = body.n > FOOTER_MAX ? body.n - FOOTER_MAX : 0;

    for (size_t i = 0; i < body.n; i++) {
        if (!mail_base64_is_foreign(body.p[i]))
            continue;
        if (i >= from && i > 0 && body.p[i - 1] == '\n')
            body.n = i;
        break;
    }
    return body;
}

/*
 * Honest programs break two rules: lines that are no multiple of four letters, and text behind the end.
 * Readers differ there as anywhere, and each reading is examined, but it is no reason to suspect the message.
 */
static bool is_honest(struct mail_leaf *l)
{
    struct view base64 = without_footer(l->body);
    unsigned met;

    buf_clear(&l->other);
    met = mail_base64_decode(base64, MAIL_BASE64_USUAL, &l->other) & ~(unsigned)MAIL_BASE64_SHORT;
    return met == 0 || (met == MAIL_BASE64_UNEVEN && is_uniform(base64));
}

static void read_base64(struct mail_leaf *l)
{
    unsigned met = mail_base64_decode(l->body, MAIL_BASE64_USUAL, &l->usual);

    l->ways = mail_base64_other_ways(met);
    l->why = l->ways && is_honest(l) ? ODDITY_TRUNCATED : ODDITY_BASE64;
    if (met & MAIL_BASE64_SHORT)
        l->met |= oddity_bit(ODDITY_TRUNCATED);
}

/* Bytes that no text has. */
static bool is_binary(struct view v)
{
    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i];

        if (c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f')
            return true;
    }
    return false;
}

static void read_qp(struct mail_leaf *l)
{
    l->ways = mail_qp_other_ways(mail_qp_decode(l->body, MAIL_QP_USUAL, &l->usual));
    l->why = ODDITY_QP;
    /* Blanks at the ends of lines are everywhere in honest text and change nothing in it. In anything else
     * one of them moves all that follows, and no honest sender leaves them as they are. */
    if (l->ways & 1u << MAIL_QP_KEEP && !is_binary(buf_view(&l->usual)))
        l->ways &= ~(1u << MAIL_QP_KEEP);
}

static void read_usual(struct mail_leaf *l)
{
    /* Files in a body of uuencode stand in the body. */
    struct view text = l->body;

    l->first = l->body;
    switch (l->encoding) {
    case MAIL_ENCODING_BASE64:
        read_base64(l);
        break;
    case MAIL_ENCODING_QP:
        read_qp(l);
        break;
    case MAIL_ENCODING_UU:
        if (!mail_uu_decode(l->body, &l->usual))
            l->met |= oddity_bit(ODDITY_INSIDE_MAX);
        break;
    default:
        l->uu.rest = text;
        return;
    }
    l->first = buf_view(&l->usual);
    l->uu.rest = l->encoding == MAIL_ENCODING_UU ? text : l->first;
}

/* Is what is in `other` the usual content, or one that was given already? Two beginnings of the usual content
 * that are equally long are the same; those are all that honest mail has. */
static bool is_known(struct mail_leaf *l)
{
    struct view other = buf_view(&l->other);

    if (other.n > l->first.n || (other.n && memcmp(other.p, l->first.p, other.n) != 0))
        return false;
    if (other.n == l->first.n || other.n == 0)
        return true;
    for (unsigned i = 0; i < l->shorter_n; i++)
        if (l->shorter[i] == other.n)
            return true;
    l->shorter[l->shorter_n++] = other.n;
    return false;
}

static bool next_way(struct mail_leaf *l, struct mail_content *c)
{
    while (l->ways) {
        unsigned way = (unsigned)__builtin_ctz(l->ways);

        l->ways &= l->ways - 1;
        buf_clear(&l->other);
        if (l->encoding == MAIL_ENCODING_BASE64)
            mail_base64_decode(l->body, (enum mail_base64_way)way, &l->other);
        else
            mail_qp_decode(l->body, (enum mail_qp_way)way, &l->other);
        if (is_known(l))
            continue;
        *c = (struct mail_content){.bytes = buf_view(&l->other), .odd = l->why};
        l->met |= oddity_bit(c->odd);
        return true;
    }
    return false;
}

static bool next_inside(struct mail_leaf *l, struct mail_content *c)
{
    struct mail_uu_file file;

    for (;;) {
        buf_clear(&l->other);
        if (!mail_uu_next(&l->uu, &file, &l->other))
            break;
        /* The first file of a uuencoded body is its usual content. */
        if (l->encoding == MAIL_ENCODING_UU && is_known(l))
            continue;
        if (l->inside++ >= MAIL_INSIDE_MAX) {
            l->met |= oddity_bit(ODDITY_INSIDE_MAX);
            l->uu.rest.n = 0;
            break;
        }
        l->met |= oddity_bit(ODDITY_INSIDE);
        *c = (struct mail_content){.bytes = buf_view(&l->other), .name = file.name, .inside = true};
        return true;
    }
    if (l->uu.over)
        l->met |= oddity_bit(ODDITY_INSIDE_MAX);
    return false;
}

bool mail_leaf_next(struct mail_leaf *l, struct mail_content *c)
{
    if (!l->begun) {
        l->begun = true;
        read_usual(l);
        *c = (struct mail_content){.bytes = l->first};
        return true;
    }
    return next_way(l, c) || next_inside(l, c);
}
