/*
 * positions.h - "1-3,7": which of a message's recipients, by their places in its envelope, from 1 on.
 *
 * In decision records and in the plan of a split (spoold/decision_json.c, flow_plan.c), and for those who
 * read them. Short for many, and it names no address. Pure.
 */
#ifndef COMMON_POSITIONS_H
#define COMMON_POSITIONS_H

#include "common/buf.h"

#define POSITIONS_MAX 999999 /* the greatest one that is read */

/* `at`: indexes from 0 on, ascending. */
void positions_add(struct buf *to, const size_t *at, size_t n);
/* The next run from the front of `list`: first <= last, both from 1 on. False at the end, where the list is
 * empty, or at what is no list: then it stays as it is. */
bool positions_take(struct view *list, size_t *first, size_t *last);

#endif
