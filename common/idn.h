/*
 * idn.h - a domain as it stands in mail or in a link, in the form that the DNS knows.
 *
 * Used by checks (judge_from.c, uribl_names.c, names.c), and for addresses of recipients (decide_profile.c).
 * Pure; the bytes are hostile.
 */
#ifndef COMMON_IDN_H
#define COMMON_IDN_H

#include "common/facts.h"

#define IDN_MAX 600 /* bytes of a domain in UTF-8; a longer one cannot be a name */

/* Lower case, no last dot, A-labels (RFC 5890; UTS 46 as browsers and mail readers do it: full width letters,
 * ideographic dots), into `to`. Its length; 0: it is no name. */
size_t idn_to_name(struct view domain, char to[FACTS_NAME_MAX + 1]);
/*
 * The domain that begins at `at` of the `n` bytes, a dot in front of it allowed, in the same form and in place,
 * where it is not ASCII; `all` has room for `room`. The new length; what is no name, or has no room, stays.
 */
size_t idn_fold(char *all, size_t at, size_t n, size_t room);

#endif
