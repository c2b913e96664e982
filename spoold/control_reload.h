/*
 * control_reload.h - spoolctl reload: which settings are read, and the order to read them again.
 *
 * A handler of control_server.c; reload.c does it.
 */
#ifndef SPOOLD_CONTROL_RELOAD_H
#define SPOOLD_CONTROL_RELOAD_H

#include "spoold/control_server.h"

control_answer control_reload;

#endif
