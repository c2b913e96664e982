/*
 * flow.h - the way of a message: claim, lock, decide, settle, record.
 *
 * One file per decision: flow_claim.c takes a deposit over, flow_lock.c offers,
 * locks and holds, flow_gate.c lets it wait for a worker, flow_examine.c has it examined, flow_judge.c has it
 * judged, flow_decide.c says what becomes of it, flow_rewrite.c has its copies written, flow_settle.c makes
 * it so, flow_record.c writes it down. flow.c moves a message from step to step.
 */
#ifndef SPOOLD_FLOW_H
#define SPOOLD_FLOW_H

#include "spoold/depot.h"
#include "spoold/msg.h"
#include "spoold/roster.h"

/* flow.c; loop thread. Takes a message over at m->step: it owns it from here on and keeps it in the roster.
 */
void flow_start(struct spoold *s, struct msg *m);
/* A message whose attempts are used up is decided: quarantine/poison, whatever happens to it on the way. */
void flow_poison(const struct spoold *s, struct msg *m);
/* flow_gate.c: lets those go on that waited for a worker. Each turn. */
void flow_gate_run(struct spoold *s);
/* Tries a message that waits in the roster (held, offered) now. */
void flow_wake(struct spoold *s, struct roster_entry *e);

/* flow_claim.c; store thread. */
enum flow_claim_result {
    FLOW_CLAIMED, /* *m is the message, the caller's */
    FLOW_LATER,   /* not complete yet */
    FLOW_NOTHING, /* no such pair, or it is not ours to take */
    FLOW_PROBLEM, /* it will not go away by itself: `problem` says why, in plain words with the cure */
};
struct flow_deposit {
    struct spool_dir *from;
    size_t intake;
    struct view name; /* without suffix, any bytes but NUL and slash */
    struct config_ready ready;
    int64_t retry_ms;     /* out: FLOW_LATER: when to look again, 0 = at the next scan */
    char problem[200];    /* out */
    struct stat eml, hdr; /* out, where they were seen */
};
enum flow_claim_result flow_claim(struct depot *d, struct flow_deposit *dep, struct msg **m);
/* Reads and parses a .hdr. 0; 1 it is broken, err says how; -1 with errno. envelope_free() in every case. */
int flow_read_envelope(const struct spool_dir *dir, const char *name, struct envelope *e,
                       struct envelope_error *err);
/* Opens the .eml of a message in proc for reading and reads its envelope from `suffix`. 0 or -1 with m->err.
 */
int flow_load(struct depot *d, struct msg *m);

/* Steps: store thread. 0, or -1 with m->err and m->err_what set. */
int flow_offer(struct depot *d, struct msg *m);
int flow_lock(struct depot *d, struct msg *m);
int flow_hold(struct depot *d, struct msg *m);
int flow_create(struct depot *d, struct msg *m);
int flow_prepare(struct depot *d, struct msg *m);
int flow_commit(struct depot *d, struct msg *m);
int flow_resume(struct depot *d, struct msg *m);
int flow_content(struct depot *d, struct msg *m);
int flow_envelope(struct depot *d, struct msg *m);
int flow_record(struct depot *d, struct msg *m);
int flow_unlink(struct depot *d, struct msg *m);
int flow_finish(struct depot *d, struct msg *m);
/* Size and time of the claimed bytes are still what they were. Any thread: waits for nothing. */
bool flow_is_unchanged(const struct msg *m);
/* Removes the outputs of an attempt that came to nothing. 0, or -1 when one stays: it is rubbish by its name.
 */
int flow_discard_outs(struct depot *d, struct msg *m);
/* One event; with very many recipients as several lines, which count once together. 0, or -1 with errno. */
int flow_record_event(struct depot *d, const struct event *e);
/* The journal's first line about a message, once; durable with the batch that prepares or holds it. */
int flow_record_accepted(struct depot *d, struct msg *m);

/* flow_decide.c; loop thread, pure: sets fate, class, copies, rest and reason. */
/* Whether what the antispam stage says of it would matter. */
bool flow_decide_wants_judging(const struct spoold *s, const struct msg *m);
/* Whether what a virus scanner says of it would matter. */
bool flow_decide_wants_scan(const struct spoold *s, const struct msg *m);
void flow_decide(const struct spoold *s, struct msg *m);
/* It cannot be examined now: fate HOLD, or quarantine/failed after spool.max_hold. The reason is set. */
void flow_decide_hold(const struct spoold *s, struct msg *m);
/* The worker has counted its Received: fields: a message that runs in a circle goes to quarantine/policy. */
void flow_decide_hops(const struct spoold *s, struct msg *m, uint32_t hops, uint32_t own_hops);

/* Notes the error for the loop; always -1. flow_unreadable: errno, and one of the message's own files is at
 * fault. */
int flow_fail(struct msg *m, int err, const char *what);
int flow_unreadable(struct msg *m, const char *what);

#endif
