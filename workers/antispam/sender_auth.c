/*
 * sender_auth.c - see sender_auth.h.
 *
 * Pure. SPF of the HELO name (the null sender) is no proof for a domain of a sender. DKIM counts when its
 * domain and the sender's belong to one organisation (RFC 7489, 3.1.1, relaxed), because signers use names
 * below that of their addresses, and the other way round.
 */
#include "workers/antispam/sender_auth.h"

static bool passes_spf(const struct judge *j)
{
    return j->auth.spf == RESULT_pass && !j->auth.spf_by_helo &&
           mail_address_same_domain(j->auth.spf_domain, j->sender.domain);
}

/* The signature's domain; empty: none. */
static struct view find_signer(const struct judge *j)
{
    struct view org = judge_domain_org(j, j->sender.domain);

    for (unsigned i = 0; j->auth.dkim == RESULT_pass && i < j->auth.dkim_n; i++)
        if (mail_address_same_domain(org, judge_domain_org(j, j->auth.dkim_domain[i])))
            return j->auth.dkim_domain[i];
    return (struct view){0};
}

/* A signature that would count may pass yet. One of any other domain is no excuse: everybody can add it. */
static bool may_sign(const struct judge *j, enum check_result result)
{
    struct view org = judge_domain_org(j, j->sender.domain);

    for (unsigned i = 0; i < j->auth.dkim_open_n; i++)
        if (j->auth.dkim_open[i].result == result &&
            mail_address_same_domain(org, judge_domain_org(j, j->auth.dkim_open[i].domain)))
            return true;
    return false;
}

static bool is_of_another(const struct judge *j)
{
    const enum check_result r = j->auth.dkim;

    return r == RESULT_pass || ((r == RESULT_unknown || r == RESULT_temperror) && !may_sign(j, r));
}

static const char *name_of(enum check_result result)
{
    return result < RESULT__MAX ? check_result_name(result) : "not judged";
}

enum check_result sender_auth_find(const struct judge *j, struct buf *how)
{
    struct view signer = {0};

    if (j->sender.domain.n && passes_spf(j)) {
        buf_add_str(how, "SPF passes");
        return RESULT_pass;
    }
    if (j->sender.domain.n)
        signer = find_signer(j);
    if (signer.n) {
        buf_addf(how, "signed (DKIM) by %.*s", (int)signer.n, signer.p);
        return RESULT_pass;
    }
    buf_addf(how, "SPF: %s, DKIM: %s%s", name_of(j->auth.spf), name_of(j->auth.dkim),
             is_of_another(j) ? " for another domain" : "");
    if (j->auth.spf == RESULT_unknown || may_sign(j, RESULT_unknown))
        return RESULT_unknown;
    return j->auth.spf == RESULT_temperror || may_sign(j, RESULT_temperror) ? RESULT_temperror : RESULT_fail;
}
