/*
 * judging.h - one message is judged by worker-antispam, round by round, with facts that worker-dns finds.
 *
 * Embedded in what it is about: a message in work (flow_judge.c), a file of `spoolctl check`. Loop thread; a
 * message waits for its own facts only. What a worker answers is checked before anybody sees it
 * (common/antispam.h). Never touches a disk.
 */
#ifndef SPOOLD_JUDGING_H
#define SPOOLD_JUDGING_H

#include "common/antispam.h"
#include "common/envelope.h"
#include "spoold/config_kept.h"
#include "spoold/pool.h"
#include "spoold/resolver.h"

struct spoold;

enum judging_end {
    JUDGING_DONE,   /* `given` is the verdict; its bytes are those of `sha256` and `size` */
    JUDGING_FAILED, /* the worker failed over it or broke a rule: `o` */
    JUDGING_IO,     /* it could not read the message: o->result.err */
    JUDGING_BYTES,  /* it read something else than what is `size` long */
    JUDGING_NOBODY, /* no worker judges: `o`->cause */
};

struct judging {
    /* Given before judging_begin(). */
    const struct envelope *env; /* NULL: none */
    int message;                /* borrowed */
    uint64_t size;
    bool alone, ambiguous;
    uint32_t test;
    int64_t now, budget; /* the clock that it is judged by, Unix ms; how long facts may take, ms */
    uint32_t flags; /* ANTISPAM_REPLAY, ANTISPAM_FINAL: with the facts that are there, none is asked for */
    struct facts facts; /* owned: known before, and those that were found */
    /* Called once, from the loop, never from within judging_begin(). */
    void (*done)(struct spoold *s, struct judging *g, enum judging_end end, const struct pool_outcome *o);
    /* Out. */
    struct antispam_answer given; /* views into `answer` */
    unsigned char sha256[32];
    bool judged;
    char config[CONFIG_KEPT_HASH_LEN + 1]; /* hash of the settings that it was judged by */
    const char *missing; /* why it was not judged, or not by all facts; NULL: nothing is missing */
    unsigned rounds;
    struct buf suspended; /* lists that failed their self test, as the last order said; owned */
    struct buf checks;    /* results with their weights, JSON (verdict.h): made by judging_weigh() */
    int64_t weight;       /* thousandths */
    /* Its own. */
    struct pool_job job;
    struct buf crumbs, order, answer;
    struct resolver_ask *ask; /* of this round */
    unsigned ask_n, open;     /* open: not answered yet */
    int64_t due;              /* monotonic: after that it is judged by what is there */
    struct judging *next, *prev;
    bool waiting, final;
    size_t text_bytes; /* of text records among its facts */
};
/* Those that wait for facts, in the order in which they become due. */
struct judging_waiting {
    struct judging *first, *last;
    size_t n;
    uint64_t bytes; /* of their messages */
};

#define JUDGING_PATIENCE_MS 3000 /* what each may wait, however many do */

void judging_begin(struct spoold *s, struct judging *g);
/* Gives up waiting for facts: nothing is asked for any more, `done` is not called. */
void judging_leave(struct spoold *s, struct judging *g);
/* Judges by what is there those that have waited too long: for their budget, or, where more than
 * spool.max_in_flight wait, for JUDGING_PATIENCE_MS; while stopping all. Returns when to be called
 * again at the latest, monotonic ms. */
int64_t judging_run(struct spoold *s, int64_t now);
/* By the present settings. */
void judging_weigh(struct spoold *s, struct judging *g);
/* Frees everything; it must not be at a worker, nor wait. */
void judging_free(struct judging *g);

#endif
