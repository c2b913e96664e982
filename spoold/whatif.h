/*
 * whatif.h - what other settings would have done with the mail of the past: each recorded decision is made
 * again, and counted as changed, unchanged, or as one that cannot be told.
 *
 * For tools/ctl_whatif.c. Pure: the journal's lines come in, figures come out. A message is changed where for
 * any recipient another word comes out: an action, or where it is quarantined, the class. What was never
 * asked weighs anything that its results could weigh; only where that makes no difference is the message
 * counted.
 */
#ifndef SPOOLD_WHATIF_H
#define SPOOLD_WHATIF_H

#include "spoold/config.h"
#include "spoold/journal.h"

struct whatif_options {
    const struct config *now; /* the settings that are tried */
    int64_t since_ms;         /* mail that was accepted before is left out */
    size_t list;              /* messages that are named of each kind of change */
    /* The settings of that time by their hash; NULL: they are not kept. The answer is whatif's. */
    struct config *(*then)(void *arg, const char *hash);
    void *arg;
};
struct whatif_example {
    struct base id;
    char *from, *setting;    /* owned; setting: what decided by the settings that are tried, with its place */
    int64_t then, now, most; /* weights, thousandths: now to most by those settings */
};
struct whatif_group {
    unsigned from, to; /* words of whatif_old.h */
    uint64_t n;
    struct whatif_example *example; /* owned */
    size_t example_n;
};
struct whatif_reason {
    char *text; /* owned */
    uint64_t n;
};
/* The figures; groups and reasons with the most first, once whatif_end() was called. */
struct whatif_figures {
    uint64_t messages, changed, unchanged, unknown;
    uint64_t reweighed; /* of the unchanged: their weight is another one */
    uint64_t not_kept;  /* of all: the settings of that time are not kept */
    struct whatif_group *group;
    size_t group_n;
    struct whatif_reason *reason; /* why it cannot be told */
    size_t reason_n;
    struct buf notes; /* a line each: settings that differ and were not taken into account */
};

struct whatif;
struct whatif *whatif_new(const struct whatif_options *o);
/* The next line of the journal. */
void whatif_take(struct whatif *w, const struct event *e);
void whatif_end(struct whatif *w);
const struct whatif_figures *whatif_figures(const struct whatif *w);
void whatif_free(struct whatif **w);
/* "deliver -> quarantine/spam" */
void whatif_add_change(const struct whatif_group *g, struct buf *to);

#endif
