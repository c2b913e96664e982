/*
 * smtp_data.h - a message as it goes behind DATA: line ends made right, dots doubled, one end.
 *
 * Used by smtp_body.c in pieces, by the fuzzer and by the tests. In: any
 * bytes. Out: only CR LF as a line end, no CR and no LF of their own, no line
 * that begins with a single dot but the last one, so that nothing in a message can be taken for its end
 * and what follows for commands, however a server reads lines ("SMTP smuggling").
 */
#ifndef WORKERS_DELIVER_SMTP_DATA_H
#define WORKERS_DELIVER_SMTP_DATA_H

#include "common/buf.h"

#include <stdint.h>

struct smtp_data {
    unsigned mbox; /* bytes of "From " that the message has begun with */
    bool begun;    /* the first line is known not to be an mbox "From " line, or is over */
    bool skipping; /* in such a line, which is not sent */
    bool cr;       /* a CR that is not sent yet */
    bool inside;   /* of a line: something of it was sent */
    uint64_t size; /* bytes so far, line ends included, dots not doubled: as SIZE counts them (RFC 1870) */
};

/* Adds the next piece to `out`: at most twice its length and a few bytes. A zeroed struct begins. */
void smtp_data_add(struct smtp_data *d, struct view piece, struct buf *out);
/* The end of the message. */
void smtp_data_end(struct smtp_data *d, struct buf *out);
/* The dot behind it. */
void smtp_data_dot(struct buf *out);

#endif
