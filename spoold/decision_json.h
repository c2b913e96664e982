/*
 * decision_json.h - what was decided for whom, as it stands in records.
 *
 * For flow_outcome.c and for whoever decides again: the same decision gives the same bytes. Pure.
 */
#ifndef SPOOLD_DECISION_JSON_H
#define SPOOLD_DECISION_JSON_H

#include "common/json.h"
#include "spoold/decide.h"

/*
 * The JSON array [{"to":"1-3,7","weight","level","action","why","threshold","section","key","profile","line",
 * "text","redirect","copy","weights":[..]}], an element for each kind of outcome; `r` is of decide(in). "to":
 * positions in in->rcpt, from 1 on, so that it names no address. "weights": the results that weigh something
 * else than for everybody: {"name","result","weight","line"}. What is empty, or 0, is left out.
 */
void decision_json_make(const struct decide_input *in, const struct decide_result *r, struct buf *to);

#endif
