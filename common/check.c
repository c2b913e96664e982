/*
 * check.c - see check.h: the rows of common/check_table.h as a table, and the names of results.
 *
 * Pure look-ups; numbers may come over a wire and are compared with the ends of the tables.
 */
#include "common/check.h"

#define PLAIN CHECK_PLAIN
#define NAMED CHECK_NAMED
#define SMTP  true
#define SPOOL false

static const struct check_about rows[CHECK__MAX] = {
#define CHECK(id, name_, kind_, on_, smtp_, requirements_, help_, weights)                                   \
    [CHECK_##id] = {.name = name_,                                                                           \
                    .requirements = requirements_,                                                           \
                    .help = help_,                                                                           \
                    .kind = kind_,                                                                           \
                    .on = sizeof on_ == sizeof "yes",                                                        \
                    .smtp = smtp_},
#define W(...)
#include "common/check_table.h"
#undef CHECK
#undef W
};

static const char *const results[RESULT__MAX] = {
    [RESULT_pass] = "pass",           [RESULT_fail] = "fail",           [RESULT_softfail] = "softfail",
    [RESULT_neutral] = "neutral",     [RESULT_none] = "none",           [RESULT_policy] = "policy",
    [RESULT_permerror] = "permerror", [RESULT_temperror] = "temperror", [RESULT_hit] = "hit",
    [RESULT_miss] = "miss",           [RESULT_unknown] = "unknown",     [RESULT_skipped] = "skipped",
    [RESULT_unusable] = "unusable",
};

const struct check_about *check_about(unsigned check)
{
    return check < CHECK__MAX ? &rows[check] : NULL;
}

enum check check_find(struct view name)
{
    unsigned i = 0;

    while (i < CHECK__MAX && !view_equal(view_of(rows[i].name), name))
        i++;
    return (enum check)i;
}

const char *check_result_name(unsigned result)
{
    return result < RESULT__MAX ? results[result] : NULL;
}

enum check_result check_result_find(struct view name)
{
    unsigned i = 0;

    while (i < RESULT__MAX && !view_equal(view_of(results[i]), name))
        i++;
    return (enum check_result)i;
}
