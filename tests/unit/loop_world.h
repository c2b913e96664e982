/*
 * loop_world.h - the loop's side around the spool of depot_world.h, with the store inside the loop.
 *
 * A test plays loop_run(): it starts something and takes turns until nothing is
 * queued any more.
 */
#ifndef TESTS_UNIT_LOOP_WORLD_H
#define TESTS_UNIT_LOOP_WORLD_H

#include "tests/inline/rewrite.h"
#include "tests/unit/depot_world.h"

#include "spoold/recover.h"
#include "spoold/spoold.h"

/* The loop's side around the same depot; with the store inside the loop. The depot moves into it. */
static inline struct spoold *loop_world_open(struct world *w)
{
    struct spoold *s = xcalloc(1, sizeof *s);

    s->cfg = w->cfg;
    s->depot = w->d;
    s->roster.next_due = INT64_MAX;
    s->notify.fd = -1;
    s->av.dir = -1;
    s->started_ms = depot_wall_ms();
    s->recovered = true;
    task_list_init(&s->todo);
    task_list_init(&s->gate.lane);
    task_list_init(&s->gate.unserved);
    task_list_init(&s->gate.big);
    s->rewrite_inline = inline_rewrite;
    s->store = store_start(&s->depot, false);
    return s;
}

/* One turn of the store: everything that is queued is done and answered. */
static inline unsigned loop_world_turn(struct spoold *s)
{
    struct task_list done;
    struct task *t;
    unsigned n = 0;

    flow_gate_run(s);
    if (!s->todo.first)
        return 0;
    store_submit(s->store, &s->todo);
    assert_true(store_collect(s->store, &done));
    while ((t = task_list_take(&done))) {
        t->done(t, s);
        n++;
    }
    return n;
}

static inline void loop_world_run_out(struct spoold *s)
{
    for (unsigned i = 0; i < 1000 && loop_world_turn(s); i++)
        ;
    assert_null(s->todo.first);
}

static inline void loop_world_drop_msg(struct roster_entry *e, void *arg)
{
    (void)arg;
    msg_free(&e->msg);
}

static inline void loop_world_close(struct world *w, struct spoold **s)
{
    store_stop(&(*s)->store);
    intake_fini(*s);
    roster_each(&(*s)->roster, loop_world_drop_msg, NULL);
    roster_fini(&(*s)->roster);
    w->d = (*s)->depot;
    free(*s);
    *s = NULL;
}

/* A pair of that name is dropped and claimed, as by the intake. */
static inline struct msg *loop_world_claim(struct world *w, struct spoold *s, const char *name)
{
    struct flow_deposit dep = {.from = &s->depot.spool.intake[0], .name = view_of(name)};
    struct msg *m = NULL;

    depot_world_pair(w, "incoming", name);
    assert_int_equal(flow_claim(&s->depot, &dep, &m), FLOW_CLAIMED);
    return m;
}

/* Both sides together, which is what most tests of the loop stand on. */
struct bench {
    struct world *w;
    struct spoold *s;
    struct msg *m; /* with bench_open_claimed() only: the one message, and its name when it is gone */
    struct base b;
};

static inline struct bench bench_open(const char *const *setting, size_t n)
{
    struct bench k = {.w = depot_world_open(setting, n)};

    k.s = loop_world_open(k.w);
    return k;
}

static inline struct bench bench_open_claimed(const char *const *setting, size_t n)
{
    struct bench k = bench_open(setting, n);

    k.m = loop_world_claim(k.w, k.s, "x");
    k.b = k.m->base;
    return k;
}

static inline void bench_close(struct bench *k)
{
    loop_world_close(k->w, &k->s);
    depot_world_close(&k->w);
}

#endif
