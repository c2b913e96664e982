/*
 * flow_gate.c - the last stop before an attempt begins: no message is charged with one that no worker can
 * serve.
 *
 * Loop thread. The first attempt is shared: many messages may be in work. From
 * the second on a message is suspected of bringing its worker, or spoold
 * itself, down: it goes alone, one at a time, so that a further death can only
 * be laid to the one that was in work (reliability.md, I6).
 */
#include "spoold/flow_part.h"

#include "common/log.h"
#include "spoold/spoold.h"

#define GATE_PATIENCE_MS 10000 /* so long messages wait here for a worker; then they are left on disk */
#define GATE_REST_MS     30000 /* and looked at again after this time */

static bool is_decided(const struct msg *m)
{
    return m->fate == MSG_FATE_QUARANTINE && m->class == SPOOL_CLASS_POISON;
}

static bool must_be_alone(const struct msg *m)
{
    return m->attempt + (m->keep_attempt ? 0 : 1) > 1;
}

static void pass(struct spoold *s, struct msg *m)
{
    m->step = MSG_STEP_LOCK;
    flow_go(s, m);
}

static void enter_lane(struct spoold *s, struct msg *m)
{
    if (s->gate.alone) {
        task_list_add(&s->gate.lane, &m->task);
        return;
    }
    s->gate.alone = m;
    pass(s, m);
}

void flow_gate(struct spoold *s, struct msg *m)
{
    if (is_decided(m))
        pass(s, m);
    else if (spoold_worker_trouble(s) || s->gate.unserved.first)
        task_list_add(&s->gate.unserved, &m->task);
    else if (must_be_alone(m))
        enter_lane(s, m);
    else
        pass(s, m);
}

void flow_gate_leave(struct spoold *s, const struct msg *m)
{
    struct task *next;

    if (s->gate.alone != m)
        return;
    s->gate.alone = NULL;
    next = task_list_take(&s->gate.lane);
    if (next)
        enter_lane(s, (struct msg *)next);
}

/* They stay on disk as they are; nothing was begun, so nothing is charged. */
static void let_rest(struct spoold *s, struct task_list *list, const char *why)
{
    struct task *t;

    while ((t = task_list_take(list))) {
        struct msg *m = (struct msg *)t;

        msg_set_reason(m, "%s", why);
        flow_rest(s, m, GATE_REST_MS);
    }
}

void flow_gate_run(struct spoold *s)
{
    const char *trouble = spoold_worker_trouble(s);
    struct task_list waiting;
    struct task *t;

    if (s->stopping) {
        let_rest(s, &s->gate.lane, "spoold was stopped before its attempt");
        let_rest(s, &s->gate.unserved, "spoold was stopped before its attempt");
    }
    if (!s->gate.unserved.first)
        return;
    if (trouble) {
        if (spoold_workers_down_ms(s) > GATE_PATIENCE_MS)
            let_rest(s, &s->gate.unserved, trouble);
        return;
    }
    task_list_move(&waiting, &s->gate.unserved);
    while ((t = task_list_take(&waiting)))
        flow_gate(s, (struct msg *)t);
}
