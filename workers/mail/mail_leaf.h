/*
 * mail_leaf.h - what a part that is no multipart holds, decoded: each content that some reader makes of it.
 *
 * Called by worker-av for every leaf of every reading, and later by the checks (which take the first content
 * only). One content at a time in one buffer that is used again. The bytes are hostile.
 */
#ifndef WORKERS_MAIL_LEAF_H
#define WORKERS_MAIL_LEAF_H

#include "common/buf.h"
#include "common/oddity.h"
#include "workers/mail/mail_base64.h"
#include "workers/mail/mail_encoding.h"
#include "workers/mail/mail_uu.h"

struct mail_content {
    struct view bytes; /* valid until the next call */
    enum oddity
        odd; /* why there is this one beside the first; ODDITY_NONE: the first one, or a file in its text */
    struct view name; /* of a file that is written into the text; else empty */
    bool inside;      /* it is such a file */
};
struct mail_leaf {
    struct view body;
    enum mail_encoding encoding;
    struct buf usual, other; /* decoded; owned */
    uint64_t met;            /* oddities: bits 1 << enum oddity, of what was met so far */
    unsigned ways;           /* still to do; see mail_leaf.c */
    bool begun;              /* the usual reading was given */
    enum oddity why;         /* of its other readings; ODDITY_TRUNCATED: base64 as honest programs break it */
    struct view first;       /* the usual content */
    size_t shorter[MAIL_BASE64__MAX]; /* sizes of contents that were its beginning */
    unsigned shorter_n;
    struct mail_uu uu;
    unsigned inside; /* files given */
};

/* `l` zeroed, or used before: its buffers are kept. `body` stays the caller's. */
void mail_leaf_open(struct mail_leaf *l, struct view body, enum mail_encoding encoding);
/* First the usual reading; then, where bytes break the rules of their encoding, each other reading that gives
 * other bytes; then the files that are written into the text (uuencode, yEnc), at most MAIL_INSIDE_MAX
 * (ODDITY_INSIDE_MAX). An encoding of none: `bytes` is a part of `body`, nothing is copied. False: no more.
 */
bool mail_leaf_next(struct mail_leaf *l, struct mail_content *c);
void mail_leaf_free(struct mail_leaf *l);

#endif
