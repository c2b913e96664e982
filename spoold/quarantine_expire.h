/*
 * quarantine_expire.h - the walk over quarantine that mends what a kill left, and deletes what is too old.
 *
 * Called by tidy.c, a slice each time; its memory hangs on the depot.
 */
#ifndef SPOOLD_QUARANTINE_EXPIRE_H
#define SPOOLD_QUARANTINE_EXPIRE_H

#include "spoold/depot.h"

/* One bounded slice: 1 = there is more to do now, 0 = not before the next walk is due. */
int quarantine_expire_slice(struct depot *d);
/* Whether the first walk has come to its end: everything that a kill left has been looked at. */
bool quarantine_expire_walked(const struct depot *d);
void quarantine_expire_fini(struct depot *d);

#endif
