/*
 * root.h - prepares one instance before mail flows: folders, rights, locks, file systems, user.
 */
#ifndef SPOOLD_ROOT_H
#define SPOOLD_ROOT_H

#include "spoold/depot.h"

/*
 * Creates what is missing below paths.root, opens every directory, takes the
 * locks, refuses unsafe file systems, and gives up root for good. After it no
 * absolute path is resolved any more. Every failure is fatal with the cure in
 * the message; exit code 100 where the configuration or the rights are at fault
 * and when another instance holds the lock.
 */
void root_prepare(struct depot *d, const struct config *cfg);

#endif
