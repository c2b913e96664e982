/*
 * check_spf.h - what the checks spf and spf_helo share: the engine, and asking it.
 *
 * For check_spf.c and check_spf_helo.c only. Both judge j->ip, the client behind all gateways; the sender is
 * the envelope's, never a field of the message.
 */
#ifndef WORKERS_ANTISPAM_CHECK_SPF_H
#define WORKERS_ANTISPAM_CHECK_SPF_H

#include "workers/antispam/check.h"
#include "workers/antispam/spf.h"

/* Reads [spf] engine. */
void *check_spf_open(const struct settings *s, struct buf *why);
void check_spf_close(void *state);
/* HELO in lower case, without the last dot; memory of the round. */
struct view check_spf_helo_name(struct judge *j);
/* `local` empty: postmaster. Missing facts are named. */
void check_spf_ask(struct judge *j, const void *state, struct view local, struct view domain,
                   struct spf_answer *a);
/* "smtp.mailfrom=example.org"; not of a name that could say more than a name in a header field. */
void check_spf_prop(struct judge *j, struct antispam_result *r, const char *what, struct view name);

#endif
