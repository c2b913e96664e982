/*
 * decide_rest.c - see decide_rest.h.
 */
#include "spoold/decide_rest.h"

#include "common/envelope.h"

#include <stdio.h>

/* The first one that is quarantined gives the reason, else the first one. */
struct rest {
    const struct decide_outcome *first;
    bool quarantine, spam; /* spam: one is to be quarantined as such */
    bool discard;          /* one is to be discarded */
};

/* An address that no envelope can name is refused with the settings; should one come all the same, its mail
 * is kept. */
bool decide_has_copy(const struct decide_outcome *o)
{
    return decide_is_sent(o->action) && (o->action != DECIDE_REDIRECT || envelope_is_address(o->redirect));
}

static void add(struct rest *r, const struct decide_outcome *o)
{
    const bool quarantine = o->action != DECIDE_DISCARD;

    if (!r->first || (quarantine && !r->quarantine) ||
        (o->action == DECIDE_QUARANTINE && r->quarantine && !r->spam))
        r->first = o;
    r->quarantine |= quarantine;
    r->spam |= o->action == DECIDE_QUARANTINE;
    r->discard |= o->action == DECIDE_DISCARD;
}

static void set_reason(struct decide_whole *out, const struct rest *r)
{
    struct buf why = {0};

    decide_add_reason(&why, r->first);
    if (r->first->action == DECIDE_REDIRECT || r->first->action == DECIDE_BOUNCE)
        buf_add_str(&why, "; quarantined instead");
    if (r->quarantine && r->discard)
        buf_add_str(&why, "; for those who discard it quarantined with the others");
    snprintf(out->reason, sizeof out->reason, "%s", why.p ? why.p : "");
    buf_free(&why);
}

bool decide_rest(const struct decide_result *r, struct decide_whole *out)
{
    struct rest rest = {0};

    *out = (struct decide_whole){.by = DECIDE_BY_RECIPIENTS, .class = SPOOL_CLASS_POLICY};
    if (r->too_many) {
        snprintf(out->reason, sizeof out->reason,
                 "its recipients' profiles ask for %u different copies, more than %d", r->groups,
                 DECIDE_GROUPS_MAX);
        return true;
    }
    for (size_t i = 0; i < r->n; i++)
        if (!decide_has_copy(&r->outcome[i]))
            add(&rest, &r->outcome[i]);
    if (!rest.first)
        return false;
    out->way = rest.quarantine ? DECIDE_WAY_QUARANTINE : DECIDE_WAY_DROP;
    out->class = rest.spam ? SPOOL_CLASS_SPAM : SPOOL_CLASS_POLICY;
    set_reason(out, &rest);
    return true;
}
