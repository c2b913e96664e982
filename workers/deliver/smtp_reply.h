/*
 * smtp_reply.h - replies of an SMTP server (RFC 5321 section 4.2), cut out of the bytes that came.
 *
 * Used by smtp_link.c, which feeds it what stands in its buffer, and by the
 * fuzzer. Everything here is the server's: bounded, length-counted, never
 * believed. A byte that is no part of a reply ends the conversation.
 */
#ifndef WORKERS_DELIVER_SMTP_REPLY_H
#define WORKERS_DELIVER_SMTP_REPLY_H

#include "common/buf.h"

#define SMTP_REPLY_LINE_MAX  2048 /* with its end; RFC 5321 4.5.3.1.5 promises 512 */
#define SMTP_REPLY_LINES_MAX 128  /* of one reply: an EHLO answer has a dozen */

struct smtp_reply {
    unsigned code;   /* 200..599; 0 = there was none */
    struct buf text; /* its lines without code, a LF between two; owned */
};

/*
 * The reply that `bytes` begins with, its code that of the last line. Returns how many bytes it takes; 0 when
 * it is not whole yet; -1 when this is no reply: another grammar, another class of code in a later line, too
 * long. `r` is emptied first, its memory stays for the next one.
 */
ptrdiff_t smtp_reply_parse(struct view bytes, struct smtp_reply *r);
/* The next line of a text. False: there is no more. */
bool smtp_reply_line(struct view *rest, struct view *line);
/* "4" of 450: what it means. */
unsigned smtp_reply_class(const struct smtp_reply *r);
void smtp_reply_free(struct smtp_reply *r);

#endif
