/*
 * ctl_record_part.h - what ctl_record.c and ctl_record_files.c share; nobody else includes it.
 */
#ifndef TOOLS_CTL_RECORD_PART_H
#define TOOLS_CTL_RECORD_PART_H

#include "tools/ctl_record.h"

/* Where nothing is known so far of the message whose id ends with `tail`: looks for the record of its
 * quarantine entry, and for its files in proc. */
void ctl_record_find_files(const struct config *c, struct view tail, struct ctl_record *to);
/* What the journal does not say, from the record: times and sizes of an entry, and recipients. `text` has
 * room for as many bytes as the record has. */
void ctl_record_take_entry(struct ctl_record *r);

#endif
