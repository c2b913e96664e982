/*
 * spf_judge.h - a round of judging with nothing in it but what the SPF checks look at.
 *
 * For test_check_spf.c and test_check_spf_helo.c: judge_fact(), judge_say() and judge_prop() are the real
 * ones; envelope, client and facts are filled in by hand.
 */
#ifndef TESTS_UNIT_SPF_JUDGE_H
#define TESTS_UNIT_SPF_JUDGE_H

#include "tests/unit/spf_world.h"

#include "workers/antispam/check.h"

struct spf_round {
    struct judge j;
    struct antispam_order order;
    struct facts facts;
    struct needs needs;
    struct antispam_verdict verdict;
    struct mail_arena arena;
};

/* "user@example.org", "mail.example.org", "192.0.2.1"; ip NULL: not known. */
static inline void spf_round_open(struct spf_round *r, const char *sender, const char *helo, const char *ip)
{
    const char *at = strrchr(sender, '@');

    *r = (struct spf_round){0};
    r->j = (struct judge){.order = &r->order,
                          .facts = &r->facts,
                          .needs = &r->needs,
                          .verdict = &r->verdict,
                          .arena = &r->arena,
                          .now = 1700000000000,
                          .has_ip = ip != NULL,
                          .auth = {RESULT__MAX, RESULT__MAX, RESULT__MAX, RESULT__MAX, .iprev = RESULT__MAX}};
    r->j.sender.whole = r->j.sender.local = view_of(sender);
    if (at) {
        r->j.sender.local = (struct view){sender, (size_t)(at - sender)};
        r->j.sender.domain = view_of(at + 1);
    }
    r->j.client.helo = view_of(helo);
    if (ip)
        spf_read_ip(ip, r->j.ip);
    r->j.is_ip4 = ip && spf_is_ip4(r->j.ip);
}

static inline void spf_round_txt(struct spf_round *r, const char *name, const char *txt)
{
    const struct view answer = view_of(txt);
    const struct fact f = {
        .type = FACT_TXT, .name = view_of(name), .answer = &answer, .answer_n = txt[0] != 0};

    assert_int_equal(facts_add(&r->facts, &f), 0);
}

static inline void spf_round_expect(const struct spf_round *r, enum check check, enum check_result result,
                                    const char *detail, const char *props)
{
    const struct antispam_result *got = r->verdict.result;

    assert_int_equal(r->verdict.n, 1);
    assert_int_equal(got->check, check);
    if (got->result != result || !view_equal(got->detail, view_of(detail)) ||
        !view_equal(got->props, view_of(props)))
        fail_msg("got %s, \"%.*s\", \"%.*s\"", check_result_name(got->result), (int)got->detail.n,
                 got->detail.p, (int)got->props.n, got->props.p);
}

static inline void spf_round_close(struct spf_round *r)
{
    facts_free(&r->facts);
    needs_free(&r->needs);
    free(r->verdict.result);
    mail_arena_free(&r->arena);
}

#endif
