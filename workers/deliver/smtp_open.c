/*
 * smtp_open.c - the beginning of a conversation: greeting, EHLO or LHLO, STARTTLS, login.
 *
 * Part of smtp_session.c, which calls smtp_open_run(). Nothing here speaks of the
 * message, so nothing here can fail it: every refusal means "later". What
 * was heard before TLS is forgotten with it, and a password goes over TLS or to this machine only.
 */
#include "workers/deliver/smtp_session.h"

#include "workers/deliver/smtp_command.h"

static int later(struct smtp_session *s, const char *words)
{
    return smtp_session_decide(s, DELIVER_LATER, 0, view_of(words));
}

static int greet(struct smtp_session *s)
{
    if (smtp_session_reply(s, "connect", s->link.timeout_ms) < 0)
        return -1;
    return smtp_reply_class(&s->reply) == 2 ? 0 : smtp_session_put_off(s);
}

static int say_hello(struct smtp_session *s, const char *verb)
{
    smtp_command_hello(&s->out, verb, s->o->helo);
    return smtp_session_ask(s, verb);
}

static int hello(struct smtp_session *s)
{
    bool lmtp = s->o->flags & DELIVER_LMTP;

    if (say_hello(s, lmtp ? "LHLO" : "EHLO") < 0)
        return -1;
    if (smtp_reply_class(&s->reply) == 2) {
        smtp_ext_parse(buf_view(&s->reply.text), &s->ext);
        return 0;
    }
    s->ext = (struct smtp_ext){0};
    if (lmtp || smtp_reply_class(&s->reply) != 5)
        return smtp_session_put_off(s);
    /* A server older than ESMTP; RFC 5321 section 3.2. */
    if (say_hello(s, "HELO") < 0)
        return -1;
    return smtp_reply_class(&s->reply) == 2 ? 0 : smtp_session_put_off(s);
}

static int begin_tls(struct smtp_session *s)
{
    struct smtp_tls *tls = smtp_tls_open(s->tls, s->o->tls_name, s->o->tls == DELIVER_TLS_VERIFY);

    if (!tls) {
        s->link.end = SMTP_END_LEFT; /* the server waits for a handshake that will not come */
        return later(s, "TLS cannot begin: the name that the certificate must have is missing or is no name");
    }
    s->step = "STARTTLS";
    if (smtp_link_start_tls(&s->link, tls) < 0) {
        if (s->link.end == SMTP_END_TLS)
            later(s, s->link.why.p);
        return -1;
    }
    return hello(s);
}

static int secure(struct smtp_session *s)
{
    bool must = s->o->tls >= DELIVER_TLS_MUST;

    if (s->o->tls == DELIVER_TLS_NO)
        return 0;
    if (!s->tls || !(s->ext.flags & SMTP_EXT_STARTTLS))
        return must ? later(s, "the server does not offer STARTTLS, which deliver.tls asks for") : 0;
    buf_add_str(&s->out, "STARTTLS\r\n");
    if (smtp_session_ask(s, "STARTTLS") < 0)
        return -1;
    if (smtp_reply_class(&s->reply) == 2)
        return begin_tls(s);
    /* "454 TLS not available": whoever only may have it goes on without. */
    return must || s->reply.code == 421 ? smtp_session_put_off(s) : 0;
}

static int login(struct smtp_session *s)
{
    buf_add_str(&s->out, "AUTH LOGIN\r\n");
    if (smtp_session_ask(s, "AUTH") < 0)
        return -1;
    if (smtp_reply_class(&s->reply) != 3)
        return 0;
    smtp_command_base64(&s->out, s->o->user);
    if (smtp_session_ask(s, "AUTH") < 0)
        return -1;
    if (smtp_reply_class(&s->reply) != 3)
        return 0;
    smtp_command_base64(&s->out, s->o->password);
    return smtp_session_ask(s, "AUTH");
}

static int login_plain(struct smtp_session *s)
{
    smtp_command_auth_plain(&s->out, s->o->user, s->o->password);
    return smtp_session_ask(s, "AUTH");
}

static int authenticate(struct smtp_session *s)
{
    bool plain = s->ext.flags & SMTP_EXT_AUTH_PLAIN;

    if (!s->o->user.n)
        return 0;
    if (!s->link.tls && !(s->o->flags & DELIVER_NEAR))
        return later(s, "the server offers no TLS, and a password is not sent without");
    if (!(s->ext.flags & (SMTP_EXT_AUTH_PLAIN | SMTP_EXT_AUTH_LOGIN)))
        return later(s, "the server offers neither AUTH PLAIN nor AUTH LOGIN");
    if ((plain ? login_plain(s) : login(s)) < 0)
        return -1;
    return smtp_reply_class(&s->reply) == 2 ? 0 : smtp_session_put_off(s);
}

int smtp_open_run(struct smtp_session *s)
{
    return greet(s) < 0 || hello(s) < 0 || secure(s) < 0 || authenticate(s) < 0 ? -1 : 0;
}
