/*
 * rule.h - one line of a list of own rules: "NAME WEIGHT TYPE PATTERN", PATTERN to the end of the line.
 *
 * Read by the supervisor, which checks and weighs, and by worker-antispam, which looks for the patterns; both
 * read it here, so that they cannot differ. A pattern of a header rule is "Field: pattern", where Field may
 * be
 * "*" for any field. Pure; it compiles no regular expression (spoold/rule_check.h and
 * workers/antispam/regexp.h do), but refuses what would make one depend on where its search began.
 */
#ifndef COMMON_RULE_H
#define COMMON_RULE_H

#include "common/buf.h"

#include <stdint.h>

#define RULE_NAME_MAX    48
#define RULE_PATTERN_MAX 1000    /* bytes */
#define RULE_FIELD_MAX   77      /* bytes of a field's name; RFC 5322, 2.1.1 leaves no more on a line */
#define RULE_WEIGHT_MAX  1000000 /* thousandths, and the same below zero */

enum rule_kind { RULE_HEADER, RULE_BODY };
/* None of them looks at the case of letters: of ASCII; a regular expression: of any script. */
enum rule_type {
    RULE_CONTAINS, /* stands somewhere in it */
    RULE_WILDCARD, /* fits a whole line, or the whole value of a field: "*" any bytes, "?" one character */
    RULE_REGEX,    /* of PCRE2 */
    RULE_TYPE__MAX
};

struct rule { /* views into the line */
    struct view name;
    int32_t weight; /* thousandths */
    enum rule_type type;
    struct view field; /* of a header rule: its name, or "*" */
    struct view pattern;
};

/* 0, or -1 with what is wrong and what is accepted added to `why`. */
int rule_parse(struct view line, enum rule_kind kind, struct rule *to, struct buf *why);
/* "contains"; NULL beyond the last one. */
const char *rule_type_name(unsigned type);

#endif
