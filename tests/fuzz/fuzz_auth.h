/*
 * fuzz_auth.h - what judge.c gives to checks, for the fuzz targets of dkim and dmarc.
 *
 * Included by fuzz_dkim.c and fuzz_dmarc.c. The message is read by the real judge_mail.c; every question to
 * the DNS gets the answer that the target makes up (fuzz_fact()).
 */
#ifndef TESTS_FUZZ_FUZZ_AUTH_H
#define TESTS_FUZZ_FUZZ_AUTH_H

#include "tests/fuzz/fuzz_must.h"

#include "common/xalloc.h"
#include "workers/antispam/judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FUZZ_NOW INT64_C(1767225600000)

const struct fact *fuzz_fact(struct view name);

const struct fact *judge_fact(struct judge *j, enum fact_type type, struct view name)
{
    MUST(type == FACT_TXT && name.n > 0 && name.n <= FACTS_NAME_MAX);
    needs_add(j->needs, type, name);
    return fuzz_fact(name);
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
    MUST(result < RESULT__MAX && detail[0]);
    *r = (struct antispam_result){.check = check, .result = result, .count = 1, .name = name};
    r->detail = mail_arena_copy(j->arena, view_of(detail));
    j->verdict->n++;
    return r;
}

/* Printable ASCII only: it goes into a header field. */
void judge_prop(struct judge *j, struct antispam_result *r, const char *fmt, ...)
{
    char props[1000];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(props, sizeof props, fmt, ap);
    va_end(ap);
    MUST(n > 0 && n < (int)sizeof props);
    for (int i = 0; i < n; i++)
        MUST(props[i] >= ' ' && props[i] <= '~');
    r->props = mail_arena_copy(j->arena, view_of(props));
}

struct view judge_domain_org(const struct judge *j, struct view domain)
{
    return judge_domain_find(j->a->domain, domain);
}

/* `a` keeps its memory from one message to the next. */
static inline void fuzz_auth_begin(struct antispam *a, struct judge *j, struct view message)
{
    static const struct antispam_order order;
    static const struct facts facts;

    a->verdict.n = 0;
    needs_clear(&a->needs);
    *j = (struct judge){.a = a,
                        .order = &order,
                        .facts = &facts,
                        .now = FUZZ_NOW,
                        .auth = {RESULT__MAX, RESULT__MAX, RESULT__MAX, RESULT__MAX, .iprev = RESULT__MAX},
                        .needs = &a->needs,
                        .verdict = &a->verdict,
                        .arena = &a->arena};
    j->mail = judge_mail_open(a, message);
    judge_mail_begin(j);
}

static inline void fuzz_auth_end(struct judge *j)
{
    judge_mail_close(j->mail);
    mail_arena_clear(j->arena);
}

#endif
