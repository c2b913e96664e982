/*
 * ctl_reload.h - spoolctl reload: has spoold read its settings again, and tells what came of it.
 *
 * Called by spoolctl.c. Where spool.whatif_on_reload asks for it, in the settings in force or in the new
 * ones, it first shows what the new ones would do with the mail of the past days.
 */
#ifndef TOOLS_CTL_RELOAD_H
#define TOOLS_CTL_RELOAD_H

#include "spoold/config.h"
#include "tools/ctl_request.h"

int ctl_reload_parse(struct ctl_words words, bool *force, struct buf *why);
/* 0: in force. 1: refused, see spool.whatif_on_reload. 75: not now. 100: the settings have mistakes, or one
 * that cannot change. */
int ctl_reload(const struct config *c, bool force, bool json, struct buf *why);

#endif
