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
#include "spoold/negative.h"
#include "spoold/spoold.h"

#define GATE_LANE_MAX 64    /* messages that wait in memory until they can go alone */
#define GATE_REST_MS  30000 /* messages that no worker serves are looked at again after this time */

static bool is_decided(const struct msg *m)
{
    return m->fate == MSG_FATE_QUARANTINE && m->class == SPOOL_CLASS_POISON;
}

static bool must_be_alone(const struct msg *m)
{
    return !NEGATIVE("no-lane") && m->attempt + (m->keep_attempt ? 0 : 1) > 1;
}

bool flow_gate_is_shut(const struct spoold *s)
{
    return spoold_workers_down_ms(s) > SPOOLD_WORKER_MS || antivirus_down_ms(s) > SPOOLD_WORKER_MS;
}

bool flow_gate_is_too_old(const struct spoold *s, int64_t since_ms)
{
    return since_ms && depot_wall_ms() - since_ms > s->cfg->max_hold;
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

/* Until flow_gate_run(). What waits in memory is little: suspects must not take the place of other messages.
 */
static void enter_lane(struct spoold *s, struct msg *m)
{
    if (s->gate.lane.n < GATE_LANE_MAX) {
        s->bytes_in_flight -= m->counted;
        m->counted = 0; /* until it is locked */
        task_list_add(&s->gate.lane, &m->task);
        return;
    }
    s->gate.overflowed = true;
    msg_set_reason(m, "it waits until it can be tried alone");
    flow_rest(s, m, GATE_REST_MS);
}

/* Only the virus scanner is missing, and it was held for too long, or its answer would change nothing. */
static bool must_be_decided(const struct spoold *s, const struct msg *m)
{
    if (spoold_workers_down_ms(s) || !antivirus_down_ms(s))
        return false;
    return (m->tries && flow_gate_is_too_old(s, m->since_ms)) || (m->eml >= 0 && !flow_decide_wants_scan(s, m));
}

void flow_gate(struct spoold *s, struct msg *m)
{
    if (is_decided(m) || must_be_decided(s, m))
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
    if (s->gate.alone == m)
        s->gate.alone = NULL;
}

/* They stay on disk as they are; nothing was begun, so nothing is charged. */
static void let_rest(struct spoold *s, struct task_list *list, const char *why)
{
    struct task *t;

    if (list->first)
        log_info("event=waiting messages=%u they stay where they are: %s", list->n, why);
    while ((t = task_list_take(list))) {
        struct msg *m = (struct msg *)t;

        msg_set_reason(m, "%s", why);
        flow_rest(s, m, GATE_REST_MS);
    }
}

/*
 * For want of the virus scanner alone: mail is taken in and written down all the same. What was not read
 * yet stays as it stands on disk.
 */
static void put_on_hold(struct spoold *s, struct task_list *list, const char *why)
{
    struct task *t;

    if (list->first)
        log_info("event=waiting messages=%u they are held: %s", list->n, why);
    while ((t = task_list_take(list))) {
        struct msg *m = (struct msg *)t;

        msg_set_reason(m, "it waits for the virus scanner: %s", why);
        m->unserved = true;
        if (m->eml >= 0)
            flow_put_on_hold(s, m);
        else
            flow_rest(s, m, GATE_REST_MS);
    }
}

static void serve_waiting(struct spoold *s)
{
    struct task_list waiting;
    struct task *t;

    task_list_move(&waiting, &s->gate.unserved);
    while ((t = task_list_take(&waiting)))
        flow_gate(s, (struct msg *)t);
}

static void wake_one(struct roster_entry *e, void *arg)
{
    if (e->state == ROSTER_RESTING || (e->state == ROSTER_HELD && e->unserved))
        roster_set_due(arg, e, 0);
}

/* A worker serves again, or there is room in the lane: they need not wait for their time. */
static void wake_rested(struct spoold *s)
{
    s->gate.rested = s->gate.overflowed = false;
    roster_each(&s->roster, wake_one, &s->roster);
}

void flow_gate_run(struct spoold *s)
{
    const char *why = s->stopping ? "spoold was stopped before its attempt" : spoold_worker_trouble(s);

    if (!why) {
        if (s->gate.rested || (s->gate.overflowed && !s->gate.lane.first))
            wake_rested(s);
        serve_waiting(s);
        run_lane(s);
    } else if (s->stopping || spoold_workers_down_ms(s) > SPOOLD_WORKER_MS) {
        s->gate.rested = true;
        let_rest(s, &s->gate.lane, why);
        let_rest(s, &s->gate.unserved, why);
    } else if (antivirus_down_ms(s) > SPOOLD_WORKER_MS) {
        s->gate.rested = true;
        put_on_hold(s, &s->gate.lane, why);
        put_on_hold(s, &s->gate.unserved, why);
    }
}
