/*
 * decision_json.h - what was decided for whom, as it stands in records.
 *
 * For flow_record.c and whoever decides again. Pure.
 */
#ifndef SPOOLD_DECISION_JSON_H
#define SPOOLD_DECISION_JSON_H

#include "common/json.h"
#include "spoold/decide.h"

/*
 * The JSON array [{"rcpt":[..],"weight","level","action","why","profile","line"}], an element for each kind
 * of outcome. It has about `max` bytes: "rcpt_more" counts the addresses that have no room, and a last
 * element has nothing else where there is no room for all of them.
 */
void decision_json_make(const struct decide_result *r, const struct view *rcpt, size_t max, struct buf *to);

#endif
