/*
 * weigh.h - what a result of the antispam stage is worth by the present settings, and where that was set.
 *
 * For verdict.c; the worker that found the result knows no weights.
 */
#ifndef SPOOLD_WEIGH_H
#define SPOOLD_WEIGH_H

#include "common/antispam.h"

struct config;
struct config_policy;

#define WEIGH_PLACE_MAX 256 /* bytes; a longer place loses its beginning */

struct weighed {
    int64_t weight;     /* thousandths */
    struct view place;  /* "spoold.ini:42", "lists/body_rules:7", "default"; in `text` */
    const char *remark; /* why it has no weight although it may look like it; NULL: nothing to say */
    char text[WEIGH_PLACE_MAX];
};
/* By the weights of one policy, &cfg->policy for everybody's. `out` must stay where it is as long as
 * out->place is used; the place is that of everybody's setting. */
void weigh_result(const struct config *cfg, const struct config_policy *p, const struct antispam_result *r,
                  struct weighed *out);
/* The weight alone: most results weigh nothing, and of these nobody asks where that was set. */
int64_t weigh_weight(const struct config *cfg, const struct config_policy *p,
                     const struct antispam_result *r);
/* Whether it is weighed by a policy, which may differ from recipient to recipient; others weigh the same. */
bool weigh_is_policy(const struct config *cfg, const struct antispam_result *r);
/* All of them together, thousandths, by the weights of one policy; lists and rules weigh the same in all. */
int64_t weigh_sum(const struct config *cfg, const struct config_policy *p, const struct antispam_verdict *v);

#endif
