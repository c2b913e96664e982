/*
 * flow_outcome.c - see flow_outcome.h.
 *
 * Loop thread, pure. decide() says what becomes of each recipient's mail; a message has one fate on disk, so
 * here the outcomes come together: recipients with equal copies share one, all others are the rest.
 */
#include "spoold/flow_outcome.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/decide_profile.h"
#include "spoold/decide_rest.h"
#include "spoold/decision_json.h"
#include "spoold/direction.h"
#include "spoold/mark.h"
#include "spoold/spoold.h"

#include <stdlib.h>

/* The client that was judged: behind gateways, the one before them. */
static bool is_outgoing(const struct spoold *s, const struct msg *m)
{
    return direction_is_outgoing(s->cfg, envelope_value(&m->env, "auth"), m->spam.given.verdict.client.ip);
}

static void run(const struct spoold *s, struct msg *m)
{
    const struct decide_input in = {.cfg = s->cfg,
                                    .verdict = m->spam.judged ? &m->spam.given.verdict : NULL,
                                    .outgoing = m->spam.judged && is_outgoing(s, m),
                                    .rcpt = m->env.rcpt,
                                    .rcpt_n = m->env.rcpt_n};

    decide(&in, &m->decided);
    m->outgoing = in.outgoing;
    m->by = DECIDE_BY_RECIPIENTS;
    if (in.verdict)
        decision_json_make(&in, &m->decided, &m->decisions);
}

/* Copies are numbered in the order of their first recipients (decide.h). */
static void add_to_copy(struct msg *m, size_t i, unsigned number)
{
    const struct decide_outcome *o = &m->decided.outcome[i];
    struct msg_copy *c = &m->copy[number - 1];

    if (number > m->copy_n) {
        m->copy_n = number;
        c->rcpt = xcalloc(m->env.rcpt_n, sizeof(size_t));
        c->outcome = o;
        if (o->action == DECIDE_REDIRECT)
            c->redirect = xstrndup(o->redirect.p, o->redirect.n);
    }
    c->rcpt[c->rcpt_n++] = i;
}

static void take_rest(struct msg *m, const struct decide_whole *rest)
{
    m->fate = rest->way == DECIDE_WAY_QUARANTINE ? MSG_FATE_QUARANTINE : MSG_FATE_DROP;
    m->class = rest->class;
    msg_fill_rest(m);
    msg_set_reason(m, "%s", rest->reason);
}

/* With the settings that decided: a reload may come before the copy is written. */
static void make_marks(const struct spoold *s, const struct msg *m, struct msg_copy *c)
{
    struct decide_profile own;
    struct mark mark = {.cfg = s->cfg};

    if (!s->cfg->antispam && !m->spam.judged)
        return;
    mark = (struct mark){
        .cfg = s->cfg,
        .policy = decide_profile_find(s->cfg, m->env.rcpt[c->rcpt[0]], &own)->policy,
        .verdict = m->spam.judged ? &m->spam.given.verdict : NULL,
        .outcome = c->outcome,
        .authserv_id = spoold_authserv_id(s),
    };

    if (mark_add_edits(&c->marks, &mark) < 0)
        fatal("a decision cannot be written as header fields");
}

void flow_outcome(const struct spoold *s, struct msg *m)
{
    struct decide_whole rest;

    run(s, m);
    m->fate = MSG_FATE_SEND;
    m->reason[0] = '\0';
    for (size_t i = 0; i < m->env.rcpt_n && !m->decided.too_many; i++)
        if (m->decided.copy[m->decided.group[i]])
            add_to_copy(m, i, m->decided.copy[m->decided.group[i]]);
    for (size_t i = 0; i < m->copy_n; i++)
        make_marks(s, m, &m->copy[i]);
    if (decide_rest(&m->decided, &rest))
        take_rest(m, &rest);
}

_Static_assert(DECIDE_GROUPS_MAX == MSG_COPIES_MAX, "a copy for each group");
