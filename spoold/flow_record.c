/*
 * flow_record.c - writes down what became of a message, before its last trace leaves proc.
 *
 * Store thread. The journal line is durable before the originals are unlinked
 * and before the last part of a quarantine entry is moved, so that the books
 * balance after any crash; a line that is written twice counts once (journal.h).
 */
#include "spoold/flow.h"

#include "common/json.h"
#include "common/xalloc.h"
#include "spoold/deliver.h"
#include "spoold/flow_decision.h"
#include "spoold/flow_plan.h"
#include "spoold/flow_quarantine.h"
#include "spoold/negative.h"

#include <errno.h>
#include <stdlib.h>

#define RECORD_RCPT_BYTES                                                                                    \
    100000                    /* of recipients in one line: six times as many when each byte is escaped      \
                               */
#define RECORD_CLIENT_MAX 100 /* bytes; an address literal has 45 */

static struct event event_of(const struct msg *m, enum event_kind kind)
{
    return (struct event){
        .kind = kind,
        .at_ms = depot_wall_ms(),
        .id = m->base,
        .sender = m->env.sender,
        .reason = view_of(m->reason),
        .size = msg_size(m),
    };
}

/* The addresses of a set of recipients; the caller frees the array. */
static struct view *recipients_of(const struct msg *m, const struct msg_copy *c)
{
    struct view *v = xcalloc(c->rcpt_n, sizeof *v);

    for (size_t i = 0; i < c->rcpt_n; i++)
        v[i] = m->env.rcpt[c->rcpt[i]];
    return v;
}

/* After a restart the line may stand there already; where the ledger does not know, writing it again is
 * harmless. It is written again with each new decision: the last record of a message is the one that counts.
 */
static bool already_accepted(struct depot *d, const struct msg *m)
{
    struct ledger_row row;

    return m->recovered && ledger_get(d->ledger, base_view(&m->base), &row) == 1 &&
           (row.events & (1u << EVENT_ACCEPTED));
}

/* How many recipients fit into one line. */
static size_t line_fill(const struct view *rcpt, size_t n)
{
    size_t i = 0, bytes = 0;

    while (i < n && (i == 0 || bytes + rcpt[i].n < RECORD_RCPT_BYTES))
        bytes += rcpt[i++].n + 4;
    return i;
}

int flow_record_event(struct depot *d, const struct event *e)
{
    struct event part = *e;
    size_t n = e->rcpt_n;

    do {
        part.rcpt_n = line_fill(part.rcpt, n);
        if (depot_record(d, &part) < 0)
            return -1;
        part.record = (struct view){NULL, 0}; /* of the first one: what follows it at once is its rest */
        part.rcpt += part.rcpt_n;
        n -= part.rcpt_n;
    } while (n > 0);
    return 0;
}

static int record_lines(struct depot *d, struct msg *m, struct event *e, const struct view *rcpt, size_t n)
{
    e->rcpt = rcpt;
    e->rcpt_n = n;
    return flow_record_event(d, e) < 0 ? flow_fail(m, errno, "the journal cannot be written") : 0;
}

int flow_record_accepted(struct depot *d, struct msg *m)
{
    struct event e = event_of(m, EVENT_ACCEPTED);
    const struct view *client = m->env_ok ? envelope_find(&m->env, "connectedip", 0) : NULL;
    struct buf decision = {0};
    int r;

    m->accepted = m->accepted || (m->by == DECIDE_BY_NOTHING && already_accepted(d, m));
    if (m->accepted)
        return 0;
    e.name = m->name.n ? m->name : base_clean(&m->base);
    e.reason = (struct view){NULL, 0};
    if (client)
        e.client = (struct view){client->p, client->n < RECORD_CLIENT_MAX ? client->n : RECORD_CLIENT_MAX};
    flow_decision_make(
        m, d->cfg->log_addresses == LOG_ADDRESSES_FULL ? FLOW_DECISION_LINE : FLOW_DECISION_NAMELESS,
        &decision);
    e.record = buf_view(&decision);
    r = record_lines(d, m, &e, m->env.rcpt, m->env.rcpt_n);
    buf_free(&decision);
    m->accepted = r == 0;
    return r;
}

static int record_set(struct depot *d, struct msg *m, struct event *e, const struct msg_copy *set)
{
    struct view *rcpt = recipients_of(m, set);
    int r = record_lines(d, m, e, rcpt, set->rcpt_n);

    free(rcpt);
    return r;
}

/* About the recipients whom it was for; that it went to another address is told in words. */
static int record_copy(struct depot *d, struct msg *m, unsigned k)
{
    const struct msg_copy *c = &m->copy[k - 1];
    struct event e = event_of(m, EVENT_DELIVERED);
    struct buf reason = {0};
    int r;

    e.copy = k;
    if (c->redirect)
        buf_addf(&reason, "redirected to %s", c->redirect);
    e.reason = buf_view(&reason); /* m->reason is the others' */
    r = record_set(d, m, &e, c);
    buf_free(&reason);
    return r;
}

/* Where spoold itself hands them over, they are delivered when the server has them (deliver_store.c). */
static int record_copies(struct depot *d, struct msg *m)
{
    if (deliver_is_on(d->cfg, m->intake))
        return 0;
    for (unsigned k = 1; k <= m->copy_n; k++)
        if (record_copy(d, m, k) < 0)
            return -1;
    return 0;
}

static int record_rest(struct depot *d, struct msg *m)
{
    struct event e;

    if (m->fate == MSG_FATE_SEND)
        return 0;
    e = event_of(m, m->fate == MSG_FATE_DROP ? EVENT_DISCARDED : EVENT_QUARANTINED);
    if (m->fate == MSG_FATE_QUARANTINE)
        e.class = view_of(spool_class_name(m->class));
    return record_set(d, m, &e, &m->rest);
}

int flow_record(struct depot *d, struct msg *m)
{
    int r;

    if (m->recorded)
        return 0;
    if (NEGATIVE("late-audit") && m->fate == MSG_FATE_DROP && m->step == MSG_STEP_RECORD)
        return 0;
    r = flow_record_accepted(d, m);
    if (r == 0)
        r = record_copies(d, m);
    if (r == 0)
        r = record_rest(d, m);
    if (r < 0)
        return -1;
    spool_wait_journal(&d->spool, &m->err);
    depot_begin(d);
    if (d->in_txn)
        ledger_del_hold(d->ledger, &m->base);
    return 0;
}

/* The crash bundle: the message stands beside it, byte for byte. */
static void add_crash(struct json *j, const struct msg *m)
{
    json_begin_object(j, "crash");
    json_add_str(j, "worker", role_find(m->job.role)->name);
    json_add_str(j, "cause", m->crash.cause);
    json_add_int(j, "signal", m->crash.signal);
    json_add_str(j, "phase", sealed_phase_name(m->crash.phase));
    json_add_int(j, "generation", (int64_t)m->crash.generation);
    json_add_int(j, "pid", m->crash.pid);
    json_add_int(j, "attempts", m->attempt);
    json_end_object(j);
}

void flow_quarantine_record(const struct msg *m, struct buf *out)
{
    struct view *rcpt = recipients_of(m, &m->rest);
    struct json j;

    json_open(&j, out);
    json_add_view(&j, "id", base_view(&m->base));
    json_add_time(&j, "at", depot_wall_ms());
    json_add_str(&j, "class", spool_class_name(m->class));
    json_add_str(&j, "reason", m->reason);
    json_add_view(&j, "from", m->env.sender);
    json_add_views(&j, "recipients", rcpt, m->rest.rcpt_n);
    json_add_views(&j, "accepted_for", m->env.rcpt, m->env.rcpt_n);
    json_add_int(&j, "size", (int64_t)msg_size(m));
    if (flow_plan_is_needed(m))
        flow_plan_add_json(m, &j);
    flow_decision_add(&j, m, FLOW_DECISION_WHOLE);
    if (m->crash.cause[0])
        add_crash(&j, m);
    json_close(&j);
    buf_add_char(out, '\n');
    free(rcpt);
}
