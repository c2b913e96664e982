/*
 * decide.h - what becomes of a judged message, for each of its recipients.
 *
 * Called by flow_outcome.c for mail in work, and by whoever decides again or asks what other settings would
 * do. Pure: verdict, settings and recipients alone decide; no I/O, no clock, and the same input gives the
 * same result. Viruses are decided about before, elsewhere. Then, the first that applies: blacklist, blocked
 * sender, threshold, level; a whitelisted client or a trusted sender frees from the last two.
 */
#ifndef SPOOLD_DECIDE_H
#define SPOOLD_DECIDE_H

#include "common/antispam.h"

#define DECIDE_GROUPS_MAX 16 /* more are not sent each their own copy: too_many */

struct config;

/* Ascending strictness; words and order are those of the option `action` (config_table_decide.h). */
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
    struct view text;     /* subject text of TAG */
    struct view redirect; /* address of REDIRECT */
    const char *why;   /* "blacklist" "blocked sender" "whitelist" "trusted sender" "threshold" "level" "" */
    struct view place; /* config line that decided: "spoold.ini:42" */
    const char *section,
        *key;            /* the setting of that line, without a profile: "level high" "action"; NULL: none */
    struct view profile; /* whose settings these are: NAME of [profile NAME]; empty: nobody's own */
    int64_t threshold;   /* that was reached, thousandths */
};
struct decide_input {
    const struct config *cfg;
    const struct antispam_verdict *verdict; /* NULL: not judged */
    bool outgoing;
    const struct view *rcpt;
    size_t rcpt_n;
    int64_t extra; /* thousandths more than the results weigh; what-if only */
};
struct decide_result {
    struct decide_outcome *outcome; /* owned, one per recipient; texts are the result's own */
    size_t n;
    unsigned *group; /* owned: per recipient, the number of the outcome class: equal edits share one */
    unsigned groups;
    unsigned *kind; /* owned: the same for outcomes that are equal in every respect */
    unsigned kinds;
    bool too_many;                    /* more than DECIDE_GROUPS_MAX groups: none has a copy */
    unsigned copy[DECIDE_GROUPS_MAX]; /* of each group: the number of its copy, from 1 on; 0: none goes out */
    char **bytes;                     /* owned: what the outcomes' views point to */
    size_t bytes_n;
};

void decide(const struct decide_input *in, struct decide_result *out);
void decide_free(struct decide_result *r);
/* Whether a copy goes out for it; else it is quarantined, discarded or refused. */
bool decide_is_sent(enum decide_action action);
/* "weight 23.5 is level high: [level high] action quarantine (spoold.ini:42)" */
void decide_add_reason(struct buf *to, const struct decide_outcome *o);
const char *decide_action_name(enum decide_action action);
const char *decide_level_name(enum decide_level level);

#endif
