/*
 * smtp_tls.h - TLS as a client, in memory: bytes of the wire on one side, the conversation on the other.
 *
 * Used by smtp_link.c, which alone moves bytes over the socket: OpenSSL never
 * sees a descriptor. The loader makes the settings once, with the certificates of
 * the authorities of this machine; after the lock-down nothing here opens a file.
 */
#ifndef WORKERS_DELIVER_SMTP_TLS_H
#define WORKERS_DELIVER_SMTP_TLS_H

#include "common/buf.h"

struct smtp_tls_ctx; /* of a process */
struct smtp_tls;     /* of a connection */

/* Loader. NULL with the reason in `why`. A machine without any authority is none: then nothing verifies. */
struct smtp_tls_ctx *smtp_tls_load(struct buf *why);
/* How many authorities it knows. */
unsigned smtp_tls_authorities(const struct smtp_tls_ctx *ctx);
void smtp_tls_unload(struct smtp_tls_ctx **ctx);

/*
 * A connection that has not begun. `name` (may be empty) is told to the server; with `verify` it must stand
 * in its certificate, which one of the authorities must vouch for: without a name nothing does. NULL: no
 * memory, or a name that cannot be one.
 */
struct smtp_tls *smtp_tls_open(struct smtp_tls_ctx *ctx, struct view name, bool verify);
/* As an authority of this connection alone: a certificate in PEM. 0 or -1. */
int smtp_tls_trust(struct smtp_tls *t, struct view pem);
/* 1 done, 0 it waits for bytes of the server, -1 failed. In each case there may be bytes to send. */
int smtp_tls_handshake(struct smtp_tls *t);
/* Bytes that came over the wire. 0 or -1. */
int smtp_tls_feed(struct smtp_tls *t, struct view bytes);
/* Takes bytes that are to go over the wire; 0 = there are none. */
size_t smtp_tls_take(struct smtp_tls *t, char *to, size_t n);
enum { SMTP_TLS_MORE = 0, SMTP_TLS_CLOSED = -1, SMTP_TLS_FAILED = -2 };
/* Bytes of the conversation: how many, or one of the numbers above. */
ptrdiff_t smtp_tls_read(struct smtp_tls *t, char *to, size_t n);
/* 0 or -1. */
int smtp_tls_write(struct smtp_tls *t, struct view bytes);
/* Says goodbye: bytes to send, no more. */
void smtp_tls_shut(struct smtp_tls *t);
/* Why it failed, in words. */
void smtp_tls_explain(const struct smtp_tls *t, struct buf *why);
void smtp_tls_free(struct smtp_tls **t);

/* Known answer: a whole handshake with a server in memory, its certificate verified. 0, or -1 with the
 * reason. (smtp_tls_prove.c) */
int smtp_tls_prove(struct smtp_tls_ctx *ctx, struct buf *why);

#endif
