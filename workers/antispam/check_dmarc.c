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
    struct view from, org;
    struct dmarc_record record;
    enum dmarc_policy policy;
    enum check_result result;
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

static void ask(struct judge *j, void *state)
{
    (void)state;
    for (unsigned i = 0; i < j->mail->from_domain_n; i++) {
        fact_of(j, j->mail->from_domains[i]);
        fact_of(j, judge_domain_org(j, j->mail->from_domains[i]));
    }
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

/* When it is tried again, with another answer than this one. Whoever is not aligned would not help: else
 * anybody could disarm the policy by a signature or a sender of his own that cannot be judged. */
static bool may_pass(const struct work *w, enum check_result result)
{
    const struct judge_auth *auth = &w->j->auth;

    if (auth->spf == result && is_aligned(w, auth->spf_domain, w->record.strict_spf))
        return true;
    for (unsigned i = 0; i < auth->dkim_open_n; i++)
        if (auth->dkim_open[i].result == result &&
            is_aligned(w, auth->dkim_open[i].domain, w->record.strict_dkim))
            return true;
    return false;
}

/* Neither passes. What may still pass when it is tried again is no `fail`. */
static enum check_result why_none_passes(const struct work *w)
{
    const struct judge_auth *auth = &w->j->auth;

    if (auth->spf == RESULT__MAX && auth->dkim == RESULT__MAX)
        return RESULT_none;
    if (may_pass(w, RESULT_unknown))
        return RESULT_unknown;
    return may_pass(w, RESULT_temperror) ? RESULT_temperror : RESULT_fail;
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

static void judge_one(struct work *w)
{
    enum look look;

    w->org = judge_domain_org(w->j, w->from);
    look = find_record(w);
    if (look == LOOK_FOUND) {
        w->result = weigh_record(w);
        return;
    }
    buf_add_str(&w->detail, looks[look].why);
    w->result = looks[look].result;
}

/* --- all domains of From ------------------------------------------------ */

/* The lower, the worse. Of several that fail the strictest policy counts. */
static unsigned rank(const struct work *w)
{
    static const enum check_result order[] = {RESULT_fail,      RESULT_temperror, RESULT_unknown,
                                              RESULT_permerror, RESULT_none,      RESULT_pass};
    unsigned i = 0;

    while (i < sizeof order / sizeof *order && order[i] != w->result)
        i++;
    return (i + 1) * DMARC_POLICY__MAX - (w->result == RESULT_fail ? (unsigned)w->policy : 0);
}

/* RFC 7489, 6.6.1, leaves several domains to the receiver: readers show any of them, so the worst one counts.
 */
static void judge_each(struct judge *j, struct work *worst)
{
    for (unsigned i = 0; i < j->mail->from_domain_n; i++) {
        struct work w = {.j = j, .from = j->mail->from_domains[i]};

        judge_one(&w);
        if (i && rank(&w) >= rank(worst)) {
            buf_free(&w.detail);
            continue;
        }
        buf_free(&worst->detail);
        *worst = w;
    }
}

/* Why the result is not simply that of one domain. Nobody stands behind those that are not looked at. */
static void describe_several(struct work *w)
{
    const struct judge_mail *m = w->j->mail;

    if (m->from_over) {
        w->result = RESULT_fail;
        buf_addf(&w->detail, "; From names more than the %u domains that are judged", m->from_domain_n);
    } else if (m->from_domain_n > 1) {
        buf_addf(&w->detail, "; the worst of %u domains in From", m->from_domain_n);
    }
    if (m->from_fields > 1)
        buf_addf(&w->detail, "; there are %u From fields", m->from_fields);
    if (m->from_unread)
        buf_add_str(&w->detail, "; From also names what is no domain");
}

static const char *why_no_domain(const struct judge *j, enum check_result *result)
{
    *result = j->mail->from_fields && !j->mail->from_unread ? RESULT_none : RESULT_permerror;
    if (!j->mail->from_fields)
        return "there is no From";
    return j->mail->from_unread ? "From is broken: no domain can be read" : "From names no domain";
}

static void judge_dmarc(struct judge *j, void *state)
{
    struct work w = {.j = j};
    struct antispam_result *r;

    (void)state;
    if (j->mail->from_domain_n) {
        judge_each(j, &w);
        describe_several(&w);
    } else {
        buf_add_str(&w.detail, why_no_domain(j, &w.result));
    }
    r = judge_say(j, CHECK_dmarc, VIEW(""), w.result, "%s", w.detail.p);
    j->auth.dmarc = w.result;
    if (w.from.n)
        judge_prop(j, r, "header.from=%.*s", (int)w.from.n, w.from.p);
    buf_free(&w.detail);
}

const struct check_ops check_dmarc = {.ask = ask, .judge = judge_dmarc};
