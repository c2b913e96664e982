/*
 * rules_part.h - what the files of rules share, and nobody else.
 *
 * Included by rules*.c.
 */
#ifndef WORKERS_ANTISPAM_RULES_PART_H
#define WORKERS_ANTISPAM_RULES_PART_H

#include "workers/antispam/literals.h"
#include "workers/antispam/regexp.h"
#include "workers/antispam/rules.h"
#include "workers/antispam/wildcard.h"

enum rules_found {
    RULES_NOT_YET,
    RULES_HIT,
    RULES_LIMIT,   /* of its own */
    RULES_NO_TIME, /* the limit of all rules together */
};

struct rules_row {
    struct view name, field, pattern; /* of rules.lines; field: empty in a body rule */
    enum rule_type type;
    struct wildcard *wildcard; /* owned; of its type, like the next one */
    struct regexp *regexp;
    const struct settings_item *item; /* while the list is opened */
    /* Memory of the child: */
    unsigned strikes; /* times that a limit was met */
    /* ... and of the message: */
    enum rules_found found;
    uint32_t detail, detail_n; /* in rules.said */
    int64_t left;              /* ns of CPU */
};

struct rules {
    struct rules_row *row; /* owned, like all below */
    uint32_t n;
    struct buf lines; /* the texts of the rules */
    struct literals *literals;
    uint32_t *row_of; /* whose literal it is */
    uint32_t *regex;  /* rows of expressions */
    uint32_t regex_n;
    /* Memory of the child, as in rows: */
    struct regexp_desk *desk;
    uint32_t *wanted; /* rows of wildcards whose literal stands in the text at hand */
    uint32_t wanted_n;
    struct view field, text; /* at hand */
    struct buf clean, folded, said;
    size_t room;  /* bytes of text that are still looked at */
    int64_t left; /* ns of CPU */
    bool cut;
};

#endif
