/*
 * av_mail.c - see av_mail.h. The message first, then the contents one by one; the first virus ends it.
 *
 * Linked into worker-av; called by role_av.c. A content that was clean is remembered
 * by its SHA-256 (av_seen.h), for this and the other children. It must never let
 * a content go by that was neither scanned nor known: what the parser could not
 * read, and what is beyond antivirus.scan_size, makes the message unexamined.
 */
#include "workers/av/av_mail.h"

#include "common/xalloc.h"
#include "workers/av/av_seen.h"
#include "workers/mail/mail.h"
#include "workers/mail/mail_leaf.h"
#include "workers/mail/mail_limits.h"
#include "workers/sha256.h"

#include <stdlib.h>

#define WORK_FREE (256u << 20) /* bytes that may be decoded of any message */

/* A message, and messages that are encoded files in it: those in archives are left to libclamav. */
enum { OUTER, LEVELS = 5 };
struct reader {
    struct mail mail;
    struct mail_leaf leaf;
};
struct av_mail {
    struct av_engine *engine;
    struct sha256 *digest;
    struct reader reader[LEVELS];
};

/* One message on its way. */
struct turn {
    struct av_mail *m;
    struct av_budget budget;
    uint64_t left; /* bytes of contents that may still come */
    uint64_t work; /* bytes that may still be decoded, in all ways */
    uint64_t odd;
    unsigned level;
    bool spoilt; /* binary files in the present part are: that they cannot be unpacked says nothing */
    struct parts *list;
    struct av_answer *answer;
};

struct av_mail *av_mail_open(struct av_engine *e)
{
    struct av_mail *m = xcalloc(1, sizeof *m);

    m->engine = e;
    m->digest = sha256_open();
    if (!m->digest)
        av_mail_free(&m);
    return m;
}

void av_mail_free(struct av_mail **m)
{
    struct av_mail *old = *m;

    *m = NULL;
    if (!old)
        return;
    for (unsigned i = 0; i < LEVELS; i++) {
        mail_free(&old->reader[i].mail);
        mail_leaf_free(&old->reader[i].leaf);
    }
    sha256_free(&old->digest);
    free(old);
}

static bool is_infected(const struct turn *t)
{
    return t->answer->state == ANTIVIRUS_INFECTED;
}

static void scan(struct turn *t, struct view bytes, enum av_how how, struct av_answer *one)
{
    struct av_order order = {bytes, how, &t->budget};

    av_examine(t->m->engine, &order, one);
    if (!t->spoilt || one->state == ANTIVIRUS_INFECTED)
        av_examine_join(t->answer, one);
}

static bool hash(struct turn *t, struct view bytes, unsigned char sum[SHA256_SIZE])
{
    struct sha256 *d = t->m->digest;

    if (sha256_begin(d) == 0 && sha256_add(d, bytes.p, bytes.n) == 0 && sha256_end(d, sum) == 0)
        return true;
    av_examine_object(t->answer, ANTIVIRUS_RESOURCE, "libcrypto refused the SHA-256 of a part");
    return false;
}

/* The same bytes were clean before, by this engine and asked the same way. */
static void scan_unless_seen(struct turn *t, struct view bytes, enum av_how how, const unsigned char *sum)
{
    struct av_answer one;

    if (is_infected(t))
        return;
    if (av_seen_has(sum, how)) {
        t->answer->layers++;
        return;
    }
    scan(t, bytes, how, &one);
    if (one.state == ANTIVIRUS_CLEAN)
        av_seen_add(sum, how);
}

static void list_content(struct turn *t, const struct mail_part *p, const struct mail_content *c,
                         const unsigned char *sum)
{
    struct parts_item item = {.size = c->bytes.n};
    struct mail *mail = &t->m->reader[t->level].mail;
    struct view type = VIEW("");

    /* Text around the parts is scanned, and no part that people look for. */
    if (!t->list || p->kind == MAIL_KIND_AROUND)
        return;
    if (p->other || c->odd != ODDITY_NONE)
        item.flags |= PARTS_OTHER_READING;
    memcpy(item.sha256, sum, sizeof item.sha256);
    if (c->inside) {
        item.flags |= PARTS_INSIDE;
        parts_add(t->list, &item, type, c->name);
    } else {
        type = mail_part_type(mail, p);
        parts_add(t->list, &item, type, mail_part_name(mail, p, av_engine_charsets(t->m->engine)));
    }
}

static void take_parts(struct turn *t);

/* A message that came encoded as a file, which whoever opens it reads as a mail. */
static void take_message(struct turn *t, struct view message)
{
    struct mail *mail = &t->m->reader[t->level + 1].mail;
    bool spoilt = t->spoilt;

    t->level++;
    mail_open(mail, message, t->left);
    take_parts(t);
    /* How an attached mail is built does not count, only what was not read of it, or is not there. */
    t->odd |= oddity_of_grade(mail->odd, ODDITY_LIMIT) |
              (mail->odd & (oddity_bit(ODDITY_PARTIAL) | oddity_bit(ODDITY_CUT_OFF)));
    mail_close(mail);
    t->level--;
    t->spoilt = spoilt;
}

/* Texts in which our own parser looks for messages libclamav need not read, and it does not know all of their
 * types. Not so what is binary: in an archive there may be mails that only libclamav sees. */
static enum av_how how_of(bool html, bool message)
{
    if (html)
        return AV_HOW_HTML;
    return message ? AV_HOW_READ : AV_HOW_FILE;
}

static void take_attached(struct turn *t, struct view message)
{
    if (t->level + 1 < LEVELS)
        take_message(t, message);
    else
        t->odd |= oddity_bit(ODDITY_DEPTH_MAX);
}

/* Beyond scan_size nothing more is taken out; false then. */
static bool take_content(struct turn *t, const struct mail_part *p, const struct mail_content *c)
{
    bool html = view_equal_nocase(p->subtype, VIEW("html")) && !c->inside, message;
    bool file = p->encoding != MAIL_ENCODING_NONE || c->inside;
    unsigned char sum[SHA256_SIZE];

    if (c->bytes.n > t->left) {
        t->odd |= oddity_bit(ODDITY_SIZE_MAX);
        return false;
    }
    t->left -= c->bytes.n;
    if (!hash(t, c->bytes, sum))
        return false;
    list_content(t, p, c, sum);
    /* Asked once: it goes through all of a text. */
    message = (file || !html) && mail_is_message(c->bytes, p->other);
    if (c->bytes.n)
        scan_unless_seen(t, c->bytes, how_of(html, message), sum);
    if (file && message)
        take_attached(t, c->bytes);
    return true;
}

/* What only some readers see is decoded in all ways before it is known that they give the same. */
static bool may_decode(struct turn *t, const struct mail_part *p)
{
    uint64_t cost = (uint64_t)p->body.n * (p->other && p->encoding != MAIL_ENCODING_NONE ? 2 : 1);

    if (cost > t->work) {
        t->odd |= oddity_bit(ODDITY_WORK_MAX);
        return false;
    }
    t->work -= cost;
    return true;
}

static bool take_leaf(struct turn *t, const struct mail_part *p)
{
    struct reader *r = &t->m->reader[t->level];
    struct mail_leaf *leaf = &r->leaf;
    struct mail_content c;
    bool more = true;

    t->spoilt = p->encoding == MAIL_ENCODING_NONE && r->mail.source[p->source].cleaned;
    mail_leaf_open(leaf, p->body, p->encoding);
    while (more && may_decode(t, p) && mail_leaf_next(leaf, &c))
        more = take_content(t, p, &c);
    /* That an "=" in a text is shown or not makes no other file of it. */
    t->odd |= view_equal_nocase(p->type, VIEW("text")) ? leaf->met & ~oddity_bit(ODDITY_QP) : leaf->met;
    return more && !(t->odd & oddity_bit(ODDITY_WORK_MAX));
}

static void take_parts(struct turn *t)
{
    const struct mail *mail = &t->m->reader[t->level].mail;
    bool more = true;

    /* Messages that had to be decoded to find parts in them. */
    for (unsigned i = 1; i < mail->source_n && !is_infected(t); i++) {
        struct av_answer one;

        if (mail->source[i].owned && !mail->source[i].cleaned)
            scan(t, mail->source[i].bytes, AV_HOW_MESSAGE, &one);
    }
    for (unsigned i = 0; i < mail->n && more; i++)
        if (mail->part[i].kind == MAIL_KIND_LEAF || mail->part[i].kind == MAIL_KIND_AROUND)
            more = take_leaf(t, &mail->part[i]);
}

static void judge_form(struct turn *t)
{
    enum oddity limit = oddity_first(oddity_of_grade(t->odd, ODDITY_LIMIT));

    if (limit != ODDITY_NONE)
        av_examine_object(t->answer, ANTIVIRUS_LIMIT, oddity_text(limit));
    /* Their rest is not here. */
    if (t->odd & oddity_bit(ODDITY_PARTIAL))
        av_examine_object(t->answer, ANTIVIRUS_AMBIGUOUS, oddity_text(ODDITY_PARTIAL));
    if (t->odd & oddity_bit(ODDITY_CUT_OFF))
        av_examine_object(t->answer, ANTIVIRUS_AMBIGUOUS, oddity_text(ODDITY_CUT_OFF));
}

void av_mail_examine(struct av_mail *m, struct view message, struct parts *list, struct av_answer *a)
{
    struct av_answer all = {.state = ANTIVIRUS_CLEAN}, one;
    struct turn t = {.m = m, .budget = av_engine_budget(), .list = list, .answer = &all};
    struct mail *mail = &m->reader[OUTER].mail;

    t.left = av_engine_scan_size(m->engine);
    t.work = (uint64_t)message.n * MAIL_WORK_MAX + WORK_FREE;
    scan(&t, message, AV_HOW_MESSAGE, &one);
    mail_open(mail, message, t.left);
    take_parts(&t);
    t.odd |= mail->odd;
    judge_form(&t);
    if (list)
        list->odd = t.odd;
    mail_close(mail);
    *a = all; /* not before: who dies on the way has said nothing */
}
