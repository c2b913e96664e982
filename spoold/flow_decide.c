/*
 * flow_decide.c - what becomes of a message. The scanners' verdicts come in here: what is infected, or was
 * not examined, goes on only where a setting says so.
 *
 * Loop thread, pure: no disk, no clock but the one it is given, nothing of the message's bytes.
 * A message that cannot be examined as it stands goes to quarantine/failed with the reason, never onward.
 */
#include "spoold/flow.h"
#include "spoold/flow_fates.h"
#include "spoold/flow_outcome.h"
#include "spoold/spoold.h"

#include <stdio.h>

static void quarantine(struct msg *m, enum spool_class class)
{
    m->fate = MSG_FATE_QUARANTINE;
    m->class = class;
    msg_fill_rest(m);
}

static struct decide_whole_input whole_of(const struct spoold *s, const struct msg *m,
                                          const struct buf *ambiguous_by)
{
    return (struct decide_whole_input){
        .cfg = s->cfg,
        .size = msg_size(m),
        .broken = !m->env_ok,
        .status = m->env.status,
        .state = m->virus.state,
        .why = m->virus.why,
        .text = view_of(m->virus.text),
        .ambiguous_by = buf_view(ambiguous_by),
        .hops = m->hops,
        .own_hops = m->own_hops,
    };
}

static void take(struct msg *m, const struct decide_whole *d)
{
    static const enum msg_fate fates[] = {[DECIDE_WAY_QUARANTINE] = MSG_FATE_QUARANTINE,
                                          [DECIDE_WAY_DROP] = MSG_FATE_DROP,
                                          [DECIDE_WAY_HOLD] = MSG_FATE_HOLD};

    quarantine(m, d->class);
    m->fate = fates[d->way];
    m->by = d->by;
    if (d->reason[0])
        msg_set_reason(m, "%s", d->reason);
}

bool flow_decide_wants_scan(const struct spoold *s, const struct msg *m)
{
    return s->cfg->clamav && !s->hold_all && m->fate == MSG_FATE_NONE && m->env_ok &&
           m->env.status == ENVELOPE_WRITTEN && msg_size(m) <= (uint64_t)s->cfg->max_message_size;
}

/* Not where the virus scanner's answer alone decides; a test fate is a decision, too. */
bool flow_decide_wants_judging(const struct spoold *s, const struct msg *m)
{
    const struct msg_virus *v = &m->virus;

    if (s->hold_all || m->fate != MSG_FATE_NONE || !m->env_ok || m->env.status != ENVELOPE_WRITTEN ||
        msg_size(m) > (uint64_t)s->cfg->max_message_size || v->state == ANTIVIRUS_INFECTED)
        return false;
    return v->state != ANTIVIRUS_UNEXAMINED || !antivirus_is_transient(v->why);
}

static bool held_too_long(const struct spoold *s, struct msg *m)
{
    if (s->hold_all || !m->tries || depot_wall_ms() - m->since_ms <= s->cfg->max_hold)
        return false;
    snprintf(m->reason + strlen(m->reason), sizeof m->reason - strlen(m->reason),
             "%sit was held longer than spool.max_hold", m->reason[0] ? "; " : "");
    return true;
}

/* What the virus scanner's answer does not decide its recipients' settings do. */
static void decide_scanned(const struct spoold *s, struct msg *m, const struct decide_whole_input *in)
{
    struct decide_whole d = {.by = DECIDE_BY_NOTHING};

    if (decide_whole_scanned(in, &d))
        take(m, &d);
    else if (flow_fates_apply(m))
        m->by = DECIDE_BY_TEST;
    else
        flow_outcome(s, m);
}

void flow_decide(const struct spoold *s, struct msg *m)
{
    struct decide_whole d = {.by = DECIDE_BY_NOTHING};
    struct decide_whole_input in;
    struct buf ambiguous_by = {0};

    msg_clear_decision(m);
    snprintf(m->config, sizeof m->config, "%s", config_kept_hash(s->cfg));
    parts_add_ambiguous(&ambiguous_by, &m->parts);
    in = whole_of(s, m, &ambiguous_by);
    if (decide_whole_unsound(&in, &d)) {
        take(m, &d);
    } else if (s->hold_all) {
        m->fate = MSG_FATE_HOLD;
        msg_set_reason(m, "spoold was started with --hold-all");
    } else {
        decide_scanned(s, m, &in);
    }
    if (m->fate == MSG_FATE_HOLD)
        flow_decide_hold(s, m);
    buf_free(&ambiguous_by);
}

void flow_decide_hold(const struct spoold *s, struct msg *m)
{
    msg_clear_decision(m);
    m->fate = MSG_FATE_HOLD;
    if (!held_too_long(s, m))
        return;
    quarantine(m, SPOOL_CLASS_FAILED);
    m->by = DECIDE_BY_HELD;
}

void flow_decide_hops(const struct spoold *s, struct msg *m, uint32_t hops, uint32_t own_hops)
{
    const struct buf none = {0};
    struct decide_whole_input in;
    struct decide_whole d = {.by = DECIDE_BY_NOTHING};

    m->hops = hops;
    m->own_hops = own_hops;
    in = whole_of(s, m, &none);
    if (!decide_whole_loops(&in, &d))
        return;
    msg_clear_decision(m);
    take(m, &d);
}
