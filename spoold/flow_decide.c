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

#define DECIDE_OWN_HOPS 3 /* passes through this very host that are no accident any more */

static void quarantine(struct msg *m, enum spool_class class)
{
    m->fate = MSG_FATE_QUARANTINE;
    m->class = class;
    msg_fill_rest(m);
}

static bool is_unsound(const struct spoold *s, struct msg *m)
{
    if (msg_size(m) > (uint64_t)s->cfg->max_message_size) {
        msg_set_reason(m, "it is larger than spool.max_message_size (%llu bytes)",
                       (unsigned long long)msg_size(m));
        return true;
    }
    if (!m->env_ok)
        return true; /* the reason is the parser's */
    if (m->env.status == ENVELOPE_WRITTEN)
        return false;
    msg_set_reason(m, "line 1 of its .hdr is not Written but %s", envelope_status_name(m->env.status));
    return true;
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

static void decide_infected(const struct spoold *s, struct msg *m)
{
    enum { QUARANTINE, DELETE };
    bool delete = s->cfg->av_virus_action == DELETE;

    msg_set_reason(m, "virus: %s%s", m->virus.text,
                   delete ? "; deleted, as antivirus.virus_action says" : "");
    quarantine(m, SPOOL_CLASS_VIRUS);
    if (delete)
        m->fate = MSG_FATE_DROP;
}

static bool is_to_be_tagged(const struct config *c, enum antivirus_why why)
{
    enum { TAG, QUARANTINE };
    const int action[ANTIVIRUS_WHY__MAX] = {
        [ANTIVIRUS_ENCRYPTED] = c->av_encrypted_action,
        [ANTIVIRUS_NO_UNPACKER] = c->av_no_unpacker_action,
        [ANTIVIRUS_LIMIT] = c->av_limit_action,
        [ANTIVIRUS_AMBIGUOUS] = c->av_ambiguous_action,
    };

    return action[why] == TAG;
}

/* What would be passed on otherwise, tagged or not: an encrypted archive beside the trick must not help it.
 */
static bool decide_ambiguous(const struct spoold *s, struct msg *m)
{
    enum { TAG, QUARANTINE };
    struct buf names = {0};

    if (s->cfg->mime_ambiguous_action != QUARANTINE || !parts_is_ambiguous(&m->parts))
        return false;
    parts_add_ambiguous(&names, &m->parts);
    msg_set_reason(m, "mime.ambiguous_action: mail readers take it in different ways: %s", names.p);
    buf_free(&names);
    quarantine(m, SPOOL_CLASS_POLICY);
    return true;
}

/* What may pass another time is held; what will stay so has its action. */
static void decide_unexamined(const struct spoold *s, struct msg *m)
{
    const struct msg_virus *v = &m->virus;

    if (!antivirus_is_transient(v->why) && is_to_be_tagged(s->cfg, v->why)) {
        if (!decide_ambiguous(s, m))
            flow_outcome(s, m);
        return;
    }
    msg_set_reason(m, "it could not be examined for viruses (%s): %s", antivirus_why_name(v->why), v->text);
    if (antivirus_is_transient(v->why))
        m->fate = MSG_FATE_HOLD;
    else
        quarantine(m, SPOOL_CLASS_POLICY);
}

/* False: nothing against it. */
static bool decide_virus(const struct spoold *s, struct msg *m)
{
    if (m->virus.state == ANTIVIRUS_INFECTED)
        decide_infected(s, m);
    else if (m->virus.state == ANTIVIRUS_UNEXAMINED)
        decide_unexamined(s, m);
    else
        return decide_ambiguous(s, m);
    return true;
}

void flow_decide(const struct spoold *s, struct msg *m)
{
    msg_clear_decision(m);
    if (is_unsound(s, m)) {
        quarantine(m, SPOOL_CLASS_FAILED);
    } else if (s->hold_all) {
        m->fate = MSG_FATE_HOLD;
        msg_set_reason(m, "spoold was started with --hold-all");
    } else if (!decide_virus(s, m) && !flow_fates_apply(m)) {
        flow_outcome(s, m);
    }
    if (m->fate == MSG_FATE_HOLD)
        flow_decide_hold(s, m);
}

void flow_decide_hold(const struct spoold *s, struct msg *m)
{
    msg_clear_decision(m);
    m->fate = MSG_FATE_HOLD;
    if (held_too_long(s, m))
        quarantine(m, SPOOL_CLASS_FAILED);
}

void flow_decide_hops(const struct spoold *s, struct msg *m, uint32_t hops, uint32_t own_hops)
{
    if (own_hops < DECIDE_OWN_HOPS && hops <= (uint64_t)s->cfg->max_hops)
        return;
    msg_clear_decision(m);
    if (own_hops >= DECIDE_OWN_HOPS)
        msg_set_reason(m, "a mail loop: it passed spoold on this host %u times before", own_hops);
    else
        msg_set_reason(m, "a mail loop: it has %u Received: fields, more than spool.max_hops", hops);
    quarantine(m, SPOOL_CLASS_POLICY);
}
