/*
 * whatif_then.c - see whatif_then.h.
 *
 * Results of plain checks and of lists stand in every record whose message was judged, so one that is not
 * there was not asked. Rules leave a trace only where they hit: whether one was looked for is told by the
 * settings of that time, and where those are not kept nobody knows. Whoever was excused from being judged
 * (antispam.skip_authenticated) was excused from everything.
 * Settings are the administrator's; results come from records and mean nothing where a name is not ours.
 */
#include "spoold/whatif_then.h"

#include "common/rule.h"
#include "common/xalloc.h"
#include "spoold/config_entries.h"
#include "spoold/weigh.h"

#include <stdlib.h>

static void add_item(struct whatif_then *t, const struct whatif_item *i)
{
    if (!i->low && !i->high)
        return;
    if ((t->n & (t->n - 1)) == 0)
        t->item = xrealloc(t->item, t->n ? 2 * t->n : 1, sizeof *t->item);
    t->item[t->n++] = *i;
}

static void widen(struct whatif_item *i, int64_t weight)
{
    if (weight < i->low)
        i->low = weight;
    if (weight > i->high)
        i->high = weight;
}

/* Whose recipient it is about is not looked at: the least and the most that any profile gives. */
static void add_plain(struct whatif_then *t, const struct config *now, enum check check)
{
    struct whatif_item i = {.check = check};

    for (unsigned r = 0; r < RESULT__MAX; r++) {
        widen(&i, now->policy.weight[check][r]);
        for (size_t p = 0; p < now->profile_n; p++)
            widen(&i, now->profile[p].policy.weight[check][r]);
    }
    add_item(t, &i);
}

/* What [rbl NAME] and [uribl NAME] have in common. */
struct zone {
    const char *name, *zone, *results, *domains;
    bool on, bitmap;
    int64_t weight, most;
};

static struct zone rbl_zone(const struct config *c, size_t i)
{
    const struct config_rbl *l = &c->rbl[i];

    return (struct zone){l->name, l->zone, l->results, "", l->enable, l->bitmap, l->weight, l->weight_max};
}

static struct zone uribl_zone(const struct config *c, size_t i)
{
    const struct config_uribl *l = &c->uribl[i];

    return (struct zone){l->name,   l->zone,   l->results, l->domains,
                         l->enable, l->bitmap, l->weight,  l->weight_max};
}

struct zones {
    enum check check;
    size_t n;
    struct zone (*at)(const struct config *c, size_t i);
};

static struct zones zones_of(const struct config *c, enum check check)
{
    return check == CHECK_rbl ? (struct zones){check, c->rbl_n, rbl_zone}
                              : (struct zones){check, c->uribl_n, uribl_zone};
}

static bool is_other_list(const struct config *then, const struct zones *z, const struct zone *now)
{
    for (size_t i = 0; i < z->n; i++) {
        const struct zone old = z->at(then, i);

        if (strcmp(old.name, now->name) == 0)
            return strcasecmp(old.zone, now->zone) != 0 || strcmp(old.results, now->results) != 0 ||
                   strcmp(old.domains, now->domains) != 0 || old.bitmap != now->bitmap;
    }
    return false; /* then there is no result of it either */
}

/* Without weight_max several hits would weigh without a limit: they are taken as one. */
static void add_zones(struct whatif_then *t, const struct config *then, const struct config *now,
                      enum check check)
{
    const struct zones mine = zones_of(now, check);

    for (size_t k = 0; k < mine.n; k++) {
        const struct zone z = mine.at(now, k);
        struct whatif_item i = {.check = check, .name = view_of(z.name)};
        struct zones theirs;

        if (!z.on)
            continue;
        widen(&i, z.most && z.weight ? (z.weight < 0 ? -z.most : z.most) : z.weight);
        if (then) {
            theirs = zones_of(then, check);
            i.other = is_other_list(then, &theirs, &z);
        }
        add_item(t, &i);
    }
}

static bool same_pattern(struct view a, struct view b, enum rule_kind kind)
{
    struct rule x, y;
    struct buf why = {0};
    const bool same = rule_parse(a, kind, &x, &why) == 0 && rule_parse(b, kind, &y, &why) == 0 &&
                      x.type == y.type && view_equal_nocase(x.field, y.field) &&
                      view_equal(x.pattern, y.pattern);

    buf_free(&why);
    return same;
}

static void add_rules(struct whatif_then *t, const struct config *then, const struct config *now,
                      enum check check)
{
    const bool header = check == CHECK_header;
    const struct config_list *mine = header ? &now->lists_header_rules : &now->lists_body_rules;
    const struct config_list *theirs = !then    ? NULL
                                       : header ? &then->lists_header_rules
                                                : &then->lists_body_rules;

    for (size_t k = 0; k < mine->n; k++) {
        const struct view line = config_entries_text(mine, k);
        struct whatif_item i = {.check = check, .name = {line.p, mine->entry[k].name_n}};
        const struct config_entry *e =
            then && then->check_on[check] ? config_entries_find_rule(theirs, i.name) : NULL;

        i.other = e != NULL;
        if (e && same_pattern(line, (struct view){theirs->bytes.p + e->at, e->n},
                              header ? RULE_HEADER : RULE_BODY))
            continue;
        widen(&i, mine->entry[k].weight);
        add_item(t, &i);
    }
}

void whatif_then_make(struct whatif_then *t, const struct config *then, const struct config *now)
{
    *t = (struct whatif_then){.known = then != NULL, .antispam = then && then->antispam};
    for (unsigned c = 0; c < CHECK__MAX; c++) {
        const bool own = c != CHECK_rbl && c != CHECK_uribl;

        if (own && !now->check_on[c])
            continue;
        if (!own)
            add_zones(t, then, now, (enum check)c);
        else if (c == CHECK_header || c == CHECK_body)
            add_rules(t, then, now, (enum check)c);
        else
            add_plain(t, now, (enum check)c);
    }
}

void whatif_then_free(struct whatif_then *t)
{
    free(t->hash);
    free(t->item);
    *t = (struct whatif_then){.n = 0};
}

/* By its plain checks: all of them were skipped then. */
static bool is_excused(const struct antispam_verdict *v)
{
    bool any = false;

    for (unsigned i = 0; i < v->n; i++) {
        const struct check_about *about = check_about(v->result[i].check);

        if (!about || about->kind != CHECK_PLAIN || v->result[i].check == CHECK_gateway)
            continue;
        if (v->result[i].result != RESULT_skipped)
            return false;
        any = true;
    }
    return any;
}

static const struct antispam_result *find(const struct antispam_verdict *v, const struct whatif_item *i)
{
    for (unsigned k = 0; k < v->n; k++)
        if (v->result[k].check == i->check && view_equal(v->result[k].name, i->name))
            return &v->result[k];
    return NULL;
}

void whatif_then_unknown(const struct whatif_then *t, const struct config *now,
                         const struct antispam_verdict *v, struct whatif_unknown *out)
{
    int64_t widest = 0;

    *out = (struct whatif_unknown){.widest = NULL};
    if (is_excused(v))
        return;
    for (size_t k = 0; k < t->n; k++) {
        const struct whatif_item *i = &t->item[k];
        const struct antispam_result *r = find(v, i);
        struct weighed w = {.weight = 0};

        if (r && !i->other)
            continue;
        if (r)
            weigh_result(now, &now->policy, r, &w); /* lists and rules weigh the same for everybody */
        out->low += i->low - w.weight;
        out->high += i->high - w.weight;
        if (i->high - i->low > widest) {
            widest = i->high - i->low;
            out->widest = i;
        }
    }
}

void whatif_then_add_reason(const struct whatif_item *i, struct buf *to)
{
    const char *check = check_about(i->check)->name;
    const bool rule = i->check == CHECK_header || i->check == CHECK_body;

    if (!i->name.n)
        buf_addf(to, "[%s] was not asked then", check);
    else if (rule)
        buf_addf(to, "the rule %s:%.*s %s", check, (int)i->name.n, i->name.p,
                 i->other ? "had another pattern then" : "was not looked for then");
    else
        buf_addf(to, "[%s %.*s] was %s then", check, (int)i->name.n, i->name.p,
                 i->other ? "another list" : "not asked");
}
