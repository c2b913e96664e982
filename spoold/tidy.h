/*
 * tidy.h - housekeeping between messages: room on the disk, journal, ledger, counters.
 */
#ifndef SPOOLD_TIDY_H
#define SPOOLD_TIDY_H

#include "spoold/spoold.h"

/* Queues one round for the store. */
void tidy_start(struct spoold *s);
/* Loop side, each turn: whether the store stalls, whether the intakes are open; keeps alarms and marks right.
 */
void tidy_watch(struct spoold *s);

#endif
