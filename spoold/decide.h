/*
 * decide.h - what becomes of a message that was judged, for each of its recipients.
 *
 * Pure: a verdict and the settings in, outcomes out; no clock, no disk, no message.
 */
#ifndef SPOOLD_DECIDE_H
#define SPOOLD_DECIDE_H

#include "common/antispam.h"

struct config;

enum decide_action {
    DECIDE_DELIVER,
    DECIDE_TAG,
    DECIDE_HEADER,
    DECIDE_JUNK,
    DECIDE_REDIRECT,
    DECIDE_QUARANTINE,
    DECIDE_DISCARD,
    DECIDE_BOUNCE,
    DECIDE_ACTION__MAX
};
enum decide_level { DECIDE_NONE, DECIDE_LOW, DECIDE_MEDIUM, DECIDE_HIGH, DECIDE_LEVEL__MAX };

struct decide_outcome {
    int64_t weight; /* thousandths */
    enum decide_level level;
    enum decide_action action;
    struct view text;     /* of TAG: what is put in front of the subject */
    struct view redirect; /* of REDIRECT: the address */
    const char *why;      /* "blacklist" "blocked sender" "whitelist" "threshold" "level" "" */
    struct view place;    /* config line that decided */
};

#endif
