/*
 * flow_outcome.c - see flow_outcome.h.
 *
 * Loop thread, pure. decide() says what becomes of each recipient's mail; a message has one fate on disk, so
 * here the outcomes come together: recipients with equal copies share one, all others are the rest. The rest
 * is quarantined or discarded as a whole, so that where some of it is to be quarantined, all of it is.
 */
#include "spoold/flow_outcome.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/decide_profile.h"
#include "spoold/direction.h"
#include "spoold/mark.h"
#include "spoold/spoold.h"

#include <stdlib.h>

static struct view key_of(const struct msg *m, const char *key)
{
    const struct view *v = envelope_find(&m->env, key, 0);

    return v ? *v : VIEW("");
}

/* The client that was judged: behind gateways, the one before them. */
static bool is_outgoing(const struct spoold *s, const struct msg *m)
{
    return direction_is_outgoing(s->cfg, key_of(m, "auth"), m->spam.given.verdict.client.ip);
}

static void run(const struct spoold *s, struct msg *m)
{
    const struct decide_input in = {.cfg = s->cfg,
                                    .verdict = m->spam.judged ? &m->spam.given.verdict : NULL,
                                    .outgoing = m->spam.judged && is_outgoing(s, m),
                                    .rcpt = m->env.rcpt,
                                    .rcpt_n = m->env.rcpt_n};

    decide(&in, &m->decided);
}

/* No envelope has another recipient than the message had, so far; nor is a notice written. */
static bool has_copy(const struct decide_outcome *o)
{
    return decide_is_sent(o->action) && o->action != DECIDE_REDIRECT;
}

static void add_to_copy(struct msg *m, size_t i, struct msg_copy **copy_of)
{
    const unsigned g = m->decided.group[i];

    if (!copy_of[g]) {
        copy_of[g] = &m->copy[m->copy_n++];
        copy_of[g]->rcpt = xcalloc(m->env.rcpt_n, sizeof(size_t));
        copy_of[g]->outcome = &m->decided.outcome[i];
    }
    copy_of[g]->rcpt[copy_of[g]->rcpt_n++] = i;
}

/* Of the rest, the first one that is quarantined gives the reason, else the first one. */
struct rest {
    const struct decide_outcome *first;
    bool quarantine, spam; /* spam: one is to be quarantined as such */
};

static void add_to_rest(struct rest *r, const struct decide_outcome *o)
{
    const bool quarantine = o->action != DECIDE_DISCARD;

    if (!r->first || (quarantine && !r->quarantine) ||
        (o->action == DECIDE_QUARANTINE && r->quarantine && !r->spam))
        r->first = o;
    r->quarantine |= quarantine;
    r->spam |= o->action == DECIDE_QUARANTINE;
}

static void set_reason(struct msg *m, const struct decide_outcome *o)
{
    struct buf why = {0};

    decide_add_reason(&why, o);
    if (o->action == DECIDE_REDIRECT || o->action == DECIDE_BOUNCE)
        buf_add_str(&why, "; quarantined instead");
    msg_set_reason(m, "%s", why.p ? why.p : "");
    buf_free(&why);
}

static void take_rest(struct msg *m, const struct rest *r)
{
    m->fate = r->quarantine ? MSG_FATE_QUARANTINE : MSG_FATE_DROP;
    m->class = r->spam ? SPOOL_CLASS_SPAM : SPOOL_CLASS_POLICY;
    msg_fill_rest(m);
    set_reason(m, r->first);
}

static void give_up(struct msg *m)
{
    m->fate = MSG_FATE_QUARANTINE;
    m->class = SPOOL_CLASS_POLICY;
    msg_fill_rest(m);
    msg_set_reason(m, "its recipients' profiles ask for %u different copies, more than %d", m->decided.groups,
                   DECIDE_GROUPS_MAX);
}

/* With the settings that decided: a reload may come before the copy is written. */
static void make_marks(const struct spoold *s, const struct msg *m, struct msg_copy *c)
{
    struct decide_profile own;
    struct mark mark = {.cfg = s->cfg};

    if (!s->cfg->antispam)
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
    struct msg_copy *copy_of[DECIDE_GROUPS_MAX] = {0};
    struct rest rest = {0};

    run(s, m);
    m->fate = MSG_FATE_SEND;
    m->reason[0] = '\0';
    if (m->decided.too_many) {
        give_up(m);
        return;
    }
    for (size_t i = 0; i < m->env.rcpt_n; i++) {
        if (has_copy(&m->decided.outcome[i]))
            add_to_copy(m, i, copy_of);
        else
            add_to_rest(&rest, &m->decided.outcome[i]);
    }
    for (size_t i = 0; i < m->copy_n; i++)
        make_marks(s, m, &m->copy[i]);
    if (rest.first)
        take_rest(m, &rest);
}

_Static_assert(DECIDE_GROUPS_MAX == MSG_COPIES_MAX, "a copy for each group");
