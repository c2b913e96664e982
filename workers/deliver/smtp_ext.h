/*
 * smtp_ext.h - what a server offers in its answer to EHLO or LHLO.
 *
 * Used by smtp_session.c; each handshake begins with an empty struct, so that
 * nothing that was offered before STARTTLS is believed after it (RFC 3207 4.2).
 */
#ifndef WORKERS_DELIVER_SMTP_EXT_H
#define WORKERS_DELIVER_SMTP_EXT_H

#include "common/view.h"

#include <stdint.h>

enum {
    SMTP_EXT_SIZE = 1,         /* RFC 1870 */
    SMTP_EXT_8BITMIME = 2,     /* RFC 6152 */
    SMTP_EXT_SMTPUTF8 = 4,     /* RFC 6531 */
    SMTP_EXT_STARTTLS = 8,     /* RFC 3207 */
    SMTP_EXT_PIPELINING = 16,  /* RFC 2920 */
    SMTP_EXT_DSN = 32,         /* RFC 3461 */
    SMTP_EXT_CODES = 64,       /* ENHANCEDSTATUSCODES, RFC 2034 */
    SMTP_EXT_AUTH_PLAIN = 128, /* RFC 4616 */
    SMTP_EXT_AUTH_LOGIN = 256,
};

struct smtp_ext {
    uint32_t flags;
    uint64_t size; /* longest message in bytes; 0 = not said */
};

/* `text`: that of the reply (smtp_reply.h), whose first line is a greeting. What is not known is passed over.
 */
void smtp_ext_parse(struct view text, struct smtp_ext *e);

#endif
