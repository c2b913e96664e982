/*
 * recover.h - from what stands on disk to what is to be done: the state table of protocol.md section 4.
 *
 * Start, restart after a crash and the steady look at proc are the same code.
 * The ledger is not asked what a state means.
 */
#ifndef SPOOLD_RECOVER_H
#define SPOOLD_RECOVER_H

#include "spoold/flow.h"

enum recover_state {
    RECOVER_NONE,    /* no envelope */
    RECOVER_CLAIMED, /* .hdr.c */
    RECOVER_OFFERED, /* .hdr */
    RECOVER_WORK,    /* .hdr.wN */
    RECOVER_HELD,    /* .hdr.hN */
    RECOVER_SEND,
    RECOVER_QUARANTINE,
    RECOVER_DROP,
    RECOVER_FOREIGN, /* an envelope suffix that is not ours */
};

/* One BASE as it stands in proc. */
struct recover_found {
    struct base base;
    enum recover_state state;
    unsigned envelopes; /* how many BASE.hdr* there are; more than one is impossible */
    unsigned n;         /* of .wN, .hN */
    enum spool_class class;
    char suffix[32];  /* of the envelope */
    char release[32]; /* of the outputs of a release: ".r", ".2.r3"; one at a time */
    bool eml, json_out, release_eml, release_hdr, released, unknown;
    uint32_t outs_eml, outs_hdr;
    /* Looked up for rows 1 to 6 only: */
    bool eml_stamp_ok, hdr_stamp_ok;
    char peer[MSG_NAME_MAX]; /* the missing half's file name in an intake, "" = none */
    size_t peer_intake;
    /* From the ledger, for held ones: when to try again; 0 = not known. */
    int64_t since_ms, next_ms;
    unsigned tries;
    char reason[128];
};

enum recover_action {
    RECOVER_ALARM, /* touch nothing */
    RECOVER_WAIT,  /* an outside program is at it */
    RECOVER_START,
    RECOVER_OFFER,
    RECOVER_REDO,
    RECOVER_HOLD,
    RECOVER_FINISH,
    RECOVER_TAKE_ENVELOPE, /* the rest of a torn claim */
    RECOVER_TAKE_CONTENT,
    RECOVER_PARK_CONTENT, /* to quarantine/failed */
    RECOVER_PARK_ENVELOPE,
    RECOVER_GIVE_BACK,
    RECOVER_UNDO_RELEASE,
    RECOVER_FINISH_RELEASE,
    RECOVER_PARK_STRAY,
    RECOVER_ACTION__MAX
};

struct recover_row {
    int number; /* row of protocol.md section 4; 0 = any state not listed */
    bool (*is)(const struct recover_found *f, bool stage);
    enum recover_action action;
    const char *meaning;
};

/* The first row that fits; never NULL. `stage`: external_stage is on. Pure. */
const struct recover_row *recover_classify(const struct recover_found *f, bool stage);
/* Adds one file name of proc to what is known of its BASE. -1 when it is no BASE plus suffix. Pure. */
int recover_parse_name(struct recover_found *f, struct view name);
/* Whether a second parse_name result belongs to the same BASE: folds `one` into `f`. Pure. */
void recover_merge(struct recover_found *f, const struct recover_found *one);

/* recover_look.c; loop thread: a look at proc is queued for the store, now or with the next turn. */
void recover_look(struct spoold *s);
void recover_look_soon(struct spoold *s);
/* The intake that a BASE came from; SIZE_MAX when the configuration has none of that name. */
size_t recover_intake(const struct config *c, const struct base *b);

/* recover_repair.c; store thread: what needs no flow. True when proc has changed and should be looked at
 * again. */
bool recover_repair(struct depot *d, const struct recover_found *f, const struct recover_row *row);
/* Whether recover_repair() has something to do for this row. Pure. */
bool recover_is_repair(const struct recover_found *f, const struct recover_row *row);
/* Fills in the facts that rows 1 to 6, 17 and 18 ask for. */
void recover_gather(struct depot *d, struct recover_found *f);

#endif
