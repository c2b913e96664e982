/*
 * smtp_command.h - the commands of one transaction as bytes.
 *
 * Used by smtp_session.c and smtp_mail.c. Adds whole lines to a buffer; words
 * come from an order that deliver_unpack() has checked, so none of them can end a line.
 */
#ifndef WORKERS_DELIVER_SMTP_COMMAND_H
#define WORKERS_DELIVER_SMTP_COMMAND_H

#include "common/deliver.h"
#include "workers/deliver/smtp_ext.h"

/* Does it need a server with SMTPUTF8: declared, or by an address? */
bool smtp_command_needs_utf8(const struct deliver_order *o);
/* "EHLO name" */
void smtp_command_hello(struct buf *to, const char *verb, struct view name);
/* MAIL FROM with the parameters that the server offers and the order asks for. */
void smtp_command_mail(struct buf *to, const struct deliver_order *o, const struct smtp_ext *e,
                       uint64_t size);
void smtp_command_rcpt(struct buf *to, const struct deliver_rcpt *r, const struct smtp_ext *e);
/* "AUTH PLAIN" with the initial response (RFC 4616). */
void smtp_command_auth_plain(struct buf *to, struct view user, struct view password);
/* A line of base64: an answer to AUTH LOGIN. */
void smtp_command_base64(struct buf *to, struct view word);

#endif
