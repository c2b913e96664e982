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

#define ROUNDS_MAX 24   /* SPF needs fewer, whatever its records say */
#define FACT_SHARE 4400 /* bytes of the answers to one question; a TXT record may have 4,096 */
#define TEXT_SHARE (FACTS_PACKED_MAX / 2) /* bytes of all text records */

static void submit(struct spoold *s, struct judging *g);

/* --- the list of those that wait ---------------------------------------- */

static void enter(struct spoold *s, struct judging *g)
{
    struct judging_waiting *w = &s->judging;

    struct judging *before = w->last;

    while (before && before->due > g->due)
        before = before->prev; /* hardly ever: most began in this order */
    g->waiting = true;
    g->prev = before;
    g->next = before ? before->next : w->first;
    *(before ? &before->next : &w->first) = g;
    *(g->next ? &g->next->prev : &w->last) = g;
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
    buf_free(&g->suspended);
    free(g->ask);
    *g = (struct judging){.message = -1};
}

void judging_weigh(struct spoold *s, struct judging *g)
{
    buf_clear(&g->checks);
    g->weight = verdict_make_checks(s->cfg, &g->given.verdict, &g->checks);
}

/* --- facts -------------------------------------------------------------- */

/* Of text records only those that a check reads; a name has as many others as its owner likes. */
static bool is_of_use(const struct fact *f, struct view answer)
{
    static const struct view spf = VIEW("v=spf1");

    if (f->type != FACT_TXT || memmem(f->name.p, f->name.n, "_domainkey", 10) ||
        (f->name.n > 6 && memcmp(f->name.p, "_dmarc", 6) == 0))
        return true;
    return answer.n >= spf.n && view_equal_nocase((struct view){answer.p, spf.n}, spf);
}

/*
 * What the sender's own names answer must not take the room of what others say about him: each fact has its
 * share, and one beyond it is a failure of that name alone.
 */
static void add_fact(struct judging *g, const struct fact *f)
{
    struct view kept[FACTS_ANSWERS_MAX];
    struct fact small = *f;
    size_t bytes = 0;

    small.answer = kept;
    small.answer_n = 0;
    for (unsigned i = 0; i < f->answer_n && small.answer_n < FACTS_ANSWERS_MAX; i++) {
        if (!is_of_use(f, f->answer[i]))
            continue;
        bytes += f->answer[i].n;
        kept[small.answer_n++] = f->answer[i];
    }
    if (bytes <= FACT_SHARE && (f->type != FACT_TXT || bytes <= TEXT_SHARE - g->text_bytes) &&
        facts_add(&g->facts, &small) == 0) {
        g->text_bytes += f->type == FACT_TXT ? bytes : 0;
        return;
    }
    small.answer_n = 0;
    small.rcode = FACT_SERVFAIL;
    if (facts_add(&g->facts, &small) == 0)
        return;
    g->final = true; /* not even for that: the round after this one is the last */
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
    snprintf(g->config, sizeof g->config, "%s", o->config ? o->config : "");
    if (g->given.verdict.over && !g->missing)
        g->missing = "there were more results than have room";
    end(s, g, JUDGING_DONE, o);
}

static struct judging *of_job(struct pool_job *job)
{
    return (struct judging *)((char *)job - offsetof(struct judging, job));
}

/* Asked by the pool while it still knows which child gave this answer. */
static const char *answer_fault(struct pool_job *job, const struct wire_result *r)
{
    struct judging *g = of_job(job);

    (void)r;
    antispam_free_answer(&g->given);
    if (antispam_unpack_answer(buf_view(&g->answer), &g->given) == 0 &&
        (g->given.kind == ANTISPAM_VERDICT || !g->final))
        return NULL;
    antispam_free_answer(&g->given);
    return "RESULT: its output is no answer";
}

static void take_answer(struct spoold *s, struct judging *g, const struct pool_outcome *o)
{
    if (g->given.kind == ANTISPAM_VERDICT) {
        take_verdict(s, g, o);
    } else {
        buf_clear(&g->crumbs);
        buf_add_view(&g->crumbs, g->given.crumbs);
        ask(s, g);
    }
}

static void job_done(struct spoold *s, struct pool_job *job, const struct pool_outcome *o)
{
    struct judging *g = of_job(job);

    buf_free(&g->order); /* it may be long, and the message may wait */
    if (o->end == POOL_CHARGED)
        end(s, g, JUDGING_FAILED, o);
    else if (o->end == POOL_DONE && o->result.status == WIRE_OK)
        take_answer(s, g, o);
    else if (o->end == POOL_DONE && o->result.status == WIRE_IO)
        end(s, g, JUDGING_IO, o);
    else
        end(s, g, JUDGING_NOBODY, o);
}

static void pack_order(struct spoold *s, struct judging *g)
{
    const size_t rcpt_n = g->env ? g->env->rcpt_n : 0;
    struct antispam_order o = {
        .flags = g->flags | (g->env ? 0 : ANTISPAM_NO_ENVELOPE) | (g->final ? ANTISPAM_FINAL : 0) |
                 (g->ambiguous ? ANTISPAM_AMBIGUOUS : 0),
        .now = g->now,
        .sender = g->env ? g->env->sender : VIEW(""),
        .rcpt = g->env ? g->env->rcpt : NULL,
        .rcpt_n = rcpt_n < ANTISPAM_RCPT_MAX ? (unsigned)rcpt_n : ANTISPAM_RCPT_MAX,
        .ip = envelope_value(g->env, "connectedip"),
        .helo = envelope_value(g->env, "helo"),
        .auth = envelope_value(g->env, "auth"),
        .protocol = envelope_value(g->env, "protocol"),
        .crumbs = buf_view(&g->crumbs),
        .facts = g->facts,
    };

    if (o.auth.n)
        o.flags |= ANTISPAM_AUTHENTICATED;
    if (s->listtest) {
        buf_clear(&g->suspended);
        listtest_add_suspended(s->listtest, &g->suspended);
    }
    o.suspended = buf_view(&g->suspended);
    antispam_pack_order(&g->order, &o);
}

static void submit(struct spoold *s, struct judging *g)
{
    if (++g->rounds > ROUNDS_MAX || g->flags & ANTISPAM_FINAL || depot_mono_ms() >= g->due)
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
        .fault = answer_fault,
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
