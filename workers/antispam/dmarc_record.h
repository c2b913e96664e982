/*
 * dmarc_record.h - a DMARC policy record (RFC 7489, 6.3).
 *
 * Called by check_dmarc.c for TXT records of "_dmarc." names. The bytes are hostile.
 */
#ifndef WORKERS_ANTISPAM_DMARC_RECORD_H
#define WORKERS_ANTISPAM_DMARC_RECORD_H

#include "common/view.h"

enum dmarc_policy { DMARC_NONE, DMARC_QUARANTINE, DMARC_REJECT, DMARC_POLICY__MAX };
enum dmarc_kind {
    DMARC_RECORD, /* it can be used */
    DMARC_OTHER,  /* something else: to be ignored */
    DMARC_BROKEN, /* it means to be one, but says no policy (6.6.3, step 6) */
};
struct dmarc_record {
    enum dmarc_policy p, sp; /* sp: of subdomains; p where it is not there */
    bool strict_dkim, strict_spf;
    unsigned pct; /* 100 where it is not there */
};

enum dmarc_kind dmarc_record_parse(struct view text, struct dmarc_record *r);
/* "quarantine"; NULL beyond the last one. */
const char *dmarc_policy_name(unsigned policy);

#endif
