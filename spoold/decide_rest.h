/*
 * decide_rest.h - what becomes of the recipients who get no copy: one fate for all of them.
 *
 * For flow_outcome.c and whoever decides again. Pure, as decide.h. A message has one fate on disk, so the
 * rest is quarantined or discarded as a whole: where some of it is to be quarantined, all of it is.
 */
#ifndef SPOOLD_DECIDE_REST_H
#define SPOOLD_DECIDE_REST_H

#include "spoold/decide.h"
#include "spoold/decide_whole.h"

/* Whether there is a rest; then `out` is filled. */
bool decide_rest(const struct decide_result *r, struct decide_whole *out);
/* Whether this recipient gets a copy; else he is of the rest. */
bool decide_has_copy(const struct decide_outcome *o);

#endif
