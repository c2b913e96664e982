/*
 * oracle_books.c - the journal, recipient by recipient: each has one end, and the right one.
 *
 * A line may stand twice after a crash, so ends are told apart by event and copy. That the files say the same
 * is checked in oracle.c and oracle_pair.c; here nothing but the lines counts. Messages that share a name
 * cannot be told apart by their lines' ids, but their recipients are different ones.
 */
#include "tests/crash/oracle.h"

#include "tests/crash/line.h"
#include "tests/crash/oracle_part.h"

#include <stdio.h>

static const char *const events[DEPOSIT_END__MAX] = {
    [DEPOSIT_DELIVERED] = "delivered",
    [DEPOSIT_QUARANTINED] = "quarantined",
    [DEPOSIT_DROPPED] = "discarded",
};

/* What the lines say of one recipient. */
struct told {
    bool end[DEPOSIT_END__MAX];
    unsigned copies; /* a bit for each copy that was delivered to him */
};

static void read_lines(struct view journal, const char *address, struct told *t)
{
    char item[80];
    struct view line;
    struct line_event e;

    snprintf(item, sizeof(item), "\"%s\"", address);
    while (line_next(&journal, &line)) {
        if (!line_parse(&e, line) || !e.to.n || !memmem(e.to.p, e.to.n, item, strlen(item)))
            continue;
        for (int k = 0; k < DEPOSIT_END__MAX; k++)
            t->end[k] |= view_equal(e.event, view_of(events[k]));
        if (view_equal(e.event, VIEW("delivered")))
            t->copies |= 1u << e.copy;
    }
}

static void check_recipient(struct oracle *o, struct view journal, const struct deposit *d, size_t r)
{
    struct told t = {.copies = 0};

    read_lines(journal, d->rcpt[r], &t);
    if (!t.end[d->end[r]])
        oracle_say(o, ORACLE_LOST, "the journal does not say that %s was %s", d->rcpt[r], events[d->end[r]]);
    for (int k = 0; k < DEPOSIT_END__MAX; k++)
        if (t.end[k] && k != (int)d->end[r])
            oracle_say(o, ORACLE_TWICE, "the journal says that %s was %s", d->rcpt[r], events[k]);
    if (t.copies & ~(1u << d->copy[r]) && d->end[r] == DEPOSIT_DELIVERED)
        oracle_say(o, ORACLE_TWICE, "the journal has %s in other copies than %u", d->rcpt[r], d->copy[r]);
}

void oracle_check_books(struct oracle *o)
{
    struct buf journal = {0};

    oracle_read_journal(o, &journal);
    for (size_t i = 0; i < o->set->n; i++) {
        const struct deposit *d = &o->set->d[i];

        for (size_t r = 0; r < d->rcpt_n && !d->ruined && !o->seen[i].parked; r++)
            check_recipient(o, buf_view(&journal), d, r);
    }
    buf_free(&journal);
}
