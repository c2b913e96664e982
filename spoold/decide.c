/*
 * decide.c - see decide.h.
 *
 * Called in the loop, once a message, and by tools. What differs between recipients is their profile alone,
 * so each profile is decided for once, however many have it. Results come from a worker that has read a
 * hostile message, or from a record; names that are not ours mean nothing. Texts are copied: an outcome
 * outlives a reload of the settings.
 */
#include "spoold/decide.h"

#include "common/xalloc.h"
#include "spoold/decide_profile.h"
#include "spoold/decide_rest.h"
#include "spoold/verdict.h"
#include "spoold/weigh.h"

#include <stdlib.h>

_Static_assert((int)CONFIG_LEVELS == (int)DECIDE_LEVEL__MAX, "settings of each level");

static const char *const actions[DECIDE_ACTION__MAX] = {
    [DECIDE_DELIVER] = "deliver", [DECIDE_TAG] = "tag",           [DECIDE_HEADER] = "header",
    [DECIDE_JUNK] = "junk",       [DECIDE_REDIRECT] = "redirect", [DECIDE_QUARANTINE] = "quarantine",
    [DECIDE_DISCARD] = "discard", [DECIDE_BOUNCE] = "bounce",
};
static const char *const levels[DECIDE_LEVEL__MAX] = {
    [DECIDE_NONE] = "none", [DECIDE_LOW] = "low", [DECIDE_MEDIUM] = "medium", [DECIDE_HIGH] = "high"};
static const char *const level_sections[DECIDE_LEVEL__MAX] = {
    [DECIDE_LOW] = "level low", [DECIDE_MEDIUM] = "level medium", [DECIDE_HIGH] = "level high"};

const char *decide_action_name(enum decide_action action)
{
    return (unsigned)action < DECIDE_ACTION__MAX ? actions[action] : NULL;
}

const char *decide_level_name(enum decide_level level)
{
    return (unsigned)level < DECIDE_LEVEL__MAX ? levels[level] : NULL;
}

bool decide_is_sent(enum decide_action action)
{
    return action <= DECIDE_REDIRECT;
}

/* What is the same for all recipients. */
struct deciding {
    const struct decide_input *in;
    struct decide_result *out;
    int64_t weight; /* by everybody's settings */
    bool blacklisted, blocked, whitelisted, trusted;
    unsigned *kind_of; /* by number of the profile: kind + 1; 0: not decided yet */
    struct decide_outcome *kind;
    const struct config_policy **policy; /* of each kind */
    unsigned *group_of;                  /* of each kind */
    unsigned *first_of;                  /* of each group: a kind */
};

static bool is_listed(const struct decide_input *in, const char *list)
{
    const struct antispam_verdict *v = in->verdict;

    for (unsigned i = 0; v && i < v->n && in->cfg->check_on[CHECK_list]; i++)
        if (v->result[i].check == CHECK_list && v->result[i].result == RESULT_hit &&
            view_equal(v->result[i].name, view_of(list)))
            return true;
    return false;
}

static struct view keep(struct decide_result *out, struct view text)
{
    if (!text.n)
        return VIEW("");
    if ((out->bytes_n & (out->bytes_n - 1)) == 0)
        out->bytes = xrealloc(out->bytes, out->bytes_n ? 2 * out->bytes_n : 1, sizeof(char *));
    out->bytes[out->bytes_n] = xstrndup(text.p, text.n);
    return (struct view){out->bytes[out->bytes_n++], text.n};
}

static enum decide_level level_of(const struct config_policy *p, int64_t weight)
{
    enum decide_level l = DECIDE_HIGH;

    while (l > DECIDE_NONE && weight < p->level[l].threshold)
        l--;
    return l;
}

/* One rule: what it does where it applies. */
struct rule {
    bool applies;
    int action;
    const char *why, *section, *key;
    const struct config_level *texts; /* text and redirect */
    int64_t threshold;
};
#define RULES 6

/* In their order; the first that applies and does anything decides. */
static void make_rules(const struct deciding *d, const struct config_policy *p,
                       const struct decide_outcome *o, struct rule rule[RULES])
{
    const bool out = d->in->outgoing;
    const struct config_level *high = &p->level[DECIDE_HIGH], *l = &p->level[o->level];
    const int64_t threshold = out ? p->outgoing_threshold : p->incoming_threshold;

    rule[0] = (struct rule){
        d->blacklisted, p->blacklist_action, "blacklist", "filter", "blacklist_action", high, 0};
    rule[1] =
        (struct rule){d->blocked, p->blocked_action, "blocked sender", "filter", "blocked_action", high, 0};
    rule[2] = (struct rule){d->whitelisted, DECIDE_DELIVER, "whitelist", "lists", "whitelist", high, 0};
    rule[3] =
        (struct rule){d->trusted, DECIDE_DELIVER, "trusted sender", "lists", "trusted_senders", high, 0};
    rule[4] = (struct rule){o->weight >= threshold,
                            out ? p->outgoing_threshold_action : p->threshold_action,
                            "threshold",
                            "filter",
                            out ? "outgoing_threshold_action" : "threshold_action",
                            high,
                            threshold};
    rule[5] = (struct rule){o->level != DECIDE_NONE,
                            out ? l->outgoing_action : l->action,
                            "level",
                            level_sections[o->level],
                            out ? "outgoing_action" : "action",
                            l,
                            l->threshold};
}

/* A rule of [filter] that delivers leaves it to the next. */
static bool decides(const struct rule *r)
{
    return r->applies && (r->action != DECIDE_DELIVER || strcmp(r->section, "filter") != 0);
}

static void apply(const struct deciding *d, const struct decide_profile *p, const struct rule *r,
                  struct decide_outcome *o)
{
    const char *name = "";
    const struct config_place at = decide_profile_where(d->in->cfg, p, r->section, r->key, &name);
    struct buf place = {0};

    o->action = (enum decide_action)r->action;
    o->why = r->why;
    o->section = r->section;
    o->key = r->key;
    o->threshold = r->threshold;
    config_place_add(at, &place);
    o->place = keep(d->out, buf_view(&place));
    o->profile = keep(d->out, view_of(name));
    if (o->action == DECIDE_TAG)
        o->text = keep(d->out, view_of(r->texts->text));
    if (o->action == DECIDE_REDIRECT)
        o->redirect = keep(d->out, view_of(r->texts->redirect));
    buf_free(&place);
}

static struct decide_outcome decide_for(const struct deciding *d, const struct decide_profile *p)
{
    struct decide_outcome o = {.weight = d->weight, .why = ""};
    struct rule rule[RULES];
    size_t i = 0;

    if (!d->in->verdict)
        return o;
    if (p->weighs)
        o.weight = weigh_sum(d->in->cfg, p->policy, d->in->verdict) + d->in->extra;
    o.level = level_of(p->policy, o.weight);
    make_rules(d, p->policy, &o, rule);
    while (i < RULES && !decides(&rule[i]))
        i++;
    if (i < RULES)
        apply(d, p, &rule[i], &o);
    return o;
}

/* X-Spam-Status tells what is required, and each weight. */
static bool same_status(const struct deciding *d, const struct config_policy *a,
                        const struct config_policy *b)
{
    const struct antispam_verdict *v = d->in->verdict;

    if (!v || a == b)
        return true;
    if (a->level[DECIDE_LOW].threshold != b->level[DECIDE_LOW].threshold)
        return false;
    for (unsigned i = 0; i < v->n; i++)
        if (weigh_is_policy(d->in->cfg, &v->result[i]) &&
            a->weight[v->result[i].check][v->result[i].result] !=
                b->weight[v->result[i].check][v->result[i].result])
            return false;
    return true;
}

/* What goes out is the same when a reader cannot tell the copies apart. */
static bool same_edits(const struct deciding *d, unsigned k, unsigned other)
{
    const struct decide_outcome *a = &d->kind[k], *b = &d->kind[other];

    if (a->action != b->action)
        return false;
    return !decide_is_sent(a->action) ||
           (a->weight == b->weight && a->level == b->level && view_equal(a->text, b->text) &&
            view_equal(a->redirect, b->redirect) && same_status(d, d->policy[k], d->policy[other]));
}

static unsigned add_kind(struct deciding *d, const struct decide_profile *p)
{
    struct decide_result *out = d->out;
    const unsigned k = out->kinds++;
    unsigned g = 0;

    if ((k & (k - 1)) == 0) {
        const size_t room = k ? 2 * k : 1;

        d->kind = xrealloc(d->kind, room, sizeof *d->kind);
        d->policy = xrealloc(d->policy, room, sizeof(*d->policy));
        d->group_of = xrealloc(d->group_of, room, sizeof *d->group_of);
        d->first_of = xrealloc(d->first_of, room, sizeof *d->first_of);
    }
    d->kind[k] = decide_for(d, p);
    d->policy[k] = p->policy;
    while (g < out->groups && !same_edits(d, k, d->first_of[g]))
        g++;
    if (g == out->groups)
        d->first_of[out->groups++] = k;
    d->group_of[k] = g;
    return k;
}

static void decide_rcpt(struct deciding *d, size_t i)
{
    struct decide_profile own;
    const struct decide_profile *p = decide_profile_find(d->in->cfg, d->in->rcpt[i], &own);
    unsigned *kind = &d->kind_of[p->number];

    if (!*kind)
        *kind = add_kind(d, p) + 1;
    d->out->kind[i] = *kind - 1;
    d->out->group[i] = d->group_of[*kind - 1];
    d->out->outcome[i] = d->kind[*kind - 1];
}

/* In the order of their first recipients. */
static void number_copies(struct decide_result *out)
{
    unsigned copies = 0;

    out->too_many = out->groups > DECIDE_GROUPS_MAX;
    for (size_t i = 0; i < out->n && !out->too_many; i++)
        if (decide_has_copy(&out->outcome[i]) && !out->copy[out->group[i]])
            out->copy[out->group[i]] = ++copies;
}

void decide(const struct decide_input *in, struct decide_result *out)
{
    struct deciding d = {.in = in, .out = out};

    *out = (struct decide_result){.n = in->rcpt_n};
    out->outcome = xcalloc(in->rcpt_n + 1, sizeof *out->outcome);
    out->group = xcalloc(in->rcpt_n + 1, sizeof *out->group);
    out->kind = xcalloc(in->rcpt_n + 1, sizeof *out->kind);
    if (in->verdict) {
        d.weight = weigh_sum(in->cfg, &in->cfg->policy, in->verdict) + in->extra;
        d.blacklisted = is_listed(in, "blacklist");
        d.whitelisted = is_listed(in, "whitelist");
        d.blocked = is_listed(in, "blocked");
        d.trusted = is_listed(in, "trusted");
    }
    d.kind_of = xcalloc(decide_profile_count(in->cfg), sizeof *d.kind_of);
    for (size_t i = 0; i < in->rcpt_n; i++)
        decide_rcpt(&d, i);
    number_copies(out);
    free(d.kind_of);
    free(d.kind);
    free(d.policy);
    free(d.group_of);
    free(d.first_of);
}

void decide_free(struct decide_result *r)
{
    for (size_t i = 0; i < r->bytes_n; i++)
        free(r->bytes[i]);
    free(r->bytes);
    free(r->outcome);
    free(r->group);
    free(r->kind);
    *r = (struct decide_result){.n = 0};
}

static void add_cause(struct buf *to, const struct decide_outcome *o)
{
    struct buf weight = {0}, threshold = {0};

    verdict_add_weight(&weight, o->weight);
    verdict_add_weight(&threshold, o->threshold);
    if (strcmp(o->why, "threshold") == 0)
        buf_addf(to, "weight %s reaches the threshold %s", weight.p, threshold.p);
    else if (strcmp(o->section, "filter") == 0)
        buf_addf(to, "it is from a %s",
                 strcmp(o->why, "blacklist") == 0 ? "client in the blacklist" : o->why);
    else if (strcmp(o->section, "lists") == 0)
        buf_addf(to, "it is from a %s",
                 strcmp(o->why, "whitelist") == 0 ? "client in the whitelist" : o->why);
    else
        buf_addf(to, "weight %s is level %s", weight.p, decide_level_name(o->level));
    buf_free(&weight);
    buf_free(&threshold);
}

void decide_add_reason(struct buf *to, const struct decide_outcome *o)
{
    const char *blank = o->section ? strchr(o->section, ' ') : NULL;

    if (!o->section)
        return;
    add_cause(to, o);
    if (o->profile.n)
        buf_addf(to, ": [profile %.*s] %s.%s", (int)o->profile.n, o->profile.p,
                 blank ? blank + 1 : o->section, o->key);
    else
        buf_addf(to, ": [%s] %s", o->section, o->key);
    if (strcmp(o->section, "lists") != 0)
        buf_addf(to, " %s", decide_action_name(o->action));
    buf_addf(to, " (%.*s)", (int)o->place.n, o->place.p);
}
