/*
 * kept.h - state/config/HASH.ini: the settings by which records say that they were decided.
 *
 * Store thread, and main.c before it runs. A file is durable before its settings are in force, is touched
 * once a day while they are, and is removed when no day of the journal can name it any more. Its text is that
 * of config_kept.h.
 */
#ifndef SPOOLD_KEPT_H
#define SPOOLD_KEPT_H

#include "spoold/depot.h"

/* How much longer than the journal: a day since it was touched, the journal's day, one to spare. */
#define KEPT_LONGER_MS INT64_C(259200000)

/* At start: writes the settings in force. Fatal on failure. */
void kept_open(struct depot *d);
void kept_close(struct depot *d);
/* Durable when it returns 0; else -1 with errno. One that is there already, whole, is only touched. */
int kept_write(const struct depot *d, const struct config *c);
/* A slice of housekeeping; 1: there is more to do. */
int kept_tidy(struct depot *d);

#endif
