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

enum flow_decision_form {
    FLOW_DECISION_WHOLE,    /* nothing is cut that would make a line of the journal too long */
    FLOW_DECISION_LINE,     /* for the journal */
    FLOW_DECISION_NAMELESS, /* for one that keeps no addresses: without login, local parts and facts */
};

/* Its members onto an open object. */
void flow_decision_add(struct json *j, const struct msg *m, enum flow_decision_form form);
/* The object for the journal; empty for what was found committed after a restart: what decided about it
 * stands in the line "accepted". */
void flow_decision_make(const struct msg *m, enum flow_decision_form form, struct buf *to);

#endif
