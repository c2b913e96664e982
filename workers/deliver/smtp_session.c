/*
 * smtp_session.c - see smtp_session.h: the frame of the conversation, and what its parts share.
 *
 * The parts are smtp_open.c (greeting to login) and smtp_mail.c (one transaction).
 * Whoever comes back with -1 has said why: a note, the link's end, or
 * s->err. QUIT is said where the connection still stands and is never waited for long.
 */
#include "workers/deliver/smtp_session.h"

#include <string.h>

int smtp_session_send(struct smtp_session *s, const char *step)
{
    int rc;

    s->step = step;
    rc = smtp_link_send(&s->link, buf_view(&s->out));
    if (s->out.n)
        explicit_bzero(s->out.p, s->out.n); /* a password may have stood there */
    buf_clear(&s->out);
    return rc;
}

void smtp_session_hear(struct smtp_session *s)
{
    struct view rest = buf_view(&s->reply.text), line;

    buf_clear(&s->said);
    buf_addf(&s->said, "%u", s->reply.code);
    while (rest.n && smtp_reply_line(&rest, &line)) {
        buf_add_char(&s->said, ' ');
        buf_add_view(&s->said, line);
    }
}

int smtp_session_reply(struct smtp_session *s, const char *step, uint32_t timeout_ms)
{
    s->step = step;
    if (smtp_link_reply(&s->link, &s->reply, timeout_ms) < 0)
        return -1;
    smtp_session_hear(s);
    return 0;
}

int smtp_session_ask(struct smtp_session *s, const char *step)
{
    return smtp_session_send(s, step) < 0 ? -1 : smtp_session_reply(s, step, s->link.timeout_ms);
}

int smtp_session_put_off(struct smtp_session *s)
{
    if (smtp_reply_class(&s->reply) < 4)
        return smtp_session_confused(s);
    return smtp_session_decide(s, DELIVER_LATER, s->reply.code, buf_view(&s->reply.text));
}

int smtp_session_refused(struct smtp_session *s)
{
    if (smtp_reply_class(&s->reply) < 4)
        return smtp_session_confused(s);
    return smtp_session_decide(s, smtp_note_fate(s->reply.code), s->reply.code, buf_view(&s->reply.text));
}

int smtp_session_decide(struct smtp_session *s, enum deliver_fate fate, unsigned code, struct view words)
{
    smtp_note_rest(&s->notes, fate, code, words);
    if (s->reply.code != code || !view_equal(words, buf_view(&s->reply.text))) {
        buf_clear(&s->said);
        buf_add_view(&s->said, words);
    }
    return -1;
}

int smtp_session_confused(struct smtp_session *s)
{
    s->link.end = SMTP_END_GRAMMAR;
    return -1;
}

/* The telling words of an end that nobody announced. Where each recipient has its answer, that tells more. */
static void tell_end(struct smtp_session *s)
{
    if (s->link.end == SMTP_END_NOT || s->link.end == SMTP_END_LEFT || smtp_note_missing(&s->notes) == 0)
        return;
    buf_clear(&s->said);
    smtp_link_explain(&s->link, &s->said);
    buf_addf(&s->said, " after %s", s->step);
}

static void quit(struct smtp_session *s)
{
    if (s->link.end != SMTP_END_NOT)
        return;
    s->link.timeout_ms = SMTP_QUIT_MS;
    s->link.cancelled = NULL; /* it is over already */
    s->link.wake = -1;
    buf_add_str(&s->out, "QUIT\r\n");
    if (smtp_session_send(s, "QUIT") == 0)
        smtp_link_reply(&s->link, &s->reply, SMTP_QUIT_MS);
}

void smtp_session_hold(struct smtp_session *s)
{
    if (smtp_open_run(s) == 0)
        smtp_mail_run(s);
    if (s->notes.err)
        s->err = s->notes.err;
    tell_end(s);
    /* No QUIT then: to a server that has no dot yet it would be text, only the end of the connection ends
     * that. */
    if (s->err) {
        buf_clear(&s->said);
        buf_addf(&s->said,
                 s->notes.err ? "what the server said cannot be noted: %s" : "the message cannot be read: %s",
                 strerrordesc_np(s->err));
        return;
    }
    quit(s);
}

struct view smtp_session_said(const struct smtp_session *s)
{
    return buf_view(&s->said);
}

void smtp_session_close(struct smtp_session *s)
{
    smtp_link_close(&s->link);
    smtp_reply_free(&s->reply);
    buf_free(&s->out);
    buf_free(&s->said);
}
