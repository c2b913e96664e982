/*
 * dkim_canary.h - does libopendkim verify what it must?
 *
 * Called by check_dkim.c in the loader: that the example of RFC 8463 passes with both algorithms, and fails
 * when a byte is changed, is seen before any mail is judged. It also makes libcrypto load all that it would
 * else load from files later, behind the lock-down.
 */
#ifndef WORKERS_ANTISPAM_DKIM_CANARY_H
#define WORKERS_ANTISPAM_DKIM_CANARY_H

#include "workers/antispam/dkim_engine.h"

/* 0, or -1 with the reason in `why`. */
int dkim_canary_check(struct dkim_engine *e, struct buf *why);

#endif
