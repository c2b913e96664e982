/*
 * ctl_check_decide.h - what spoold would do with an examined file, for "spoolctl check".
 *
 * Called by ctl_check.c and ctl_check_judge.c once for each file. Pure.
 */
#ifndef TOOLS_CTL_CHECK_DECIDE_H
#define TOOLS_CTL_CHECK_DECIDE_H

#include "tools/ctl_check.h"

struct antispam_verdict;

/* Fills f->decided. `v`: what the antispam stage found; NULL: it did not judge. */
void ctl_check_decide(const struct config *c, const struct ctl_check_about *about, struct ctl_check_file *f,
                      const struct antispam_verdict *v);
void ctl_check_decided_free(struct ctl_check_decided *d);

#endif
