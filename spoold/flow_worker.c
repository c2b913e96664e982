/*
 * flow_worker.c - what becomes of a message when its worker failed: the same for every stage that asks one.
 *
 * Loop thread; called by flow_examine.c and flow_rewrite.c. A worker that died over
 * the message, or lied about it, costs it an attempt; trouble with the disk, or a
 * depositor who changed the message meanwhile, does not. Nothing here lets a
 * message pass.
 */
#include "spoold/flow_part.h"

#include "common/log.h"
#include "spoold/spoold.h"

#include <errno.h>
#include <stdio.h>

void flow_worker_fail(struct spoold *s, struct msg *m, int err, const char *what)
{
    flow_fail(m, err, what);
    m->ran = m->step;
    flow_failed(s, m);
}

void flow_worker_charge(struct spoold *s, struct msg *m, const struct pool_outcome *o)
{
    snprintf(m->crash.cause, sizeof m->crash.cause, "%s", o->cause);
    m->crash.signal = o->signal;
    m->crash.phase = o->phase;
    m->crash.pid = o->pid;
    m->crash.generation = o->generation;
    log_warnx("id=%s event=worker_lost attempt=%u of=%lld cause=\"%s\"", m->base.s, m->attempt,
              (long long)s->cfg->max_attempts, o->cause);
    msg_clear_decision(m);
    m->fate = MSG_FATE_NONE;
    if (m->attempt < (unsigned)s->cfg->max_attempts) {
        flow_gate_leave(s, m);
        m->step = MSG_STEP_GATE;
    } else {
        m->fate = MSG_FATE_QUARANTINE;
        m->class = SPOOL_CLASS_POISON;
    m->by = DECIDE_BY_WORKER;
        msg_set_reason(m, "its worker failed in each of %u attempts; the last one: %s", m->attempt, o->cause);
        msg_fill_rest(m);
        m->step = MSG_STEP_PREPARE;
    }
    flow_go(s, m);
}

void flow_worker_hold(struct spoold *s, struct msg *m)
{
    flow_decide_hold(s, m);
    if (m->fate == MSG_FATE_HOLD) {
        m->fate = MSG_FATE_NONE;
        flow_put_on_hold(s, m);
        return;
    }
    m->step = MSG_STEP_PREPARE;
    flow_go(s, m);
}

/*
 * What a worker says of the disk is a stranger's word: it raises no alarm and
 * stops nothing but this message, which is tried again until spool.max_hold.
 */
void flow_worker_io(struct spoold *s, struct msg *m, int err)
{
    msg_set_reason(m, "the worker could not read or write it: %s", strerror(err));
    m->err = err == ENOSPC || err == EDQUOT ? err : 0; /* room may be there again soon */
    flow_worker_hold(s, m);
}

/* The worker read other bytes than were claimed: the depositor's doing, or the worker is lying. */
void flow_worker_bytes(struct spoold *s, struct msg *m)
{
    const struct pool_outcome lie = {
        .end = POOL_CHARGED, .cause = "it broke the protocol: RESULT: not the message that was given"};

    if (flow_is_unchanged(m))
        flow_worker_charge(s, m, &lie);
    else
        flow_worker_fail(s, m, ESTALE, "it was changed while it was in work");
}
