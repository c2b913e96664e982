/*
 * dkim_signature.h - a DKIM-Signature field (RFC 6376, 3.5): its tags, and what can be said of it by itself.
 *
 * Called by check_dkim.c, to name the keys that are needed and to sort out what cannot pass, and by
 * dkim_engine.c. What is marked broken here is never shown to libopendkim. The bytes are hostile.
 */
#ifndef WORKERS_ANTISPAM_DKIM_SIGNATURE_H
#define WORKERS_ANTISPAM_DKIM_SIGNATURE_H

#include "common/view.h"

#include <stdint.h>

#define DKIM_SIGNATURES_MAX      5           /* that are looked at: the topmost ones */
#define DKIM_SIGNATURE_FIELD_MAX (16u << 10) /* bytes of a field */
#define DKIM_SIGNATURE_LIST_MAX  4000        /* bytes of h=: libopendkim cuts at 4095 */
#define DKIM_SIGNATURE_DRIFT     300         /* seconds that clocks may be apart */

struct dkim_signature {
    struct view v, a, b, bh, c, d, h, i, l, q, s, t, x; /* as they stand, trimmed; `p` NULL: not there */
    uint64_t length, at, until;                         /* of l=, t=, x=, where they are */
    const char *broken;                                 /* why it cannot pass, in plain words; NULL: it may */
};

/* `value`: what is behind the colon of the field. */
void dkim_signature_read(struct view value, struct dkim_signature *s);
/* By this clock (Unix seconds): NULL, or why not. */
const char *dkim_signature_untimely(const struct dkim_signature *s, int64_t now);
/* "SELECTOR._domainkey.DOMAIN" into `to` (room for FACTS_NAME_MAX + 1); empty: it is too long. */
struct view dkim_signature_key_name(const struct dkim_signature *s, char *to);
/* The first bytes of b=, without blanks: what tells signatures of one domain apart (RFC 6008). */
struct view dkim_signature_begin(const struct dkim_signature *s, char to[8]);
/* Is the domain of i= just that of d=? Where there is no i=, it is. */
bool dkim_signature_is_exact(const struct dkim_signature *s);
bool dkim_signature_is_relaxed(const struct dkim_signature *s); /* the body */

#endif
