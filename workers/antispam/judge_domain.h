/*
 * judge_domain.h - the organisational domain of a name (RFC 7489, 3.2), by the Public Suffix List.
 *
 * Opened by judge.c in the loader, asked through judge_domain_org() by the checks. The only file that knows
 * libpsl. The names are hostile.
 */
#ifndef WORKERS_ANTISPAM_JUDGE_DOMAIN_H
#define WORKERS_ANTISPAM_JUDGE_DOMAIN_H

#include "common/buf.h"

struct judge_domain;

/* The list of the system, or that within libpsl where that is newer. NULL, with the reason in `why`: none. */
struct judge_domain *judge_domain_open(struct buf *why);
void judge_domain_free(struct judge_domain **d);
/* The end of `domain` (ASCII, lower case); all of it where it is a public suffix, an address or no name. */
struct view judge_domain_find(const struct judge_domain *d, struct view domain);

#endif
