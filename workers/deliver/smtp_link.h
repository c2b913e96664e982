/*
 * smtp_link.h - the connection to a server: bytes out, replies in, each wait with an end.
 *
 * Used by the conversation (smtp_session.c, smtp_mail.c, smtp_body.c). Moves bytes
 * by sendmsg(2) and recvmsg(2) on a socket that somebody else connected, with or
 * without TLS. Once something went wrong `end` says what, and every further call
 * fails at once.
 */
#ifndef WORKERS_DELIVER_SMTP_LINK_H
#define WORKERS_DELIVER_SMTP_LINK_H

#include "workers/deliver/smtp_reply.h"
#include "workers/deliver/smtp_tls.h"

#include <stdint.h>

#define SMTP_LINK_IN_MAX   65536 /* bytes that came and were not asked for yet */
#define SMTP_LINK_GRACE_MS 5000  /* for the reply to a whole message, once the job is cancelled */

enum smtp_end {
    SMTP_END_NOT,
    SMTP_END_CLOSED,    /* by the server */
    SMTP_END_TIMEOUT,   /* the server did not answer, or did not take what was sent */
    SMTP_END_CANCELLED, /* the supervisor wants it no more */
    SMTP_END_BROKEN,    /* `err` */
    SMTP_END_GRAMMAR,   /* what came is no reply */
    SMTP_END_TLS,       /* `why` */
    SMTP_END_LEFT,      /* by us, for a reason that was told */
};

struct smtp_link {
    int fd;                             /* borrowed */
    int wake;                           /* readable when it is worth asking cancelled(); -1 */
    bool (*cancelled)(const void *arg); /* NULL: never */
    const void *arg;
    uint32_t timeout_ms;
    bool committed;  /* the message is over there, only the reply is missing: a cancel leaves some time for it
                      */
    int64_t last_ms; /* that time's end; 0 = not cancelled */
    struct smtp_tls *tls; /* NULL: without */
    struct buf in;
    size_t at; /* bytes of `in` that were used */
    enum smtp_end end;
    int err;
    uint32_t waited_ms; /* how long, when that was too long */
    struct buf why;     /* of TLS */
};

/* Sends all of it. 0 or -1. */
int smtp_link_send(struct smtp_link *l, struct view bytes);
/* The next reply. 0 or -1. */
int smtp_link_reply(struct smtp_link *l, struct smtp_reply *r, uint32_t timeout_ms);
/* After an end: a reply that came before it. False: there is none. */
bool smtp_link_last_words(struct smtp_link *l, struct smtp_reply *r);
/* TLS from here on. What came in plain text and was not used is forgotten: whoever sits on the line could
 * have put it there. 0 or -1. */
int smtp_link_start_tls(struct smtp_link *l, struct smtp_tls *tls);
/* Between two pieces of a message. */
bool smtp_link_cancelled(struct smtp_link *l);
/* What the end was: "the server closed the connection". */
void smtp_link_explain(const struct smtp_link *l, struct buf *words);
/* Frees all but the descriptor. */
void smtp_link_close(struct smtp_link *l);

#endif
