/*
 * traffic.h - what goes on at the two ends of the spool: depositors before it, a mail server behind it.
 *
 * Depositors are spooldrop processes, several at a time. Exit code 0 is remembered as "accepted", here and
 * nowhere on the disk that loses its power. The mail server takes pairs out of outgoing and
 * remembers each by its BASE, as protocol.md section 5 asks; both are stepped by the main thread.
 */
#ifndef POWER_TRAFFIC_H
#define POWER_TRAFFIC_H

#include "tests/power/mail.h"
#include "tests/power/program.h"

#include <stdatomic.h>

#define TRAFFIC_WIDTH_MAX 16

/* What the mail server does before it acts on a pair. */
enum traffic_taker {
    TRAFFIC_REMEMBERS, /* nothing: it will meet some pairs again and drop them */
    TRAFFIC_FLUSHES,   /* fsync(outgoing): no pair is published a second time */
    TRAFFIC_AWAY,      /* it takes nothing before the cut */
    TRAFFIC_TAKER__MAX
};

struct traffic {
    struct mail_set *set;
    size_t left; /* messages that are still to be dropped */
    unsigned width, accepted;
    struct {
        pid_t pid;
        size_t at; /* in the set */
    } slot[TRAFFIC_WIDTH_MAX];
};

/* Starts and reaps depositors. Whether something happened. Once `dark`, none are started. */
bool traffic_drop(struct traffic *t, const struct bench *b, const _Atomic bool *dark);
bool traffic_is_over(const struct traffic *t);
/* Waits for those that still run; they fail, since their disk is gone. */
void traffic_end(struct traffic *t, const struct bench *b, const _Atomic bool *dark);
/* Takes what stands in outgoing, and nothing that it has read after the power went. Whether there was
 * anything. */
bool traffic_take(struct mail_set *s, const struct bench *b, enum traffic_taker how,
                  const _Atomic bool *dark);
/* After the file system came back, before spoold starts: drops pairs that were taken before and stand there
 * again. */
void traffic_take_again(struct mail_set *s, const struct bench *b);

#endif
