/*
 * rule_check.c - see rule_check.h: the only file of the supervisor that includes <pcre2.h>.
 *
 * Called at start, reload and --check-config. It compiles what the administrator wrote, and never lets an
 * expression near a text: that is done in a locked-down worker only.
 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "spoold/rule_check.h"

#include <pcre2.h>

/* As in workers/antispam/regexp.c, which a test holds against this one. */
#define COMPILE                                                                                              \
    (PCRE2_UTF | PCRE2_CASELESS | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT)

static int check_regex(struct view pattern, struct buf *why)
{
    PCRE2_UCHAR text[256];
    PCRE2_SIZE at = 0;
    int err = 0;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, COMPILE, &err, &at, NULL);

    if (code) {
        pcre2_code_free(code);
        return 0;
    }
    pcre2_get_error_message(err, text, sizeof text);
    buf_addf(why, "the regular expression is wrong at its byte %zu: %s", at + 1, (const char *)text);
    return -1;
}

int rule_check_line(struct view line, enum rule_kind kind, struct rule *to, struct buf *why)
{
    if (rule_parse(line, kind, to, why) < 0)
        return -1;
    return to->type == RULE_REGEX ? check_regex(to->pattern, why) : 0;
}
