/*
 * spf.h - SPF (RFC 7208): may this client send for that domain? Our own evaluator.
 *
 * Called by check_spf.c. A pure function over facts: it asks `fact` and takes NULL for "not known yet". It
 * then goes on as if that term did not match, so that one round names what the rest of the way needs, too,
 * and answers RESULT_unknown. Records come from strangers' DNS, sender and HELO from the client: any bytes.
 * The limits of RFC 7208, 4.6.4 are counted over the whole evaluation, never anew in an include.
 */
#ifndef WORKERS_ANTISPAM_SPF_H
#define WORKERS_ANTISPAM_SPF_H

#include "common/check.h"
#include "common/facts.h"

#define SPF_LOOKUPS_MAX 10 /* terms that ask */
#define SPF_VOIDS_MAX   2  /* of them without an answer */
#define SPF_MX_MAX      10 /* hosts of one mx; more are a permerror */
#define SPF_PTR_MAX     10 /* names of an address; more are not looked at */
#define SPF_SENDER_MAX  1024
#define SPF_DETAIL_MAX  400
#define SPF_EXPLAIN_MAX 1024

struct spf_question {
    struct view local;       /* of the sender; empty: "postmaster" */
    struct view domain;      /* of the sender, or HELO for the null sender: where to begin */
    struct view helo;        /* for %{h} */
    struct view receiver;    /* for %{r}; empty: "unknown" */
    const unsigned char *ip; /* 16 bytes, network order, IPv4 as ::ffff:0:0/96 */
    int64_t now;             /* Unix ms, for %{t} */
    bool explain;            /* ask for the explanation of a fail, too */
};
/* NULL: not known; whoever answers notes the need. Good until the evaluation ends. */
struct spf_source {
    const struct fact *(*fact)(void *of, enum fact_type type, struct view name);
    void *of;
};
struct spf_answer {
    enum check_result result;    /* RESULT_unknown: facts are missing */
    unsigned lookups, voids;     /* that counted against the limits */
    char detail[SPF_DETAIL_MAX]; /* for people: printable ASCII */
    /* What the domain says of a fail, "" where it says nothing: a stranger's words, printable ASCII. For
     * tests; never to be logged, shown or sent. */
    char explanation[SPF_EXPLAIN_MAX + 1];
};

void spf_check(const struct spf_question *q, const struct spf_source *source, struct spf_answer *a);
/* The same question can be asked at all: false, with none in `a` and the reason. For every engine. */
bool spf_is_askable(const struct spf_question *q, struct spf_answer *a);
/* ::ffff:0:0/96: a client of IPv4, in whatever form it came (RFC 7208, 5). */
bool spf_is_ip4(const unsigned char *ip);

#endif
