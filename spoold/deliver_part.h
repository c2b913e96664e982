/*
 * deliver_part.h - what the files of deliver share; nobody else includes it.
 */
#ifndef SPOOLD_DELIVER_PART_H
#define SPOOLD_DELIVER_PART_H

#include "common/deliver.h"
#include "spoold/deliver.h"

#define DELIVER_STEM_MAX (BASE_MAX + 8) /* BASE, or BASE.K */
#define DELIVER_NOTES    ".sent"

/* What the store is asked to do with a delivery; the next one is the loop's to choose. */
enum deliver_step {
    DELIVER_STEP_OPEN,   /* open the pair and what is known of it */
    DELIVER_STEP_NOTE,   /* read what the worker has written */
    DELIVER_STEP_RECORD, /* journal, and what was refused into quarantine/failed */
    DELIVER_STEP_REMOVE, /* the pair */
    DELIVER_STEP_FORGET, /* its notes, at last */
    DELIVER_STEP__MAX
};

enum deliver_state {
    DELIVER_READY,   /* in the queue */
    DELIVER_WAITING, /* for its time */
    DELIVER_BUSY,
};

/* One pair in an outlet. The loop owns it; while its task is under way, the store. */
struct deliver_item {
    struct task task;                  /* first */
    struct deliver_item *next, *chain; /* in a queue; in the table */
    char stem[DELIVER_STEM_MAX + 1];
    struct base base;
    unsigned copy; /* K of the file's name; 1 when it has none */
    size_t intake;
    enum deliver_state state;
    enum deliver_step step;
    int64_t due; /* monotonic ms, while it waits */
    /* From DELIVER_STEP_OPEN on, until it waits again: */
    int eml, notes; /* descriptors, -1 */
    uint64_t size;
    int64_t born_ms; /* wall clock: when it was put into the outlet */
    struct envelope env;
    char *fate;                  /* owned, one of enum deliver_fate or 0 for each recipient */
    size_t at;                   /* recipients before this one had their turn in this try */
    unsigned tries;              /* conversations so far */
    unsigned done, failed, left; /* recipients */
    int64_t tried_ms;            /* wall clock: end of the last conversation */
    bool listed;                 /* found by a walk: when it is due stands in its notes */
    bool probe;                  /* the first one to a server that was down */
    bool trouble;                /* its notes could not be written */
    bool gone;                   /* its envelope is not there any more */
    bool left_over;              /* but its notes are */
    bool moved;                  /* to quarantine/failed */
    bool expired;                /* deliver.lifetime is over: what is left counts as failed */
    bool bad_settings;           /* the password cannot be read */
    int err;                     /* errno of the step */
    const char *err_what;
    char words[DELIVER_TEXT_MAX + 1];   /* the last telling words of the server, or of us */
    char refusal[DELIVER_TEXT_MAX + 1]; /* the last ones that refused somebody; "" = none */
    char *password;                     /* owned */
    /* While it talks: */
    int peer; /* socket, -1 */
    int64_t connect_due;
    struct buf order;
    struct pool_job job;
    struct deliver_rcpt *rcpt; /* owned: those of the order */
};

/* deliver_store.c */
void deliver_store_run(struct task *t, struct depot *d);
/* Closes and frees what OPEN got. Descriptors of files that are removed free their blocks here: short ones.
 */
void deliver_store_shut(struct deliver_item *i);

/* A walk through an outlet, in slices. */
struct deliver_list {
    struct task task; /* first */
    size_t intake;
    void *dir;   /* owned: the store's, between two slices */
    char **stem; /* owned: found in this slice */
    size_t n;
    bool end;
};
void deliver_store_list(struct task *t, struct depot *d);
void deliver_store_list_free(struct deliver_list *l);

/* deliver_order.c: packs what is to be said for the next recipients into i->order; false when none is left.
 */
bool deliver_order_make(const struct spoold *s, struct deliver_item *i, const struct deliver_address *to);

/* deliver_connect.c. A socket that is connected, or on its way (*pending); -1 with errno. */
int deliver_connect_begin(const struct deliver_address *a, bool *pending);
/* 0 it is connected; else the errno of the failure; EINPROGRESS: not yet. */
int deliver_connect_state(int fd);

#endif
