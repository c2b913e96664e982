/*
 * flow_decision.c - see flow_decision.h.
 *
 * Store thread, of a message that the loop has decided about. Names, details and facts come from workers that
 * have read a stranger's mail: common/json.h escapes them. Addresses of recipients are not in it: they stand
 * in the line, as journal.log_addresses wants them; where it wants none, results have lost theirs already
 * (verdict.c), and what only checking anew needs is left out: that needs the envelope's addresses, too.
 */
#include "spoold/flow_decision.h"

#include "spoold/verdict.h"

#include <stdio.h>

/* Of the list of parts in a line: the whole record fits into an answer of spoolctl show (query_show.c). */
#define DECISION_PARTS_BYTES 12000
/* Of facts in a line. Many and long TXT records may be more; the .json of a quarantined message has all. */
#define DECISION_FACTS_BYTES 65536
#define WORD_MAX             ANTISPAM_ADDRESS_MAX /* of a word of the envelope: no more of it travels */

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

/* What decided, in the words of decide_whole.h and of the protocol. */
static void add_fate(struct json *j, const struct msg *m)
{
    static const char *const fates[MSG_FATE__MAX] = {
        [MSG_FATE_SEND] = "send", [MSG_FATE_QUARANTINE] = "quarantine", [MSG_FATE_DROP] = "discard"};

    if (m->config[0])
        json_add_str(j, "config", m->config);
    /* A worker of before a reload has found what is decided about by the new settings. */
    if (m->spam.judged && m->spam.config[0] && strcmp(m->spam.config, m->config) != 0)
        json_add_str(j, "judged_by", m->spam.config);
    json_add_str(j, "by", decide_by_name(m->by));
    json_add_str(j, "fate", fates[m->fate]);
    if (m->fate == MSG_FATE_QUARANTINE)
        json_add_str(j, "class", spool_class_name(m->class));
    if (m->reason[0])
        json_add_str(j, "reason", m->reason);
    if (m->spam.judged)
        json_add_str(j, "direction", m->outgoing ? "outgoing" : "incoming");
}

/* That he has logged in decides about the direction; who he is does not. */
static void add_word(struct json *j, const char *member, struct view v, bool nameless)
{
    struct buf text = {0};

    if (nameless && strcmp(member, "auth") == 0)
        buf_add_str(&text, "*");
    else if (nameless)
        verdict_add_nameless(&text, v);
    else
        buf_add_view(&text, v);
    json_add_view(j, member, buf_view(&text));
    buf_free(&text);
}

/* What the antispam stage was told of the envelope, but for the addresses. */
static void add_envelope(struct json *j, const struct msg *m, bool nameless)
{
    static const struct {
        const char *member, *key;
    } keys[] = {{"ip", "connectedip"}, {"helo", "helo"}, {"auth", "auth"}, {"protocol", "protocol"}};

    json_begin_object(j, "envelope");
    for (size_t i = 0; m->env_ok && i < sizeof keys / sizeof *keys; i++) {
        const struct view *v = envelope_find(&m->env, keys[i].key, 0);

        if (v && v->n)
            add_word(j, keys[i].member, (struct view){v->p, v->n < WORD_MAX ? v->n : WORD_MAX}, nameless);
    }
    json_end_object(j);
}

static void add_bytes(struct json *j, const struct msg *m)
{
    char sum[2 * sizeof m->sha256 + 1] = "";

    for (size_t i = 0; m->hashed && i < sizeof m->sha256; i++)
        snprintf(sum + 2 * i, 3, "%02x", m->sha256[i]);
    if (m->hashed)
        json_add_str(j, "sha256", sum);
    if (m->hops)
        json_add_int(j, "hops", m->hops);
    if (m->own_hops)
        json_add_int(j, "own_hops", m->own_hops);
}

static void add_parts(struct json *j, const struct msg *m, bool whole)
{
    struct buf names = {0};

    parts_add_ambiguous(&names, &m->parts);
    if (names.n)
        json_add_view(j, "ambiguous_by", buf_view(&names));
    buf_free(&names);
    add_virus(j, &m->virus);
    if (!parts_is_empty(&m->parts))
        parts_add_json_within(j, &m->parts, whole ? SIZE_MAX : DECISION_PARTS_BYTES);
}

void flow_decision_add(struct json *j, const struct msg *m, enum flow_decision_form form)
{
    const bool whole = form == FLOW_DECISION_WHOLE, nameless = form == FLOW_DECISION_NAMELESS;
    const struct verdict v = {.given = m->spam.judged ? &m->spam.given.verdict : NULL,
                              .checks = buf_view(&m->spam.checks),
                              .weight = m->spam.weight,
                              .decisions = buf_view(&m->decisions),
                              .facts = &m->spam.facts,
                              .now = m->spam.now,
                              .nameless = nameless,
                              .missing = m->spam.missing};

    add_fate(j, m);
    add_envelope(j, m, nameless);
    add_bytes(j, m);
    add_parts(j, m, whole);
    if (m->spam.judged && m->spam.suspended.n)
        json_add_view(j, "suspended", buf_view(&m->spam.suspended));
    verdict_add_json(j, &v, whole ? SIZE_MAX : DECISION_FACTS_BYTES);
}

void flow_decision_make(const struct msg *m, enum flow_decision_form form, struct buf *to)
{
    struct json j;

    if (m->by == DECIDE_BY_NOTHING)
        return;
    json_open(&j, to);
    flow_decision_add(&j, m, form);
    json_close(&j);
}
