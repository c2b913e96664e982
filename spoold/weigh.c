/*
 * weigh.c - see weigh.h: one function for each kind of check.
 *
 * Called for each result of each message, in the loop and by tools, and for recorded results when they are
 * weighed again. Pure. Results come from a worker that has read a hostile message, or from a record made with
 * other settings: a name that is not configured, or a check that is off, weighs nothing.
 */
#include "spoold/weigh.h"

#include "spoold/config_entries.h"

static const char unknown[] = "it is not configured", off[] = "it is not enabled";

static void set_place(struct weighed *out, struct config_place place)
{
    struct buf text = {0};
    size_t cut;

    config_place_add(place, &text);
    cut = text.n > WEIGH_PLACE_MAX ? text.n - WEIGH_PLACE_MAX : 0;
    memcpy(out->text, text.p + cut, text.n - cut);
    out->place = (struct view){out->text, text.n - cut};
    buf_free(&text);
}

/* A result of the check as a whole (skipped) has no name. */
static const char *about_name(const struct antispam_result *r)
{
    return r->name.n ? unknown : NULL;
}

static void set_option(const struct config *cfg, const char *section, const char *name, const char *key,
                       struct weighed *out)
{
    set_place(out, config_where(cfg, section, name, key));
}

static void weigh_plain(const struct config *cfg, const struct config_policy *p,
                        const struct antispam_result *r, struct weighed *out)
{
    const char *check = check_about(r->check)->name;
    char key[64];

    snprintf(key, sizeof key, "weight_%s", check_result_name(r->result));
    out->weight = p->weight[r->check][r->result];
    set_option(cfg, check, "", key, out);
}

/* weight x count, both ways no further than `most`. */
static int64_t several(int64_t weight, uint32_t count, int64_t most)
{
    int64_t sum = weight * (count ? count : 1);

    if (most && sum > most)
        return most;
    return most && sum < -most ? -most : sum;
}

/* What [rbl NAME] and [uribl NAME] have in common. */
struct zone {
    const char *section, *name;
    bool on;
    int64_t weight, most;
};

static void weigh_zone(const struct config *cfg, const struct antispam_result *r, const struct zone *z,
                       struct weighed *out)
{
    if (!z->name) {
        out->remark = about_name(r);
        return;
    }
    out->remark = z->on ? NULL : off;
    set_option(cfg, z->section, z->name, z->on ? "weight" : "enable", out);
    if (z->on && r->result == RESULT_hit)
        out->weight = several(z->weight, r->count, z->most);
}

static void weigh_rbl(const struct config *cfg, const struct antispam_result *r, struct weighed *out)
{
    struct zone z = {.section = "rbl"};

    for (size_t i = 0; i < cfg->rbl_n && !z.name; i++) {
        const struct config_rbl *l = &cfg->rbl[i];

        if (view_equal(view_of(l->name), r->name))
            z = (struct zone){"rbl", l->name, l->enable, l->weight, l->weight_max};
    }
    weigh_zone(cfg, r, &z, out);
}

static void weigh_uribl(const struct config *cfg, const struct antispam_result *r, struct weighed *out)
{
    struct zone z = {.section = "uribl"};

    for (size_t i = 0; i < cfg->uribl_n && !z.name; i++) {
        const struct config_uribl *l = &cfg->uribl[i];

        if (view_equal(view_of(l->name), r->name))
            z = (struct zone){"uribl", l->name, l->enable, l->weight, l->weight_max};
    }
    weigh_zone(cfg, r, &z, out);
}

static void weigh_rule(const struct config_list *l, const struct antispam_result *r, struct weighed *out)
{
    const struct config_entry *e = config_entries_find_rule(l, r->name);

    if (!e) {
        out->remark = about_name(r);
        return;
    }
    set_place(out, (struct config_place){l->file, e->lineno});
    if (r->result == RESULT_hit)
        out->weight = e->weight;
}

static void weigh_header(const struct config *cfg, const struct antispam_result *r, struct weighed *out)
{
    weigh_rule(&cfg->lists_header_rules, r, out);
}

static void weigh_body(const struct config *cfg, const struct antispam_result *r, struct weighed *out)
{
    weigh_rule(&cfg->lists_body_rules, r, out);
}

/* Lists decide what becomes of a message, they do not weigh. "blocked" is lists.blocked_senders. */
static void weigh_list(const struct config *cfg, const struct antispam_result *r, struct weighed *out)
{
    static const char *const rest[] = {"", "_senders"};

    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
        char key[ANTISPAM_NAME_MAX + sizeof "_senders"];

        snprintf(key, sizeof key, "%.*s%s", (int)(r->name.n < ANTISPAM_NAME_MAX ? r->name.n : 0),
                 r->name.n ? r->name.p : "", rest[i]);
        if (config_value_find(VIEW("lists"), view_of(key)))
            set_option(cfg, "lists", "", key, out);
    }
}

/* The others are weighed by their rows in common/check_table.h. */
static void (*const kinds[CHECK__MAX])(const struct config *, const struct antispam_result *,
                                       struct weighed *) = {
    [CHECK_rbl] = weigh_rbl,   [CHECK_uribl] = weigh_uribl, [CHECK_header] = weigh_header,
    [CHECK_body] = weigh_body, [CHECK_list] = weigh_list,
};

static bool is_off(const struct config *cfg, enum check check)
{
    /* These have a switch in each section. */
    return check != CHECK_rbl && check != CHECK_uribl && !cfg->check_on[check];
}

void weigh_result(const struct config *cfg, const struct config_policy *p, const struct antispam_result *r,
                  struct weighed *out)
{
    *out = (struct weighed){.remark = NULL};
    set_place(out, (struct config_place){NULL, 0});
    if (!check_about(r->check) || !check_result_name(r->result)) {
        out->remark = unknown;
    } else if (is_off(cfg, r->check)) {
        out->remark = off;
        set_option(cfg, check_about(r->check)->name, "", "enable", out);
    } else if (kinds[r->check]) {
        kinds[r->check](cfg, r, out);
    } else {
        weigh_plain(cfg, p, r, out);
    }
}

bool weigh_is_policy(const struct config *cfg, const struct antispam_result *r)
{
    return check_about(r->check) && check_result_name(r->result) && !is_off(cfg, r->check) &&
           !kinds[r->check];
}

int64_t weigh_weight(const struct config *cfg, const struct config_policy *p, const struct antispam_result *r)
{
    struct weighed w = {.remark = NULL};

    if (!check_about(r->check) || !check_result_name(r->result) || is_off(cfg, r->check))
        return 0;
    if (!kinds[r->check])
        return p->weight[r->check][r->result];
    if (r->result == RESULT_hit)
        kinds[r->check](cfg, r, &w);
    return w.weight;
}

int64_t weigh_sum(const struct config *cfg, const struct config_policy *p, const struct antispam_verdict *v)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < v->n; i++)
        sum += weigh_weight(cfg, p, &v->result[i]);
    return sum;
}
