/*
 * sender_auth.h - does somebody stand behind the domain of the envelope sender?
 *
 * Used by the checks for which a sender's name alone proves nothing (check_list.c, check_forged_local.c). It
 * reads what the checks before them found out (struct judge_auth).
 */
#ifndef WORKERS_ANTISPAM_SENDER_AUTH_H
#define WORKERS_ANTISPAM_SENDER_AUTH_H

#include "workers/antispam/check.h"

/* pass: SPF passes for this very domain, or a DKIM signature of its organisation does; unknown, temperror: it
 * might; else fail. Adds how: "SPF passes", "SPF: softfail, DKIM: none". */
enum check_result sender_auth_find(const struct judge *j, struct buf *how);

#endif
