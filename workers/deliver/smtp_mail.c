/*
 * smtp_mail.c - one transaction: MAIL, RCPT, DATA, the message, and who answers for it from then on.
 *
 * Part of smtp_session.c, which calls smtp_mail_run(). With PIPELINING all commands
 * go out at once, but each reply is read for what it answers. A recipient is done
 * by a 2xx behind the dot and by nothing else; without a reply
 * there it stays without a note.
 */
#include "workers/deliver/smtp_session.h"

#include "workers/deliver/smtp_command.h"

#include <errno.h>
#include <stdio.h>

struct mail {
    struct smtp_session *s;
    bool piped;
    bool accepted[DELIVER_RCPT_MAX];
    size_t accepted_n;
};

/* The answer that belongs to this command, which is sent first unless all of them were. */
static int ask(struct mail *m, const char *step)
{
    return m->piped ? smtp_session_reply(m->s, step, m->s->link.timeout_ms) : smtp_session_ask(m->s, step);
}

/* What can be known before a word is said. */
static int check(struct smtp_session *s, uint64_t *size)
{
    char words[160];

    if (smtp_command_needs_utf8(s->o) && !(s->ext.flags & SMTP_EXT_SMTPUTF8))
        return smtp_session_decide(
            s, DELIVER_FAILED, 550,
            VIEW("5.6.7 the server does not offer SMTPUTF8, which this message needs"));
    *size = 0;
    if (!(s->ext.flags & SMTP_EXT_SIZE))
        return 0;
    if (smtp_body_measure(&s->source, size) < 0) {
        s->err = errno;
        return -1;
    }
    if (s->ext.size == 0 || *size <= s->ext.size)
        return 0;
    snprintf(words, sizeof words, "5.3.4 the message has %llu bytes, the server takes %llu at most",
             (unsigned long long)*size, (unsigned long long)s->ext.size);
    return smtp_session_decide(s, DELIVER_FAILED, 552, view_of(words));
}

static int send_all_commands(struct mail *m, uint64_t size)
{
    struct smtp_session *s = m->s;

    smtp_command_mail(&s->out, s->o, &s->ext, size);
    if (!m->piped)
        return 0;
    for (size_t i = 0; i < s->o->rcpt_n; i++)
        smtp_command_rcpt(&s->out, &s->o->rcpt[i], &s->ext);
    buf_add_str(&s->out, "DATA\r\n");
    return smtp_session_send(s, "MAIL FROM");
}

/* The replies to what was sent behind a MAIL that was refused. A server that wants the message all the same
 * gets no dot: it could take that for an empty one. */
static int pass_over(struct mail *m)
{
    struct smtp_reply r = {0};
    struct smtp_link *l = &m->s->link;

    for (size_t i = 0; i <= m->s->o->rcpt_n && l->end == SMTP_END_NOT; i++)
        smtp_link_reply(l, &r, l->timeout_ms);
    if (smtp_reply_class(&r) == 3)
        l->end = SMTP_END_LEFT;
    smtp_reply_free(&r);
    return -1;
}

static int begin(struct mail *m, uint64_t size)
{
    if (send_all_commands(m, size) < 0 || ask(m, "MAIL FROM") < 0)
        return -1;
    if (smtp_reply_class(&m->s->reply) == 2)
        return 0;
    smtp_session_refused(m->s);
    return m->piped && m->s->reply.code != 421 ? pass_over(m) : -1;
}

/* 552 is how older servers say "452, too many recipients at once" (RFC 5321 section 4.5.3.1.10). */
static enum deliver_fate fate_of_rcpt(unsigned code)
{
    return code == 552 ? DELIVER_LATER : smtp_note_fate(code);
}

static int name_one(struct mail *m, size_t i)
{
    struct smtp_session *s = m->s;

    if (!m->piped)
        smtp_command_rcpt(&s->out, &s->o->rcpt[i], &s->ext);
    if (ask(m, "RCPT TO") < 0)
        return -1;
    switch (smtp_reply_class(&s->reply)) {
    case 2:
        m->accepted[i] = true;
        m->accepted_n++;
        return 0;
    case 3:
        return smtp_session_confused(s);
    default:
        return smtp_note_one(&s->notes, i, fate_of_rcpt(s->reply.code), &s->reply) < 0 || s->reply.code == 421
                   ? -1
                   : 0;
    }
}

static int name_all(struct mail *m)
{
    for (size_t i = 0; i < m->s->o->rcpt_n; i++)
        if (name_one(m, i) < 0)
            return -1;
    return 0;
}

/* Nobody wants it. Where DATA was sent before that was known, a server that says 354 gets a lone dot (RFC
 * 2920 section 3.1); its answer changes nothing. */
static int take_back(struct mail *m)
{
    struct smtp_link *l = &m->s->link;
    struct smtp_reply r = {0};

    if (m->piped && smtp_link_reply(l, &r, l->timeout_ms) == 0 && smtp_reply_class(&r) == 3 &&
        smtp_link_send(l, VIEW(".\r\n")) == 0)
        smtp_link_reply(l, &r, l->timeout_ms);
    smtp_reply_free(&r);
    return -1;
}

static int ask_for_data(struct mail *m)
{
    if (!m->piped)
        buf_add_str(&m->s->out, "DATA\r\n");
    if (ask(m, "DATA") < 0)
        return -1;
    return smtp_reply_class(&m->s->reply) == 3 ? 0 : smtp_session_refused(m->s);
}

/* The server closed in the middle of the message. If it said why, that is its answer; a "done" it cannot be.
 */
static int hear_last_words(struct smtp_session *s)
{
    if (!smtp_link_last_words(&s->link, &s->reply) || smtp_reply_class(&s->reply) < 4)
        return -1;
    smtp_session_hear(s);
    s->link.end = SMTP_END_LEFT;
    return smtp_session_refused(s);
}

static int send_message(struct smtp_session *s)
{
    s->step = "DATA";
    errno = 0;
    if (smtp_body_send(&s->source, &s->link, &s->sent) == 0)
        return 0;
    if (s->link.end != SMTP_END_NOT)
        return s->sent < s->source.size ? hear_last_words(s) : -1;
    s->err = errno ? errno : EIO;
    return -1;
}

/* One reply, for all (SMTP) or for recipient i (LMTP). */
static int take_verdict(struct smtp_session *s, size_t i, bool all)
{
    uint32_t wait = s->o->timeout_ms < UINT32_MAX / 2 ? s->o->timeout_ms * 2 : UINT32_MAX;
    enum deliver_fate fate;
    unsigned class;

    if (smtp_session_reply(s, "the end of the message", wait) < 0)
        return -1;
    class = smtp_reply_class(&s->reply);
    if (class == 3)
        return smtp_session_confused(s);
    fate = class == 2 ? DELIVER_DONE : smtp_note_fate(s->reply.code);
    return all ? smtp_note_rest(&s->notes, fate, s->reply.code, buf_view(&s->reply.text))
               : smtp_note_one(&s->notes, i, fate, &s->reply);
}

static int take_verdicts(struct mail *m)
{
    struct smtp_session *s = m->s;

    s->link.committed = true;
    if (!(s->o->flags & DELIVER_LMTP))
        return take_verdict(s, 0, true);
    for (size_t i = 0; i < s->o->rcpt_n; i++)
        if (m->accepted[i] && take_verdict(s, i, false) < 0)
            return -1;
    return 0;
}

int smtp_mail_run(struct smtp_session *s)
{
    struct mail m = {.s = s, .piped = s->ext.flags & SMTP_EXT_PIPELINING};
    uint64_t size;

    if (check(s, &size) < 0 || begin(&m, size) < 0 || name_all(&m) < 0)
        return -1;
    if (m.accepted_n == 0)
        return take_back(&m);
    if (ask_for_data(&m) < 0 || send_message(s) < 0)
        return -1;
    return take_verdicts(&m);
}
