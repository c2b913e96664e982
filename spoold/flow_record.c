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
#include "spoold/decision_json.h"
#include "spoold/deliver.h"
#include "spoold/flow_quarantine.h"
#include "spoold/negative.h"
#include "spoold/verdict.h"

#include <errno.h>
#include <stdlib.h>

#define RECORD_RCPT_BYTES                                                                                    \
    100000                    /* of recipients in one line: six times as many when each byte is escaped      \
                               */
#define RECORD_CLIENT_MAX 100 /* bytes; an address literal has 45 */
/* Of the list of parts in a line: the whole record fits into an answer of spoolctl show (query_show.c). */
#define RECORD_PARTS_BYTES 12000
/* Of what was decided for whom in a line. */
#define RECORD_DECISION_BYTES 5000
/* Of facts in a line. Many and long TXT records may be more; the .json of a quarantined message has all. */
#define RECORD_FACTS_BYTES 65536

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

static void add_virus(struct json *j, const struct msg_virus *v)
{
    json_begin_object(j, "virus");
    json_add_str(j, "state", antivirus_state_name(v->state));
    if (v->state == ANTIVIRUS_INFECTED)
        json_add_str(j, "name", v->text);
    if (v->why) {
        json_add_str(j, "why", antivirus_why_name(v->why));
        json_add_str(j, "detail", v->text);
    }
    if (v->by.engine[0]) {
        json_add_str(j, "engine", v->by.engine);
        json_add_int(j, "version", v->by.version);
        json_add_int(j, "generation", (int64_t)v->generation);
    }
    if (v->by.flags & WIRE_LOADED_TEST)
        json_add_str(j, "warning", "TEST SIGNATURES ONLY");
    json_end_object(j);
}

/* Only where a verdict has decided. */
static struct view decisions_of(const struct msg *m, bool whole, struct buf *text)
{
    if (m->spam.judged && m->decided.n)
        decision_json_make(&m->decided, m->env.rcpt, whole ? SIZE_MAX : RECORD_DECISION_BYTES, text);
    return buf_view(text);
}

static void add_verdict(struct json *j, const struct msg *m, bool whole)
{
    struct buf decisions = {0};
    const struct verdict v = {.given = m->spam.judged ? &m->spam.given.verdict : NULL,
                              .checks = buf_view(&m->spam.checks),
                              .weight = m->spam.weight,
                              .decisions = decisions_of(m, whole, &decisions),
                              .facts = &m->spam.facts,
                              .now = m->spam.now,
                              .missing = m->spam.missing};

    verdict_add_json(j, &v, whole ? SIZE_MAX : RECORD_FACTS_BYTES);
    buf_free(&decisions);
}

/* What was decided by: the virus scanner's answer, the bytes that it is about, what they were taken for, and
 * how the antispam stage judged them. `whole`: for the .json of a quarantined message. */
static void add_decision(struct json *j, const struct msg *m, bool whole)
{
    char sum[2 * sizeof m->sha256 + 1] = "";

    for (size_t i = 0; m->hashed && i < sizeof m->sha256; i++)
        snprintf(sum + 2 * i, 3, "%02x", m->sha256[i]);
    if (m->hashed)
        json_add_str(j, "sha256", sum);
    add_virus(j, &m->virus);
    if (!parts_is_empty(&m->parts))
        parts_add_json_within(j, &m->parts, whole ? SIZE_MAX : RECORD_PARTS_BYTES);
    add_verdict(j, m, whole);
}

/* For the journal; empty for what was found committed after a restart: what it was decided by is not known.
 */
static void make_decision(const struct msg *m, struct buf *to)
{
    struct json j;

    if (m->recovered && !m->hashed)
        return;
    json_open(&j, to);
    add_decision(&j, m, false);
    json_close(&j);
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
 * harmless. */
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

    m->accepted = m->accepted || already_accepted(d, m);
    if (m->accepted)
        return 0;
    e.name = m->name.n ? m->name : base_clean(&m->base);
    e.reason = (struct view){NULL, 0};
    if (client)
        e.client = (struct view){client->p, client->n < RECORD_CLIENT_MAX ? client->n : RECORD_CLIENT_MAX};
    if (m->fate == MSG_FATE_SEND && deliver_is_on(d->cfg, m->intake))
        make_decision(m, &decision); /* the line "delivered" is written when nobody knows it any more */
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

/* Where spoold itself hands them over, they are delivered when the server has them (deliver_store.c). */
static int record_copies(struct depot *d, struct msg *m, struct view decision)
{
    if (deliver_is_on(d->cfg, m->intake))
        return 0;
    for (size_t i = 0; i < m->copy_n; i++) {
        struct event e = event_of(m, EVENT_DELIVERED);

        e.copy = (unsigned)i + 1;
        e.record = decision;
        if (record_set(d, m, &e, &m->copy[i]) < 0)
            return -1;
    }
    return 0;
}

static int record_rest(struct depot *d, struct msg *m, struct view decision)
{
    struct event e;

    if (m->fate == MSG_FATE_SEND)
        return 0;
    e = event_of(m, m->fate == MSG_FATE_DROP ? EVENT_DISCARDED : EVENT_QUARANTINED);
    e.record = decision;
    if (m->fate == MSG_FATE_QUARANTINE)
        e.class = view_of(spool_class_name(m->class));
    return record_set(d, m, &e, &m->rest);
}

int flow_record(struct depot *d, struct msg *m)
{
    struct buf decision = {0};
    int r;

    if (NEGATIVE("late-audit") && m->fate == MSG_FATE_DROP && m->step == MSG_STEP_RECORD)
        return 0;
    make_decision(m, &decision);
    r = flow_record_accepted(d, m);
    if (r == 0)
        r = record_copies(d, m, buf_view(&decision));
    if (r == 0)
        r = record_rest(d, m, buf_view(&decision));
    buf_free(&decision);
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
    json_add_int(&j, "size", (int64_t)msg_size(m));
    add_decision(&j, m, true);
    if (m->crash.cause[0])
        add_crash(&j, m);
    json_close(&j);
    buf_add_char(out, '\n');
    free(rcpt);
}
