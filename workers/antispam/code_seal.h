/*
 * code_seal.h - takes the right to write from compiled patterns.
 *
 * Called by role_antispam.c in the loader, once all patterns are compiled.
 */
#ifndef WORKERS_ANTISPAM_CODE_SEAL_H
#define WORKERS_ANTISPAM_CODE_SEAL_H

#include "common/buf.h"

/* Every page of this process that can be written and executed can only be read and executed afterwards. 0, or
 * -1 with the reason. `*pages`: how many ranges there were. */
int code_seal(unsigned *ranges, struct buf *why);
/* The same over the text of a maps file, for tests: the n-th such range. False: there is none. */
bool code_seal_find(struct view maps, unsigned n, unsigned long *from, unsigned long *to);

#endif
