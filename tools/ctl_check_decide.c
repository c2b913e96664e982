/*
 * ctl_check_decide.c - see ctl_check_decide.h: the supervisor's own decide() and mark_add_edits(), asked about
 * a file.
 *
 * First what decides about the message as a whole (size, virus, not examined, ambiguous), then each recipient's
 * settings. Without recipients there is one without a name, whose settings are everybody's. Addresses and texts
 * are anybody's bytes: common/json.h escapes them.
 */
#include "tools/ctl_check_decide.h"

#include "common/edit.h"
#include "common/envelope.h"
#include "common/json.h"
#include "common/xalloc.h"
#include "spoold/decide.h"
#include "spoold/decide_profile.h"
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
    const struct antispam_verdict *v;
    struct ctl_check_file *f;
    const struct view *rcpt;
    size_t rcpt_n;
    struct decide_result result;
    const char *whole; /* the action where the message is decided about as a whole; NULL: its recipients decide */
    unsigned copies, copy_of[DECIDE_GROUPS_MAX]; /* number of each group's copy; 0: it has none */
    size_t first[DECIDE_GROUPS_MAX + 1];         /* a recipient of each copy */
};

/* --- the message as a whole --------------------------------------------------------- */

static void set_whole(struct deciding *d, const char *by, const char *action, const char *class)
{
    struct ctl_check_decided *to = &d->f->decided;

    d->whole = action;
    to->by = by;
    to->class = class;
    to->fate = action;
}

static bool is_to_be_tagged(const struct config *c, enum antivirus_why why)
{
    enum { TAG };
    const int action[ANTIVIRUS_WHY__MAX] = {
        [ANTIVIRUS_ENCRYPTED] = c->av_encrypted_action,
        [ANTIVIRUS_NO_UNPACKER] = c->av_no_unpacker_action,
        [ANTIVIRUS_LIMIT] = c->av_limit_action,
        [ANTIVIRUS_AMBIGUOUS] = c->av_ambiguous_action,
    };

    return action[why] == TAG;
}

/* As flow_decide.c does it. */
static void decide_whole(struct deciding *d)
{
    enum { TAG, QUARANTINE };
    enum { KEEP, DELETE };
    const struct ctl_check_verdict *v = &d->f->verdict;

    if (d->f->size > (uint64_t)d->c->max_message_size)
        set_whole(d, "size", "quarantine", "failed");
    else if (v->state == ANTIVIRUS_INFECTED)
        set_whole(d, "virus", d->c->av_virus_action == DELETE ? "discard" : "quarantine",
                  d->c->av_virus_action == DELETE ? NULL : "virus");
    else if (v->state == ANTIVIRUS_UNEXAMINED && antivirus_is_transient(v->why))
        set_whole(d, "unexamined", "hold", NULL);
    else if (v->state == ANTIVIRUS_UNEXAMINED && !is_to_be_tagged(d->c, v->why))
        set_whole(d, "unexamined", "quarantine", "policy");
    else if (d->c->mime_ambiguous_action == QUARANTINE && parts_is_ambiguous(&d->f->parts))
        set_whole(d, "ambiguous", "quarantine", "policy");
}

/* --- recipients --------------------------------------------------------------------- */

static struct view key_of(const struct envelope *e, const char *key)
{
    const struct view *v = e ? envelope_find(e, key, 0) : NULL;

    return v ? *v : VIEW("");
}

static bool has_copy(const struct decide_outcome *o)
{
    return decide_is_sent(o->action) && o->action != DECIDE_REDIRECT;
}

static void number_copies(struct deciding *d)
{
    for (size_t i = 0; i < d->result.n; i++) {
        const unsigned g = d->result.group[i];

        if (!has_copy(&d->result.outcome[i]) || d->copy_of[g])
            continue;
        d->copy_of[g] = ++d->copies;
        d->first[d->copies] = i;
    }
}

static void decide_recipients(struct deciding *d)
{
    const struct decide_input in = {.cfg = d->c,
                                    .verdict = d->v,
                                    .outgoing = d->v && direction_is_outgoing(d->c, key_of(d->about->env, "auth"),
                                                                              d->v->client.ip),
                                    .rcpt = d->rcpt,
                                    .rcpt_n = d->rcpt_n};

    d->f->decided.direction = d->v ? in.outgoing ? "outgoing" : "incoming" : NULL;
    decide(&in, &d->result);
    if (d->whole)
        return;
    if (d->result.too_many)
        set_whole(d, "recipients", "quarantine", "policy");
    else
        number_copies(d);
}

static const char *action_of(const struct deciding *d, size_t i)
{
    return d->whole ? d->whole : decide_action_name(d->result.outcome[i].action);
}

static void add_recipient(const struct deciding *d, size_t i, struct buf *to)
{
    const struct decide_outcome *o = &d->result.outcome[i];
    struct json j = {.out = to};
    struct buf weight = {0};

    verdict_add_weight(&weight, o->weight);
    buf_add_str(to, i ? ",{" : "{");
    json_add_view(&j, "rcpt", d->rcpt[i]);
    if (d->v) {
        json_add_text(&j, "weight", buf_view(&weight));
        json_add_str(&j, "level", decide_level_name(o->level));
    }
    json_add_str(&j, "action", action_of(d, i));
    if (!d->whole && has_copy(o))
        json_add_int(&j, "copy", d->copy_of[d->result.group[i]]);
    if (j.raw)
        json_add_bool(&j, "raw", true);
    buf_add_char(to, '}');
    buf_free(&weight);
}

/* The strictest recipient's; of those that are equally strict the first one's. */
static void add_recipients(struct deciding *d)
{
    struct ctl_check_decided *to = &d->f->decided;
    enum decide_level level = DECIDE_NONE;
    size_t strictest = 0;

    buf_add_char(&to->recipients, '[');
    for (size_t i = 0; i < d->rcpt_n; i++) {
        const struct decide_outcome *o = &d->result.outcome[i];

        add_recipient(d, i, &to->recipients);
        level = o->level > level ? o->level : level;
        strictest = o->action > d->result.outcome[strictest].action ? i : strictest;
    }
    buf_add_char(&to->recipients, ']');
    to->level = d->v ? decide_level_name(level) : NULL;
    to->action = action_of(d, strictest);
}

/* The rest has one fate: what is discarded is quarantined where another one is. */
static void set_fate(struct deciding *d)
{
    struct ctl_check_decided *to = &d->f->decided;
    bool spam = false;

    if (d->whole)
        return;
    to->by = "recipients";
    to->fate = "send";
    for (size_t i = 0; i < d->rcpt_n; i++) {
        const enum decide_action a = d->result.outcome[i].action;

        if (has_copy(&d->result.outcome[i]))
            continue;
        spam |= a == DECIDE_QUARANTINE;
        to->fate = a != DECIDE_DISCARD || strcmp(to->fate, "quarantine") == 0 ? "quarantine" : "discard";
    }
    if (strcmp(to->fate, "quarantine") == 0)
        to->class = spam ? "spam" : "policy";
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
    buf_add_view(&name, e->op == EDIT_REMOVE_AR  ? VIEW("Authentication-Results")
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

static void add_edits(const struct deciding *d, unsigned copy, const char *host, struct buf *to)
{
    const size_t i = d->first[copy];
    struct decide_profile own;
    const struct mark mark = {.cfg = d->c,
                              .policy = decide_profile_find(d->c, d->rcpt[i], &own)->policy,
                              .verdict = d->v,
                              .outcome = &d->result.outcome[i],
                              .authserv_id = d->c->authserv_id[0] ? d->c->authserv_id : host};
    struct buf edits = {0};
    struct view rest;
    struct edit e;

    if (mark_add_edits(&edits, &mark) == 0)
        for (rest = buf_view(&edits); edit_unpack(&rest, &e) == 1;)
            add_edit(&e, d->copies > 1 ? copy : 0, to);
    buf_free(&edits);
}

static void add_all_edits(struct deciding *d)
{
    struct buf *to = &d->f->decided.edits;
    char host[HOST_MAX] = "localhost";

    if (d->c->hostname[0])
        snprintf(host, sizeof host, "%s", d->c->hostname);
    else if (gethostname(host, sizeof host - 1) < 0)
        snprintf(host, sizeof host, "localhost");
    buf_add_char(to, '[');
    for (unsigned copy = 1; !d->whole && d->about->antispam && copy <= d->copies; copy++)
        add_edits(d, copy, host, to);
    buf_add_char(to, ']');
}

void ctl_check_decide(const struct config *c, const struct ctl_check_about *about, struct ctl_check_file *f,
                      const struct antispam_verdict *v)
{
    const struct view nobody = VIEW("");
    struct deciding d = {.c = c,
                         .about = about,
                         .v = v,
                         .f = f,
                         .rcpt = about->rcpt_n ? about->rcpt : &nobody,
                         .rcpt_n = about->rcpt_n ? about->rcpt_n : 1};

    ctl_check_decided_free(&f->decided);
    decide_whole(&d);
    decide_recipients(&d);
    add_recipients(&d);
    set_fate(&d);
    add_all_edits(&d);
    if (v && !d.whole)
        decision_json_make(&d.result, d.rcpt, SIZE_MAX, &f->decided.decisions);
    decide_free(&d.result);
}

void ctl_check_decided_free(struct ctl_check_decided *d)
{
    buf_free(&d->recipients);
    buf_free(&d->edits);
    buf_free(&d->decisions);
    *d = (struct ctl_check_decided){.by = NULL};
}
