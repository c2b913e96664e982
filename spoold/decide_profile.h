/*
 * decide_profile.h - which settings are whose: recipients are looked up among the lines of lists.domains.
 *
 * Made once with the configuration (config.c), asked for each recipient of each message (decide.c). What a
 * recipient's profile and that of his domain come to is worked out when the settings are loaded, so that a
 * message pays for look-ups only.
 */
#ifndef SPOOLD_DECIDE_PROFILE_H
#define SPOOLD_DECIDE_PROFILE_H

#include "spoold/config.h"

struct decide_profile {
    const struct config_policy *policy;
    unsigned number;           /* 0: everybody's */
    bool weighs;               /* its weights are not everybody's */
    const char *user, *domain; /* names of the profiles that it is made of; NULL: none */
};
struct decide_profiles;

/* "example.org strict", "user@example.org strict": NULL, or what is wrong and what is accepted. */
const char *decide_profile_check_line(struct view line);
/* Sets c->recipients, where there are lines; complains about profiles that are not there, and lines that
 * stand twice. */
void decide_profile_resolve(struct config *c, struct config_errors *errs);
void decide_profile_free(struct decide_profiles **p);

/* Of this recipient. `own` is filled for everybody's. */
const struct decide_profile *decide_profile_find(const struct config *c, struct view rcpt,
                                                 struct decide_profile *own);
/* How many there are, everybody's among them: `number` is less. */
unsigned decide_profile_count(const struct config *c);
/* Where a setting of [section] key comes from, KEY in a profile "short.key". `name` is the profile that has
 * set it, or "". */
struct config_place decide_profile_where(const struct config *c, const struct decide_profile *p,
                                         const char *section, const char *key, const char **name);

#endif
