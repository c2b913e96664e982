/*
 * whatif.c - see whatif.h.
 *
 * whatif_gather.c puts lines together as messages, whatif_old.c reads what was decided, replay.c decides
 * again, whatif_then.c knows what was not asked; here the two decisions are compared and counted. Records are
 * the journal's, with texts of anybody in them: they are copied where they are kept, and whoever prints them
 * escapes them.
 */
#include "spoold/whatif.h"

#include "common/xalloc.h"
#include "spoold/config_kept.h"
#include "spoold/decide_profile.h"
#include "spoold/replay.h"
#include "spoold/whatif_gather.h"
#include "spoold/whatif_note.h"
#include "spoold/whatif_old.h"
#include "spoold/whatif_then.h"

#include <stdlib.h>

#define THEN_MAX    1000 /* configurations that are known at a time: one a reload */
#define REASONS_MAX 1000 /* beyond, they have one name together */

struct whatif {
    struct whatif_options o;
    struct whatif_gather *gather;
    struct whatif_figures f;
    struct whatif_then *then; /* owned */
    size_t then_n;
    const struct whatif_then *last; /* most records have the configuration of the one before */
    /* Of the message in work; their room is used again. */
    struct replay_record record;
    struct whatif_old old;
    bool judged; /* as recorded: record.judged is off where the settings that are tried judge nothing */
    struct view *nobody; /* recipients without names */
    size_t nobody_n;
};

/* One message. */
struct trial {
    const struct whatif_message *m;
    struct replay_again low, high;
    const struct replay_again *now, *most; /* with the least and the most that is not known */
};

static void grow(void **array, size_t n, size_t size)
{
    if ((n & (n - 1)) == 0)
        *array = xrealloc(*array, n ? 2 * n : 1, size);
}

static void count_unknown(struct whatif *w, const char *why)
{
    struct whatif_figures *f = &w->f;
    size_t i = 0;

    f->unknown++;
    while (i < f->reason_n && strcmp(f->reason[i].text, why) != 0)
        i++;
    if (i == f->reason_n && i >= REASONS_MAX) {
        f->reason[REASONS_MAX - 1].n++;
        return;
    }
    if (i == f->reason_n) {
        grow((void **)&f->reason, i, sizeof *f->reason);
        f->reason[f->reason_n++] =
            (struct whatif_reason){xstrdup(i == REASONS_MAX - 1 ? "other reasons" : why), 0};
    }
    f->reason[i].n++;
}

/* --- the settings of that time -------------------------------------------------------------------------- */

static bool has_line(const struct buf *text, struct view line)
{
    for (size_t at = 0; at < text->n;) {
        const char *end = memchr(text->p + at, '\n', text->n - at);
        const size_t n = (size_t)(end - text->p) - at;

        if (view_equal((struct view){text->p + at, n}, line))
            return true;
        at += n + 1;
    }
    return false;
}

static void add_notes(struct whatif *w, const struct config *then)
{
    struct buf more = {0};

    whatif_note_differences(then, w->o.now, &more);
    for (size_t at = 0; at < more.n;) {
        const size_t n = strcspn(more.p + at, "\n");
        const struct view line = {more.p + at, n};

        if (!has_line(&w->f.notes, line)) {
            buf_add_view(&w->f.notes, line);
            buf_add_char(&w->f.notes, '\n');
        }
        at += n + 1;
    }
    buf_free(&more);
}

static const struct whatif_then *make_then(struct whatif *w, const char *hash)
{
    const bool mine = strcmp(hash, config_kept_hash(w->o.now)) == 0;
    struct config *kept = mine || !*hash ? NULL : w->o.then(w->o.arg, hash);
    const struct config *then = mine ? w->o.now : kept;
    struct whatif_then *t;

    if (w->then_n == THEN_MAX)
        whatif_then_free(&w->then[--w->then_n]);
    grow((void **)&w->then, w->then_n, sizeof *w->then);
    t = &w->then[w->then_n++];
    whatif_then_make(t, then, w->o.now);
    t->hash = xstrdup(hash);
    if (kept)
        add_notes(w, kept);
    config_free(&kept);
    return t;
}

static const struct whatif_then *find_then(struct whatif *w, struct view hash)
{
    char text[65] = "";

    if (w->last && view_equal(view_of(w->last->hash), hash))
        return w->last;
    w->last = NULL;
    for (size_t i = 0; i < w->then_n && !w->last; i++)
        if (view_equal(view_of(w->then[i].hash), hash))
            w->last = &w->then[i];
    if (hash.n < sizeof text)
        memcpy(text, hash.p, hash.n);
    if (!w->last)
        w->last = make_then(w, text);
    return w->last;
}

/* --- comparing ------------------------------------------------------------------------------------------ */

static bool same_words(const struct replay_again *a, const struct replay_again *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (whatif_old_word(a, i) != whatif_old_word(b, i))
            return false;
    return true;
}

/* By the settings that are tried: the one that decided about a recipient, and its place. */
static void add_setting(const struct replay_again *a, size_t i, struct buf *to)
{
    const struct decide_outcome *o = i < a->decided.n && !a->decided.too_many ? &a->decided.outcome[i] : NULL;

    if (!o)
        buf_add_str(to, a->whole.reason);
    else if (o->section)
        decide_add_reason(to, o);
    else
        buf_add_str(to, "no level and no threshold is reached");
}

static int64_t weight_of(const struct replay_again *a, size_t i)
{
    return i < a->decided.n ? a->decided.outcome[i].weight : a->weight;
}

static struct whatif_group *find_group(struct whatif_figures *f, unsigned from, unsigned to)
{
    size_t i = 0;

    while (i < f->group_n && (f->group[i].from != from || f->group[i].to != to))
        i++;
    if (i == f->group_n) {
        grow((void **)&f->group, i, sizeof *f->group);
        f->group[f->group_n++] = (struct whatif_group){.from = from, .to = to};
    }
    return &f->group[i];
}

static void add_example(struct whatif *w, struct whatif_group *g, const struct trial *t, size_t i)
{
    struct buf setting = {0};
    struct whatif_example *e;

    if (g->example_n == w->o.list)
        return;
    grow((void **)&g->example, g->example_n, sizeof *g->example);
    e = &g->example[g->example_n++];
    add_setting(t->now, i, &setting);
    *e = (struct whatif_example){.id = t->m->id,
                                 .from = xstrndup(t->m->from.p ? t->m->from.p : "", t->m->from.n),
                                 .setting = xstrdup(setting.p ? setting.p : ""),
                                 .then = w->old.weight,
                                 .now = weight_of(t->now, i),
                                 .most = weight_of(t->most, i)};
    buf_free(&setting);
}

/* A message counts once in each kind of change that it has. */
static bool count_changes(struct whatif *w, const struct trial *t)
{
    bool seen[WHATIF_WORDS][WHATIF_WORDS] = {{false}};
    bool any = false;

    for (size_t i = 0; i < w->old.n; i++) {
        const unsigned from = w->old.word[i], to = whatif_old_word(t->now, i);
        struct whatif_group *g;

        if (from == to || seen[from][to])
            continue;
        seen[from][to] = any = true;
        g = find_group(&w->f, from, to);
        g->n++;
        add_example(w, g, t, i);
    }
    return any;
}

static void count(struct whatif *w, const struct trial *t)
{
    if (count_changes(w, t)) {
        w->f.changed++;
        return;
    }
    w->f.unchanged++;
    w->f.reweighed += w->record.judged && t->now == t->most && t->now->weight != w->old.weight;
}

/* --- one message ---------------------------------------------------------------------------------------- */

/* Decided by what happened in work, not by what was found. */
static const char *is_no_finding(enum decide_by by)
{
    static const char *const why[DECIDE_BY__MAX] = {
        [DECIDE_BY_HELD] = "it was held too long",
        [DECIDE_BY_WORKER] = "no worker could read it",
        [DECIDE_BY_TEST] = "it was decided by a test",
    };

    return why[by];
}

static bool is_hashed(struct view address)
{
    return address.n == JOURNAL_HASH_LEN && memcmp(address.p, "h:", 2) == 0 &&
           !memchr(address.p, '@', address.n);
}

/* Whose profile a recipient has can only be told by his address. */
static const char *name_recipients(struct whatif *w)
{
    struct replay_record *r = &w->record;
    const bool profiles = w->o.now->lists_domains.n != 0;

    if (profiles && r->rcpt_n && is_hashed(r->rcpt[0]))
        return "its recipients are hashed, and there are profiles (lists.domains)";
    if (r->rcpt_n >= w->old.n)
        return NULL;
    if (profiles)
        return "its recipients are not written down, and there are profiles (lists.domains)";
    if (w->old.n > w->nobody_n) {
        free(w->nobody);
        w->nobody_n = 2 * w->old.n;
        w->nobody = xcalloc(w->nobody_n, sizeof *w->nobody);
    }
    r->rcpt = w->nobody;
    r->rcpt_n = w->old.n;
    return NULL;
}

/* What would be decided by results that there are none of. */
static const char *lacks_results(const struct whatif *w, const struct whatif_then *then,
                                 const struct replay_again *now)
{
    const struct replay_record *r = &w->record;

    if (now->whole.by != DECIDE_BY_RECIPIENTS)
        return NULL;
    if (r->by == DECIDE_BY_SIZE || r->by == DECIDE_BY_ENVELOPE)
        return "it was not examined then";
    if (w->judged || !w->o.now->antispam)
        return NULL;
    if (r->by != DECIDE_BY_RECIPIENTS || !then->known)
        return "it was not judged then";
    return then->antispam ? NULL : "antispam.enable was off then";
}

static bool same_at(struct whatif *w, const struct trial *t, int64_t extra)
{
    struct replay_again between;
    bool same;

    replay_decide_only(&w->record, w->o.now, extra, &between);
    same = same_words(&t->low, &between, w->old.n);
    replay_free_again(&between);
    return same;
}

/* An action may change at each threshold on the way from the least to the most weight, and back again. */
static bool same_for(struct whatif *w, const struct trial *t, size_t i, const struct whatif_unknown *u)
{
    const struct config *c = w->o.now;
    struct decide_profile own;
    const struct config_policy *p = decide_profile_find(c, w->record.rcpt[i], &own)->policy;
    const int64_t at[] = {p->level[DECIDE_LOW].threshold, p->level[DECIDE_MEDIUM].threshold,
                          p->level[DECIDE_HIGH].threshold, p->incoming_threshold, p->outgoing_threshold};

    for (size_t k = 0; k < sizeof at / sizeof *at; k++) {
        const int64_t extra = u->low + at[k] - t->low.decided.outcome[i].weight;

        if (extra > u->low && extra < u->high && !same_at(w, t, extra))
            return false;
    }
    return true;
}

/* A recipient of each kind. Of more kinds than a message can have copies nothing is promised. */
static bool same_between(struct whatif *w, const struct trial *t, const struct whatif_unknown *u)
{
    const struct decide_result *r = &t->low.decided;
    unsigned seen = 0;

    for (size_t i = 0; i < r->n && seen < r->kinds; i++) {
        if (r->kind[i] != seen) /* numbered in the order of their first recipients */
            continue;
        if (seen++ == DECIDE_GROUPS_MAX || !same_for(w, t, i, u))
            return false;
    }
    return true;
}

/* With the least and the most that what was not asked could weigh. */
static void decide_again(struct whatif *w, struct trial *t, const struct whatif_then *then)
{
    struct whatif_unknown u = {.widest = NULL};
    const char *why;
    struct buf text = {0};

    if (w->record.judged)
        whatif_then_unknown(then, w->o.now, &w->record.verdict, &u);
    replay_decide_only(&w->record, w->o.now, u.low, &t->low);
    t->now = t->most = &t->low;
    why = lacks_results(w, then, &t->low);
    if (!why && u.high != u.low) {
        replay_decide_only(&w->record, w->o.now, u.high, &t->high);
        t->most = &t->high;
        if (!same_words(&t->low, &t->high, w->old.n) || !same_between(w, t, &u)) {
            whatif_then_add_reason(u.widest, &text);
            why = text.p;
        }
    }
    if (why)
        count_unknown(w, why);
    else
        count(w, t);
    replay_free_again(&t->high);
    replay_free_again(&t->low);
    buf_free(&text);
}

static const char *read_record(struct whatif *w, const struct whatif_message *m)
{
    struct replay_record *r = &w->record;
    const char *why;

    r->rcpt = m->rcpt;
    r->rcpt_n = m->rcpt_n;
    r->size = m->size;
    if (!m->record.n)
        return "there is no record of its decision";
    why = replay_read(m->record, r);
    if (!why)
        why = is_no_finding(r->by);
    if (!why)
        why = whatif_old_read(&w->old, r);
    if (!why)
        why = name_recipients(w);
    w->judged = r->judged;
    r->judged &= w->o.now->antispam;
    return why;
}

static void try(const struct whatif_message *m, void *arg)
{
    struct whatif *w = arg;
    struct trial t = {.m = m};
    const char *why = read_record(w, m);
    const struct whatif_then *then;

    w->f.messages++;
    if (why) {
        count_unknown(w, why);
        return;
    }
    then = find_then(w, w->record.judged_by);
    w->f.not_kept += !then->known;
    decide_again(w, &t, then);
}

struct whatif *whatif_new(const struct whatif_options *o)
{
    struct whatif *w = xcalloc(1, sizeof *w);

    w->o = *o;
    w->gather = whatif_gather_new(try, w);
    return w;
}

void whatif_take(struct whatif *w, const struct event *e)
{
    if (e->kind != EVENT_ACCEPTED || e->at_ms >= w->o.since_ms)
        whatif_gather_take(w->gather, e);
}

static int by_number(uint64_t a, uint64_t b)
{
    return (a < b) - (a > b);
}

static int compare_groups(const void *a, const void *b)
{
    const struct whatif_group *x = a, *y = b;
    const int order = by_number(x->n, y->n);

    return order ? order : (int)(x->from * WHATIF_WORDS + x->to) - (int)(y->from * WHATIF_WORDS + y->to);
}

static int compare_reasons(const void *a, const void *b)
{
    const struct whatif_reason *x = a, *y = b;
    const int order = by_number(x->n, y->n);

    return order ? order : strcmp(x->text, y->text);
}

void whatif_end(struct whatif *w)
{
    if (!w->gather)
        return;
    whatif_gather_end(&w->gather);
    if (w->f.group_n)
        qsort(w->f.group, w->f.group_n, sizeof *w->f.group, compare_groups);
    if (w->f.reason_n)
        qsort(w->f.reason, w->f.reason_n, sizeof *w->f.reason, compare_reasons);
}

const struct whatif_figures *whatif_figures(const struct whatif *w)
{
    return &w->f;
}

static void free_group(struct whatif_group *g)
{
    for (size_t i = 0; i < g->example_n; i++) {
        free(g->example[i].from);
        free(g->example[i].setting);
    }
    free(g->example);
}

void whatif_free(struct whatif **w)
{
    struct whatif_figures *f = &(*w)->f;

    whatif_end(*w);
    for (size_t i = 0; i < f->group_n; i++)
        free_group(&f->group[i]);
    for (size_t i = 0; i < f->reason_n; i++)
        free(f->reason[i].text);
    for (size_t i = 0; i < (*w)->then_n; i++)
        whatif_then_free(&(*w)->then[i]);
    whatif_old_free(&(*w)->old);
    replay_free_record(&(*w)->record);
    free(f->group);
    free(f->reason);
    buf_free(&f->notes);
    free((*w)->then);
    free((*w)->nobody);
    free(*w);
    *w = NULL;
}

void whatif_add_change(const struct whatif_group *g, struct buf *to)
{
    whatif_old_add_word(g->from, to);
    buf_add_str(to, " -> ");
    whatif_old_add_word(g->to, to);
}
