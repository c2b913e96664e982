/*
 * listtest.c - see listtest.h.
 *
 * A test is a pair of questions: one entry that must be listed, one that must not be. Lists that are silent
 * about the first may be of another kind (of IPv6 addresses only; of domains, but with the test entry of
 * addresses), so that one more pair is tried before a list is said to list nothing. What `results` says does
 * not matter here: a list is well when it answers at all, and not to everything.
 */
#include "spoold/listtest.h"

#include "common/dnslist.h"
#include "common/json.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/depot.h"
#include "spoold/resolver.h"
#include "spoold/spoold.h"

#include <stdio.h>
#include <stdlib.h>

#define STEPS     2
#define WHY_MAX   200
#define FRONT_MAX 64 /* bytes of a test entry in front of a zone */

enum { GOOD, BAD, PAIR };

/* What is asked, and what people call it. */
struct point {
    const char *front, *words;
};
#define V6_FRONT(last) last ".0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
static const struct point ip4[PAIR] = {{"2.0.0.127.", "127.0.0.2"}, {"1.0.0.127.", "127.0.0.1"}};
static const struct point ip6[PAIR] = {{V6_FRONT("2"), "::ffff:7f00:2"}, {V6_FRONT("1"), "::ffff:7f00:1"}};
static const struct point domain[PAIR] = {{"test.", "TEST"}, {"invalid.", "INVALID"}};
static const struct point *const steps[][STEPS] = {{ip4, ip6}, {domain, ip4}};

enum said { SAID_NOTHING, SAID_LISTED, SAID_NOT_LISTED, SAID_RUBBISH };
enum state { UNTESTED, USABLE, SUSPENDED };

struct list {
    struct listtest *test;
    char *label, *zone; /* owned: "rbl:zen", "zen.example.org" */
    char *suffix;       /* owned: with the key; never shown */
    bool domains, self_test;
    enum state state;
    char why[WHY_MAX];     /* SUSPENDED */
    int64_t since, tested; /* wall clock, ms; 0: never */
    int64_t due;           /* monotonic */
    unsigned silent;       /* tests in a row without an answer */
    unsigned step, open;   /* of the test at work; open: questions without an answer */
    enum said said[PAIR];
    char rubbish[64]; /* SAID_RUBBISH: the answer */
    struct resolver_ask ask[PAIR];
};
struct listtest {
    struct spoold *s;
    struct list **list; /* owned; each by itself, because the resolver borrows from it */
    size_t n;
};

/* --- states ---------------------------------------------------------------- */

static void update_alarm(struct listtest *t)
{
    struct buf b = {0};

    for (size_t i = 0; i < t->n; i++)
        if (t->list[i]->state == SUSPENDED)
            buf_addf(&b, "%s%s %s", b.n ? "; " : "", t->list[i]->label, t->list[i]->why);
    if (b.n)
        alarm_raise(&t->s->alarms, ALARM_LIST, "not asked any more: %s", b.p);
    else
        alarm_clear(&t->s->alarms, ALARM_LIST);
    buf_free(&b);
}

static void become(struct list *l, enum state state, const char *why)
{
    const bool is_new = l->state != state;

    if (is_new)
        l->since = depot_wall_ms();
    if (state == SUSPENDED && (is_new || strcmp(l->why, why) != 0))
        log_warnx("event=list_suspended list=%s zone=%s %s", l->label, l->zone, why);
    else if (l->state == SUSPENDED && is_new)
        log_info("event=list_usable list=%s zone=%s", l->label, l->zone);
    l->state = state;
    snprintf(l->why, sizeof l->why, "%s", why);
    update_alarm(l->test);
}

static void end_test(struct list *l, enum state state, const char *why)
{
    l->silent = 0;
    l->tested = depot_wall_ms();
    l->due = depot_mono_ms() + LISTTEST_AGAIN_MS;
    become(l, state, why);
}

static void end_silent(struct list *l)
{
    char why[WHY_MAX];

    l->due = depot_mono_ms() + LISTTEST_RETRY_MS;
    if (++l->silent < LISTTEST_SILENT_N)
        return;
    l->tested = depot_wall_ms();
    l->silent = LISTTEST_SILENT_N;
    snprintf(why, sizeof why, "cannot be reached: no answer to %d tests", LISTTEST_SILENT_N);
    become(l, SUSPENDED, why);
}

/* --- a test ---------------------------------------------------------------- */

static void on_answer(struct spoold *s, struct resolver_ask *a, const struct fact *f);

static void ask_pair(struct list *l)
{
    const struct point *pair = steps[l->domains][l->step];

    l->open = PAIR;
    for (unsigned i = 0; i < PAIR; i++) {
        l->said[i] = SAID_NOTHING;
        l->ask[i] = (struct resolver_ask){.type = FACT_A, .owner = l, .done = on_answer};
        snprintf(l->ask[i].name, sizeof l->ask[i].name, "%s%s", pair[i].front, l->suffix);
    }
    for (unsigned i = 0; i < PAIR; i++)
        resolver_submit(l->test->s->resolver, &l->ask[i]);
}

static enum said read_answer(struct list *l, const struct fact *f)
{
    if (f->rcode == FACT_TIMEOUT || f->rcode == FACT_SERVFAIL)
        return SAID_NOTHING;
    for (unsigned i = 0; i < f->answer_n; i++) {
        uint32_t code = 0;

        if (dnslist_read_code(f->answer[i], &code) && dnslist_is_code(code))
            continue;
        snprintf(l->rubbish, sizeof l->rubbish, "%.*s", (int)f->answer[i].n, f->answer[i].p);
        return SAID_RUBBISH;
    }
    return f->answer_n ? SAID_LISTED : SAID_NOT_LISTED;
}

/* Both answers are there. */
static void judge(struct list *l)
{
    const struct point *pair = steps[l->domains][l->step];
    char why[WHY_MAX];

    if (l->said[GOOD] == SAID_RUBBISH || l->said[BAD] == SAID_RUBBISH) {
        snprintf(why, sizeof why, "answers %s, which is no listing", l->rubbish);
        end_test(l, SUSPENDED, why);
    } else if (l->said[BAD] == SAID_LISTED) {
        snprintf(why, sizeof why, "lists %s, which no list may", pair[BAD].words);
        end_test(l, SUSPENDED, why);
    } else if (l->said[GOOD] == SAID_NOTHING || l->said[BAD] == SAID_NOTHING) {
        end_silent(l);
    } else if (l->said[GOOD] == SAID_LISTED) {
        end_test(l, USABLE, "");
    } else if (++l->step < STEPS) {
        ask_pair(l);
    } else {
        snprintf(why, sizeof why, "does not list %s, as every list must", steps[l->domains][0][GOOD].words);
        end_test(l, SUSPENDED, why);
    }
}

static void on_answer(struct spoold *s, struct resolver_ask *a, const struct fact *f)
{
    struct list *l = a->owner;

    (void)s;
    l->said[a - l->ask] = read_answer(l, f);
    if (--l->open == 0)
        judge(l);
}

int64_t listtest_run(struct listtest *t, int64_t now)
{
    int64_t next = INT64_MAX;

    if (!t->s->resolver)
        return next;
    for (size_t i = 0; i < t->n; i++) {
        struct list *l = t->list[i];

        if (!l->self_test || l->open)
            continue;
        if (l->due <= now) {
            l->step = 0;
            ask_pair(l);
        } else if (l->due < next) {
            next = l->due;
        }
    }
    return next;
}

/* --- which lists there are -------------------------------------------------- */

struct setting {
    const char *kind, *name, *zone, *key;
    bool self_test;
};

static void add(struct listtest *t, const struct setting *of)
{
    struct list *l = xcalloc(1, sizeof *l);
    char suffix[FACTS_NAME_MAX + 1];
    size_t n = dnslist_suffix(view_of(of->zone), view_of(of->key), suffix);

    suffix[n] = '\0';
    l->test = t;
    l->label = xasprintf("%s:%s", of->kind, of->name);
    l->zone = xstrdup(of->zone);
    l->suffix = xstrdup(suffix);
    l->domains = strcmp(of->kind, "uribl") == 0;
    /* The settings were checked: there is a name, with room for the longest address. */
    l->self_test = of->self_test && n && n + FRONT_MAX <= FACTS_NAME_MAX;
    t->list = xrealloc(t->list, t->n + 1, sizeof(struct list *));
    t->list[t->n++] = l;
}

static void add_all(struct listtest *t)
{
    const struct config *c = t->s->cfg;

    for (size_t i = 0; i < c->rbl_n; i++) {
        const struct config_rbl *r = &c->rbl[i];

        if (r->enable)
            add(t, &(struct setting){"rbl", r->name, r->zone, r->key, r->self_test});
    }
    for (size_t i = 0; i < c->uribl_n; i++) {
        const struct config_uribl *u = &c->uribl[i];

        if (u->enable)
            add(t, &(struct setting){"uribl", u->name, u->zone, u->key, u->self_test});
    }
}

static void drop_all(struct listtest *t)
{
    for (size_t i = 0; i < t->n; i++) {
        for (unsigned k = 0; k < PAIR && t->list[i]->open; k++)
            resolver_forget(t->s->resolver, &t->list[i]->ask[k]);
        free(t->list[i]->label);
        free(t->list[i]->zone);
        free(t->list[i]->suffix);
        free(t->list[i]);
    }
    free(t->list);
    t->list = NULL;
    t->n = 0;
}

struct listtest *listtest_open(struct spoold *s)
{
    struct listtest *t = xcalloc(1, sizeof *t);

    t->s = s;
    add_all(t);
    return t;
}

void listtest_close(struct listtest **t)
{
    if (!*t)
        return;
    drop_all(*t);
    free(*t);
    *t = NULL;
}

/* A test at work is begun again: its questions belong to the old list. */
static void take_over(struct list *to, const struct list *from)
{
    to->state = from->state;
    to->since = from->since;
    to->tested = from->tested;
    to->silent = from->silent;
    memcpy(to->why, from->why, sizeof to->why);
    to->due = from->state == SUSPENDED || from->open ? to->due : from->due;
}

void listtest_replace(struct listtest *t)
{
    struct listtest old = *t;

    t->list = NULL;
    t->n = 0;
    add_all(t);
    /* Not before a worker-dns serves that knows the new settings. */
    for (size_t i = 0; i < t->n; i++)
        t->list[i]->due = depot_mono_ms() + LISTTEST_SETTLE_MS;
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < old.n; k++)
            if (t->list[i]->self_test && old.list[k]->self_test &&
                strcmp(t->list[i]->label, old.list[k]->label) == 0 &&
                strcmp(t->list[i]->suffix, old.list[k]->suffix) == 0)
                take_over(t->list[i], old.list[k]);
    drop_all(&old);
    update_alarm(t);
}

/* --- what is told ----------------------------------------------------------- */

void listtest_add_suspended(const struct listtest *t, struct buf *to)
{
    const char *gap = "";

    for (size_t i = 0; t && i < t->n; i++) {
        if (t->list[i]->state != SUSPENDED)
            continue;
        buf_addf(to, "%s%s", gap, t->list[i]->label);
        gap = " ";
    }
}

void listtest_add_status(const struct listtest *t, struct json *j)
{
    static const char *const states[] = {"untested", "usable", "suspended"};

    json_begin_object(j, "lists");
    for (size_t i = 0; i < t->n; i++) {
        const struct list *l = t->list[i];

        json_begin_object(j, l->label);
        json_add_str(j, "zone", l->zone);
        json_add_str(j, "state", states[l->state]);
        if (l->since)
            json_add_time(j, "since", l->since);
        if (l->tested)
            json_add_time(j, "tested", l->tested);
        json_add_str(j, "why", l->self_test ? l->why : "its self_test is off");
        json_end_object(j);
    }
    json_end_object(j);
}
