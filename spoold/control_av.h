/*
 * control_av.h - the verb "av" of the control socket: how the engine stands, and the order to load anew.
 *
 * Called through the verb table of control_server.c; loop thread. Both words are
 * answered from memory at once: a reload goes on after the answer, and "av status"
 * tells how far it is. Never looks at the folder of signatures itself.
 */
#ifndef SPOOLD_CONTROL_AV_H
#define SPOOLD_CONTROL_AV_H

#include "spoold/control_server.h"

/* "av status": one line with the object "antivirus". "av reload": one line {"asked":true}. */
control_answer control_av;

#endif
