/*
 * check_list.h - what judge.c asks the own lists before anything else is judged.
 *
 * For judge.c alone.
 */
#ifndef WORKERS_ANTISPAM_CHECK_LIST_H
#define WORKERS_ANTISPAM_CHECK_LIST_H

#include "workers/antispam/check.h"

/* `state`: that of check_list, or NULL: it is switched off. */
bool check_list_is_whitelisted(const struct judge *j, const void *state);
/* Is the domain of the sender that of each recipient? By the envelope alone; `state` is not needed. */
bool check_list_is_intra_domain(const struct judge *j, const void *state);

#endif
