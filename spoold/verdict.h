/*
 * verdict.h - what the antispam stage found, as it stands in records and in `spoolctl check`.
 *
 * Called by flow_record.c (store), by flow_judge.c for the log and by tools/ctl_check_worker.c. Pure: weights
 * come from the settings (weigh.h), everything else from the worker's checked answer.
 */
#ifndef SPOOLD_VERDICT_H
#define SPOOLD_VERDICT_H

#include "common/antispam.h"
#include "common/json.h"

struct config;

struct verdict {
    const struct antispam_verdict *given; /* NULL: it was not judged */
    struct view checks;    /* of verdict_make_checks(): weights are those of the settings that decided */
    int64_t weight;        /* thousandths */
    struct view decisions; /* of decision_json_make(); empty: nothing was decided by it */
    const struct facts *facts;
    int64_t now;         /* the clock that it was judged by, Unix ms */
    bool nameless;       /* no address may be kept: no facts, no local part in what the client says */
    const char *missing; /* why it was not judged, or not by all facts; NULL: nothing is missing */
};

/* "8", "-1.5", "0.125": thousandths. */
void verdict_add_weight(struct buf *to, int64_t weight);
/* The same as a member of a JSON object. */
void verdict_add_weight_member(struct json *j, const char *key, int64_t weight);
/* As the place of a setting stands in "line": a long one without its beginning. */
struct view verdict_cut_place(struct view place);
/* The text with "*" for the local part of each address in it; of such a text it makes the same. */
void verdict_add_nameless(struct buf *to, struct view text);
/* The JSON array [{"name","result","weight","detail","line"}]; answers the sum of the weights. Where the
 * journal keeps no addresses by these settings, details have none, and rules do not quote the mail. */
int64_t verdict_make_checks(const struct config *cfg, const struct antispam_verdict *v, struct buf *to);
/*
 * Members "client":{"ip","helo","name","via":[..]}, "checks", "weight", "decisions", "incomplete":[..], and
 * last "facts":{..} onto an open object. Checks, decisions, or facts of more than `max` bytes of JSON are
 * left out, and "checks_cut":true, "decisions_cut":true or "facts_cut":true says so; "facts_private":true
 * that facts may hold what no record is to have.
 */
void verdict_add_json(struct json *j, const struct verdict *v, size_t max);

#endif
