/*
 * flow_judge.c - has the antispam stage judge a message (judging.h), and takes its verdict.
 *
 * Loop thread. Antispam never holds a message: where nobody judges it goes on without, and its record says
 * so. A worker that dies over it costs an attempt as everywhere, and so does one that speaks of other bytes
 * than the virus scanner's.
 */
#include "spoold/flow_part.h"

#include "common/log.h"
#include "spoold/flow_fates.h"
#include "spoold/spoold.h"
#include "spoold/verdict.h"
#include "spoold/weigh.h"

#include <stddef.h>

#define ALONE_MS 1000 /* for facts of a message that is tried alone */

static void go_on(struct spoold *s, struct msg *m)
{
    m->step = MSG_STEP_DECIDE;
    flow_go(s, m);
}

static void go_on_without(struct spoold *s, struct msg *m, const char *why)
{
    log_warnx("id=%s event=not_judged reason=\"%s\"", m->base.s, why);
    m->spam.missing = "it was not judged by the antispam stage, see the log";
    go_on(s, m);
}

/* What weighs nothing and is as it mostly is would only make the line long. */
static bool is_dull(const struct config *cfg, const struct antispam_result *r)
{
    return (r->result == RESULT_miss || r->result == RESULT_skipped || r->result == RESULT_none) &&
           !weigh_weight(cfg, &cfg->policy, r);
}

static void log_verdict(const struct config *cfg, const struct msg *m)
{
    const struct antispam_verdict *v = &m->spam.given.verdict;
    struct buf told = {0}, weight = {0};

    verdict_add_weight(&weight, m->spam.weight);
    for (unsigned i = 0; i < v->n; i++) {
        if (is_dull(cfg, &v->result[i]))
            continue;
        buf_add_str(&told, told.n ? "," : "");
        antispam_add_name(&told, &v->result[i]);
        buf_addf(&told, "=%s", check_result_name(v->result[i].result));
    }
    log_info("id=%s event=judged weight=%s rounds=%u facts=%u checks=\"%s\"%s%s%s", m->base.s, weight.p,
             m->spam.rounds, m->spam.facts.n, told.n ? told.p : "", m->spam.missing ? " missing=\"" : "",
             m->spam.missing ? m->spam.missing : "", m->spam.missing ? "\"" : "");
    buf_free(&weight);
    buf_free(&told);
}

static void take_verdict(struct spoold *s, struct msg *m)
{
    if (m->hashed && memcmp(m->sha256, m->spam.sha256, sizeof m->sha256) != 0) {
        flow_worker_bytes(s, m);
        return;
    }
    memcpy(m->sha256, m->spam.sha256, sizeof m->sha256);
    m->hashed = true;
    judging_weigh(s, &m->spam);
    log_verdict(s->cfg, m);
    go_on(s, m);
}

static void done(struct spoold *s, struct judging *g, enum judging_end end, const struct pool_outcome *o)
{
    struct msg *m = (struct msg *)((char *)g - offsetof(struct msg, spam));

    m->job.role = ROLE_ANTISPAM; /* of whom a crash bundle speaks */
    if (end == JUDGING_DONE) {
        take_verdict(s, m);
    } else if (end == JUDGING_FAILED) {
        flow_worker_charge(s, m, o);
    } else if (end == JUDGING_IO) {
        go_on_without(s, m, strerror(o->result.err)); /* what rewrites it meets the same, and holds it */
    } else if (end == JUDGING_BYTES) {
        flow_worker_bytes(s, m);
    } else if (s->stopping) {
        msg_set_reason(m, "%s", o->cause);
        flow_give_back(s, m);
    } else {
        go_on_without(s, m, o->cause[0] ? o->cause : "its attempt was called off");
    }
}

static void begin(struct spoold *s, struct msg *m)
{
    m->spam.env = &m->env;
    m->spam.message = m->eml;
    m->spam.size = msg_size(m);
    m->spam.alone = s->gate.alone == m;
    m->spam.ambiguous = parts_is_ambiguous(&m->parts);
    m->spam.test = flow_fates_misbehaviour(m, ROLE_ANTISPAM);
    m->spam.now = depot_wall_ms();
    /* One that goes alone lets all others that must wait for it. */
    m->spam.budget = m->spam.alone && s->cfg->antispam_budget > ALONE_MS ? ALONE_MS : s->cfg->antispam_budget;
    m->spam.done = done;
    judging_begin(s, &m->spam);
}

void flow_judge(struct spoold *s, struct msg *m)
{
    judging_free(&m->spam);
    if (!s->pool || !s->cfg->antispam || !flow_decide_wants_judging(s, m)) {
        go_on(s, m);
    } else if (s->stopping) {
        msg_set_reason(m, "spoold was stopped");
        flow_give_back(s, m);
    } else if (pool_down_ms(s->pool, ROLE_ANTISPAM, depot_mono_ms()) > SPOOLD_WORKER_MS) {
        go_on_without(s, m, pool_trouble(s->pool, ROLE_ANTISPAM));
    } else {
        begin(s, m);
    }
}
