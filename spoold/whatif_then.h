/*
 * whatif_then.h - what new settings weigh that was not asked under those by which a message was decided.
 *
 * For whatif.c, made once for each configuration that records name. Pure.
 */
#ifndef SPOOLD_WHATIF_THEN_H
#define SPOOLD_WHATIF_THEN_H

#include "common/antispam.h"
#include "spoold/config.h"

/* A check, list or rule of the new settings, with all that its results could weigh; 0 is among it. */
struct whatif_item {
    enum check check;
    struct view name; /* memory of the new settings; empty: a plain check */
    int64_t low, high;
    bool other; /* what has this name in records answers another question */
};
struct whatif_then {
    char *hash;               /* owned: the configuration's */
    bool known;               /* its text is kept */
    bool antispam;            /* where known: mail was judged */
    struct whatif_item *item; /* owned: what a record may lack */
    size_t n;
};
/* What is not known of a message: its weight under the new settings is its known part and low to high. */
struct whatif_unknown {
    int64_t low, high;
    const struct whatif_item *widest; /* NULL: all is known */
};

/* `then` is NULL where its text is not kept. */
void whatif_then_make(struct whatif_then *t, const struct config *then, const struct config *now);
void whatif_then_free(struct whatif_then *t);
void whatif_then_unknown(const struct whatif_then *t, const struct config *now,
                         const struct antispam_verdict *v, struct whatif_unknown *out);
/* "[rbl zen] was not asked then" */
void whatif_then_add_reason(const struct whatif_item *i, struct buf *to);

#endif
