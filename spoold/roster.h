/*
 * roster.h - every BASE that the loop knows, and where it stands.
 *
 * Loop thread only. recover.c leaves alone what is in here. A message in work
 * is a struct msg; one that waits (held, offered to other programs, resting
 * after an error) is this entry only, so that many of them cost little.
 */
#ifndef SPOOLD_ROSTER_H
#define SPOOLD_ROSTER_H

#include "spoold/msg.h"

/* The reason of a message that an administrator keeps. No other reason is this one; it is also how a restart
 * knows it, from the ledger. */
#define ROSTER_KEPT "held by the administrator"

enum roster_state {
    ROSTER_WORK,
    ROSTER_HELD,
    ROSTER_OFFERED, /* other programs may take it; also while one of them has it */
    ROSTER_RESTING, /* after an error: looked up on disk again when it is due */
    ROSTER_STATE__MAX
};

struct roster_entry {
    struct base base;
    enum roster_state state;
    struct msg *msg; /* owned by the flow; NULL unless in work */
    uint64_t size;
    int64_t due;      /* monotonic ms; waiting states */
    int64_t since_ms; /* wall clock: in this state */
    int64_t first_ms; /* wall clock: first held */
    unsigned attempt, tries;
    bool keep_attempt;
    bool unserved;               /* held only because no worker was there for it */
    uint32_t outs_eml, outs_hdr; /* outputs that could not be removed yet; as in struct msg */
    bool json_out;
    char *reason;    /* owned or NULL */
    char *from, *to; /* owned or NULL: sender and first recipient of one that waits */
    size_t to_count;
};

struct roster {
    void *tree; /* tsearch(3), by BASE */
    size_t count[ROSTER_STATE__MAX];
    int64_t next_due; /* earliest due of the waiting ones, INT64_MAX = none */
};

/* NULL when it is not there. */
struct roster_entry *roster_find(const struct roster *r, const struct base *b);
/* Finds or adds; a new entry is in state WORK. The roster owns it. */
struct roster_entry *roster_add(struct roster *r, const struct base *b);
void roster_remove(struct roster *r, struct roster_entry *e);
void roster_set_state(struct roster *r, struct roster_entry *e, enum roster_state state);
/* Lets it wait until `due`. */
void roster_set_due(struct roster *r, struct roster_entry *e, int64_t due);
void roster_set_reason(struct roster_entry *e, const char *reason);
void roster_set_people(struct roster_entry *e, struct view from, struct view to, size_t to_count);
/* In order of BASE. fn must not add or remove. */
void roster_each(const struct roster *r, void (*fn)(struct roster_entry *e, void *arg), void *arg);
/* Up to `max` waiting entries whose time has come, into `to`; also works out next_due anew. Returns their
 * number. */
size_t roster_take_due(struct roster *r, int64_t now, struct roster_entry **to, size_t max);
/* After an error, with its rest over: the next look at proc decides. */
bool roster_is_looked_for(const struct roster_entry *e);
/* Held until an administrator lets it go (hold.h). */
bool roster_is_kept(const struct roster_entry *e);
const char *roster_state_name(enum roster_state s);
void roster_fini(struct roster *r);

#endif
