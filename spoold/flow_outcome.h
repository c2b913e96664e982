/*
 * flow_outcome.h - what the antispam stage's verdict makes of a message in work: copies, quarantine, discard.
 *
 * For flow_decide.c, when nothing else has decided.
 */
#ifndef SPOOLD_FLOW_OUTCOME_H
#define SPOOLD_FLOW_OUTCOME_H

#include "spoold/msg.h"

/* Fills in fate, copies, rest and reason; each recipient is in one copy or in the rest. */
void flow_outcome(const struct spoold *s, struct msg *m);

#endif
