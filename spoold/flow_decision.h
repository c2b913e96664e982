/*
 * flow_decision.h - the decision record: why a message became what it became.
 *
 * For flow_record.c. It stands in the journal's line "accepted", durable before the commit, and in the .json
 * of a quarantined message. replay.h reads it again.
 */
#ifndef SPOOLD_FLOW_DECISION_H
#define SPOOLD_FLOW_DECISION_H

#include "common/json.h"
#include "spoold/msg.h"

/* Its members onto an open object. `whole`: nothing is cut that would make a line of the journal too long. */
void flow_decision_add(struct json *j, const struct msg *m, bool whole);
/* The object for the journal; empty for what was found committed after a restart: what decided about it
 * stands in the line "accepted". */
void flow_decision_make(const struct msg *m, struct buf *to);

#endif
