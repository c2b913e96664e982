/*
 * mail_date.h - a date of mail as Unix seconds.
 *
 * Called by mail_received.c, and for Date fields. Pure. A date that breaks the grammar is none: no guess is
 * made at what its writer may have meant. The bytes are hostile.
 */
#ifndef WORKERS_MAIL_DATE_H
#define WORKERS_MAIL_DATE_H

#include "common/view.h"

#include <stdint.h>

/* A date-time of RFC 5322, 3.3, or of the obsolete forms of 4.3; whatever is behind it does not matter. Zones
 * of letters that RFC 5322 does not know count as Greenwich. 0: it is none. */
int64_t mail_date_parse(struct view text);

#endif
