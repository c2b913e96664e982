/*
 * mail_shape.h - what the fields of a header make of its body: each reading of type, boundary and encoding.
 *
 * Called by mail_tree.c for each header. The usual reading comes first; the others carry the
 * reason why there is more than one. Pure: views and copies in the arena. The bytes are hostile.
 */
#ifndef WORKERS_MAIL_SHAPE_H
#define WORKERS_MAIL_SHAPE_H

#include "workers/mail/mail.h"

#define MAIL_SHAPES_MAX 64

struct mail_shape {
    enum mail_kind kind; /* LEAF, MULTIPART or MESSAGE */
    struct view type, subtype;
    const struct mail_type *content, *disposition;
    struct view boundary; /* MULTIPART; empty and `guess`: not told */
    bool guess, digest;
    bool strict; /* the boundary of a strict reader: counts where whole lines are such delimiters */
    enum mail_encoding encoding;
    enum oddity why;
};
struct mail_shapes {
    struct mail_shape shape[MAIL_SHAPES_MAX];
    unsigned n;
    uint64_t odd; /* limits, and what is only told */
};

/* `digest`: a part of multipart/digest, which is a message where it has no type. */
void mail_shape_find(struct mail_arena *a, const struct mail_header *h, bool digest, struct mail_shapes *to);

#endif
