/*
 * config_profile.h - [profile NAME]: settings of some recipients, over those of everybody.
 *
 * For config_build.c, config_print.c, config_check.c and decide_profile.c.
 */
#ifndef SPOOLD_CONFIG_PROFILE_H
#define SPOOLD_CONFIG_PROFILE_H

#include "spoold/config_value.h"

#define CONFIG_PROFILE_HELP                                                                                  \
    "[profile NAME]: what is different for the recipients that lists.domains names for it. Any number of "   \
    "sections, each with a name of its own. A key is that of [level NAME], [filter] or a weight of a check " \
    "with its section in front, as low.threshold, filter.incoming_threshold or spf.weight_fail; what is "    \
    "not "                                                                                                   \
    "set is as without the profile."

/* Fills a new, zeroed one with the settings of everybody; it owns its texts. */
void config_profile_inherit(const struct config *c, struct config_profile *p);
/* Whether "KEY" of [profile NAME] is named by `words`, "high.action low.*". */
bool config_profile_allows(const char *words, const char *key);
/* `to` gets the field of this option, an override, as it is in `from`; a text is borrowed. */
void config_profile_copy(const struct config_option *o, const struct config_policy *from,
                         struct config_policy *to);
/* The first override, "low.threshold"; config_value_next() has the others. */
const struct config_option *config_profile_first(void);
/* Complains about what is wrong in the policy of everybody and in each profile. */
void config_profile_check(const struct config *c, struct config_errors *errs);
/* The level whose address an action redirect of this policy needs and has not; NULL: none. */
const char *config_profile_lacks_redirect(const struct config_policy *p);

#endif
