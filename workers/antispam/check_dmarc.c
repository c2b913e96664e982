/*
 * check_dmarc.c - the check `dmarc`: does the domain of From stand behind the message (RFC 7489)?
 *
 * Called by judge.c, behind spf and dkim: what they found is taken from j->auth. The policy of a domain is
 * told, not carried out; that is the supervisor's (dmarc.enforce). Where neither of the two can be known for
 * now, or was ever asked for, the result says so instead of `fail`. From and the records are hostile.
 */
#include "workers/antispam/check.h"
#include "workers/antispam/dmarc_record.h"

static const char prefix[] = "_dmarc.";

enum look { LOOK_FOUND, LOOK_NOTHING, LOOK_SEVERAL, LOOK_BROKEN, LOOK_TEMPERROR, LOOK_UNKNOWN };

struct work {
    struct judge *j;
    char name[FACTS_NAME_MAX + 1];
    struct view from, org; /* `from` within `name` */
    struct dmarc_record record;
    enum dmarc_policy policy;
    struct buf detail;
};

static const struct fact *fact_of(struct judge *j, struct view domain)
{
    static const struct fact nowhere = {.type = FACT_TXT, .rcode = FACT_NXDOMAIN};
    char name[sizeof prefix + FACTS_NAME_MAX];
    const size_t n = sizeof prefix - 1;

    if (n + domain.n > FACTS_NAME_MAX)
        return &nowhere;
    memcpy(name, prefix, n);
    memcpy(name + n, domain.p, domain.n);
    return judge_fact(j, FACT_TXT, (struct view){name, n + domain.n});
}

/* False: it is no name that has records. */
static bool open_work(struct work *w, struct judge *j)
{
    struct view domain = j->mail->from_domain;
    size_t n = domain.n && domain.p[0] != '[' ? fact_name_clean(domain, w->name) : 0;

    w->j = j;
    w->from = (struct view){w->name, n};
    if (n)
        w->org = judge_domain_org(j, w->from);
    return n > 0;
}

static void ask(struct judge *j, void *state)
{
    struct work w = {0};

    (void)state;
    if (j->mail->from_fields != 1 || !open_work(&w, j))
        return;
    fact_of(j, w.from);
    fact_of(j, w.org);
}

static enum look look_at(struct work *w, struct view domain)
{
    const struct fact *f = fact_of(w->j, domain);
    enum dmarc_kind kind = DMARC_OTHER;
    unsigned n = 0;

    if (!f)
        return LOOK_UNKNOWN;
    if (f->rcode == FACT_SERVFAIL || f->rcode == FACT_TIMEOUT)
        return LOOK_TEMPERROR;
    for (unsigned i = 0; i < f->answer_n; i++) {
        struct dmarc_record r;
        enum dmarc_kind this = dmarc_record_parse(f->answer[i], &r);

        if (this == DMARC_OTHER)
            continue;
        w->record = r;
        kind = this;
        n++;
    }
    if (n != 1)
        return n ? LOOK_SEVERAL : LOOK_NOTHING;
    return kind == DMARC_RECORD ? LOOK_FOUND : LOOK_BROKEN;
}

/* Its own record, else that of the organisation (6.6.3). */
static enum look find_record(struct work *w)
{
    enum look l = look_at(w, w->from);

    w->policy = w->record.p;
    if (l != LOOK_NOTHING || w->org.n == w->from.n)
        return l;
    l = look_at(w, w->org);
    w->policy = w->record.sp;
    return l;
}

/* --- alignment ---------------------------------------------------------- */

static bool is_aligned(const struct work *w, struct view domain, bool strict)
{
    if (!domain.n)
        return false;
    if (strict)
        return view_equal_nocase(domain, w->from);
    return view_equal_nocase(judge_domain_org(w->j, domain), w->org);
}

static bool spf_passes(struct work *w)
{
    const struct judge_auth *auth = &w->j->auth;
    const char *name = check_result_name(auth->spf);
    const bool aligned = is_aligned(w, auth->spf_domain, w->record.strict_spf);

    if (!name) {
        buf_add_str(&w->detail, "; SPF not judged");
        return false;
    }
    buf_addf(&w->detail, "; SPF %s", name);
    if (auth->spf != RESULT_pass)
        return false;
    buf_addf(&w->detail, " for %.*s%s", (int)auth->spf_domain.n, auth->spf_domain.n ? auth->spf_domain.p : "",
             aligned ? "" : " is not aligned");
    return aligned;
}

static bool dkim_passes(struct work *w)
{
    const struct judge_auth *auth = &w->j->auth;

    for (unsigned i = 0; i < auth->dkim_n; i++)
        if (is_aligned(w, auth->dkim_domain[i], w->record.strict_dkim)) {
            buf_addf(&w->detail, "; DKIM pass for %.*s", (int)auth->dkim_domain[i].n, auth->dkim_domain[i].p);
            return true;
        }
    if (auth->dkim_n)
        buf_addf(&w->detail, "; DKIM pass for %.*s is not aligned", (int)auth->dkim_domain[0].n,
                 auth->dkim_domain[0].p);
    else
        buf_add_str(&w->detail, auth->dkim == RESULT__MAX ? "; DKIM not judged" : "; no DKIM pass");
    return false;
}

/* Neither passes. What may still pass when it is tried again is no `fail`. */
static enum check_result why_none_passes(const struct work *w)
{
    const struct judge_auth *auth = &w->j->auth;

    if (auth->spf == RESULT__MAX && auth->dkim == RESULT__MAX)
        return RESULT_none;
    if (auth->spf == RESULT_unknown || auth->dkim == RESULT_unknown)
        return RESULT_unknown;
    if (auth->dkim == RESULT_temperror ||
        (auth->spf == RESULT_temperror && is_aligned(w, auth->spf_domain, w->record.strict_spf)))
        return RESULT_temperror;
    return RESULT_fail;
}

static enum check_result weigh_record(struct work *w)
{
    bool spf, dkim;

    buf_addf(&w->detail, "policy %s", dmarc_policy_name(w->policy));
    if (w->record.pct != 100)
        buf_addf(&w->detail, " (pct %u)", w->record.pct);
    spf = spf_passes(w);
    dkim = dkim_passes(w);
    return spf || dkim ? RESULT_pass : why_none_passes(w);
}

/* --- the result --------------------------------------------------------- */

/* RFC 7489, 6.6.1. NULL: it has just one domain. */
static const char *why_no_domain(const struct judge *j, enum check_result *result)
{
    unsigned named = 0;

    *result = RESULT_permerror;
    if (!j->mail->from_fields)
        return "there is no From";
    if (j->mail->from_fields > 1)
        return "there are several From fields";
    if (j->mail->from_domain.n)
        return NULL;
    for (unsigned i = 0; i < j->mail->from.n; i++)
        named += j->mail->from.address[i].domain.n > 0;
    if (named)
        return "From is broken, or names several domains";
    *result = RESULT_none;
    return "From names no domain";
}

static const struct {
    enum check_result result;
    const char *why;
} looks[] = {
    [LOOK_NOTHING] = {RESULT_none, "no DMARC record"},
    [LOOK_SEVERAL] = {RESULT_none, "several DMARC records"},
    [LOOK_BROKEN] = {RESULT_permerror, "the DMARC record is broken"},
    [LOOK_TEMPERROR] = {RESULT_temperror, "the DNS did not give the DMARC record"},
    [LOOK_UNKNOWN] = {RESULT_unknown, "the DMARC record was never asked for"},
};

static void say(struct work *w, enum check_result result)
{
    struct antispam_result *r = judge_say(w->j, CHECK_dmarc, VIEW(""), result, "%s", w->detail.p);

    w->j->auth.dmarc = result;
    if (w->from.n)
        judge_prop(w->j, r, "header.from=%.*s", (int)w->from.n, w->from.p);
    buf_free(&w->detail);
}

static void judge_dmarc(struct judge *j, void *state)
{
    struct work w = {.j = j};
    enum check_result result;
    const char *why = why_no_domain(j, &result);
    enum look look;

    (void)state;
    if (!why && !open_work(&w, j)) {
        why = "From names no domain of the DNS";
        result = RESULT_none;
    }
    if (why) {
        buf_add_str(&w.detail, why);
        say(&w, result);
        return;
    }
    look = find_record(&w);
    if (look == LOOK_FOUND) {
        say(&w, weigh_record(&w));
        return;
    }
    buf_add_str(&w.detail, looks[look].why);
    say(&w, looks[look].result);
}

const struct check_ops check_dmarc = {.ask = ask, .judge = judge_dmarc};
