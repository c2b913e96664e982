/*
 * config_policy.h - the settings that may differ from recipient to recipient: everybody's, and those of a
 * [profile NAME].
 *
 * Part of config.h, which includes it. The fields come from the rows OPT_POLICY (config_table_decide.h and
 * config_table_antispam.h).
 */
#ifndef SPOOLD_CONFIG_POLICY_H
#define SPOOLD_CONFIG_POLICY_H

#include <stdint.h>

/* CHECK__MAX, and no less than RESULT__MAX: whoever reads settings need not know the checks. */
#define CHECK(...) +1
#define W(...)
enum {
    CONFIG_CHECKS = 0
#include "common/check_table.h"
    ,
    CONFIG_RESULTS = 16
};
#undef CHECK
#undef W

/* What may differ from recipient to recipient: actions are of enum decide_action (decide.h). */
#define CONFIG_LEVELS 4 /* by enum decide_level; the first one, none, has no settings */
struct config_level {
    int64_t threshold;
    int action, outgoing_action;
    char *text, *redirect;
};
struct config_policy {
    struct config_level level[CONFIG_LEVELS];
    int64_t incoming_threshold, outgoing_threshold;
    int threshold_action, outgoing_threshold_action, blacklist_action, blocked_action;
    int64_t weight[CONFIG_CHECKS][CONFIG_RESULTS]; /* by enum check and enum check_result; thousandths */
};
/* [profile NAME]: what it does not set is as without it. */
struct config_profile {
    char *name;
    struct config_policy policy;
};

#endif
