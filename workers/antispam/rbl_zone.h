/*
 * rbl_zone.h - DNS lists (RFC 5782) as they are configured: what is asked, and what an answer means.
 *
 * One [rbl NAME] or [uribl NAME] is one zone. Opened in the loader by check_rbl.c and check_uribl.c. The key
 * of a paid list is part of the names that are asked, and of nothing else: what people are shown is the zone
 * without it. Answers are a stranger's: whatever the settings say, an error code (127.255.255.0/24) or an
 * address that no list answers (outside 127.0.0.0/8) is never a hit, and spoils the answers beside it.
 */
#ifndef WORKERS_ANTISPAM_RBL_ZONE_H
#define WORKERS_ANTISPAM_RBL_ZONE_H

#include "workers/antispam/check.h"

#define RBL_ZONE_MAX         64  /* lists of one kind */
#define RBL_ZONE_RESULTS_MAX 256 /* words in `results` */

/* Where a name was found that domain lists are asked about. */
enum rbl_source { RBL_SENDER = 1, RBL_HELO = 2, RBL_PTR = 4, RBL_BODY = 8, RBL_ALL = 15 };

/* An answer is in it: first <= (answer & mask) <= last. In a bitmap: `first` is the mask. */
struct rbl_result {
    uint32_t first, last, mask;
};
struct rbl_zone {
    char *name, *zone;         /* owned */
    char *suffix;              /* owned: the zone, with its key in front */
    struct rbl_result *result; /* owned */
    unsigned result_n;
    bool bitmap;
    bool domains;     /* a list of domains */
    unsigned sources; /* of domains: set of enum rbl_source */
};
struct rbl_zones {
    struct rbl_zone *zone; /* owned */
    unsigned n;
};

/* The lists of this section ("rbl", "uribl") that are enabled. 0, or -1 with "FILE:LINE: ..." in `why`. */
int rbl_zone_open_all(struct rbl_zones *to, const struct settings *s, const char *section, struct buf *why);
void rbl_zone_close_all(struct rbl_zones *z);

/* The name to ask: "2.0.0.127.", "example.org." and the zone. `to` has room for FACTS_NAME_MAX + 1; 0: it
 * would be too long for the DNS. */
size_t rbl_zone_question(const struct rbl_zone *z, struct view front, char *to);

/* What a zone says of one or more names. Zeroed by the caller. */
struct rbl_finding {
    enum check_result result; /* hit, miss, unusable, temperror, unknown */
    bool any;                 /* something was added */
    unsigned count;           /* hits: different codes, or bits, of each name */
    struct buf text;          /* owned: for people */
};
/* What the zone says of `front`: names what is missing, no more. */
void rbl_zone_ask(struct judge *j, const struct rbl_zone *z, struct view front);
/* The same, and adds it. `subject`: what people call it. */
void rbl_zone_add(struct judge *j, const struct rbl_zone *z, struct view front, struct view subject,
                  struct rbl_finding *to);
/* The same with an answer at hand; NULL: not known. */
void rbl_zone_add_fact(const struct rbl_zone *z, const struct fact *f, struct view subject,
                       struct rbl_finding *to);

#endif
