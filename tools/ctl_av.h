/*
 * ctl_av.h - "spoolctl av update": runs freshclam(1), then asks spoold to load what it fetched.
 *
 * Called by spoolctl.c. spoold itself never fetches anything: it watches the
 * folder. No shell is used, and freshclam's own settings stay as they are.
 */
#ifndef TOOLS_CTL_AV_H
#define TOOLS_CTL_AV_H

#include "spoold/config.h"

/* Exit code; 1 = not installed, 75 = it failed. What is to be said is added to `why`; with 0 it is no
 * complaint. */
int ctl_av_update(const struct config *c, struct buf *why);
/* The program's path by PATH and the usual folders, the caller's; NULL when it is not installed. */
char *ctl_av_find(const char *program, const char *path);

#endif
