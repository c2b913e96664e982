/*
 * judge_mail.c - the message as the checks see it: header, From, texts and links, each made on demand.
 *
 * Called by judge.c for each round with the message, and by checks through the faces in check.h. Only the
 * usual reading is judged: what other readers see is worker-av's concern and the check `ambiguous`. Bounded
 * by mail_limits.h and the limits below; the bytes are hostile.
 */
#include "workers/antispam/fold.h"
#include "workers/antispam/judge.h"
#include "workers/antispam/judge_from.h"
#include "workers/mail/mail_leaf.h"
#include "workers/mail/mail_word.h"

#include "common/xalloc.h"

#include <stdlib.h>

#define DECODE_MAX    (32u << 20)        /* bytes that may be decoded to find parts */
#define TEXTS_MAX     MAIL_PARTS_MAX     /* text parts that are judged */
#define TEXT_PART_MAX ((size_t)8 << 20)  /* bytes of the body of one, encoded, that are read */
#define TEXT_ALL_MAX  ((size_t)16 << 20) /* ... of all of them; and of all text that is made of them */
#define TEXT_KEEP_MAX ((size_t)1 << 20)  /* bytes that are kept of one, as text and before that */
#define TEXT_LEAST    ((size_t)8 << 10)  /* what those in front leave of TEXT_ALL_MAX for each one behind */

_Static_assert(TEXT_ALL_MAX / TEXT_LEAST >= TEXTS_MAX, "there is something for each text");

struct judge_mail *judge_mail_open(struct antispam *a, struct view message)
{
    struct judge_mail *m = a->mail;

    if (!m)
        m = a->mail = xcalloc(1, sizeof *m);
    m->bytes = message;
    m->set = a->set;
    mail_open(&m->mail, message, DECODE_MAX);
    m->header = m->mail.part[0].header;
    return m;
}

/* What belongs to the message goes with it; `mail` keeps some memory for the next one. */
void judge_mail_close(struct judge_mail *m)
{
    struct mail keep = m->mail;

    mail_close(&keep);
    *m = (struct judge_mail){.mail = keep};
}

void judge_mail_free(struct judge_mail **m)
{
    if (!*m)
        return;
    mail_free(&(*m)->mail);
    free(*m);
    *m = NULL;
}

void judge_mail_begin(struct judge *j)
{
    judge_from_read(j);
}

const struct mail_field *judge_mail_field(const struct judge *j, const char *name, unsigned n)
{
    return mail_header_find(j->mail->header, view_of(name), n);
}

const struct mail_received_chain *judge_mail_received(struct judge *j)
{
    struct judge_mail *m = j->mail;

    if (!m->has_received)
        mail_received_read(j->arena, m->header, &m->received);
    m->has_received = true;
    return &m->received;
}

struct view judge_mail_subject(struct judge *j)
{
    struct judge_mail *m = j->mail;
    const struct mail_field *f = m->subject.p ? NULL : judge_mail_field(j, "Subject", 0);

    if (f)
        m->subject = mail_word_decode(j->arena, m->set, f->value);
    return m->subject;
}

/* A type that is none ("Content-Type: texthtml") is shown as plain text (RFC 2045, 5.2). */
static bool is_text(const struct mail_part *p)
{
    return p->kind == MAIL_KIND_LEAF && !p->other &&
           (view_equal_nocase(p->type, VIEW("text")) || p->type.n == 0 || p->subtype.n == 0);
}

static bool is_attachment(struct judge *j, const struct mail_part *p)
{
    struct judge_mail *m = j->mail;

    return (p->disposition && view_equal_nocase(p->disposition->type, VIEW("attachment"))) ||
           mail_part_name(&m->mail, p, m->set).n > 0;
}

/* The text parts in the order in which they are read: what is only offered as a file comes last. */
static unsigned list_texts(struct judge *j, unsigned *list)
{
    const struct mail *m = &j->mail->mail;
    unsigned n = 0;

    for (unsigned files = 0; files <= 1; files++)
        for (unsigned i = 0; i < m->n && n < TEXTS_MAX; i++)
            if (is_text(&m->part[i]) && is_attachment(j, &m->part[i]) == (files == 1))
                list[n++] = i;
    return n;
}

static struct view charset_of(struct judge *j, const struct mail_part *p)
{
    struct view ways[1] = {{NULL, 0}};

    if (!p->content || !mail_type_values(j->arena, p->content, VIEW("charset"), ways, 1))
        return (struct view){NULL, 0};
    return ways[0];
}

/* What all texts together may still use up, and how many come behind the one at hand. */
struct room {
    size_t encoded, text;
    unsigned behind;
};

/* As much of `v` as may be used; it is taken off `*left`. */
static struct view take(struct judge_mail *m, struct view v, size_t max, size_t *left, unsigned behind)
{
    const size_t most = *left - behind * TEXT_LEAST;
    struct view taken = fold_cut(v, most < max ? most : max);

    m->text_cut = m->text_cut || taken.n < v.n;
    *left -= taken.n;
    return taken;
}

/* The buffers of mail_text and mail_leaf are used again for the next part, the message stays. */
static struct view keep(struct judge *j, struct view v, bool stays)
{
    return stays ? v : mail_arena_copy(j->arena, v);
}

static void add_text(struct judge *j, unsigned part, struct mail_text *t, struct mail_leaf *leaf,
                     struct room *room)
{
    const struct mail_part *p = &j->mail->mail.part[part];
    const bool html = view_equal_nocase(p->subtype, VIEW("html")), plain = p->encoding == MAIL_ENCODING_NONE;
    struct judge_text *to = &j->mail->text[j->mail->text_n];
    size_t raw_max = TEXT_KEEP_MAX;
    struct mail_content c;
    bool same;

    mail_leaf_open(leaf, take(j->mail, p->body, TEXT_PART_MAX, &room->encoded, room->behind), p->encoding);
    if (!mail_leaf_next(leaf, &c))
        return;
    mail_text_read(t, c.bytes, charset_of(j, p), html ? MAIL_TEXT_HTML : MAIL_TEXT_PLAIN);
    same = plain && t->text.p == c.bytes.p;
    *to = (struct judge_text){.html = html, .part = part};
    to->text = keep(j, take(j->mail, t->text, TEXT_KEEP_MAX, &room->text, room->behind), same);
    to->raw = keep(j, take(j->mail, c.bytes, TEXT_KEEP_MAX, &raw_max, 0), plain);
    j->mail->text_n++;
}

void judge_mail_texts(struct judge *j)
{
    struct judge_mail *m = j->mail;
    struct mail_text t = {.set = m->set, .urls = &m->urls};
    struct room room = {.encoded = TEXT_ALL_MAX, .text = TEXT_ALL_MAX};
    struct mail_leaf leaf = {0};
    unsigned list[TEXTS_MAX], n;

    if (m->has_text)
        return;
    m->has_text = true;
    m->urls.arena = j->arena;
    n = list_texts(j, list);
    m->text = mail_arena_alloc(j->arena, (n + 1) * sizeof *m->text);
    for (unsigned i = 0; i < n; i++) {
        room.behind = n - 1 - i;
        add_text(j, list[i], &t, &leaf, &room);
    }
    mail_leaf_free(&leaf);
    mail_text_free(&t);
}
