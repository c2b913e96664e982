/*
 * dkim_engine.h - one DKIM signature (RFC 6376, RFC 8463) of a message, verified by libopendkim.
 *
 * Called by check_dkim.c: opened once in the loader, then one call for each signature. libopendkim asserts
 * on what it does not expect, so only what dkim_signature.c and dkim_key.c let through may come here.
 */
#ifndef WORKERS_ANTISPAM_DKIM_ENGINE_H
#define WORKERS_ANTISPAM_DKIM_ENGINE_H

#include "common/buf.h"
#include "common/check.h"
#include "workers/antispam/dkim_signature.h"
#include "workers/mail/mail_header.h"

struct dkim_engine;

struct dkim_task {
    const struct mail_header *header; /* with the field that is verified */
    struct view body;
    const struct mail_field *field;
    const struct dkim_signature *signature; /* of `field`; not broken */
    struct view key;                        /* the record, DKIM_KEY_MAX at most */
};
struct dkim_outcome {
    enum check_result result;
    const char *why; /* plain words; NULL: it passes */
};

/* Smaller RSA keys: RESULT_policy. NULL, with the reason in `why`: libopendkim does not do what it must. */
struct dkim_engine *dkim_engine_open(unsigned min_key_bits, struct buf *why);
void dkim_engine_close(struct dkim_engine **e);
/* Its own clock does not matter: times are for dkim_signature_untimely(). */
void dkim_engine_verify(struct dkim_engine *e, const struct dkim_task *t, struct dkim_outcome *o);

#endif
