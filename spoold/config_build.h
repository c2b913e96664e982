/*
 * config_build.h - from the settings that were written to the struct with all values.
 *
 * For config.c, when every file and override was read without a mistake.
 */
#ifndef SPOOLD_CONFIG_BUILD_H
#define SPOOLD_CONFIG_BUILD_H

#include "spoold/config_set.h"

/* Takes the set over. `file` may be NULL. Complains where there are too many sections of a kind. */
struct config *config_build(struct config_set *set, const char *file, struct config_errors *errs);

#endif
