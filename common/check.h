/*
 * check.h - the checks of the antispam stage by number and name, and their results.
 *
 * Everything comes from common/check_table.h. Used by the workers that judge, by the supervisor that weighs
 * and records, and by the tools that show it.
 */
#ifndef COMMON_CHECK_H
#define COMMON_CHECK_H

#include "common/view.h"

#include <stdint.h>

enum check {
#define CHECK(id, ...) CHECK_##id,
#define W(...)
#include "common/check_table.h"
#undef CHECK
#undef W
    CHECK__MAX
};

/* As the RFCs spell them (7208, 6376, 8601), and our own behind them. */
enum check_result {
    RESULT_pass,
    RESULT_fail,
    RESULT_softfail,
    RESULT_neutral,
    RESULT_none,
    RESULT_policy,
    RESULT_permerror,
    RESULT_temperror,
    RESULT_hit,
    RESULT_miss,
    RESULT_unknown,  /* a fact that it needs was never asked (replay) */
    RESULT_skipped,  /* not done, on purpose: authenticated, list ... */
    RESULT_unusable, /* a list or rule that cannot be used now */
    RESULT__MAX
};

enum check_kind { CHECK_PLAIN, CHECK_NAMED };
struct check_about {
    const char *name, *requirements, *help;
    enum check_kind kind;
    bool on;   /* the default */
    bool smtp; /* may be asked before the message is there */
};

/* NULL beyond the table. */
const struct check_about *check_about(unsigned check);
/* CHECK__MAX when there is none. */
enum check check_find(struct view name);
/* "softfail"; NULL beyond the last one. */
const char *check_result_name(unsigned result);
enum check_result check_result_find(struct view name); /* RESULT__MAX: none */

#endif
