/*
 * antivirus_part.h - what the files of the antivirus keeper share: antivirus.c (loop), antivirus_look.c
 * (store), antivirus_status.c.
 */
#ifndef SPOOLD_ANTIVIRUS_PART_H
#define SPOOLD_ANTIVIRUS_PART_H

#include "spoold/antivirus.h"
#include "spoold/spoold.h"

#define ANTIVIRUS_MARK "signatures.seen" /* in the state folder */

/* Opens the folder and looks at what is there. Returns its descriptor, the caller's; -1 when it cannot be
 * opened, with l->err. */
int antivirus_look(const struct depot *d, const struct config *cfg, struct antivirus_look *l);
/* kB of the process that holds the signatures; 0 = not known. */
uint64_t antivirus_memory_kb(uint32_t pid);
/* kB that the kernel thinks can be had; 0 = not known. */
uint64_t antivirus_free_kb(void);

#endif
