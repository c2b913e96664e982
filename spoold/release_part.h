/*
 * release_part.h - what release.c, release_finish.c and release_delete.c share; nobody else includes it.
 */
#ifndef SPOOLD_RELEASE_PART_H
#define SPOOLD_RELEASE_PART_H

#include "spoold/release.h"

/* Puts the words into `why` and returns `end`. */
__attribute__((format(printf, 3, 4))) enum release_end release_end_with(char *why, enum release_end end,
                                                                        const char *fmt, ...);
/* NAME.r, NAME.r2, ... and a suffix. */
const char *release_out_name(const struct quarantine_entry *e, unsigned n, char *to, const char *suffix);
/* Lines count once per (id, event, copy): copies of one message and their releases must not share a number.
 */
unsigned release_copy_number(const struct quarantine_entry *e, unsigned n);
/* NULL: it came from an intake that is not configured any more. */
struct spool_dir *release_outlet(struct depot *d, const struct quarantine_entry *e);
/* These three say in the log what went wrong. */
bool release_move_part(struct depot *d, const struct quarantine_entry *e, enum quarantine_part from,
                       enum quarantine_part to);
bool release_flush(const struct spool_dir *dir);
/* Without a commit all of it is rubbish. 0, or -1 when some of it stays. */
int release_discard(struct depot *d, const struct quarantine_entry *e, unsigned n);
/* From the commit of the nth release on; from any point on. Publishing alone is for a negative control. */
bool release_finish(struct depot *d, const struct quarantine_entry *e, unsigned n);
bool release_publish(struct depot *d, const struct quarantine_entry *e, unsigned n, struct spool_dir *outlet);

#endif
