/*
 * rewrite_ar.h - whose is an Authentication-Results field (RFC 8601)? Reads no more of it than its
 * authserv-id.
 *
 * Called by the rewriting engine for fields of that name. Pure, one pass; the bytes are hostile: who wrote
 * the field may want one reader to see this host's name in it and another one not to.
 */
#ifndef WORKERS_REWRITE_AR_H
#define WORKERS_REWRITE_AR_H

#include "common/view.h"

enum rewrite_ar {
    REWRITE_AR_OTHER,
    REWRITE_AR_OURS,
    REWRITE_AR_UNCLEAR, /* no reader can tell, or not from so few bytes */
};

/* `field` is what stands behind the name, the colon and folds included; `whole`: the field ends with it. */
enum rewrite_ar rewrite_ar_read(struct view field, bool whole, struct view id);

#endif
