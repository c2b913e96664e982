/*
 * judge_mail.c - the message as the checks see it: header, From, texts and links, each made on demand.
 *
 * Called by judge.c for each round with the message, and by checks through the faces in check.h. Only the
 * usual reading is judged: what other readers see is worker-av's concern and the check `ambiguous`. Bounded
 * by mail_limits.h and the limits below; the bytes are hostile.
 */
#include "workers/antispam/judge.h"
#include "workers/mail/mail_leaf.h"
#include "workers/mail/mail_word.h"

#include "common/xalloc.h"

#include <stdlib.h>

#define DECODE_MAX   (32u << 20) /* bytes that may be decoded to find parts */
#define TEXTS_MAX    100         /* text parts that are judged */
#define TEXT_ALL_MAX (8u << 20)  /* bytes of all of them */
#define FROM_MAX     4           /* From: fields that are read */

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

/* All mailboxes of one domain, or none (RFC 7489, 6.6.1, has no answer for several). */
static struct view common_domain(const struct mail_addresses *from)
{
    struct view domain = {NULL, 0};

    for (unsigned i = 0; i < from->n; i++) {
        const struct mail_address *a = &from->address[i];

        if (a->broken || !a->domain.n || (domain.n && !mail_address_same_domain(domain, a->domain)))
            return (struct view){NULL, 0};
        domain = a->domain;
    }
    if (domain.n && domain.p[domain.n - 1] == '.')
        domain.n--;
    return domain;
}

void judge_mail_begin(struct judge *j)
{
    struct judge_mail *m = j->mail;
    const struct mail_field *f;
    struct buf all = {0};

    for (; m->from_fields < FROM_MAX && (f = judge_mail_field(j, "From", m->from_fields)); m->from_fields++) {
        if (m->from_fields)
            buf_add_char(&all, ',');
        buf_add_view(&all, f->value);
    }
    if (m->from_fields == 1)
        mail_address_parse(j->arena, judge_mail_field(j, "From", 0)->value, &m->from);
    else if (m->from_fields)
        mail_address_parse(j->arena, mail_arena_copy(j->arena, buf_view(&all)), &m->from);
    m->from_domain = common_domain(&m->from);
    buf_free(&all);
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

static bool is_text(const struct mail_part *p)
{
    return p->kind == MAIL_KIND_LEAF && !p->other && view_equal_nocase(p->type, VIEW("text"));
}

static struct view charset_of(struct judge *j, const struct mail_part *p)
{
    struct view ways[1] = {{NULL, 0}};

    if (!p->content || !mail_type_values(j->arena, p->content, VIEW("charset"), ways, 1))
        return (struct view){NULL, 0};
    return ways[0];
}

/* Adds the text of one part; answers how many bytes it has. */
static size_t add_text(struct judge *j, unsigned part, struct mail_text *t, struct mail_leaf *leaf)
{
    const struct mail_part *p = &j->mail->mail.part[part];
    const bool html = view_equal_nocase(p->subtype, VIEW("html"));
    struct judge_text *to = &j->mail->text[j->mail->text_n];
    struct mail_content c;

    mail_leaf_open(leaf, p->body, p->encoding);
    if (!mail_leaf_next(leaf, &c))
        return 0;
    mail_text_read(t, c.bytes, charset_of(j, p), html ? MAIL_TEXT_HTML : MAIL_TEXT_PLAIN);
    *to = (struct judge_text){.html = html, .part = part};
    /* The buffers of `t` and `leaf` are used again for the next part. */
    to->text = t->text.p == c.bytes.p && p->encoding == MAIL_ENCODING_NONE
                   ? t->text
                   : mail_arena_copy(j->arena, t->text);
    to->raw = p->encoding == MAIL_ENCODING_NONE ? c.bytes : mail_arena_copy(j->arena, c.bytes);
    j->mail->text_n++;
    return to->text.n + to->raw.n;
}

void judge_mail_texts(struct judge *j)
{
    struct judge_mail *m = j->mail;
    struct mail_text t = {.set = m->set, .urls = &m->urls};
    struct mail_leaf leaf = {0};
    size_t bytes = 0;

    if (m->has_text)
        return;
    m->has_text = true;
    m->urls.arena = j->arena;
    m->text = mail_arena_alloc(j->arena, TEXTS_MAX * sizeof *m->text);
    for (unsigned i = 0; i < m->mail.n && m->text_n < TEXTS_MAX && bytes < TEXT_ALL_MAX; i++)
        if (is_text(&m->mail.part[i]))
            bytes += add_text(j, i, &t, &leaf);
    mail_leaf_free(&leaf);
    mail_text_free(&t);
}
