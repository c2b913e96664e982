/*
 * rules.h - a list of own rules, ready to be looked for in the texts of a message.
 *
 * Used by check_header.c and check_body.c. rules_open() is for the loader: every expression is compiled
 * there. For each message: rules_begin(), its texts one by one, then what was found in the order of the list.
 * The patterns are the administrator's, the texts are hostile: all literals cost one pass, wildcards are
 * looked for only where their longest literal stands, and regular expressions have the limits of regexp.h.
 *
 * What a rule is counts as read only; what matching writes is memory of the child alone. One thing in it
 * outlives a message: how often a rule met a limit. After RULES_STRIKES_MAX times it is looked for no more in
 * this child, and would be `unusable` where its limit might not have been met: results may differ in that
 * word, never in hit or miss.
 */
#ifndef WORKERS_ANTISPAM_RULES_H
#define WORKERS_ANTISPAM_RULES_H

#include "common/rule.h"
#include "common/settings.h"

#define RULES_MAX         20000                 /* of one list */
#define RULES_TEXT_MAX    ((size_t)1 << 20)     /* bytes of text that are looked at in one message */
#define RULES_TIME_MAX    ((int64_t)1000000000) /* ns of CPU of wildcards and expressions in one message */
#define RULES_STRIKES_MAX 3
#define RULES_EXCERPT_MAX 80 /* bytes */

struct rules;

/* The items of section "list" of this name. NULL: "FILE:LINE: ..." in `why`. */
struct rules *rules_open(const struct settings *s, const char *list, enum rule_kind kind, struct buf *why);
void rules_close(struct rules *r);
unsigned rules_count(const struct rules *r);
/* Of those that are regular expressions: how many are no machine code, because this machine forbids it. */
unsigned rules_slow(const struct rules *r);

/* Forgets the last message. */
void rules_begin(struct rules *r);
/* A text of any bytes; of body rules `field` is empty. What goes beyond RULES_TEXT_MAX is cut. */
void rules_look(struct rules *r, struct view field, struct view text);
/* The same for a text that a reader sees: where characters that nobody sees or wide letters disguise its
 * words, again in a copy without that (fold.h). The copy costs no room. */
void rules_look_seen(struct rules *r, struct view field, struct view text);
/* How many bytes are still looked at. */
size_t rules_room(const struct rules *r);
/* Were texts cut? */
bool rules_cut(const struct rules *r);
/* How many rules were not looked for to the end because all together met RULES_TIME_MAX: no findings. */
unsigned rules_unlooked(const struct rules *r);

struct rules_finding {
    struct view name;
    bool hit; /* else it could not be looked for to the end */
    struct view
        detail; /* UTF-8 without control characters, at most RULES_EXCERPT_MAX bytes; until rules_begin() */
};
/* The next finding; `*at` is 0 at first. False: no more. */
bool rules_next(const struct rules *r, uint32_t *at, struct rules_finding *f);

#endif
