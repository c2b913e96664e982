/*
 * mail.c - see mail.h. Which bytes are read as a message, and in which cleaned forms besides.
 *
 * Called by worker-av and by the checks. The message is read as it came; where it
 * holds CR without LF it is read again with them as line ends, where it holds NUL again
 * without those. It must never change the caller's bytes. The bytes are hostile.
 */
#include "workers/mail/mail.h"

#include "common/utf8.h"
#include "workers/mail/mail_leaf.h"
#include "workers/mail/mail_limits.h"
#include "workers/mail/mail_source.h"
#include "workers/mail/mail_tree_part.h"

#include <stdlib.h>

#define NAME_MAX_BYTES 255
#define TEXT_HEAD      512 /* bytes in which a text has no NUL */
#define KEEP_PARTS     64
#define KEEP_BYTES     (256u << 10)

static bool has_long_line(struct view v)
{
    const char *p = v.p, *end = v.p + v.n;

    if (v.n <= MAIL_BODY_LINE_MAX)
        return false;
    while (p < end) {
        const char *next = memchr(p, '\n', (size_t)(end - p));

        if ((size_t)((next ? next : end) - p) > MAIL_BODY_LINE_MAX)
            return true;
        if (!next)
            break;
        p = next + 1;
    }
    return false;
}

/* Readers that know nothing of a byte order mark see no header behind it. */
static struct view without_mark(struct view v)
{
    if (v.n >= 3 && memcmp(v.p, "\xef\xbb\xbf", 3) == 0)
        v.p += 3, v.n -= 3;
    return v;
}

static size_t count_nul(struct view v)
{
    const char *p = v.p, *end = v.p + v.n;
    size_t n = 0;

    while (p < end && (p = memchr(p, 0, (size_t)(end - p))))
        n++, p++;
    return n;
}

/* Are these the same parts but for the NUL bytes in them? */
static bool are_twins(const struct mail_part *a, const struct mail_part *b)
{
    return a->kind == b->kind && a->encoding == b->encoding && a->depth == b->depth &&
           a->body.n - count_nul(a->body) == b->body.n;
}

/* The parts from `first` on were read without NUL bytes. What is the same as before goes again, but for
 * leaves that held some. */
static void keep_different(struct mail *m, unsigned first, unsigned usual)
{
    unsigned n = first;
    bool same = m->n - first == usual;

    for (unsigned i = 0; same && i < usual; i++)
        same = are_twins(&m->part[i], &m->part[first + i]);
    if (!same) {
        m->odd |= oddity_bit(ODDITY_NUL);
        return;
    }
    for (unsigned i = first; i < m->n; i++) {
        struct mail_part *p = &m->part[i];

        if (p->kind != MAIL_KIND_LEAF || p->body.n == m->part[i - first].body.n)
            continue;
        p->why = ODDITY_ZERO;
        p->parent = m->part[i - first].parent; /* its own multipart goes */
        m->part[n++] = *p;
    }
    m->n = n;
}

static void read_without_nul(struct mail *m, struct view message)
{
    unsigned first = m->n, usual = 0;
    uint64_t odd = m->odd;
    unsigned source;
    struct view clean;
    char *owned;

    while (usual < first && !m->part[usual].other)
        usual++;
    clean = mail_source_without_nul(message, &owned);
    source = mail_source_add(m, (struct mail_source){.bytes = clean, .owned = owned, .cleaned = true});
    mail_tree_read(m, source, ODDITY_NUL);
    m->odd = odd | oddity_of_grade(m->odd, ODDITY_LIMIT) | oddity_bit(ODDITY_ZERO);
    keep_different(m, first, usual);
}

void mail_open(struct mail *m, struct view message, uint64_t size_max)
{
    struct view bytes = without_mark(message);

    m->n = m->source_n = 0;
    m->odd = 0;
    mail_source_add(m, (struct mail_source){.bytes = bytes});
    mail_tree_begin(m, size_max);
    if (has_long_line(bytes))
        m->odd |= oddity_bit(ODDITY_LINE_MAX);
    mail_tree_read(m, 0, ODDITY_NONE);
    if (bytes.n && memchr(bytes.p, 0, bytes.n))
        read_without_nul(m, bytes);
    if (mail_source_has_bare_cr(bytes)) {
        m->odd |= oddity_bit(ODDITY_CR);
        mail_tree_read(m, mail_source_add(m, (struct mail_source){.bytes = bytes, .bare_cr = true}),
                       ODDITY_BARE_CR);
    }
}

void mail_close(struct mail *m)
{
    for (unsigned i = 0; i < m->source_n; i++)
        free(m->source[i].owned);
    m->source_n = m->n = 0;
    if (m->cap > KEEP_PARTS) {
        free(m->part);
        m->part = NULL;
        m->cap = 0;
    }
    if (m->arena.bytes > KEEP_BYTES)
        mail_arena_free(&m->arena);
    else
        mail_arena_clear(&m->arena);
}

void mail_free(struct mail *m)
{
    mail_close(m);
    mail_arena_free(&m->arena);
    mail_tree_end(m);
    free(m->part);
    free(m->source);
    *m = (struct mail){0};
}

struct view mail_part_name(struct mail *m, const struct mail_part *p, struct charset_set *set)
{
    struct view v = {NULL, 0};

    if (p->disposition)
        v = mail_type_text(&m->arena, p->disposition, VIEW("filename"), set);
    if (v.n == 0 && p->content)
        v = mail_type_text(&m->arena, p->content, VIEW("name"), set);
    return utf8_cut(v, NAME_MAX_BYTES);
}

static bool holds_header(struct view bytes)
{
    return bytes.n && mail_tree_find_field(bytes, bytes.p) != NULL;
}

bool mail_is_message(struct view bytes, bool strict)
{
    struct view v = mail_tree_trim(without_mark(bytes));

    if (strict && !mail_header_is_field(v))
        return false;
    return v.n && !memchr(v.p, 0, v.n < TEXT_HEAD ? v.n : TEXT_HEAD) && holds_header(v);
}

struct view mail_part_type(struct mail *m, const struct mail_part *p)
{
    size_t n = p->type.n + 1 + p->subtype.n;
    char *to = mail_arena_alloc(&m->arena, n + 1);

    if (p->type.n)
        memcpy(to, p->type.p, p->type.n);
    to[p->type.n] = '/';
    if (p->subtype.n)
        memcpy(to + p->type.n + 1, p->subtype.p, p->subtype.n);
    for (size_t i = 0; i < n; i++)
        if (to[i] >= 'A' && to[i] <= 'Z')
            to[i] = (char)(to[i] | 0x20);
    return (struct view){to, n};
}
