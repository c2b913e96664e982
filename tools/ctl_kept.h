/*
 * ctl_kept.h - the settings that records name, from state/config.
 *
 * For the verbs that decide again (ctl_replay.c, ctl_whatif.c), as root or the user of spoold.
 */
#ifndef TOOLS_CTL_KEPT_H
#define TOOLS_CTL_KEPT_H

#include "spoold/config.h"

/* The state folder of these settings, below paths.root where it has no path of its own. -1 with errno. */
int ctl_kept_open_state(const struct config *c);
/* NULL: they are not kept (any more), or what is kept is not what the hash says; `why`, unless it is NULL, gets
 * the reason. config_free() it. */
struct config *ctl_kept_load(int state, const char *hash, struct buf *why);

#endif
