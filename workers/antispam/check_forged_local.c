/*
 * check_forged_local.c - the check `forged_local`: a stranger sends in the name of one of our domains.
 *
 * Our own people are authenticated or come from site.networks; anybody else who has the right to a sender of
 * site.domains shows it by SPF or DKIM. Where these could not be asked there is no hit. Pure.
 */
#include "workers/antispam/names.h"
#include "workers/antispam/sender_auth.h"

static void *open_forged_local(const struct settings *s, struct buf *why)
{
    return names_open(s, "domains", why);
}

static void close_forged_local(void *state)
{
    names_close(state);
}

static enum check_result find_result(const struct judge *j, struct buf *how)
{
    enum check_result auth;

    if (j->outgoing) {
        buf_add_str(how, j->authenticated ? "the client is authenticated" : "the client is in site.networks");
        return RESULT_miss;
    }
    auth = sender_auth_find(j, how);
    if (auth == RESULT_pass)
        return RESULT_miss;
    return auth == RESULT_fail ? RESULT_hit : auth;
}

static void judge_forged_local(struct judge *j, void *state)
{
    struct view none = {NULL, 0};
    enum check_result result = RESULT_miss;
    struct buf how = {0};

    if (names_find(state, none, j->sender.domain) != ENTRIES_NONE) {
        buf_addf(&how, "%.*s is ours; ", (int)j->sender.domain.n, j->sender.domain.p);
        result = find_result(j, &how);
    }
    judge_say(j, CHECK_forged_local, VIEW(""), result, "%s", how.n ? how.p : "");
    buf_free(&how);
}

const struct check_ops check_forged_local = {
    .open = open_forged_local, .close = close_forged_local, .judge = judge_forged_local};
