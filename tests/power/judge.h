/*
 * judge.h - the oracle: after the power is back and all has settled, where is each message?
 *
 * It compares what was remembered outside the file system with what stands on it and with what spoold's
 * journal and audit say. It shares no code with spoold but the byte buffers.
 */
#ifndef POWER_JUDGE_H
#define POWER_JUDGE_H

#include "tests/power/mail.h"
#include "tests/power/program.h"

struct judge_sum {
    unsigned accepted, lost, repeats, again, parked, late, late_lost;
};

/* Whether spoold has no more to do: nothing in work, no whole pair before it, none behind it. */
bool judge_is_settled(const struct bench *b);
/* Asks the running spoold whether its books balance. */
void judge_audit(struct mail_set *s, const struct bench *b);
/* The messages from `first` on, and the journal of the whole series. spoold is not running. */
void judge_all(struct mail_set *s, const struct bench *b, size_t first, struct judge_sum *sum);
/* Only who is lost: for the control, of which nothing else is asked. */
void judge_lost(struct mail_set *s, const struct bench *b, size_t first, struct judge_sum *sum);

#endif
