/*
 * dnslist_world.h - a judge without a worker around it: settings, facts and a client as text, results as
 * text.
 *
 * For the tests of the checks that ask about the client's address and about names. Settings: "SECTION NAME
 * KEY VALUE" a line, "-" for no name. Facts: "TYPE NAME ANSWER..." a line, or "TYPE NAME !RCODE"; what stands
 * nowhere is missing, or with "default nxdomain" does not exist.
 */
#ifndef TESTS_UNIT_DNSLIST_WORLD_H
#define TESTS_UNIT_DNSLIST_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/xalloc.h"
#include "workers/antispam/judge.h"
#include "workers/antispam/rdns.h"

struct dnslist_world {
    struct buf bytes;
    struct settings settings;
    struct facts facts;
    struct antispam a;
    struct antispam_order order;
    struct judge j;
    const struct check_ops *ops;
    void *state;
    struct buf text; /* of the last question to the world */
};

static inline struct view dnslist_word(struct view *left, char gap)
{
    const char *end = left->n ? memchr(left->p, gap, left->n) : NULL;
    struct view word = {left->p, end ? (size_t)(end - left->p) : left->n};

    left->p += word.n + (end != NULL);
    left->n -= word.n + (end != NULL);
    return word;
}

static inline void dnslist_settings(struct dnslist_world *w, const char *text)
{
    struct view left = view_of(text);

    while (left.n) {
        struct view line = dnslist_word(&left, '\n');
        struct settings_item i = {.file = VIEW("t.ini"), .line = 7};

        i.section = dnslist_word(&line, ' ');
        i.name = dnslist_word(&line, ' ');
        i.key = dnslist_word(&line, ' ');
        i.value = line;
        if (view_equal(i.name, VIEW("-")))
            i.name = VIEW("");
        if (view_equal(i.key, VIEW("-")))
            i.key = VIEW("");
        settings_add(&w->bytes, &i);
    }
    assert_int_equal(settings_open(&w->settings, buf_view(&w->bytes)), 0);
}

static inline void dnslist_fact(struct dnslist_world *w, struct view line)
{
    struct view answer[FACTS_ANSWERS_MAX];
    struct fact f = {.type = fact_type_find(dnslist_word(&line, ' ')), .ttl = 60, .answer = answer};

    f.name = dnslist_word(&line, ' ');
    while (line.n && f.answer_n < FACTS_ANSWERS_MAX) {
        struct view word = dnslist_word(&line, ' ');

        if (word.p[0] != '!') {
            answer[f.answer_n++] = word;
            continue;
        }
        word.p++, word.n--;
        while (!view_equal(view_of(fact_rcode_name(f.rcode)), word))
            f.rcode++;
    }
    if (facts_add(&w->facts, &f) < 0)
        fail_msg("not a fact: %.*s", (int)f.name.n, f.name.p);
}

static inline void dnslist_facts(struct dnslist_world *w, const char *text)
{
    struct view left = view_of(text);

    while (left.n) {
        struct view line = dnslist_word(&left, '\n');

        if (view_equal(line, VIEW("default nxdomain")))
            w->facts.otherwise = FACTS_NXDOMAIN;
        else
            dnslist_fact(w, line);
    }
}

/* The settings must be good, and the check must take them. */
static inline struct dnslist_world *dnslist_open(const struct check_ops *ops, const char *settings)
{
    struct dnslist_world *w = xcalloc(1, sizeof *w);

    dnslist_settings(w, settings);
    w->ops = ops;
    w->j = (struct judge){.a = &w->a,
                          .order = &w->order,
                          .facts = &w->facts,
                          .needs = &w->a.needs,
                          .verdict = &w->a.verdict,
                          .arena = &w->a.arena,
                          .auth = {RESULT__MAX, RESULT__MAX, RESULT__MAX, RESULT__MAX, .iprev = RESULT__MAX}};
    w->a.domain = judge_domain_open(&w->text);
    assert_non_null(w->a.domain);
    if (ops->open && !(w->state = ops->open(&w->settings, &w->text)))
        fail_msg("%s", w->text.p);
    return w;
}

static inline void dnslist_client(struct dnslist_world *w, const char *ip, const char *helo)
{
    w->j.client.ip = view_of(ip);
    w->j.client.helo = view_of(helo);
    w->j.has_ip = rdns_parse(view_of(ip), w->j.ip);
    w->j.is_ip4 = w->j.has_ip && rdns_is_ip4(w->j.ip);
}

static inline void dnslist_close(struct dnslist_world **w)
{
    if ((*w)->state && (*w)->ops->close)
        (*w)->ops->close((*w)->state);
    judge_domain_free(&(*w)->a.domain);
    mail_arena_free(&(*w)->a.arena);
    needs_free(&(*w)->a.needs);
    free((*w)->a.verdict.result);
    settings_free(&(*w)->settings);
    facts_free(&(*w)->facts);
    buf_free(&(*w)->bytes);
    buf_free(&(*w)->text);
    free(*w);
    *w = NULL;
}

/* What one run without the message names as needed: "PTR 1.2.0.192.in-addr.arpa; A ...". */
static inline const char *dnslist_needs(struct dnslist_world *w)
{
    buf_clear(&w->text);
    for (unsigned i = 0; i < w->a.needs.n; i++) {
        const struct need *n = &w->a.needs.need[i];

        buf_addf(&w->text, "%s%s %.*s", i ? "; " : "", fact_type_name(n->type), (int)n->name.n, n->name.p);
    }
    buf_add(&w->text, "", 0);
    needs_clear(&w->a.needs);
    return w->text.n ? w->text.p : "";
}

static inline const char *dnslist_unfold(struct dnslist_world *w)
{
    w->ops->unfold(&w->j, w->state);
    return dnslist_needs(w);
}

/* "miss 1 detail", or of named ones "zen: hit 2 detail"; a line each. */
static inline const char *dnslist_judge(struct dnslist_world *w)
{
    w->a.verdict.n = 0;
    w->ops->judge(&w->j, w->state);
    buf_clear(&w->text);
    for (unsigned i = 0; i < w->a.verdict.n; i++) {
        const struct antispam_result *r = &w->a.verdict.result[i];

        buf_addf(&w->text, "%s%.*s%s%s", i ? "\n" : "", (int)r->name.n, r->name.p, r->name.n ? ": " : "",
                 check_result_name(r->result));
        if (r->result == RESULT_hit)
            buf_addf(&w->text, " %u", r->count);
        buf_addf(&w->text, " %.*s", (int)r->detail.n, r->detail.p);
    }
    needs_clear(&w->a.needs);
    return w->text.n ? w->text.p : "";
}

#endif
