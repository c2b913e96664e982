/*
 * flow_examine.c - has worker-av look for viruses in a message, and takes its answer.
 *
 * Loop thread. The message goes as a descriptor; the answer is input: it counts
 * only for the bytes whose SHA-256 and length it names, and rewriting must meet
 * the same ones. What follows from the answer is flow_decide.c's. Nobody gets
 * past here unexamined but by a setting of the administrator's.
 */
#include "spoold/flow_part.h"

#include "common/log.h"
#include "spoold/flow_fates.h"
#include "spoold/spoold.h"

#include <stddef.h>
#include <stdio.h>

static void go_on(struct spoold *s, struct msg *m)
{
    m->step = MSG_STEP_JUDGE;
    flow_go(s, m);
}

static void log_answer(const struct msg *m)
{
    const struct msg_virus *v = &m->virus;
    struct buf ambiguous = {0};

    parts_add_ambiguous(&ambiguous, &m->parts);
    log_info("id=%s event=examined state=%s%s%s%s%s%s generation=%llu layers=%u%s%s%s%s", m->base.s,
             antivirus_state_name(v->state), v->why ? " why=" : "", antivirus_why_name(v->why),
             v->text[0] ? " finding=\"" : "", v->text, v->text[0] ? "\"" : "",
             (unsigned long long)v->generation, v->layers, ambiguous.n ? " ambiguous=\"" : "",
             ambiguous.n ? ambiguous.p : "", ambiguous.n ? "\"" : "",
             v->by.flags & WIRE_LOADED_TEST ? " TEST SIGNATURES ONLY" : "");
    buf_free(&ambiguous);
}

static void note_answer(struct msg *m, const struct pool_outcome *o)
{
    m->virus = (struct msg_virus){.state = (enum antivirus_state)o->result.state,
                                  .why = (enum antivirus_why)o->result.why,
                                  .layers = o->result.layers,
                                  .generation = o->generation,
                                  .by = o->loaded};
    snprintf(m->virus.text, sizeof m->virus.text, "%.*s", (int)sizeof m->virus.text - 1, o->finding);
    memcpy(m->sha256, o->result.sha256, sizeof m->sha256);
    m->hashed = true;
    log_answer(m);
}

static void take_answer(struct spoold *s, struct msg *m, const struct pool_outcome *o)
{
    if (o->result.status == WIRE_IO) {
        flow_worker_io(s, m, o->result.err);
    } else if (o->result.status != WIRE_OK) {
        msg_set_reason(m, "the virus scanner refused to examine it");
        flow_worker_hold(s, m);
    } else if (o->result.in_size != msg_size(m)) {
        flow_worker_bytes(s, m);
    } else {
        note_answer(m, o);
        if (antivirus_is_transient(m->virus.why))
            antivirus_failed(s, m->base.s, m->virus.text);
        go_on(s, m);
    }
}

/* It goes on at once when the scanner serves again (flow_gate.c). */
static void not_served(struct spoold *s, struct msg *m, const char *why)
{
    msg_set_reason(m, "it waits for the virus scanner: %s", why);
    m->unserved = s->gate.rested = true;
    if (flow_gate_is_too_old(s, m->tries, m->since_ms))
        flow_worker_hold(s, m);
    else
        flow_put_on_hold(s, m);
}

static bool is_answer(const struct msg *m, const struct pool_outcome *o)
{
    return o->end == POOL_DONE && o->result.status == WIRE_OK && o->result.in_size == msg_size(m);
}

static void job_done(struct spoold *s, struct pool_job *job, const struct pool_outcome *o)
{
    struct msg *m = (struct msg *)((char *)job - offsetof(struct msg, job));

    flow_gate_examined(s, m);
    if (!is_answer(m, o))
        parts_free(&m->parts); /* records show a list beside the answer that it came with, or none */
    if (o->end == POOL_DONE) {
        take_answer(s, m, o);
    } else if (o->end == POOL_CHARGED) {
        flow_worker_charge(s, m, o);
    } else if (s->stopping) {
        msg_set_reason(m, "%s", o->cause);
        flow_give_back(s, m);
    } else {
        not_served(s, m, o->cause[0] ? o->cause : "its attempt was called off");
    }
}

static void run_inline(struct spoold *s, struct msg *m)
{
    struct pool_outcome o = {.end = POOL_DONE};

    s->examine_inline(&m->job, &o);
    job_done(s, &m->job, &o);
}

static void submit(struct spoold *s, struct msg *m)
{
    m->job = (struct pool_job){
        .role = ROLE_AV,
        .alone = s->gate.alone == m,
        .big = msg_size(m) > (uint64_t)s->cfg->av_big_message,
        .message = m->eml,
        .out = -1,
        .list = &m->parts,
        .size = msg_size(m),
        .test = flow_fates_misbehaviour(m, ROLE_AV),
        .done = job_done,
    };
    if (s->examine_inline)
        run_inline(s, m);
    else
        pool_submit(s->pool, &m->job);
}

void flow_examine(struct spoold *s, struct msg *m)
{
    m->virus = (struct msg_virus){.state = ANTIVIRUS_NOT_ASKED};
    parts_free(&m->parts);
    m->hashed = m->unserved = false;
    if (!(s->pool || s->examine_inline) || !flow_decide_wants_scan(s, m)) {
        flow_gate_examined(s, m);
        go_on(s, m);
    } else if (s->stopping) {
        msg_set_reason(m, "spoold was stopped");
        flow_give_back(s, m);
    } else if (antivirus_down_ms(s) > SPOOLD_WORKER_MS) {
        not_served(s, m, antivirus_trouble(s));
    } else {
        submit(s, m);
    }
}
