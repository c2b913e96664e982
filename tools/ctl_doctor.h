/*
 * ctl_doctor.h - spoolctl doctor: is this machine fit for spoold, and is anything left lying about?
 *
 * Called by spoolctl.c. Looks at the settings, the folders, the system and, where
 * it answers, the running spoold; changes nothing. One line for each finding with
 * its cure. May be run by anybody, but sees most as root or as spoold's user.
 */
#ifndef TOOLS_CTL_DOCTOR_H
#define TOOLS_CTL_DOCTOR_H

#include "spoold/config.h"

/* 0, or EXIT_FINDING when something is bad. */
int ctl_doctor(const struct config *c, bool json);
/* The settings cannot be read: `complaints`, one a line, are the findings. EXIT_FINDING. */
int ctl_doctor_config(const struct buf *complaints, bool json);

#endif
