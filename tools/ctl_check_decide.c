/*
 * ctl_check_decide.c - see ctl_check_decide.h: the supervisor's own decide() and mark_add_edits(), asked
 * about a file.
 *
 * First what decides about the message as a whole (size, virus, not examined, ambiguous), then each
 * recipient's settings. Without recipients there is one without a name, whose settings are everybody's.
 * Addresses and texts are anybody's bytes: common/json.h escapes them.
 */
#include "tools/ctl_check_decide.h"

#include "common/edit.h"
#include "common/envelope.h"
#include "common/json.h"
#include "common/xalloc.h"
#include "spoold/config_kept.h"
#include "spoold/decide.h"
#include "spoold/decide_profile.h"
#include "spoold/decide_rest.h"
#include "spoold/decide_whole.h"
#include "spoold/decision_json.h"
#include "spoold/direction.h"
#include "spoold/mark.h"
#include "spoold/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HOST_MAX 256

struct deciding {
    const struct config *c;
    const struct ctl_check_about *about;
    struct ctl_check_file *f;
    struct decide_input in;
    struct decide_result result;
    bool whole; /* the message is decided about as a whole, else each of its recipients is */
};

static void set_fate(struct ctl_check_decided *to, const struct decide_whole *w)
{
    to->by = decide_by_name(w->by);
    to->fate = decide_way_name(w->way);
    to->class = w->way == DECIDE_WAY_QUARANTINE ? spool_class_name(w->class) : NULL;
    buf_clear(&to->reason);
    buf_add_str(&to->reason, w->reason);
}

/* Nobody has read how many hosts it has passed, so whether it goes in circles is not asked. */
static void decide_whole(struct deciding *d)
{
    const struct ctl_check_verdict *v = &d->f->verdict;
    struct buf ambiguous = {0};
    struct decide_whole w;
    struct decide_whole_input in = {.cfg = d->c,
                                    .size = d->f->size,
                                    .status = ENVELOPE_WRITTEN,
                                    .state = v->state,
                                    .why = v->why,
                                    .text = view_of(v->text)};

    parts_add_ambiguous(&ambiguous, &d->f->parts);
    in.ambiguous_by = buf_view(&ambiguous);
    d->whole = decide_whole_unsound(&in, &w) || decide_whole_scanned(&in, &w);
    if (d->whole)
        set_fate(&d->f->decided, &w);
    buf_free(&ambiguous);
}

/* --- recipients --------------------------------------------------------------------- */

static void decide_recipients(struct deciding *d)
{
    struct ctl_check_decided *to = &d->f->decided;
    struct decide_whole rest;

    d->in.outgoing = d->in.verdict && direction_is_outgoing(d->c, envelope_value(d->about->env, "auth"),
                                                            d->in.verdict->client.ip);
    to->direction = !d->in.verdict ? NULL : d->in.outgoing ? "outgoing" : "incoming";
    decide(&d->in, &d->result);
    if (d->whole)
        return;
    to->by = decide_by_name(DECIDE_BY_RECIPIENTS);
    to->fate = "send";
    if (decide_rest(&d->result, &rest))
        set_fate(to, &rest);
}

/* Where there would be too many copies all of it is quarantined. */
static const char *action_of(const struct deciding *d, size_t i)
{
    return d->whole || d->result.too_many ? d->f->decided.fate
                                          : decide_action_name(d->result.outcome[i].action);
}

static unsigned copy_of(const struct deciding *d, size_t i)
{
    if (d->whole || d->result.too_many || !decide_has_copy(&d->result.outcome[i]))
        return 0;
    return d->result.copy[d->result.group[i]];
}

static void add_recipient(const struct deciding *d, size_t i, struct buf *to)
{
    const struct decide_outcome *o = &d->result.outcome[i];
    struct json j = {.out = to};

    buf_add_str(to, i ? ",{" : "{");
    json_add_view(&j, "rcpt", d->in.rcpt[i]);
    if (d->in.verdict) {
        verdict_add_weight_member(&j, "weight", o->weight);
        json_add_str(&j, "level", decide_level_name(o->level));
    }
    json_add_str(&j, "action", action_of(d, i));
    if (copy_of(d, i))
        json_add_int(&j, "copy", copy_of(d, i));
    if (j.raw)
        json_add_bool(&j, "raw", true);
    buf_add_char(to, '}');
}

/* The strictest recipient's; of those that are equally strict the first one's. */
static void add_recipients(struct deciding *d)
{
    struct ctl_check_decided *to = &d->f->decided;
    enum decide_level level = DECIDE_NONE;
    size_t strictest = 0;

    buf_add_char(&to->recipients, '[');
    for (size_t i = 0; i < d->in.rcpt_n; i++) {
        const struct decide_outcome *o = &d->result.outcome[i];

        add_recipient(d, i, &to->recipients);
        level = o->level > level ? o->level : level;
        strictest = o->action > d->result.outcome[strictest].action ? i : strictest;
    }
    buf_add_char(&to->recipients, ']');
    to->level = d->in.verdict ? decide_level_name(level) : NULL;
    to->action = action_of(d, strictest);
}

/* --- edits --------------------------------------------------------------------------- */

static void add_edit(const struct edit *e, unsigned copy, struct buf *to)
{
    static const char *const ops[EDIT_OP__MAX] = {[EDIT_PREPEND] = "add",
                                                  [EDIT_REMOVE_PREFIX] = "remove",
                                                  [EDIT_SUBJECT] = "subject",
                                                  [EDIT_REMOVE_AR] = "remove"};
    struct json j = {.out = to};
    struct buf name = {0};

    if (!ops[e->op])
        return;
    buf_add_view(&name, e->op == EDIT_REMOVE_AR ? VIEW("Authentication-Results")
                        : e->op == EDIT_SUBJECT ? VIEW("Subject")
                                                : e->name);
    buf_add_str(&name, e->op == EDIT_REMOVE_PREFIX ? "*" : "");
    buf_add_str(to, to->n > 1 ? ",{" : "{");
    json_add_str(&j, "op", ops[e->op]);
    json_add_view(&j, "name", buf_view(&name));
    if (e->op != EDIT_REMOVE_PREFIX)
        json_add_view(&j, "value", e->value);
    if (copy)
        json_add_int(&j, "copy", copy);
    buf_add_char(to, '}');
    buf_free(&name);
}

/* `i`: the first recipient of a copy; `copy` 0: it is the only one. */
static void add_edits(const struct deciding *d, size_t i, unsigned copy, const char *id)
{
    struct decide_profile own;
    const struct mark mark = {.cfg = d->c,
                              .policy = decide_profile_find(d->c, d->in.rcpt[i], &own)->policy,
                              .verdict = d->in.verdict,
                              .outcome = &d->result.outcome[i],
                              .authserv_id = id};
    struct buf edits = {0};
    struct view rest;
    struct edit e;

    if (mark_add_edits(&edits, &mark) == 0)
        for (rest = buf_view(&edits); edit_unpack(&rest, &e) == 1;)
            add_edit(&e, copy, &d->f->decided.edits);
    buf_free(&edits);
}

/* As spoold itself would say it in Authentication-Results. */
static const char *authserv_id(const struct config *c, char host[HOST_MAX])
{
    if (c->authserv_id[0])
        return c->authserv_id;
    if (c->hostname[0])
        return c->hostname;
    host[HOST_MAX - 1] = '\0';
    if (gethostname(host, HOST_MAX - 1) < 0)
        snprintf(host, HOST_MAX, "localhost");
    return host;
}

static void add_all_edits(struct deciding *d)
{
    struct buf *to = &d->f->decided.edits;
    const char *id;
    char host[HOST_MAX];
    unsigned copies = 0, done = 0;

    id = authserv_id(d->c, host);
    buf_add_char(to, '[');
    for (size_t i = 0; i < d->in.rcpt_n; i++)
        copies = copy_of(d, i) > copies ? copy_of(d, i) : copies;
    for (size_t i = 0; d->about->antispam && i < d->in.rcpt_n; i++)
        if (copy_of(d, i) > done)
            add_edits(d, i, copies > 1 ? done + 1 : 0, id), done++;
    buf_add_char(to, ']');
}

void ctl_check_decide(const struct config *c, const struct ctl_check_about *about, struct ctl_check_file *f,
                      const struct antispam_verdict *v)
{
    const struct view nobody = VIEW("");
    struct deciding d = {.c = c,
                         .about = about,
                         .f = f,
                         .in = {.cfg = c,
                                .verdict = v,
                                .rcpt = about->rcpt_n ? about->rcpt : &nobody,
                                .rcpt_n = about->rcpt_n ? about->rcpt_n : 1}};

    ctl_check_decided_free(&f->decided);
    f->decided.config = config_kept_hash(c);
    decide_whole(&d);
    decide_recipients(&d);
    add_recipients(&d);
    add_all_edits(&d);
    if (v && !d.whole)
        decision_json_make(&d.in, &d.result, &f->decided.decisions);
    decide_free(&d.result);
}

void ctl_check_decided_free(struct ctl_check_decided *d)
{
    buf_free(&d->recipients);
    buf_free(&d->edits);
    buf_free(&d->decisions);
    buf_free(&d->reason);
    *d = (struct ctl_check_decided){.by = NULL};
}
