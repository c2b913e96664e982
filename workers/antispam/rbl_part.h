/*
 * rbl_part.h - the reader of `results`, for rbl_settings.c and the tests, and nobody else.
 *
 * Settings are the administrator's.
 */
#ifndef WORKERS_ANTISPAM_RBL_PART_H
#define WORKERS_ANTISPAM_RBL_PART_H

#include "workers/antispam/rbl_zone.h"

/* The words of `results` into z->result. NULL, or what is wrong with `*word`. */
const char *rbl_part_read_results(struct rbl_zone *z, struct view results, struct view *word);

#endif
