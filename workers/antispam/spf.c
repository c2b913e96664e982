/*
 * spf.c - walks through the records of SPF: fetches them, goes from term to term, into includes and
 * redirects.
 *
 * Called by check_spf.c, with what the client said and facts of strangers' DNS. It must end after
 * SPF_LOOKUPS_MAX asking terms, whatever the records say, so it needs no other measure against circles; it
 * must not recurse, and must not say pass or fail as long as a fact on the way to it is missing. It trusts
 * spf_record.c for what a term is.
 *
 * A missing fact does not end the walk: the term is taken for one that does not match and `blocked` is set.
 * So the needs of all terms up to the likely end are named in one round; what the walk then comes to is
 * dropped.
 */
#include "workers/antispam/spf_part.h"

#include <stdio.h>

bool spf_is_ip4(const unsigned char *ip)
{
    return memcmp(ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0;
}

static enum check_result result_of(char qualifier)
{
    return qualifier == '-'   ? RESULT_fail
           : qualifier == '~' ? RESULT_softfail
           : qualifier == '?' ? RESULT_neutral
                              : RESULT_pass;
}

static struct spf_frame *top(struct spf_run *run)
{
    return &run->frame[run->depth - 1];
}

/* ---- the end ---- */

static void add(char *to, size_t *n, const char *word, struct view v)
{
    int got = snprintf(to + *n, SPF_DETAIL_MAX - *n, "%s%.*s", word, (int)v.n, v.p);

    *n += got < 0 ? 0 : (size_t)got;
    if (*n > SPF_DETAIL_MAX - 1)
        *n = SPF_DETAIL_MAX - 1;
}

/* "include:_spf.example.org: ip4:192.0.2.0/24" */
static void write_detail(struct spf_run *run, unsigned depth, const struct spf_term *t)
{
    char *to = run->a->detail;
    size_t n = 0;

    for (unsigned i = 0; i < depth; i++) {
        const struct spf_frame *f = &run->frame[i];

        if (i)
            add(to, &n, "include:", f->by.domain);
        if (f->redirected)
            add(to, &n, i ? ": redirect=" : "redirect=", view_of(f->domain));
        if (i || f->redirected)
            add(to, &n, ": ", VIEW(""));
    }
    if (t)
        add(to, &n, "", t->text);
    else if (run->a->result == RESULT_neutral)
        add(to, &n, "no term matches", VIEW(""));
    else
        add(to, &n, run->a->result == RESULT_none ? "" : check_result_name(run->a->result), VIEW(""));
    if (run->why[0])
        add(to, &n, t || run->a->result == RESULT_none ? "" : ", ", view_of(run->why));
    for (size_t i = 0; i < n; i++)
        to[i] = to[i] < 0x20 || to[i] > 0x7e ? '?' : to[i];
}

static bool is_printable(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] < 0x20 || p[i] > 0x7e)
            return false;
    }
    return true;
}

/* RFC 7208, 6.2: whatever is wrong with it, there is none. False: facts are missing. */
static bool explain(struct spf_run *run)
{
    char name[SPF_NAME_MAX + 1];
    const struct fact *f;
    enum spf_said said;
    size_t n;

    run->depth = 1;
    run->values.domain = (struct view){top(run)->domain, top(run)->n};
    if (!top(run)->record.exp.n)
        return true;
    if (!spf_target(run, top(run)->record.exp, name, &n))
        return false;
    said = spf_ask(run, FACT_TXT, (struct view){name, n}, &f);
    if (said != SPF_SAID_DATA || f->answer_n != 1)
        return said != SPF_SAID_UNKNOWN;
    if (spf_macro_has(f->answer[0], 'p') && !spf_find_client(run))
        return false;
    n = spf_macro_text(f->answer[0], &run->values, run->a->explanation, SPF_EXPLAIN_MAX);
    run->a->explanation[is_printable(run->a->explanation, n) ? n : 0] = '\0';
    return true;
}

/* `depth`: how deep in includes it was found. `t`: the term that says so. */
static void finish(struct spf_run *run, unsigned depth, enum check_result result, const struct spf_term *t)
{
    run->a->result = result;
    if (run->blocked || (run->q->explain && result == RESULT_fail && !explain(run))) {
        run->a->result = RESULT_unknown;
        return;
    }
    write_detail(run, depth, t);
}

static void finish_error(struct spf_run *run, enum spf_step step)
{
    finish(run, run->depth, step == SPF_TEMPERROR ? RESULT_temperror : RESULT_permerror, NULL);
}

/* ---- records ---- */

/* SPF_MATCH: there is one; SPF_NO_MATCH: none. */
static enum spf_step fetch(struct spf_run *run, struct view name, struct view *txt)
{
    const struct fact *f;
    unsigned n = 0;

    switch (spf_ask(run, FACT_TXT, name, &f)) {
    case SPF_SAID_UNKNOWN:
        return SPF_MISSING;
    case SPF_SAID_ERROR:
        spf_say_why(run, "no answer for TXT of %.*s", (int)name.n, name.p);
        return SPF_TEMPERROR;
    case SPF_SAID_DATA:
        break;
    default:
        return SPF_NO_MATCH;
    }
    for (unsigned i = 0; i < f->answer_n; i++) {
        if (spf_record_is(f->answer[i]))
            *txt = f->answer[i], n++;
    }
    if (n > 1)
        spf_say_why(run, "%.*s has more than one SPF record", (int)name.n, name.p);
    return n == 0 ? SPF_NO_MATCH : n == 1 ? SPF_MATCH : SPF_PERMERROR;
}

/* Reads the record of `name` into the frame `to`, which is then on top. */
static enum spf_step enter(struct spf_run *run, unsigned to, struct view name)
{
    struct spf_frame *f = &run->frame[to];
    struct view txt = {0};
    enum spf_step step = fetch(run, name, &txt);

    if (step != SPF_MATCH)
        return step;
    f->redirected = to < run->depth;
    run->depth = to + 1;
    memcpy(f->domain, name.p, name.n);
    f->domain[name.n] = '\0';
    f->n = name.n;
    run->values.domain = (struct view){f->domain, f->n};
    if (!spf_record_open(&f->record, txt)) {
        spf_say_why(run, "syntax: %.*s", (int)f->record.wrong.n, f->record.wrong.p);
        return SPF_PERMERROR;
    }
    f->terms = f->record.terms;
    return SPF_MATCH;
}

/* Of include and redirect: no record is a permerror (RFC 7208, 5.2 and 6.1). */
static enum spf_step enter_target(struct spf_run *run, unsigned to, struct view spec)
{
    char name[SPF_NAME_MAX + 1];
    enum spf_step step = SPF_NO_MATCH;
    size_t n;

    if (!spf_target(run, spec, name, &n))
        return SPF_MISSING;
    if (n)
        step = enter(run, to, (struct view){name, n});
    if (step != SPF_NO_MATCH)
        return step;
    spf_say_why(run, "%.*s has no SPF record", (int)n, name);
    return SPF_PERMERROR;
}

/* Each record below the first one was counted: that bounds the depth. */
static enum spf_step include(struct spf_run *run, const struct spf_term *t)
{
    if (!spf_count_lookup(run))
        return SPF_PERMERROR;
    run->frame[run->depth].by = *t;
    return enter_target(run, run->depth, t->domain);
}

static enum spf_step redirect(struct spf_run *run)
{
    if (!spf_count_lookup(run))
        return SPF_PERMERROR;
    return enter_target(run, run->depth - 1, top(run)->record.redirect);
}

/* ---- the walk ---- */

/* The record on top is through. True: so is all. Behind an include that did not pass its record goes on. */
static bool leave(struct spf_run *run, enum check_result result, const struct spf_term *t)
{
    unsigned depth = run->depth;

    while (run->depth > 1) {
        struct spf_term by = top(run)->by;

        run->depth--;
        run->values.domain = (struct view){top(run)->domain, top(run)->n};
        if (result != RESULT_pass)
            return false;
        result = result_of(by.qualifier);
    }
    finish(run, depth, result, t);
    return true;
}

/* One term, or the end of a record. False: all is through. */
static bool step_on(struct spf_run *run)
{
    struct spf_term t;
    enum spf_step step;

    if (spf_record_next(&top(run)->terms, &t) <= 0) {
        if (!top(run)->record.redirect.n)
            return !leave(run, RESULT_neutral, NULL);
        step = redirect(run);
        if (step == SPF_MISSING) {
            run->blocked = true;
            return !leave(run, RESULT_neutral, NULL);
        }
    } else if (t.kind >= SPF_REDIRECT) {
        return true;
    } else if (t.kind == SPF_INCLUDE) {
        step = include(run, &t);
    } else {
        step = spf_match(run, &t);
        if (step == SPF_MATCH)
            return !leave(run, result_of(t.qualifier), &t);
    }
    run->blocked |= step == SPF_MISSING;
    if (step != SPF_TEMPERROR && step != SPF_PERMERROR)
        return true;
    finish_error(run, step);
    return false;
}

static bool say_none(struct spf_answer *a, const char *why)
{
    a->result = RESULT_none;
    snprintf(a->detail, sizeof a->detail, "%s", why);
    return false;
}

bool spf_is_askable(const struct spf_question *q, struct spf_answer *a)
{
    a->result = RESULT_none;
    a->lookups = a->voids = 0;
    a->detail[0] = a->explanation[0] = '\0';
    if (!q->ip)
        return say_none(a, "the client's address is not known");
    if (q->local.n + q->domain.n > SPF_SENDER_MAX)
        return say_none(a, "the sender is too long");
    if (!spf_macro_is_domain(spf_macro_bare(q->domain)))
        return say_none(a, "no domain that could have a record");
    return true;
}

static void begin(struct spf_run *run)
{
    const struct spf_question *q = run->q;
    struct view domain = spf_macro_bare(q->domain);

    run->values = (struct spf_values){.local = q->local.n ? q->local : VIEW("postmaster"),
                                      .sender_domain = domain,
                                      .domain = domain,
                                      .helo = q->helo,
                                      .receiver = q->receiver,
                                      .now = q->now / 1000,
                                      .ip = q->ip,
                                      .is_ip4 = spf_is_ip4(q->ip)};
    run->blocked = false;
    run->depth = 0;
    run->why[0] = '\0';
}

void spf_check(const struct spf_question *q, const struct spf_source *source, struct spf_answer *a)
{
    struct spf_run run;
    enum spf_step step;

    if (!spf_is_askable(q, a))
        return;
    run.q = q;
    run.source = source;
    run.a = a;
    begin(&run);
    step = enter(&run, 0, run.values.domain);
    if (step == SPF_NO_MATCH) {
        spf_say_why(&run, "%.*s has no SPF record", (int)run.values.domain.n, run.values.domain.p);
        finish(&run, 0, RESULT_none, NULL);
    } else if (step == SPF_MISSING) {
        a->result = RESULT_unknown;
    } else if (step != SPF_MATCH) {
        finish_error(&run, step);
    } else {
        while (step_on(&run))
            ;
    }
}
