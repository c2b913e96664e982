/*
 * check_spf_helo.c - the check `spf_helo`: may the client call itself by its HELO name (RFC 7208, 2.3)?
 *
 * The same question as that of check_spf.c, of postmaster@HELO. Called by judge.c. A HELO that is no name of
 * the DNS (an address in brackets, a single word) has no record: none. It must not touch what check_spf.c
 * left in j->auth about the sender: HELO says nothing about that.
 */
#include "workers/antispam/check_spf.h"

static void ask(struct judge *j, const void *state, struct view name, struct spf_answer *a)
{
    check_spf_ask(j, state, VIEW(""), name, a);
    j->auth.spf_helo = a->result;
}

static void unfold(struct judge *j, void *state)
{
    struct spf_answer a;

    ask(j, state, check_spf_helo_name(j), &a);
}

static void judge(struct judge *j, void *state)
{
    struct view name = check_spf_helo_name(j);
    struct antispam_result *r;
    struct spf_answer a;

    ask(j, state, name, &a);
    r = judge_say(j, CHECK_spf_helo, VIEW(""), a.result, "%s", a.detail);
    check_spf_prop(j, r, "smtp.helo", name);
}

const struct check_ops check_spf_helo = {
    .open = check_spf_open, .close = check_spf_close, .unfold = unfold, .judge = judge};
