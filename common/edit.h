/*
 * edit.h - the list of header edits that travels to worker-rewrite as a blob.
 *
 * Written by the supervisor, read by the worker. One edit is: op (1 byte), name
 * length (1 byte), value length (2 bytes, little endian), name, value. Names
 * are field names (RFC 5322 section 2.2: printable ASCII without colon). A value
 * holds printable bytes, blanks, tabs and UTF-8; a line feed only as a fold,
 * directly before a blank or tab; the worker writes it as the line end that the
 * message uses. CR, NUL and other control bytes can neither be packed nor are
 * they accepted when unpacked.
 */
#ifndef COMMON_EDIT_H
#define COMMON_EDIT_H

#include "common/buf.h"

#define EDIT_NAME_MAX    200
#define EDIT_VALUE_MAX   60000
#define EDIT_SUBJECT_MAX 200  /* bytes of what is put in front of a subject */
#define EDIT_ID_MAX      253  /* bytes of an authserv-id */
#define EDIT_MAX         1000 /* edits of one message */

enum edit_op {
    EDIT_PREPEND = 1,   /* put this field at the top; several stand in the order given */
    EDIT_REMOVE_PREFIX, /* remove every field whose name begins so, in any case; value empty */
    EDIT_COUNT_OWN,     /* Received: fields of "by VALUE with spoold" are this host's own; name empty */
    EDIT_SUBJECT,       /* put VALUE in front of the first subject, once; no fold in it; name empty */
    EDIT_REMOVE_AR,     /* remove every Authentication-Results of this authserv-id, a token; name empty */
    EDIT_OP__MAX
};

struct edit {
    enum edit_op op;
    struct view name, value; /* borrowed from the blob */
};

/* Adds one. 0, or -1 (EINVAL) when name or value may not be in a header field; nothing is added then. */
int edit_pack(struct buf *to, enum edit_op op, struct view name, struct view value);
/* May it be an authserv-id that EDIT_REMOVE_AR takes: a token (RFC 2045, 5.1) of 1..EDIT_ID_MAX bytes? */
bool edit_is_id(struct view v);
/* Takes the next one off `rest`. 1; 0 at the end; -1 when the bytes are no list of edits. */
int edit_unpack(struct view *rest, struct edit *e);

#endif
