/*
 * control_freeze.h - the verbs freeze and thaw: nothing new begins, and that outlives a restart.
 *
 * Called through the verb table of control_server.c, by main.c at start, and
 * asked by loop.c and flow_gate.c through s->frozen. Frozen: the intakes are
 * stopped and no attempt begins; what is in work comes to its end, what is
 * decided is published. The file state/frozen is the memory of it.
 */
#ifndef SPOOLD_CONTROL_FREEZE_H
#define SPOOLD_CONTROL_FREEZE_H

#include "spoold/control_server.h"

#define CONTROL_FREEZE_FILE "frozen" /* in the state folder */
#define CONTROL_FREEZE_WHY  "it is frozen by the administrator (spoolctl thaw ends that)"

/* At start: frozen, if it was so before. */
void control_freeze_open(struct spoold *s);
/* One line {"frozen","in_work","text"}, when the file is on disk, or gone from it. */
control_answer control_freeze, control_thaw;

#endif
