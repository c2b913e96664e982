/*
 * decide_whole.h - what becomes of a message as a whole, whoever its recipients are.
 *
 * For flow_decide.c, and for whoever decides again. Pure, as decide.h. Asked in this order: whether it is
 * sound, what the virus scanner said, and, when its recipients have been decided about (decide.h) and it was
 * read, whether it goes in circles.
 */
#ifndef SPOOLD_DECIDE_WHOLE_H
#define SPOOLD_DECIDE_WHOLE_H

#include "common/antivirus.h"
#include "common/envelope.h"
#include "spoold/spool.h"

#define DECIDE_REASON_MAX 240 /* bytes, NUL included */

/* Which rule has decided; words of the record. */
enum decide_by {
    DECIDE_BY_NOTHING, /* not yet */
    DECIDE_BY_RECIPIENTS,
    DECIDE_BY_SIZE,
    DECIDE_BY_ENVELOPE,
    DECIDE_BY_VIRUS,
    DECIDE_BY_UNEXAMINED,
    DECIDE_BY_AMBIGUOUS,
    DECIDE_BY_LOOP,
    DECIDE_BY_HELD,   /* for longer than spool.max_hold */
    DECIDE_BY_WORKER, /* each attempt failed, or it cannot be read */
    DECIDE_BY_TEST,
    DECIDE_BY__MAX
};
enum decide_way { DECIDE_WAY_QUARANTINE, DECIDE_WAY_DROP, DECIDE_WAY_HOLD };

struct decide_whole_input {
    const struct config *cfg;
    uint64_t size;
    bool broken; /* its envelope is; the reason is the parser's and stays as it is */
    enum envelope_status status;
    enum antivirus_state state;
    enum antivirus_why why;
    struct view text;         /* name of the virus, or words to `why` */
    struct view ambiguous_by; /* parts_add_ambiguous(); empty: all readers agree */
    uint32_t hops, own_hops;  /* Received fields, and those of this very host */
};
struct decide_whole {
    enum decide_by by;
    enum decide_way way;
    enum spool_class class;         /* of QUARANTINE */
    char reason[DECIDE_REASON_MAX]; /* "" where the envelope is broken */
};

/* Each: whether it has decided; only then `out` is filled. */
bool decide_whole_unsound(const struct decide_whole_input *in, struct decide_whole *out);
bool decide_whole_scanned(const struct decide_whole_input *in, struct decide_whole *out);
bool decide_whole_loops(const struct decide_whole_input *in, struct decide_whole *out);
const char *decide_by_name(enum decide_by by);
/* "quarantine", "discard", "hold": the fate in records. */
const char *decide_way_name(enum decide_way way);
/* DECIDE_BY__MAX: it is none of them. */
enum decide_by decide_by_find(struct view name);

#endif
