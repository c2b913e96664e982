/*
 * spf_record.h - reads one SPF record (RFC 7208, 4.6 and 12) as strictly as its grammar is.
 *
 * Called by spf.c, which asks first whether the whole record is right (a mistake anywhere is a permerror) and
 * then goes through it again term by term, and by spf_libspf2.c, as the gate in front of libspf2. The bytes
 * come from strangers' DNS. Pure, linear; views point into the record.
 */
#ifndef WORKERS_ANTISPAM_SPF_RECORD_H
#define WORKERS_ANTISPAM_SPF_RECORD_H

#include "common/view.h"

enum spf_kind {
    SPF_ALL,
    SPF_INCLUDE,
    SPF_A,
    SPF_MX,
    SPF_PTR,
    SPF_IP4,
    SPF_IP6,
    SPF_EXISTS,
    SPF_REDIRECT, /* modifiers from here on */
    SPF_EXP,
    SPF_OTHER,
    SPF_KIND__MAX
};

struct spf_term {
    enum spf_kind kind;
    char qualifier;             /* '+' '-' '~' '?'; 0: a modifier */
    struct view text;           /* all of it */
    struct view domain;         /* domain-spec, or the value of a modifier; empty: there is none */
    unsigned char ip[16];       /* of ip6; of ip4 as ::ffff:0:0/96 */
    unsigned char bits4, bits6; /* prefix lengths; 32 and 128 where none is given */
};
struct spf_record {
    struct view terms;         /* behind the version */
    struct view redirect, exp; /* their domain-specs; empty: there is none */
    struct view wrong;         /* the term that breaks the grammar */
};

/* A record of this version: "v=spf1", then a blank or nothing. */
bool spf_record_is(struct view txt);
/* False: it breaks the grammar, or has two of redirect or exp; see `wrong`. */
bool spf_record_open(struct spf_record *r, struct view txt);
/* From terms on: 1; 0 at the end; -1: broken, its text alone is filled. */
int spf_record_next(struct view *terms, struct spf_term *t);

#endif
