/*
 * dkim_key.h - which key record (RFC 6376, 3.6.1) belongs to a signature.
 *
 * Called by check_dkim.c with what the DNS said. The records are hostile.
 */
#ifndef WORKERS_ANTISPAM_DKIM_KEY_H
#define WORKERS_ANTISPAM_DKIM_KEY_H

#include "common/check.h"
#include "common/facts.h"
#include "workers/antispam/dkim_signature.h"

#define DKIM_KEY_MAX 1024 /* bytes of a record that libopendkim takes: RSA with 4096 bits has 750 */

struct dkim_key {
    struct view record; /* within the fact */
    bool testing;       /* t=y: whoever signs asks not to hold it against them */
};

/* RESULT_pass: it can be used; else the result of the signature, and why, in plain words. `f` NULL: unknown.
 */
enum check_result dkim_key_choose(const struct fact *f, const struct dkim_signature *s, struct dkim_key *k,
                                  const char **why);

#endif
