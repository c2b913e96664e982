/*
 * flow_part.h - what the files of the flow's loop side share; nobody else includes it.
 */
#ifndef SPOOLD_FLOW_PART_H
#define SPOOLD_FLOW_PART_H

#include "spoold/flow.h"

/* flow.c: does m->step. */
void flow_go(struct spoold *s, struct msg *m);
/* The step failed with m->err: held, given up or laid to rest, by what it was. */
void flow_failed(struct spoold *s, struct msg *m);
/* Tried again after a while, its attempt given back. */
void flow_put_on_hold(struct spoold *s, struct msg *m);
/* Not examined now, through no fault of its own: on hold with the attempt given back, due at once. */
void flow_give_back(struct spoold *s, struct msg *m);
/* Leaves the flow as it stands on disk, and is looked up there again after wait_ms. */
void flow_rest(struct spoold *s, struct msg *m, int64_t wait_ms);

/* flow_gate.c: before an attempt begins. */
/* No worker serves, and that for longer than messages wait in memory. */
bool flow_gate_is_shut(const struct spoold *s);
/* It was held so long that it must be decided now (spool.max_hold), although the virus scanner is missing;
 * not because spoold itself was away: the scanner has its time to start first. */
bool flow_gate_is_too_old(const struct spoold *s, unsigned tries, int64_t since_ms);
void flow_gate(struct spoold *s, struct msg *m);
/* It leaves the flow, for whatever reason: the next one that must be alone may begin. */
void flow_gate_leave(struct spoold *s, struct msg *m);
/* Its virus scan is over: the next big one may begin. */
void flow_gate_examined(struct spoold *s, struct msg *m);

/* flow_examine.c: has worker-av look for viruses, then goes on with MSG_STEP_JUDGE. */
void flow_examine(struct spoold *s, struct msg *m);

/* flow_judge.c: has worker-antispam judge it, then goes on with MSG_STEP_DECIDE. */
void flow_judge(struct spoold *s, struct msg *m);

/* flow_worker.c: how a stage that asked a worker goes on when that failed. */
/* The worker died over it or lied about it. */
void flow_worker_charge(struct spoold *s, struct msg *m, const struct pool_outcome *o);
/* It was not done, and the reason is set: held, or to quarantine/failed when that has gone on for too long.
 */
void flow_worker_hold(struct spoold *s, struct msg *m);
/* The worker met this errno: held, or given up after spool.max_hold. */
void flow_worker_io(struct spoold *s, struct msg *m, int err);
/* The worker read other bytes than were claimed. */
void flow_worker_bytes(struct spoold *s, struct msg *m);
void flow_worker_fail(struct spoold *s, struct msg *m, int err, const char *what);

/* flow_rewrite.c: has worker-rewrite fill the copies, then goes on with MSG_STEP_PREPARE. */
void flow_rewrite(struct spoold *s, struct msg *m);

#endif
