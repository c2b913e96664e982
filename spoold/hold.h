/*
 * hold.h - messages that an administrator wants kept where they are.
 *
 * Loop thread. What is held already is only given another reason and no time;
 * what is in work is remembered here until its present step ends (flow.c asks
 * before each step up to the commit). The reason is the mark: it stands in the
 * ledger's hold record, so that a restart keeps the order; with the ledger it is
 * lost, and the message is tried again.
 */
#ifndef SPOOLD_HOLD_H
#define SPOOLD_HOLD_H

#include "spoold/base.h"
#include "spoold/control_ticket.h"

#include <stddef.h>

#define HOLD_ORDERS_MAX 64   /* messages in work that are to be held */
#define HOLD_WAIT_MS    5000 /* how long somebody is kept waiting for that */

struct roster_entry;
struct spoold;

struct hold_orders {
    struct hold_order {
        struct base base;
        struct control_ticket ticket; /* number 0: nobody waits any more */
        int64_t due;
    } order[HOLD_ORDERS_MAX];
    size_t n;
};

/* Whether this one, in work, is to be put on hold before its next step. */
bool hold_is_wanted(const struct spoold *s, const struct base *b);
/* One that is not held yet. 0, or -1 when too many are wanted already. */
int hold_want(struct spoold *s, const struct base *b, struct control_ticket t);
/* Whether there was such an order. */
bool hold_forget(struct spoold *s, const struct base *b);
/* One that is held, for whatever reason: until it is released. */
void hold_keep(struct spoold *s, struct roster_entry *e, struct control_ticket t);
/* It goes on at once, and the time that it was kept does not count. */
void hold_release(struct spoold *s, struct roster_entry *e, struct control_ticket t);
/* Answers those who wait. Each turn; returns when to be called again at the latest. */
int64_t hold_run(struct spoold *s, int64_t now);

#endif
