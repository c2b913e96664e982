/*
 * check_null_sender.c - the check `null_sender`: the envelope sender is empty (RFC 5321, 4.5.5).
 *
 * So it is in bounces and other notices, and in spam that looks like them. Pure; it looks at the envelope
 * alone.
 */
#include "workers/antispam/check.h"

static void judge_null_sender(struct judge *j, void *state)
{
    bool empty = j->sender.whole.n == 0;

    (void)state;
    if (j->order->flags & ANTISPAM_NO_ENVELOPE) {
        judge_say(j, CHECK_null_sender, VIEW(""), RESULT_unknown, "there is no envelope");
        return;
    }
    judge_say(j, CHECK_null_sender, VIEW(""), empty ? RESULT_hit : RESULT_miss, "%s",
              empty ? "the envelope sender is <>" : "");
}

const struct check_ops check_null_sender = {.judge = judge_null_sender};
