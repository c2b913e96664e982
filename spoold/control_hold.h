/*
 * control_hold.h - the verbs hold, unhold and retry of the control socket.
 *
 * Called through the verb table of control_server.c; loop thread. They find the
 * message by what a person typed; hold.c does the rest. Nothing here looks at a
 * disk, so that they work while it stalls, up to the point where the order is to
 * be written down.
 */
#ifndef SPOOLD_CONTROL_HOLD_H
#define SPOOLD_CONTROL_HOLD_H

#include "spoold/control_server.h"

/* "hold ID", "unhold ID": one line {"id","kept","text"}. "retry ID", "retry all": one line
 * {"tried","kept","text"}. */
control_answer control_hold, control_unhold, control_retry;

#endif
