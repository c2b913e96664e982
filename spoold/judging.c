/*
 * judging.c - see judging.h: rounds, facts, and the time that they may take.
 *
 * Loop thread. The first round reads the message and answers which facts are needed; the resolver gets them;
 * further rounds unfold what follows from them (SPF's includes), the last one judges. Whatever was not got
 * within the budget is a time-out, weighs nothing and is named. Answers of the worker are input.
 */
#include "spoold/judging.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/listtest.h"
#include "spoold/spoold.h"
#include "spoold/verdict.h"

#include <stddef.h>
#include <stdlib.h>

#define ROUNDS_MAX 24 /* SPF needs fewer, whatever its records say */

static void submit(struct spoold *s, struct judging *g);

/* --- the list of those that wait ---------------------------------------- */

static void enter(struct spoold *s, struct judging *g)
{
    struct judging_waiting *w = &s->judging;

    g->waiting = true;
    g->next = NULL;
    g->prev = w->last;
    *(w->last ? &w->last->next : &w->first) = g;
    w->last = g;
    w->n++;
    w->bytes += g->size;
}

static void leave(struct spoold *s, struct judging *g)
{
    struct judging_waiting *w = &s->judging;

    if (!g->waiting)
        return;
    *(g->prev ? &g->prev->next : &w->first) = g->next;
    *(g->next ? &g->next->prev : &w->last) = g->prev;
    g->waiting = false;
    w->n--;
    w->bytes -= g->size;
}

void judging_leave(struct spoold *s, struct judging *g)
{
    leave(s, g);
    for (unsigned i = 0; i < g->ask_n; i++)
        resolver_forget(s->resolver, &g->ask[i]);
    g->ask_n = g->open = 0;
}

void judging_free(struct judging *g)
{
    facts_free(&g->facts);
    antispam_free_answer(&g->given);
    buf_free(&g->crumbs);
    buf_free(&g->order);
    buf_free(&g->answer);
    buf_free(&g->checks);
    free(g->ask);
    *g = (struct judging){.message = -1};
}

void judging_weigh(struct spoold *s, struct judging *g)
{
    buf_clear(&g->checks);
    g->weight = verdict_make_checks(s->cfg, &g->given.verdict, &g->checks);
}

/* --- facts -------------------------------------------------------------- */

static void add_fact(struct judging *g, const struct fact *f)
{
    if (facts_add(&g->facts, f) == 0)
        return;
    /* No room: the round after this one is the last. */
    g->final = true;
    g->missing = "there were more facts than have room";
}

static void answered(struct spoold *s, struct resolver_ask *a, const struct fact *f)
{
    struct judging *g = a->owner;

    add_fact(g, f);
    if (--g->open > 0)
        return;
    leave(s, g);
    g->ask_n = 0;
    submit(s, g);
}

/* In the place of answers that did not come: the look-up is not made again, and the record shows it. */
static void time_out(struct spoold *s, struct judging *g)
{
    for (unsigned i = 0; i < g->ask_n; i++) {
        const struct resolver_ask *a = &g->ask[i];
        const struct fact none = {
            .type = a->type, .rcode = FACT_TIMEOUT, .name = view_of(a->name), .at = g->now};

        if (!facts_get(&g->facts, a->type, view_of(a->name)))
            add_fact(g, &none);
    }
    g->final = true;
    g->missing = "facts did not come in time (antispam.budget)";
    judging_leave(s, g);
    submit(s, g);
}

/* Somebody who sends many messages with names that nobody answers for must not stop the others. */
static int64_t first_due(const struct spoold *s)
{
    const struct judging *g = s->judging.first;
    int64_t soon;

    if (!g)
        return INT64_MAX;
    soon = g->due - g->budget + JUDGING_PATIENCE_MS;
    return s->judging.n > (size_t)s->cfg->max_in_flight && soon < g->due ? soon : g->due;
}

int64_t judging_run(struct spoold *s, int64_t now)
{
    while (s->judging.first && (first_due(s) <= now || s->stopping))
        time_out(s, s->judging.first);
    return first_due(s);
}

/* Those that are there already are not asked for again: that would go round in a circle. */
static void list_asks(struct judging *g)
{
    const struct needs *n = &g->given.needs;

    g->ask = xrealloc(g->ask, n->n ? n->n : 1, sizeof *g->ask);
    g->ask_n = 0;
    for (unsigned i = 0; i < n->n; i++) {
        struct resolver_ask *a = &g->ask[g->ask_n];

        if (facts_get(&g->facts, n->need[i].type, n->need[i].name))
            continue;
        *a = (struct resolver_ask){.type = n->need[i].type, .owner = g, .done = answered};
        memcpy(a->name, n->need[i].name.p, n->need[i].name.n);
        g->ask_n++;
    }
}

static void ask(struct spoold *s, struct judging *g)
{
    list_asks(g);
    g->open = g->ask_n;
    if (!g->open || !s->resolver) {
        g->ask_n = g->open = 0;
        g->final = true;
        submit(s, g);
        return;
    }
    enter(s, g);
    for (unsigned i = 0; i < g->ask_n; i++)
        resolver_submit(s->resolver, &g->ask[i]);
}

/* --- a round ------------------------------------------------------------ */

static void end(struct spoold *s, struct judging *g, enum judging_end how, const struct pool_outcome *o)
{
    judging_leave(s, g);
    g->done(s, g, how, o);
}

static void take_verdict(struct spoold *s, struct judging *g, const struct pool_outcome *o)
{
    if (o->result.in_size != g->size) {
        end(s, g, JUDGING_BYTES, o);
        return;
    }
    memcpy(g->sha256, o->result.sha256, sizeof g->sha256);
    g->judged = true;
    end(s, g, JUDGING_DONE, o);
}

static void take_answer(struct spoold *s, struct judging *g, const struct pool_outcome *o)
{
    const struct pool_outcome lie = {.end = POOL_CHARGED,
                                     .generation = o->generation,
                                     .pid = o->pid,
                                     .cause = "it broke the protocol: RESULT: its output is no answer"};

    antispam_free_answer(&g->given);
    if (antispam_unpack_answer(buf_view(&g->answer), &g->given) < 0 ||
        (g->given.kind == ANTISPAM_NEEDS && g->final)) {
        antispam_free_answer(&g->given);
        end(s, g, JUDGING_FAILED, &lie);
    } else if (g->given.kind == ANTISPAM_VERDICT) {
        take_verdict(s, g, o);
    } else {
        buf_clear(&g->crumbs);
        buf_add_view(&g->crumbs, g->given.crumbs);
        ask(s, g);
    }
}

static void job_done(struct spoold *s, struct pool_job *job, const struct pool_outcome *o)
{
    struct judging *g = (struct judging *)((char *)job - offsetof(struct judging, job));

    if (o->end == POOL_CHARGED)
        end(s, g, JUDGING_FAILED, o);
    else if (o->end == POOL_DONE && o->result.status == WIRE_OK)
        take_answer(s, g, o);
    else if (o->end == POOL_DONE && o->result.status == WIRE_IO)
        end(s, g, JUDGING_IO, o);
    else
        end(s, g, JUDGING_NOBODY, o);
}

static struct view key_of(const struct judging *g, const char *key)
{
    const struct view *v = g->env ? envelope_find(g->env, key, 0) : NULL;

    return v ? *v : VIEW("");
}

static void pack_order(struct spoold *s, struct judging *g)
{
    struct buf suspended = {0};
    const size_t rcpt_n = g->env ? g->env->rcpt_n : 0;
    struct antispam_order o = {
        .flags = g->flags | (g->env ? 0 : ANTISPAM_NO_ENVELOPE) | (g->final ? ANTISPAM_FINAL : 0) | (g->ambiguous ? ANTISPAM_AMBIGUOUS : 0),
        .now = g->now,
        .sender = g->env ? g->env->sender : VIEW(""),
        .rcpt = g->env ? g->env->rcpt : NULL,
        .rcpt_n = rcpt_n < ANTISPAM_RCPT_MAX ? (unsigned)rcpt_n : ANTISPAM_RCPT_MAX,
        .ip = key_of(g, "connectedip"),
        .helo = key_of(g, "helo"),
        .auth = key_of(g, "auth"),
        .protocol = key_of(g, "protocol"),
        .crumbs = buf_view(&g->crumbs),
        .facts = g->facts,
    };

    if (o.auth.n)
        o.flags |= ANTISPAM_AUTHENTICATED;
    if (s->listtest)
        listtest_add_suspended(s->listtest, &suspended);
    o.suspended = buf_view(&suspended);
    buf_clear(&g->order);
    antispam_pack_order(&g->order, &o);
    buf_free(&suspended);
}

static void submit(struct spoold *s, struct judging *g)
{
    if (++g->rounds > ROUNDS_MAX || g->flags & ANTISPAM_FINAL)
        g->final = true;
    pack_order(s, g);
    buf_clear(&g->answer);
    g->job = (struct pool_job){
        .role = ROLE_ANTISPAM,
        .alone = g->alone,
        .message = g->message,
        .out = -1,
        .blob = buf_view(&g->order),
        .answer = &g->answer,
        .answer_max = ANTISPAM_ANSWER_MAX,
        .size = g->size,
        .test = g->test,
        .done = job_done,
    };
    pool_submit(s->pool, &g->job);
}

void judging_begin(struct spoold *s, struct judging *g)
{
    g->due = depot_mono_ms() + g->budget;
    g->final = g->judged = false;
    g->rounds = 0;
    g->missing = NULL;
    submit(s, g);
}
