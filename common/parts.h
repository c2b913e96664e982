/*
 * parts.h - the list of a message's parts, as worker-av tells it and as records and tools show it.
 *
 * Packed by the worker into the output that its JOB brings (a memfd), unpacked by the supervisor and by
 * spoolctl, to whom the bytes are input: every number and length is checked, names are made valid UTF-8
 * without control characters when they are packed and looked at again when they are unpacked.
 */
#ifndef COMMON_PARTS_H
#define COMMON_PARTS_H

#include "common/buf.h"
#include "common/json.h"
#include "common/oddity.h"

#define PARTS_LISTED_MAX 100 /* of one message; more are counted */
#define PARTS_TYPE_MAX   100 /* bytes; longer ones are cut */
#define PARTS_NAME_MAX   255
#define PARTS_PACKED_MAX 65536 /* bytes of a packed list */

enum {
    PARTS_OTHER_READING = 1, /* seen by some readers only */
    PARTS_INSIDE = 2,        /* a file that is written into the text of the part before it */
};
struct parts_item {
    uint32_t flags;
    uint64_t size; /* decoded bytes */
    unsigned char sha256[32];
    char type[PARTS_TYPE_MAX + 1]; /* "text/plain", lower case printable ASCII */
    char name[PARTS_NAME_MAX + 1]; /* UTF-8; "" = none */
};
struct parts {
    uint64_t odd;            /* set of enum oddity */
    uint32_t n;              /* in `item` */
    uint32_t more;           /* not listed */
    struct parts_item *item; /* owned */
};

/* Adds one, but not the same content of the same type and name again; beyond PARTS_LISTED_MAX it is counted.
 * `type` and `name` are hostile bytes. */
void parts_add(struct parts *p, const struct parts_item *numbers, struct view type, struct view name);
void parts_pack(struct buf *to, const struct parts *p);
/* 0, or -1 (EPROTO) when the bytes are no list; `p` zeroed by the caller, owns its items afterwards. */
int parts_unpack(struct view bytes, struct parts *p);
/* Members "parts":[{"type","name","size","sha256","reading":"all"|"some","inside":true?}], "parts_more"
 * (where not 0), and "oddities":["boundaries",...], "ambiguous":true|false onto an open object. */
void parts_add_json(struct json *j, const struct parts *p);
/* The same, where the value of "parts" may take `max` bytes only: the rest is counted in "parts_more". */
void parts_add_json_within(struct json *j, const struct parts *p, size_t max);
/* "boundaries, types": the names of what readers take in different ways; nothing where there is none. */
void parts_add_ambiguous(struct buf *to, const struct parts *p);
/* No list came: a message has at least one part. */
static inline bool parts_is_empty(const struct parts *p)
{
    return !p->n && !p->more && !p->odd;
}
bool parts_is_ambiguous(const struct parts *p);
void parts_free(struct parts *p);

#endif
