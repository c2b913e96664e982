/*
 * check_ambiguous.c - the check `ambiguous`: mail readers take the message in different ways.
 *
 * worker-av finds that out when it reads all of them (common/oddity.h); the order says so. Pure.
 */
#include "workers/antispam/check.h"

static void judge_ambiguous(struct judge *j, void *state)
{
    bool is_so = j->order->flags & ANTISPAM_AMBIGUOUS;

    (void)state;
    judge_say(j, CHECK_ambiguous, VIEW(""), is_so ? RESULT_hit : RESULT_miss, "%s",
              is_so ? "mail readers take the message in different ways" : "");
}

const struct check_ops check_ambiguous = {.judge = judge_ambiguous};
