/*
 * smtp_body.h - a message from its file to the server, in pieces, whatever its length.
 *
 * Used by smtp_mail.c. The file's offset is shared with others, so it is read
 * with pread(2); it must have the size that the supervisor knows.
 */
#ifndef WORKERS_DELIVER_SMTP_BODY_H
#define WORKERS_DELIVER_SMTP_BODY_H

#include "workers/deliver/smtp_link.h"

struct smtp_source {
    int fd; /* -1: the message is in memory */
    struct view memory;
    uint64_t size;
};

/* How long it will be, as SIZE counts. 0, or -1 with errno: it cannot be read, or has another size (EIO). */
int smtp_body_measure(const struct smtp_source *s, uint64_t *size);
/*
 * Sends all of it and the dot. 0; -1 with errno when the message cannot be read, or with the link's end: then
 * the server has no whole message. *read: bytes of the file that were sent.
 */
int smtp_body_send(const struct smtp_source *s, struct smtp_link *l, uint64_t *read);

#endif
