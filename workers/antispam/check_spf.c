/*
 * check_spf.c - the check `spf`: may the client send for the domain of the envelope sender (RFC 7208)?
 *
 * Of the null sender it is postmaster@HELO that is asked for (2.4). Called by judge.c: unfold names the facts
 * that are missing, judge gives the result; both leave it in j->auth for the checks behind. It must never say
 * pass where the client's address is not known, and never hand on the explanation of a fail: that is a
 * stranger's text.
 */
#include "workers/antispam/check_spf.h"

#include "common/xalloc.h"
#include "workers/antispam/spf_libspf2.h"

#include <stdlib.h>

struct engine {
    const char *name;
    void (*check)(const struct spf_question *q, const struct spf_source *source, struct spf_answer *a);
};
static const struct engine engines[] = {{"own", spf_check}, {"libspf2", spf_libspf2_check}};

void *check_spf_open(const struct settings *s, struct buf *why)
{
    struct view word = settings_text(s, "spf", "engine");
    struct engine *e = xcalloc(1, sizeof *e);

    if (!word.n)
        word = view_of(engines[0].name);
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
        if (view_equal(word, view_of(engines[i].name)))
            *e = engines[i];
    }
    if (e->check)
        return e;
    buf_addf(why, "spf.engine: there is no engine \"%.*s\"; there are own and libspf2", (int)word.n, word.p);
    free(e);
    return NULL;
}

void check_spf_close(void *state)
{
    free(state);
}

struct view check_spf_helo_name(struct judge *j)
{
    struct view v = mail_arena_copy(j->arena, j->client.helo);
    char *p = (char *)(uintptr_t)v.p; /* the arena's, hence ours */

    for (size_t i = 0; i < v.n; i++) {
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] | 0x20);
    }
    if (v.n && v.p[v.n - 1] == '.')
        v.n--;
    return v;
}

static const struct fact *find_fact(void *of, enum fact_type type, struct view name)
{
    return judge_fact(of, type, name);
}

void check_spf_ask(struct judge *j, const void *state, struct view local, struct view domain,
                   struct spf_answer *a)
{
    const struct engine *e = state;
    const struct spf_source source = {.fact = find_fact, .of = j};
    const struct spf_question q = {.local = local,
                                   .domain = domain,
                                   .helo = j->client.helo,
                                   .ip = j->has_ip ? j->ip : NULL,
                                   .now = j->now};

    e->check(&q, &source, a);
}

void check_spf_prop(struct judge *j, struct antispam_result *r, const char *what, struct view name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];

        if (!((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '.' &&
            c != '_')
            return;
    }
    if (name.n && name.n <= FACTS_NAME_MAX)
        judge_prop(j, r, "%s=%.*s", what, (int)name.n, name.p);
}

/* The domain is the sender's; for the null sender HELO's. */
static void ask(struct judge *j, const void *state, struct spf_answer *a)
{
    bool null_sender = !j->sender.whole.n;
    struct view domain = null_sender ? check_spf_helo_name(j) : j->sender.domain;

    check_spf_ask(j, state, null_sender ? VIEW("") : j->sender.local, domain, a);
    j->auth.spf = a->result;
    j->auth.spf_domain = domain;
    j->auth.spf_by_helo = null_sender;
}

static void unfold(struct judge *j, void *state)
{
    struct spf_answer a;

    ask(j, state, &a);
}

static void judge(struct judge *j, void *state)
{
    struct antispam_result *r;
    struct spf_answer a;

    ask(j, state, &a);
    r = judge_say(j, CHECK_spf, VIEW(""), a.result, "%s", a.detail);
    check_spf_prop(j, r, j->auth.spf_by_helo ? "smtp.helo" : "smtp.mailfrom", j->auth.spf_domain);
}

const struct check_ops check_spf = {
    .open = check_spf_open, .close = check_spf_close, .unfold = unfold, .judge = judge};
