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

#include "spoold/negative.h"
#include "spoold/spoold.h"

#define GATE_PATIENCE_MS 10000 /* so long messages wait here for a worker; then they are left on disk */
#define GATE_REST_MS     30000 /* and looked at again after this time */

static bool is_decided(const struct msg *m)
{
    return m->fate == MSG_FATE_QUARANTINE && m->class == SPOOL_CLASS_POISON;
}

static bool must_be_alone(const struct msg *m)
{
    return !NEGATIVE("no-lane") && m->attempt + (m->keep_attempt ? 0 : 1) > 1;
}

static void pass(struct spoold *s, struct msg *m)
{
    m->step = MSG_STEP_LOCK;
    flow_go(s, m);
}

/* The one with the fewest attempts: deaths of spoold itself are spread over all before one gets its last. */
static struct msg *take_least_tried(struct task_list *lane)
{
    struct task *least = lane->first, *t;
    struct task_list rest;

    for (t = least; t; t = t->next)
        if (((struct msg *)t)->attempt < ((struct msg *)least)->attempt)
            least = t;
    task_list_init(&rest);
    while ((t = task_list_take(lane)))
        if (t != least)
            task_list_add(&rest, t);
    task_list_move(lane, &rest);
    return (struct msg *)least;
}

static void run_lane(struct spoold *s)
{
    if (s->gate.alone || !s->gate.lane.first)
        return;
    s->gate.alone = take_least_tried(&s->gate.lane);
    pass(s, s->gate.alone);
}

void flow_gate(struct spoold *s, struct msg *m)
{
    if (is_decided(m))
        pass(s, m);
    else if (spoold_worker_trouble(s) || s->gate.unserved.first)
        task_list_add(&s->gate.unserved, &m->task);
    else if (must_be_alone(m))
        task_list_add(&s->gate.lane, &m->task); /* until flow_gate_run() */
    else
        pass(s, m);
}

void flow_gate_leave(struct spoold *s, const struct msg *m)
{
    if (s->gate.alone == m)
        s->gate.alone = NULL;
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

static void serve_waiting(struct spoold *s)
{
    const char *trouble = spoold_worker_trouble(s);
    struct task_list waiting;
    struct task *t;

    if (trouble) {
        if (spoold_workers_down_ms(s) > GATE_PATIENCE_MS)
            let_rest(s, &s->gate.unserved, trouble);
        return;
    }
    task_list_move(&waiting, &s->gate.unserved);
    while ((t = task_list_take(&waiting)))
        flow_gate(s, (struct msg *)t);
}

void flow_gate_run(struct spoold *s)
{
    if (s->stopping) {
        let_rest(s, &s->gate.lane, "spoold was stopped before its attempt");
        let_rest(s, &s->gate.unserved, "spoold was stopped before its attempt");
    }
    if (s->gate.unserved.first)
        serve_waiting(s);
    run_lane(s);
}
