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
void flow_gate(struct spoold *s, struct msg *m);
/* It leaves the flow, for whatever reason: the next one that must be alone may begin. */
void flow_gate_leave(struct spoold *s, const struct msg *m);

/* flow_rewrite.c: has worker-rewrite fill the copies, then goes on with MSG_STEP_PREPARE. */
void flow_rewrite(struct spoold *s, struct msg *m);

#endif
