/*
 * resolver_part.h - what the files of the resolver ask of each other; nobody else but their tests includes
 * it.
 *
 * resolver.c has the questions and the turn, resolver_link.c the socket to worker-dns and what goes over it,
 * resolver_state.c looks at what worker-dns says of itself. Times are monotonic ms.
 */
#ifndef SPOOLD_RESOLVER_PART_H
#define SPOOLD_RESOLVER_PART_H

#include "common/dns.h"
#include "spoold/pool.h"
#include "spoold/resolver.h"

#define RESOLVER_ASK_MS    5000  /* of silence, then it is asked how it is; and for the answer to that */
#define RESOLVER_HUNG_MS   10000 /* of silence with questions open: it hangs */
#define RESOLVER_AGAIN_MS  1000  /* from one try to have a worker to the next */
#define RESOLVER_LOOK_MS   1000
#define RESOLVER_LOSSES    1  /* a question that more workers ended over is given up */
#define RESOLVER_READ_MAX  32 /* packets in one turn */
#define RESOLVER_SLOT_BITS 15
#define RESOLVER_ORPHANS   (DNS_OPEN_MAX / 2) /* answers that nobody wants any more, and that it owes */

_Static_assert(DNS_OPEN_MAX < 1 << RESOLVER_SLOT_BITS, "the number of a slot stands in each id");

struct resolver_list {
    struct resolver_ask *first, *last; /* by `since`, the oldest first */
    size_t n;
};

/* What worker-dns was asked and has not answered. */
struct resolver_slot {
    struct resolver_ask *ask; /* NULL: nobody wants the answer any more */
    uint32_t id;              /* 0: free */
    uint32_t next_free;
};

struct resolver {
    struct pool_job job; /* first: the pool hands it back */
    struct spoold *s;
    int64_t (*clock)(void);
    int64_t now; /* of this turn */
    int epoll, kick;
    bool kicked;
    int blob; /* the message of the job, which is about none */

    int sock, peer; /* -1; the worker's end is kept while the pool has the job */
    bool out;       /* the pool has the job */
    bool ended;     /* by us: nothing it says is listened to */
    bool proven;    /* it has said something */
    bool full;      /* its socket is: waited for */
    bool want_ask, want_flush;
    int64_t open_due;          /* not to be tried before */
    int64_t opened;            /* when it was tried last */
    int64_t heard, busy_since; /* it said something; the first of its questions went out */
    int64_t asked;             /* how it is, and it has not answered; 0 = not asked */
    struct buf packet;         /* that goes out next; empty = none */
    char *in;                  /* room for a packet and a byte */

    struct resolver_list waits, sent;
    struct resolver_slot *slot;
    uint32_t slot_n, first_free; /* first_free: slot_n = none */
    uint32_t used;               /* slots */
    uint32_t last_id;

    int64_t down_since; /* 0 = it serves */
    unsigned silent_n;  /* answers in a row that no name server gave, and since when */
    int64_t silent_since;
    bool alarmed;
    struct buf state; /* what it said of itself last, and when */
    int64_t state_at;
    struct resolver_look *look;
    struct resolver_counts counts;
};

/* resolver.c */
void resolver_list_add(struct resolver_list *l, struct resolver_ask *a);
void resolver_list_remove(struct resolver_list *l, struct resolver_ask *a);
/* Takes it out of its list and gives it its answer: afterwards it may be gone. */
void resolver_answer(struct resolver *r, struct resolver_ask *a, const struct fact *f);
/* The same without anybody's word. */
void resolver_answer_here(struct resolver *r, struct resolver_ask *a, enum fact_rcode rcode);
/* Whoever waits for what worker-dns says of itself gets it. */
void resolver_looked(struct resolver *r, bool all);
void resolver_kick(struct resolver *r);

/* resolver_link.c */
bool resolver_link_is_open(const struct resolver *r);
/* Has a worker where one can be had, and ends one that hangs. */
void resolver_link_run(struct resolver *r);
int64_t resolver_link_due(const struct resolver *r);
/* How it is, unless it was asked already. */
void resolver_link_ask(struct resolver *r);
void resolver_link_send(struct resolver *r);
void resolver_link_read(struct resolver *r);
/* The answer to this question is not wanted any more. */
void resolver_link_orphan(struct resolver *r, const struct resolver_ask *a);
void resolver_link_close(struct resolver *r);

/* resolver_state.c */
/* Whether this is one JSON object in printable ASCII, nested a few levels at most. */
bool resolver_state_ok(struct view text);

#endif
