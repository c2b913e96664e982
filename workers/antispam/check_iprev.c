/*
 * check_iprev.c - the check `iprev`: does the client's address have a name, and does that lead back to it?
 *
 * RFC 8601, 2.7.3 and 3. pass: one of the first five names does; fail: none does; none: the address has no
 * name (RFC 8601 would say permerror, but administrators weigh it by itself); permerror: what stands there
 * are no names; temperror: the DNS did not say. Addresses that the Internet knows nothing of are skipped.
 * Pure over facts; names are the bytes of whoever owns the address.
 */
#include "workers/antispam/rdns.h"

static void unfold(struct judge *j, void *state)
{
    struct rdns r;

    (void)state;
    if (!rdns_why_not(j))
        rdns_look(j, &r);
}

static const char *words_of(const struct rdns *r)
{
    switch (r->result) {
    case RESULT_pass:
        return "leads back to";
    case RESULT_fail:
        return r->names > 1 ? "and no other name leads back to" : "does not lead back to";
    case RESULT_temperror:
        return r->name.n ? "was asked for without an answer: it may lead back to"
                         : "the DNS did not say the name of";
    case RESULT_none:
        return "there is no name of";
    case RESULT_permerror:
        return "what stands there is no name of";
    default:
        return "it was not asked for all names of";
    }
}

static void judge(struct judge *j, void *state)
{
    const char *why_not = rdns_why_not(j);
    struct antispam_result *said;
    char ip[RDNS_TEXT_MAX];
    struct rdns r;

    (void)state;
    if (why_not) {
        j->auth.iprev = RESULT_skipped;
        judge_say(j, CHECK_iprev, VIEW(""), RESULT_skipped, "%s", why_not);
        return;
    }
    rdns_look(j, &r);
    j->auth.iprev = r.result;
    if (r.result == RESULT_pass)
        j->auth.client_name = r.name;
    rdns_text(j->ip, ip);
    said = judge_say(j, CHECK_iprev, VIEW(""), r.result, "%.*s%s%s %s", (int)r.name.n,
                     r.name.n ? r.name.p : "", r.name.n ? " " : "", words_of(&r), ip);
    /* A colon cannot stand in a value without quotes (RFC 2045, token). */
    judge_prop(j, said, j->is_ip4 ? "policy.iprev=%s" : "policy.iprev=\"%s\"", ip);
}

const struct check_ops check_iprev = {.unfold = unfold, .judge = judge};
