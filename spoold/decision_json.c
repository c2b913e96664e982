/*
 * decision_json.c - see decision_json.h. Called once a message in the loop, and by tools. Places and texts
 * are the administrator's, names of results a worker's: common/json.h escapes them. Linear in the number of
 * recipients.
 */
#include "spoold/decision_json.h"

#include "common/positions.h"
#include "common/xalloc.h"
#include "spoold/config.h"
#include "spoold/decide_profile.h"
#include "spoold/verdict.h"
#include "spoold/weigh.h"

#include <stdlib.h>

/* The recipients in the order of their kinds, each kind's from first[kind] on. */
struct sorted {
    size_t *at;
    size_t *first; /* one more than there are kinds */
};

static void add_view(struct json *j, const char *key, struct view v)
{
    if (v.n)
        json_add_view(j, key, v);
}

static void add_positions(struct json *j, const size_t *at, size_t n)
{
    struct buf text = {0};

    positions_add(&text, at, n);
    json_add_view(j, "to", buf_view(&text));
    buf_free(&text);
}

static void add_own_weight(struct json *list, const struct decide_input *in, const struct decide_profile *p,
                           const struct antispam_result *r)
{
    struct json j = {.out = list->out};
    struct buf name = {0}, place = {0};
    char key[64];
    const char *from = "";

    snprintf(key, sizeof key, "weight_%s", check_result_name(r->result));
    config_place_add(decide_profile_where(in->cfg, p, check_about(r->check)->name, key, &from), &place);
    antispam_add_name(&name, r);
    buf_add_str(list->out, list->comma ? ",{" : "{");
    list->comma = true;
    json_add_view(&j, "name", buf_view(&name));
    json_add_str(&j, "result", check_result_name(r->result));
    verdict_add_weight_member(&j, "weight", p->policy->weight[r->check][r->result]);
    json_add_view(&j, "line", verdict_cut_place(buf_view(&place)));
    buf_add_char(list->out, '}');
    buf_free(&name);
    buf_free(&place);
}

static void add_own_weights(struct json *j, const struct decide_input *in, struct view rcpt)
{
    struct decide_profile own;
    const struct decide_profile *p = decide_profile_find(in->cfg, rcpt, &own);
    struct buf text = {0};
    struct json list = {.out = &text};

    for (unsigned i = 0; in->verdict && p->weighs && i < in->verdict->n; i++) {
        const struct antispam_result *r = &in->verdict->result[i];

        if (weigh_is_policy(in->cfg, r) &&
            p->policy->weight[r->check][r->result] != in->cfg->policy.weight[r->check][r->result])
            add_own_weight(&list, in, p, r);
    }
    buf_add_char(&text, ']');
    if (list.comma) {
        struct buf whole = {0};

        buf_addf(&whole, "[%s", text.p);
        json_add_text(j, "weights", buf_view(&whole));
        buf_free(&whole);
    }
    buf_free(&text);
}

static void add_rule(struct json *j, const struct decide_outcome *o)
{
    json_add_str(j, "why", o->why);
    if (o->threshold)
        verdict_add_weight_member(j, "threshold", o->threshold);
    if (o->section) {
        json_add_str(j, "section", o->section);
        json_add_str(j, "key", o->key);
    }
    add_view(j, "profile", o->profile);
    add_view(j, "line", verdict_cut_place(o->place));
    add_view(j, "text", o->text);
    add_view(j, "redirect", o->redirect);
}

static void add_kind(struct buf *to, const struct decide_input *in, const struct decide_result *r,
                     const size_t *at, size_t n)
{
    const struct decide_outcome *o = &r->outcome[at[0]];
    struct json j = {.out = to};
    const unsigned group = r->group[at[0]];

    buf_add_char(to, '{');
    add_positions(&j, at, n);
    verdict_add_weight_member(&j, "weight", o->weight);
    json_add_str(&j, "level", decide_level_name(o->level));
    json_add_str(&j, "action", decide_action_name(o->action));
    add_rule(&j, o);
    if (group < DECIDE_GROUPS_MAX && r->copy[group])
        json_add_int(&j, "copy", r->copy[group]);
    add_own_weights(&j, in, in->rcpt[at[0]]);
    buf_add_char(to, '}');
}

/* By counting: a message may have 50,000 recipients. */
static void sort(const struct decide_result *r, struct sorted *s)
{
    size_t *next = xcalloc(r->kinds + 1, sizeof *next);

    for (size_t i = 0; i < r->n; i++)
        s->first[r->kind[i] + 1]++;
    for (unsigned k = 0; k < r->kinds; k++) {
        next[k] = s->first[k];
        s->first[k + 1] += s->first[k];
    }
    for (size_t i = 0; i < r->n; i++)
        s->at[next[r->kind[i]]++] = i;
    free(next);
}

void decision_json_make(const struct decide_input *in, const struct decide_result *r, struct buf *to)
{
    struct sorted s = {.at = xcalloc(r->n + 1, sizeof *s.at),
                       .first = xcalloc(r->kinds + 1, sizeof *s.first)};

    sort(r, &s);
    buf_add_char(to, '[');
    for (unsigned k = 0; k < r->kinds; k++) {
        buf_add_str(to, k ? "," : "");
        add_kind(to, in, r, s.at + s.first[k], s.first[k + 1] - s.first[k]);
    }
    buf_add_char(to, ']');
    free(s.at);
    free(s.first);
}
