/*
 * judge_from.h - From as its readers see it: the addresses of all its fields, and the domains they name.
 *
 * Called by judge_mail.c once for each message. Several From fields, several mailboxes and a broken grammar
 * are what a forger works with: whatever some reader shows as a domain is one here. The bytes are hostile.
 */
#ifndef WORKERS_ANTISPAM_JUDGE_FROM_H
#define WORKERS_ANTISPAM_JUDGE_FROM_H

#include "workers/antispam/check.h"

/* Fills the members of j->mail that begin with `from`; those of the header are there already. */
void judge_from_read(struct judge *j);

#endif
