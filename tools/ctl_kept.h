/*
 * ctl_kept.h - the settings that records name, from state/config.
 *
 * For the verbs that decide again (ctl_replay.c, ctl_whatif.c), as root or the user of spoold.
 */
#ifndef TOOLS_CTL_KEPT_H
#define TOOLS_CTL_KEPT_H

#include "spoold/config.h"

/* `state`: the state folder, to be read. NULL: they are not kept (any more), or what is kept is not what the
 * hash says; the reason is added to `why`. config_free() it. */
struct config *ctl_kept_load(int state, const char *hash, struct buf *why);

#endif
