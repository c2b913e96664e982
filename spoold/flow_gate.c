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
#include "spoold/control_freeze.h"
#include "spoold/negative.h"
#include "spoold/spoold.h"

#define GATE_LANE_MAX    64     /* messages that wait in memory until they can go alone */
#define GATE_BIG_MAX     2      /* one that is examined, and the next */
#define GATE_PATIENCE_MS 900000 /* a large set of signatures may take that long to load */
#define GATE_REST_MS     30000  /* messages that no worker serves are looked at again after this time */

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

bool flow_gate_is_too_old(const struct spoold *s, unsigned tries, int64_t since_ms)
{
    int64_t patience = s->cfg->max_hold < GATE_PATIENCE_MS ? s->cfg->max_hold : GATE_PATIENCE_MS;

    return tries && antivirus_down_ms(s) > patience && depot_wall_ms() - since_ms > s->cfg->max_hold;
}

/* They are examined one at a time; were all of them let in, small messages would find no room beside them. */
static bool is_big(const struct spoold *s, const struct msg *m)
{
    return s->pool && s->cfg->clamav && msg_size(m) > (uint64_t)s->cfg->av_big_message;
}

static void pass(struct spoold *s, struct msg *m)
{
    if (is_big(s, m) && !m->big) {
        m->big = true;
        s->gate.big_n++;
    }
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

/* Until flow_gate_run(). What waits in memory is little: those must not take the place of other messages. */
static void enter_lane(struct spoold *s, struct task_list *lane, struct msg *m, const char *why)
{
    if (lane->n < GATE_LANE_MAX) {
        s->bytes_in_flight -= m->counted;
        m->counted = 0; /* until it is locked */
        task_list_add(lane, &m->task);
        return;
    }
    s->gate.overflowed = true;
    msg_set_reason(m, "%s", why);
    flow_rest(s, m, GATE_REST_MS);
}

/* Only the virus scanner is missing, and it was held for too long, or its answer would change nothing. */
static bool must_be_decided(const struct spoold *s, const struct msg *m)
{
    if (spoold_workers_down_ms(s) || !antivirus_down_ms(s))
        return false;
    return flow_gate_is_too_old(s, m->tries, m->since_ms) || (m->eml >= 0 && !flow_decide_wants_scan(s, m));
}

void flow_gate(struct spoold *s, struct msg *m)
{
    if (s->frozen)
        task_list_add(&s->gate.unserved, &m->task);
    else if (is_decided(m) || must_be_decided(s, m))
        pass(s, m);
    else if (spoold_worker_trouble(s) || s->gate.unserved.first)
        task_list_add(&s->gate.unserved, &m->task);
    else if (must_be_alone(m))
        enter_lane(s, &s->gate.lane, m, "it waits until it can be tried alone");
    else if (is_big(s, m) && s->gate.big_n >= GATE_BIG_MAX)
        enter_lane(s, &s->gate.big, m, "it waits for other big messages before it");
    else
        pass(s, m);
}

void flow_gate_leave(struct spoold *s, struct msg *m)
{
    if (s->gate.alone == m)
        s->gate.alone = NULL;
    flow_gate_examined(s, m);
}

void flow_gate_examined(struct spoold *s, struct msg *m)
{
    s->gate.big_n -= m->big;
    m->big = false;
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

/* For want of the virus scanner alone: mail is taken in, read, written down and held all the same. */
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
            pass(s, m); /* to be read first; flow_examine.c holds it */
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

static void run_big(struct spoold *s)
{
    while (s->gate.big_n < GATE_BIG_MAX && s->gate.big.first)
        pass(s, (struct msg *)task_list_take(&s->gate.big));
}

/* A worker serves again, or there is room in the lane: they need not wait for their time. */
static void wake_rested(struct spoold *s)
{
    s->gate.rested = s->gate.overflowed = false;
    roster_each(&s->roster, wake_one, &s->roster);
}

void flow_gate_run(struct spoold *s)
{
    const char *why = s->stopping ? "spoold was stopped before its attempt"
                      : s->frozen ? CONTROL_FREEZE_WHY
                                  : spoold_worker_trouble(s);

    if (!why) {
        if (s->gate.rested || (s->gate.overflowed && !s->gate.lane.first && !s->gate.big.first))
            wake_rested(s);
        serve_waiting(s);
        run_lane(s);
        run_big(s);
    } else if (s->stopping || s->frozen || spoold_workers_down_ms(s) > SPOOLD_WORKER_MS) {
        s->gate.rested = true;
        let_rest(s, &s->gate.lane, why);
        let_rest(s, &s->gate.big, why);
        let_rest(s, &s->gate.unserved, why);
    } else if (antivirus_down_ms(s) > SPOOLD_WORKER_MS) {
        s->gate.rested = true;
        put_on_hold(s, &s->gate.lane, why);
        put_on_hold(s, &s->gate.big, why);
        put_on_hold(s, &s->gate.unserved, why);
    }
}
