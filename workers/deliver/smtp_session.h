/*
 * smtp_session.h - one conversation with one server about one message, from its greeting to QUIT.
 *
 * Called by role_deliver.c with an open socket and an order. What becomes of the
 * recipients goes to the notes while it happens (smtp_note.h); at the end the
 * struct says how far it came. The server is not believed: its replies choose among a few
 * ends, nothing more.
 */
#ifndef WORKERS_DELIVER_SMTP_SESSION_H
#define WORKERS_DELIVER_SMTP_SESSION_H

#include "workers/deliver/smtp_body.h"
#include "workers/deliver/smtp_ext.h"
#include "workers/deliver/smtp_note.h"

#define SMTP_QUIT_MS 1000

struct smtp_session {
    const struct deliver_order *o;
    struct smtp_source source;
    struct smtp_tls_ctx *tls; /* the process's; NULL: as if no server offered STARTTLS */
    struct smtp_link link;
    struct smtp_notes notes;
    struct smtp_ext ext;
    struct smtp_reply reply; /* the last one */
    struct buf out;          /* commands */
    struct buf said;         /* the last telling words */
    const char *step;        /* what was sent last */
    uint64_t sent;           /* bytes of the message */
    int err;                 /* errno: of the message or the notes; 0 = they are not to blame */
};

/* Holds it. The caller has set o, source, tls, notes and the first five of link; the rest is zero. */
void smtp_session_hold(struct smtp_session *s);
/* The words: what the server said last, or how the conversation ended. */
struct view smtp_session_said(const struct smtp_session *s);
void smtp_session_close(struct smtp_session *s);

/* For the parts of it: smtp_session.c, smtp_open.c, smtp_mail.c. All return 0, or -1 when the conversation is
 * over or nobody is left to speak of. */
int smtp_open_run(struct smtp_session *s);
int smtp_mail_run(struct smtp_session *s);
/* Sends s->out and empties it. */
int smtp_session_send(struct smtp_session *s, const char *step);
/* The reply to `step` into s->reply. */
int smtp_session_reply(struct smtp_session *s, const char *step, uint32_t timeout_ms);
/* Both. */
int smtp_session_ask(struct smtp_session *s, const char *step);
/* The last reply decides for all that are left: later, or what it means. Always -1. */
int smtp_session_put_off(struct smtp_session *s);
int smtp_session_refused(struct smtp_session *s);
/* The same by our own words. Always -1. */
int smtp_session_decide(struct smtp_session *s, enum deliver_fate fate, unsigned code, struct view words);
/* The words of s->reply are the telling ones. */
void smtp_session_hear(struct smtp_session *s);
/* A reply that is none of those that may come here. Always -1. */
int smtp_session_confused(struct smtp_session *s);

#endif
