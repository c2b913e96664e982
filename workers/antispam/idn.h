/*
 * idn.h - a domain as it stands in mail or in a link, in the form that the DNS knows.
 *
 * Used by judge_from.c and uribl_names.c. Pure; the bytes are hostile.
 */
#ifndef WORKERS_ANTISPAM_IDN_H
#define WORKERS_ANTISPAM_IDN_H

#include "common/facts.h"

#define IDN_MAX 600 /* bytes of a domain in UTF-8; a longer one cannot be a name */

/* Lower case, no last dot, A-labels (RFC 5890; UTS 46 as browsers and mail readers do it: full width letters,
 * ideographic dots), into `to`. Its length; 0: it is no name. */
size_t idn_to_name(struct view domain, char to[FACTS_NAME_MAX + 1]);

#endif
