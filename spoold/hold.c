/*
 * hold.c - see hold.h. Loop thread; the ledger's record is written by the store, which answers when it is
 * durable.
 *
 * Never moves a message: what is in work is put on hold by the flow, by the
 * same step as for any other reason. Never looks into a message that the store
 * may be changing at this moment.
 */
#include "spoold/hold.h"

#include "common/json.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/control_server.h"
#include "spoold/spoold.h"

#include <stdio.h>
#include <stdlib.h>

#define HOLD_FAR_MS INT64_C(315360000000) /* ten years: no time at all */

struct hold_task {
    struct task task;
    struct ledger_hold hold;
    struct control_ticket ticket;
    bool kept, written; /* kept: until it is released */
};

static struct hold_order *find(const struct spoold *s, const struct base *b)
{
    struct hold_orders *o = (struct hold_orders *)(uintptr_t)&s->holds;

    for (size_t i = 0; i < o->n; i++)
        if (view_equal(base_view(&o->order[i].base), base_view(b)))
            return &o->order[i];
    return NULL;
}

bool hold_is_wanted(const struct spoold *s, const struct base *b)
{
    return s->holds.n && find(s, b);
}

int hold_want(struct spoold *s, const struct base *b, struct control_ticket t)
{
    struct hold_order *o = find(s, b);

    if (!o && s->holds.n == HOLD_ORDERS_MAX)
        return -1;
    if (!o)
        o = &s->holds.order[s->holds.n++];
    *o = (struct hold_order){*b, t, depot_mono_ms() + HOLD_WAIT_MS};
    return 0;
}

bool hold_forget(struct spoold *s, const struct base *b)
{
    struct hold_order *o = find(s, b);

    if (!o)
        return false;
    *o = s->holds.order[--s->holds.n];
    return true;
}

static void tell(struct spoold *s, struct control_ticket t, const struct base *b, bool kept)
{
    struct buf lines = {0}, text = {0};
    struct json j;

    buf_addf(&text, kept ? "%s is held until: spoolctl unhold" : "%s is not held any more; it is tried now",
             b->s);
    json_open(&j, &lines);
    json_add_view(&j, "id", base_view(b));
    json_add_bool(&j, "kept", kept);
    json_add_view(&j, "text", buf_view(&text));
    json_close(&j);
    buf_add_char(&lines, '\n');
    control_reply(s, t, &lines, EXIT_OK, "");
    buf_free(&text);
    buf_free(&lines);
}

static void write_run(struct task *task, struct depot *d)
{
    struct hold_task *t = (struct hold_task *)task;

    depot_begin(d);
    t->written = d->in_txn && ledger_put_hold(d->ledger, &t->hold) == 0;
}

static void write_done(struct task *task, struct spoold *s)
{
    struct hold_task *t = (struct hold_task *)task;

    if (t->written)
        tell(s, t->ticket, &t->hold.id, t->kept);
    else
        control_reply(s, t->ticket, NULL, EXIT_TEMP_75,
                      "done, but the ledger did not take it: after a restart it would be forgotten. Say it "
                      "again in a minute");
    free(t);
}

static void write_down(struct spoold *s, const struct roster_entry *e, struct control_ticket ticket,
                       bool kept)
{
    struct hold_task *t = xcalloc(1, sizeof *t);

    t->task.run = write_run;
    t->task.done = write_done;
    t->ticket = ticket;
    t->kept = kept;
    t->hold = (struct ledger_hold){.id = e->base, .since_ms = e->first_ms, .tries = e->tries};
    t->hold.next_ms = depot_wall_ms() + (kept ? HOLD_FAR_MS : 0);
    snprintf(t->hold.reason, sizeof t->hold.reason, "%s", kept ? ROSTER_KEPT : "");
    task_list_add(&s->todo, &t->task);
}

void hold_keep(struct spoold *s, struct roster_entry *e, struct control_ticket t)
{
    roster_set_reason(e, ROSTER_KEPT);
    e->unserved = false; /* a worker that serves again does not wake it */
    roster_set_due(&s->roster, e, INT64_MAX);
    log_info("id=%s event=kept it is held by the administrator", e->base.s);
    write_down(s, e, t, true);
}

/* The store has every message that it was given until it is idle. */
static bool is_decided(const struct spoold *s, const struct roster_entry *e)
{
    return e->state == ROSTER_WORK && store_idle(s->store) && e->msg->step >= MSG_STEP_RESUME &&
           e->msg->step <= MSG_STEP_FINISH;
}

/* Whether the order is fulfilled, or can never be. */
static bool settle(struct spoold *s, struct hold_order *o)
{
    struct roster_entry *e = roster_find(&s->roster, &o->base);

    if (s->stopping) {
        control_reply(s, o->ticket, NULL, EXIT_TEMP_75, "spoold is stopping");
    } else if (!e || is_decided(s, e)) {
        control_reply(s, o->ticket, NULL, EXIT_FINDING,
                      "too late: it is decided already; spoolctl show ID says what became of it");
    } else if (roster_is_kept(e)) {
        tell(s, o->ticket, &e->base, true);
    } else if (e->state == ROSTER_HELD) {
        hold_keep(s, e, o->ticket);
    } else {
        return false;
    }
    return true;
}

int64_t hold_run(struct spoold *s, int64_t now)
{
    int64_t next = INT64_MAX;

    for (size_t i = 0; i < s->holds.n;) {
        struct hold_order *o = &s->holds.order[i];

        if (settle(s, o)) {
            *o = s->holds.order[--s->holds.n];
            continue;
        }
        if (now >= o->due) {
            control_reply(s, o->ticket, NULL, EXIT_TEMP_75,
                          "it is in work and will be held when its present step ends, unless spoold is "
                          "restarted before; look with: spoolctl queue");
            o->ticket.number = 0;
            o->due = INT64_MAX;
        }
        next = o->due < next ? o->due : next;
        i++;
    }
    return next;
}

void hold_release(struct spoold *s, struct roster_entry *e, struct control_ticket t)
{
    hold_run(s, depot_mono_ms()); /* the order, if it has only just been fulfilled */
    roster_set_reason(e, "");
    e->tries = 0;
    e->first_ms = depot_wall_ms();
    log_info("id=%s event=unhold the administrator lets it go on", e->base.s);
    write_down(s, e, t, false);
    roster_set_due(&s->roster, e, 0); /* behind the task above, so that the record is the older one */
}
