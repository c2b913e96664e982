/*
 * rewrite_owed.h - what the field scanner owes its output: the line end behind what was kept, a name in
 * doubt.
 *
 * The other half of rewrite_field.c, apart because it decides nothing about
 * names: it writes, holds and drops. The state is in struct rewrite_field.
 */
#ifndef WORKERS_REWRITE_OWED_H
#define WORKERS_REWRITE_OWED_H

#include "workers/rewrite_field.h"

void rewrite_owed_put_eol(struct rewrite_field *f, const struct rewrite_eol *e);
/* The line end before what is written next; it is owed no more. */
void rewrite_owed_put_before(struct rewrite_field *f);
/* The same, and then all that is held. */
void rewrite_owed_put_held(struct rewrite_field *f);
/* The field whose name is held is removed, with what is held. */
void rewrite_owed_drop(struct rewrite_field *f);
/* False: that would be more runs than `max`. */
bool rewrite_owed_hold(struct rewrite_field *f, char c, uint64_t count, size_t max);
/* A new field begins: if the one before it was removed, one of the line ends around it stays. */
void rewrite_owed_settle(struct rewrite_field *f);

#endif
