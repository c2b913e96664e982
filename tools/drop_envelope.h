/*
 * drop_envelope.h - turns spooldrop's arguments into the bytes of a .hdr file.
 *
 * Called by spooldrop.c before standard input is read, so that a bad address
 * costs no disk work. Pure: no files, no clock, no environment. It trusts none
 * of the strings: they come from a remote SMTP client by way of an MTA, and one
 * line feed in them would be a forged envelope line.
 */
#ifndef TOOLS_DROP_ENVELOPE_H
#define TOOLS_DROP_ENVELOPE_H

#include "common/buf.h"

#include <time.h>

#define DROP_ENVELOPE_VALUE_MAX 1024 /* bytes of one value; RFC 5321 has no longer argument */

/* One per key line; the order here is the order in the file. */
enum drop_key {
    DROP_KEY_IP,
    DROP_KEY_HELO,
    DROP_KEY_AUTH,
    DROP_KEY_BODY,
    DROP_KEY_SMTPUTF8,
    DROP_KEY_ENVID,
    DROP_KEY_RET,
    DROP_KEY_NOTIFY,
    DROP_KEY_PROTOCOL,
    DROP_KEY__MAX
};

/* Everything borrowed, usually from argv. */
struct drop_envelope {
    const char *sender; /* "" or "<>": the null reverse-path */
    const char *const *rcpt;
    size_t rcpt_n;
    const char *value[DROP_KEY__MAX]; /* NULL or "": no such line */
};

/* 0 with the whole .hdr added to `out`; else EXIT_USAGE_64 or EXIT_DATA_65 with the reason added to `why`. */
int drop_envelope_pack(const struct drop_envelope *e, time_t received, struct buf *out, struct buf *why);
/* Adds 's' for a message to a person: only printable ASCII, cut when it is long. */
void drop_envelope_add_quoted(struct buf *b, const char *s);

#endif
