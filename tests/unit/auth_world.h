/*
 * auth_world.h - a message, an envelope and facts to judge by, for the tests of the checks of authentication.
 *
 * Included by test_check_dkim*.c, test_check_dmarc.c and test_auth_agreement.c. It stands in for what judge.c
 * gives to checks; the message is read by the real judge_mail.c.
 */
#ifndef TESTS_UNIT_AUTH_WORLD_H
#define TESTS_UNIT_AUTH_WORLD_H

#include "common/xalloc.h"
#include "workers/antispam/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define AUTH_NOW INT64_C(1767225600000) /* 2026-01-01: between all times that the corpora name */

struct auth_world {
    struct antispam a;
    struct antispam_order order;
    struct facts facts;
    struct judge j;
};

/* What judge.c does, without its rounds. */
const struct fact *judge_fact(struct judge *j, enum fact_type type, struct view name)
{
    static const struct fact nowhere = {.rcode = FACT_NXDOMAIN};
    const struct fact *f = facts_find(j->facts, type, name);

    if (f)
        return f;
    return needs_add(j->needs, type, name) || j->needs->over ? NULL : &nowhere;
}

struct antispam_result *judge_say(struct judge *j, enum check check, struct view name,
                                  enum check_result result, const char *fmt, ...)
{
    struct antispam_result *r = mail_arena_alloc(j->arena, sizeof *r);
    char detail[2 * ANTISPAM_DETAIL_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    *r = (struct antispam_result){.check = check, .result = result, .count = 1, .name = name};
    r->detail = mail_arena_copy(j->arena, view_of(detail));
    j->verdict->result = xrealloc(j->verdict->result, j->verdict->n + 1, sizeof *r);
    j->verdict->result[j->verdict->n] = *r;
    return &j->verdict->result[j->verdict->n++];
}

void judge_prop(struct judge *j, struct antispam_result *r, const char *fmt, ...)
{
    char props[2 * ANTISPAM_PROPS_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(props, sizeof props, fmt, ap);
    va_end(ap);
    r->props = mail_arena_copy(j->arena, view_of(props));
}

struct view judge_domain_org(const struct judge *j, struct view domain)
{
    return judge_domain_find(j->a->domain, domain);
}

/* `w` zeroed; `message` stays the caller's. */
static inline void auth_open(struct auth_world *w, struct view message)
{
    struct buf why = {0};

    w->a.domain = judge_domain_open(&why);
    assert_non_null(w->a.domain);
    w->j = (struct judge){.a = &w->a,
                          .order = &w->order,
                          .facts = &w->facts,
                          .now = AUTH_NOW,
                          .auth = {RESULT__MAX, RESULT__MAX, RESULT__MAX, RESULT__MAX, .iprev = RESULT__MAX},
                          .needs = &w->a.needs,
                          .verdict = &w->a.verdict,
                          .arena = &w->a.arena};
    w->j.mail = judge_mail_open(&w->a, message);
    judge_mail_begin(&w->j);
    buf_free(&why);
}

static inline void auth_close(struct auth_world *w)
{
    judge_mail_close(w->j.mail);
    judge_mail_free(&w->a.mail);
    judge_domain_free(&w->a.domain);
    needs_free(&w->a.needs);
    free(w->a.verdict.result);
    mail_arena_free(&w->a.arena);
    facts_free(&w->facts);
    *w = (struct auth_world){0};
}

/* A TXT record; without `text` the name is there, without one. Called again for the same name: it has
 * several, all of which must be given at once: "one|two". */
static inline void auth_txt(struct auth_world *w, const char *name, const char *text)
{
    struct fact f = {.type = FACT_TXT, .name = view_of(name)};
    struct view answer[4];

    for (const char *end; text; text = end ? end + 1 : NULL) {
        end = strchr(text, '|');
        answer[f.answer_n++] = (struct view){text, end ? (size_t)(end - text) : strlen(text)};
    }
    f.answer = answer;
    assert_int_equal(facts_add(&w->facts, &f), 0);
}

static inline void auth_rcode(struct auth_world *w, const char *name, enum fact_rcode rcode)
{
    struct fact f = {.type = FACT_TXT, .name = view_of(name), .rcode = rcode};

    assert_int_equal(facts_add(&w->facts, &f), 0);
}

/* Opens a check with these settings (NULL: none), lets it judge, closes it. Its result. */
static inline const struct antispam_result *auth_judge(struct auth_world *w, const struct check_ops *ops,
                                                       struct view settings)
{
    struct settings s = {0};
    struct buf why = {0};
    void *state = NULL;
    const unsigned n = w->a.verdict.n;

    assert_int_equal(settings_open(&s, settings), 0);
    if (ops->open) {
        state = ops->open(&s, &why);
        assert_non_null(state);
    }
    ops->judge(&w->j, state);
    assert_int_equal(w->a.verdict.n, n + 1);
    if (ops->close)
        ops->close(state);
    settings_free(&s);
    buf_free(&why);
    return &w->a.verdict.result[n];
}

#endif
