/*
 * ctl_check_print.c - the lines of "spoolctl check", for people and for programs (spoold's design, section
 * 6).
 *
 * Pure: bytes onto a buffer. File names are the caller's own, but names of viruses
 * and parts, and reasons, come from a worker that has read hostile bytes: for people every
 * string is escaped, for programs common/json.h does it.
 */
#include "common/json.h"
#include "tools/ctl_check.h"
#include "tools/ctl_decision.h"
#include "tools/ctl_text.h"

static void add_verdict(struct buf *to, const struct ctl_check_verdict *v)
{
    buf_add_str(to, antivirus_state_name(v->state));
    if (v->state == ANTIVIRUS_UNEXAMINED)
        buf_addf(to, ": %s", antivirus_why_name(v->why));
    if (!v->text[0])
        return;
    buf_add_str(to, v->state == ANTIVIRUS_UNEXAMINED ? " (" : ": ");
    ctl_text_add(to, view_of(v->text), false);
    buf_add_str(to, v->state == ANTIVIRUS_UNEXAMINED ? ")" : "");
}

/* All of them: one alone would hide what it stands for. */
static void add_ambiguous(struct buf *to, const struct parts *p)
{
    uint64_t left = oddity_of_grade(p->odd, ODDITY_AMBIGUOUS);

    for (const char *before = ", ambiguous: "; left; before = "; ") {
        enum oddity o = oddity_first(left);

        buf_addf(to, "%s%s", before, oddity_text(o));
        left &= ~oddity_bit(o);
    }
}

static void add_text(struct buf *to, const struct ctl_check_file *f)
{
    ctl_text_add(to, view_of(f->name), false);
    buf_add_str(to, ": ");
    add_verdict(to, &f->verdict);
    add_ambiguous(to, &f->parts);
    if (f->told.n) {
        buf_add_str(to, "\n  ");
        buf_add(to, f->told.p, f->told.n - 1); /* its last line end is the caller's */
    }
}

static void add_hash(struct json *j, const unsigned char *sha256)
{
    struct buf hex = {0};

    for (size_t i = 0; i < 32; i++)
        buf_addf(&hex, "%02x", sha256[i]);
    json_add_view(j, "sha256", buf_view(&hex));
    buf_free(&hex);
}

static void add_engine(struct json *j, const struct wire_loaded *e)
{
    json_begin_object(j, "engine");
    if (e && e->engine[0]) {
        json_add_str(j, "name", "ClamAV");
        json_add_view(j, "version", (struct view){e->engine, strnlen(e->engine, sizeof e->engine)});
        json_add_int(j, "signatures", (int64_t)e->signatures);
        json_add_int(j, "signatures_version", e->version);
        if (e->built > 0 && e->built < INT64_MAX / 1000)
            json_add_time(j, "built", e->built * 1000);
        json_add_bool(j, "test_only", e->flags & WIRE_LOADED_TEST);
    }
    json_end_object(j);
}

static void add_virus(struct json *j, const struct ctl_check_verdict *v, const struct wire_loaded *e)
{
    json_begin_object(j, "virus");
    json_add_str(j, "state", antivirus_state_name(v->state));
    json_add_str(j, "name", v->state == ANTIVIRUS_INFECTED ? v->text : "");
    json_add_str(j, "why", antivirus_why_name(v->why));
    json_add_str(j, "detail", v->state == ANTIVIRUS_UNEXAMINED ? v->text : "");
    add_engine(j, e);
    json_end_object(j);
}

static void add_decided(struct json *j, const struct ctl_check_decided *d)
{
    json_add_text(j, "recipients", d->recipients.n ? buf_view(&d->recipients) : VIEW("[]"));
    if (d->level)
        json_add_str(j, "level", d->level);
    if (d->action)
        json_add_str(j, "action", d->action);
    if (d->direction)
        json_add_str(j, "direction", d->direction);
    if (d->config && *d->config)
        json_add_str(j, "config", d->config);
    json_add_text(j, "edits", d->edits.n ? buf_view(&d->edits) : VIEW("[]"));
}

/* Members of stages that this version does not have, or that were not asked, are there and empty. What the
 * antispam stage found is JSON already: client, checks, weight, incomplete, facts. */
static void add_json(struct buf *to, const struct ctl_check_file *f, const struct wire_loaded *e)
{
    const struct view incomplete = VIEW("antispam");
    struct json j;

    json_open(&j, to);
    json_add_str(&j, "file", f->name);
    if (f->verdict.hashed)
        add_hash(&j, f->verdict.sha256);
    if (!f->spam.n) {
        json_begin_object(&j, "client");
        json_end_object(&j);
    }
    add_virus(&j, &f->verdict, e);
    parts_add_json(&j, &f->parts);
    if (!f->spam.n)
        json_add_text(&j, "checks", VIEW("[]"));
    json_add_text(&j, "rules", VIEW("[]"));
    add_decided(&j, &f->decided);
    if (f->spam.n) {
        buf_add_char(to, ',');
        buf_add_view(to, buf_view(&f->spam));
    } else {
        json_add_views(&j, "incomplete", &incomplete, 1);
    }
    json_close(&j);
}

void ctl_check_print(struct buf *to, const struct ctl_check_file *f, const struct wire_loaded *engine,
                     bool json)
{
    if (json)
        add_json(to, f, engine);
    else
        add_text(to, f);
    buf_add_char(to, '\n');
}

/* The members of a decision record, so that all verbs show them in the same way. */
static void make_record(const struct ctl_check_file *f, struct buf *to)
{
    const struct ctl_check_decided *d = &f->decided;
    struct json j;

    json_open(&j, to);
    if (d->by)
        json_add_str(&j, "by", d->by);
    if (d->fate)
        json_add_str(&j, "fate", d->fate);
    if (d->class)
        json_add_str(&j, "class", d->class);
    if (d->reason.n)
        json_add_view(&j, "reason", buf_view(&d->reason));
    if (d->direction)
        json_add_str(&j, "direction", d->direction);
    if (f->spam.n) {
        buf_add_char(to, ',');
        buf_add_view(to, buf_view(&f->spam));
    }
    json_close(&j);
}

void ctl_check_print_decision(struct ctl_print *p, const struct ctl_check_file *f,
                              const struct ctl_check_about *about)
{
    const struct buf nothing = {0};
    struct buf text = {0};
    const struct view nobody = VIEW("");
    struct ctl_decision d = {.rcpt = about->rcpt_n ? about->rcpt : &nobody,
                             .rcpt_n = about->rcpt_n ? about->rcpt_n : 1,
                             .verbose = about->verbose};
    json_t *record;

    make_record(f, &text);
    record = json_loadb(text.p, text.n, JSON_ALLOW_NUL, NULL);
    d.record = record;
    ctl_decision_print_whole(p, &d);
    ctl_decision_print_incomplete(p, &d);
    if (f->judged)
        ctl_print_line(p, CTL_PRINT_PLAIN, &nothing);
    ctl_decision_print_checks(p, &d);
    if (f->decided.decisions.n)
        ctl_print_line(p, CTL_PRINT_PLAIN, &nothing);
    ctl_decision_print_outcomes(p, &d);
    json_decref(record);
    buf_free(&text);
}
