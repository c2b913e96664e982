/*
 * antispam.h - what the supervisor asks worker-antispam about a message, and what it answers.
 *
 * A message is judged in rounds without memory between them. The first order (no crumbs) carries the
 * envelope; the answer is either what facts are needed, with crumbs to bring along next time, or the
 * verdict. Each further order carries envelope, crumbs and all facts so far; with ANTISPAM_FINAL the answer
 * is the verdict, whatever is missing. The worker reads the message in the first round and where it judges.
 * An answer comes from a process that has read a hostile message: antispam_unpack_answer() checks all of it.
 */
#ifndef COMMON_ANTISPAM_H
#define COMMON_ANTISPAM_H

#include "common/check.h"
#include "common/facts.h"

#define ANTISPAM_CRUMBS_MAX  4096         /* bytes: "one page of crumbs" */
#define ANTISPAM_ANSWER_MAX  (320u << 10) /* bytes of a packed answer */
#define ANTISPAM_CHECKS_MAX  400          /* results of one verdict */
#define ANTISPAM_NAME_MAX    64           /* bytes of NAME in "rbl:NAME" */
#define ANTISPAM_DETAIL_MAX  400          /* bytes */
#define ANTISPAM_PROPS_MAX   300          /* bytes: "smtp.mailfrom=example.org", RFC 8601 */
#define ANTISPAM_RCPT_MAX    1000         /* recipients that travel; more do not matter to any check */
#define ANTISPAM_VIA_MAX     32           /* gateways that are named */
#define ANTISPAM_COUNT_MAX   1000         /* of hits in one result; more do not count */
#define ANTISPAM_HELO_MAX    255          /* bytes */
#define ANTISPAM_ADDRESS_MAX 1024         /* bytes of a sender or recipient */
#define ANTISPAM_ORDER_MAX   (2u << 20)   /* bytes of a packed order */

/* flags of an order */
enum {
    ANTISPAM_FINAL = 1,     /* no more facts will come */
    ANTISPAM_REPLAY = 2,    /* a fact that is missing was never asked: results are `unknown` */
    ANTISPAM_AMBIGUOUS = 4, /* worker-av: mail readers take the message in different ways */
    ANTISPAM_AUTHENTICATED = 8,
    ANTISPAM_LOCAL = 16, /* the client is in site.networks */
    ANTISPAM_NO_ENVELOPE = 32, /* nobody knows who sent it: spoolctl check without an envelope */
    ANTISPAM__FLAGS = 63,
};
struct antispam_order {
    uint32_t flags;
    int64_t now;        /* the clock of this message, Unix ms: a fact, too */
    struct view sender; /* without <>; empty: the null reverse-path */
    const struct view *rcpt;
    unsigned rcpt_n;
    struct view ip, helo, auth, protocol; /* as in the envelope; empty: not known */
    struct view
        suspended;      /* names of lists that failed their self test, "rbl:zen uribl:dbl", blanks between */
    struct view crumbs; /* of the last answer; empty in the first round */
    struct facts facts; /* packing: borrowed. Unpacked: owned */
    struct view *owned_rcpt;
};
/* Recipients beyond the limit do not travel, nor do texts that no order has room for. */
void antispam_pack_order(struct buf *to, const struct antispam_order *o);
/* Views point into `bytes`. 0 or -1 (EPROTO): then there is nothing to free. */
int antispam_unpack_order(struct view bytes, struct antispam_order *o);
void antispam_free_order(struct antispam_order *o);

/* One result: "spf", or with a name "rbl:zen". */
struct antispam_result {
    enum check check;
    enum check_result result;
    uint32_t count;     /* of hits: weight x count, up to the list's weight_max; 1 otherwise. Never 0 */
    struct view name;   /* of a CHECK_NAMED; empty: of all of them; no blanks, no control characters */
    struct view detail; /* for people; UTF-8, no control characters */
    struct view props;  /* for Authentication-Results: printable ASCII */
};
struct antispam_client {
    struct view ip, helo;              /* who is judged; empty: not known. ip: an address as text */
    struct view name;                  /* its reverse name where iprev passed; else empty */
    struct view via[ANTISPAM_VIA_MAX]; /* trusted gateways that were passed over, the nearest first */
    unsigned via_n;
};
struct antispam_verdict {
    struct antispam_client client;
    struct antispam_result *result; /* owned */
    unsigned n, cap;
    bool over;               /* more results than ANTISPAM_CHECKS_MAX */
    struct view from_domain; /* of From:, lower case; empty: none or several */
};
enum antispam_kind { ANTISPAM_NEEDS, ANTISPAM_VERDICT };
struct antispam_answer {
    enum antispam_kind kind;
    struct view crumbs; /* NEEDS */
    struct needs needs; /* NEEDS; owned */
    struct antispam_verdict verdict;
};
void antispam_pack_needs(struct buf *to, struct view crumbs, const struct needs *n);
/* Names, details and props are cut and made harmless here; what is no address or name of a client is left
 * out. */
void antispam_pack_verdict(struct buf *to, const struct antispam_verdict *v);
/* Views point into `bytes`, which the caller keeps. 0, or -1 (EPROTO): anything is not as it must be, there
 * is nothing to free. */
int antispam_unpack_answer(struct view bytes, struct antispam_answer *a);
void antispam_free_answer(struct antispam_answer *a);
/* "rbl:zen" */
void antispam_add_name(struct buf *to, const struct antispam_result *r);
/* The packed client alone: what crumbs are made of. */
void antispam_pack_client(struct buf *to, const struct antispam_client *c);
int antispam_unpack_client(struct view bytes, struct antispam_client *c);
/* The same from the front of `rest`, which is part of an answer. */
bool antispam_take_client(struct view *rest, struct antispam_client *c);
/* At most `max` bytes of a text as UTF-8 without control characters, "?" for every other byte. */
void antispam_add_harmless(struct buf *to, struct view text, size_t max);
bool antispam_is_harmless(struct view text);

#endif
