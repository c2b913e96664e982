/*
 * role_settings.h - what the loader of each role is given: its settings, and what it is to load from.
 *
 * For struct pool_options; called by the pool before each LOAD, in spoold's loop and in `spoolctl check`.
 */
#ifndef SPOOLD_ROLE_SETTINGS_H
#define SPOOLD_ROLE_SETTINGS_H

#include "common/buf.h"
#include "common/role.h"

struct spoold;

/* Adds to `settings`; *dir is a descriptor that the pool closes, or -1. */
void role_settings_load(struct spoold *s, enum role role, struct buf *settings, int *dir);

#endif
