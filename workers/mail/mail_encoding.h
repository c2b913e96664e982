/*
 * mail_encoding.h - Content-Transfer-Encoding (RFC 2045, 6): each encoding that a reader may take a value
 * for.
 *
 * Called by mail_shape.c. Pure; the bytes are hostile.
 */
#ifndef WORKERS_MAIL_ENCODING_H
#define WORKERS_MAIL_ENCODING_H

#include "workers/mail/mail_arena.h"

enum mail_encoding {
    MAIL_ENCODING_NONE, /* 7bit, 8bit, binary, or unknown: the bytes as they stand */
    MAIL_ENCODING_BASE64,
    MAIL_ENCODING_QP, /* quoted-printable */
    MAIL_ENCODING_UU, /* x-uuencode and its like */
    MAIL_ENCODING__MAX
};

/* "base64"; "?" beyond the table. */
const char *mail_encoding_name(unsigned encoding);
/*
 * All different, the most usual first, at most MAIL_ENCODING__MAX; answers how many (>= 1). "base64" and
 * "Base64;" are one; "base64 (comment)", "base64 x", "\"base64\"", "base 64", "(base64)" are more than one,
 * because some readers compare the whole value. A name that nobody knows is NONE alone; then `*unknown`
 * is set.
 */
unsigned mail_encoding_find(struct view value, enum mail_encoding to[MAIL_ENCODING__MAX], bool *unknown);

#endif
