/*
 * control_state.c - status and queue: answered from the loop's own memory, so also while the disk stalls.
 */
#include "spoold/deliver.h"
#include "spoold/control_server.h"

#include "common/json.h"
#include "common/log.h"
#include "spoold/query.h"

#include <stdlib.h>
#include <stdio.h>
#include <unistd.h>

#define STATE_ROWS_MAX 1000 /* rows of queue, unless told otherwise */

static void add_store(struct json *j, const struct spoold *s)
{
    json_begin_object(j, "store");
    json_add_bool(j, "stalled", s->stalled);
    json_add_int(j, "queue", s->todo.n);
    json_add_int(j, "oldest_ms", store_busy_ms(s->store));
    json_add_int(j, "batches", (int64_t)store_batches(s->store));
    json_end_object(j);
    json_begin_object(j, "filesystem");
    json_add_str(j, "type", s->facts.fs_type);
    json_add_bool(j, "journal", s->facts.fs_journal);
    json_add_str(j, "model",
                 s->facts.model == SPOOL_MODEL_A   ? "A"
                 : s->facts.model == SPOOL_MODEL_B ? "B"
                                                   : "C");
    json_end_object(j);
    json_begin_object(j, "ledger");
    json_add_bool(j, "catching_up", s->catching_up);
    json_end_object(j);
}

static void add_list(struct json *j, const char *key, struct buf *items)
{
    struct buf all = {0};

    buf_add_char(&all, '[');
    buf_add_view(&all, buf_view(items));
    buf_add_char(&all, ']');
    json_add_text(j, key, buf_view(&all));
    buf_free(&all);
}

static void add_intakes(struct json *j, const struct spoold *s)
{
    static const char *const ready[] = {"rename", "lease", "quiet"};
    struct buf items = {0};
    struct json one;

    for (size_t i = 0; i < s->cfg->intake_n; i++) {
        const struct config_intake *in = &s->cfg->intake[i];

        if (i)
            buf_add_char(&items, ',');
        json_open(&one, &items);
        json_add_str(&one, "name", in->name);
        json_add_str(&one, "path", in->path);
        json_add_str(&one, "codec", "pair");
        json_add_str(&one, "ready", ready[in->ready.kind]);
        json_add_str(&one, "outlet", in->outlet);
        json_close(&one);
    }
    add_list(j, "intakes", &items);
    buf_free(&items);
}

static void add_counts(struct json *j, const struct spoold *s)
{
    json_begin_object(j, "counts");
    for (int k = 0; k < EVENT_KIND__MAX; k++)
        json_add_int(j, event_name((enum event_kind)k), (int64_t)s->counts.event[k]);
    json_add_int(j, "copies", (int64_t)s->counts.copies);
    json_end_object(j);
}

static void add_alarms(struct json *j, const struct spoold *s)
{
    struct buf items = {0};
    struct json one;

    for (int k = 0; k < ALARM_KIND__MAX; k++) {
        if (!s->alarms.since_ms[k])
            continue;
        if (items.n)
            buf_add_char(&items, ',');
        json_open(&one, &items);
        json_add_time(&one, "since", s->alarms.since_ms[k]);
        json_add_str(&one, "kind", alarm_name((enum alarm_kind)k));
        json_add_str(&one, "text", s->alarms.text[k]);
        json_close(&one);
    }
    add_list(j, "alarms", &items);
    buf_free(&items);
}

int control_status(struct spoold *s, const struct control_request *r, struct buf *out, const char **message)
{
    const char *stopped = spoold_stop_reason(s);
    struct json j;

    (void)r;
    (void)message;
    json_open(&j, out);
    json_add_str(&j, "state",
                 s->stopping ? "stopping"
                 : s->frozen ? "FROZEN"
                 : stopped   ? "intake stopped"
                             : "running");
    json_add_str(&j, "reason", stopped ? stopped : "");
    json_add_bool(&j, "frozen", s->frozen);
    json_add_str(&j, "version", SPOOLD_VERSION);
    json_add_int(&j, "pid", getpid());
    json_add_time(&j, "since", s->started_ms);
    json_add_str(&j, "root", s->cfg->root);
    json_add_int(&j, "in_flight", (int64_t)s->roster.count[ROSTER_WORK]);
    json_add_int(&j, "in_flight_bytes", (int64_t)s->bytes_in_flight);
    json_add_int(&j, "held", (int64_t)s->roster.count[ROSTER_HELD]);
    json_add_int(&j, "offered", (int64_t)s->roster.count[ROSTER_OFFERED]);
    json_add_int(&j, "resting", (int64_t)s->roster.count[ROSTER_RESTING]);
    add_store(&j, s);
    add_intakes(&j, s);
    add_counts(&j, s);
    if (s->pool)
        pool_add_status(s->pool, &j);
    if (s->deliver)
        deliver_add_status(s->deliver, &j);
    antivirus_add_status(s, &j);
    add_alarms(&j, s);
    json_add_int(&j, "log_dropped", (int64_t)log_dropped());
    json_close(&j);
    buf_add_char(out, '\n');
    return EXIT_OK;
}

struct listing {
    struct buf *out;
    const struct spoold *s;
    unsigned long left;
    bool held_only;
};

static void add_envelope(struct json *j, const struct msg *m)
{
    struct event e = {.rcpt = m->env.rcpt, .rcpt_n = m->env.rcpt_n};

    json_add_view(j, "from", query_cut(m->env.sender));
    query_add_recipients(j, &e);
}

/* Of one that waits only the first recipient is kept in memory. */
static void add_people(struct json *j, const struct roster_entry *e)
{
    struct view to = view_of(e->to);

    json_add_str(j, "from", e->from);
    json_add_views(j, "to", &to, e->to ? 1 : 0);
    json_add_int(j, "to_count", (int64_t)e->to_count);
}

static void list_one(struct roster_entry *e, void *arg)
{
    struct listing *l = arg;
    /* While the store has a batch, it may be changing the message at this moment. */
    const struct msg *m = store_idle(l->s->store) ? e->msg : NULL;
    struct json j;

    if (l->left == 0 || (l->held_only && e->state != ROSTER_HELD))
        return;
    l->left--;
    json_open(&j, l->out);
    json_add_view(&j, "id", base_view(&e->base));
    json_add_str(&j, "state", roster_state_name(e->state));
    json_add_str(&j, "step", m ? msg_step_name(m->step) : "");
    json_add_int(&j, "attempt", m ? m->attempt : e->attempt);
    json_add_int(&j, "size", (int64_t)e->size);
    if (m)
        add_envelope(&j, m);
    else if (e->from)
        add_people(&j, e);
    json_add_time(&j, "since", e->since_ms);
    if (e->state == ROSTER_HELD && e->due < INT64_MAX && !roster_is_kept(e))
        json_add_time(&j, "next", depot_wall_ms() + e->due - depot_mono_ms());
    json_add_str(&j, "reason", e->reason ? e->reason : "");
    json_close(&j);
    buf_add_char(l->out, '\n');
}

/* A whole number from 1; nothing else. */
static int parse_limit(struct view v, unsigned long *limit)
{
    *limit = 0;
    if (v.n == 0 || v.n > 7)
        return -1;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return -1;
        *limit = *limit * 10 + (unsigned long)(v.p[i] - '0');
    }
    return *limit ? 0 : -1;
}

int control_queue(struct spoold *s, const struct control_request *r, struct buf *out, const char **message)
{
    struct view limit = control_argument(r, "limit"), held = control_argument(r, "held");
    struct listing l = {out, s, STATE_ROWS_MAX, view_equal(held, VIEW("yes"))};

    if (limit.p && parse_limit(limit, &l.left) < 0) {
        *message = "limit= takes a whole number from 1 to 9999999";
        return EXIT_USAGE_64;
    }
    roster_each(&s->roster, list_one, &l);
    if (!l.held_only)
        deliver_add_queue(s->deliver, out, l.left);
    return EXIT_OK;
}
