/*
 * flow_plan.h - which recipients each copy of a split message has, written down before the commit.
 *
 * In BASE.json.out: with send and drop it is all that stands there and goes with the originals; with
 * quarantine it is a member of the entry's record. Read when a message is found committed after a crash.
 */
#ifndef SPOOLD_FLOW_PLAN_H
#define SPOOLD_FLOW_PLAN_H

#include "common/json.h"
#include "spoold/depot.h"
#include "spoold/msg.h"

/* Not where one copy goes to all, or nothing is copied: then there is nothing to mix up. */
bool flow_plan_is_needed(const struct msg *m);
/* "copies":[{"copy":1,"to":"1-3,7","redirect":"a@example.org"}]; positions of recipients begin with 1. */
void flow_plan_add_json(const struct msg *m, struct json *j);
/* The whole file for send and drop. */
void flow_plan_make(const struct msg *m, struct buf *to);
/* Fills in the copies; false, and none, when there is no plan of this message, or it is damaged. */
bool flow_plan_read(struct depot *d, struct msg *m);
/* Exposed for tests and fuzzing: `text` is the file. */
bool flow_plan_parse(struct msg *m, struct view text);

#endif
