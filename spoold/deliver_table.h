/*
 * deliver_table.h - the deliveries that are known, by name, and the queue of those whose turn it is.
 *
 * Loop thread. Owns its items; an item leaves by deliver_table_remove() only.
 */
#ifndef SPOOLD_DELIVER_TABLE_H
#define SPOOLD_DELIVER_TABLE_H

#include "spoold/deliver_part.h"

#define DELIVER_BUCKETS 4096

struct deliver_table {
    struct deliver_item **bucket; /* owned array, made with the first item */
    struct deliver_item *ready, **last;
    size_t n, ready_n;
};

/* A new item, ready; NULL when the stem is no BASE with a copy's number, or is there already. */
struct deliver_item *deliver_table_add(struct deliver_table *t, const struct config *cfg, size_t intake,
                                       struct view stem);
/* Behind all others. */
void deliver_table_ready(struct deliver_table *t, struct deliver_item *i);
/* The first of the queue; NULL when it is empty. */
struct deliver_item *deliver_table_take(struct deliver_table *t);
/* Frees it; it must not be in the queue. */
void deliver_table_remove(struct deliver_table *t, struct deliver_item *i);
/* All items, in no order. The present one may be removed only after the next one was asked for. */
struct deliver_item *deliver_table_first(const struct deliver_table *t);
struct deliver_item *deliver_table_next(const struct deliver_table *t, const struct deliver_item *i);
size_t deliver_table_count(const struct deliver_table *t, size_t intake);
void deliver_table_free(struct deliver_table *t);

/* "BASE", "BASE.2", "BASE.r", "BASE.r2": the BASE and the number of the copy (a release: above
 * MSG_COPIES_MAX). 0 or -1. Pure. */
int deliver_table_parse(struct view stem, struct base *b, unsigned *copy);

struct deliver_server {
    struct deliver_address to;
    bool on;
    unsigned failures, busy;
    size_t known;       /* deliveries in memory */
    bool crowded;       /* there are more in the folder */
    bool look;          /* walk through its folder */
    int64_t down_until; /* monotonic ms */
    char trouble[160];  /* "" = none */
};

/* The whole of it; the loop's. */
struct deliver {
    struct spoold *s;
    const struct config *seen; /* the settings that `server` was made from */
    int epoll;
    struct deliver_server server[CONFIG_INTAKE_MAX];
    struct deliver_table table;
    unsigned busy, connecting; /* connecting: on their way to a server, not there yet */
    int64_t next_due;          /* of those that wait, at the earliest */
    struct deliver_list list;
    bool listing, paused; /* a walk is under way; and stands still for want of room */
    int64_t look_due, thin_due;
};

/* deliver.c */
static inline struct deliver_server *deliver_server_of(struct deliver *d, const struct deliver_item *i)
{
    return &d->server[i->intake];
}
int64_t deliver_doubled(int64_t wait, unsigned times, int64_t most);
void deliver_to_store(struct deliver *d, struct deliver_item *i, enum deliver_step step);
/* Nothing more can be done in this try: another one is due later, or it is at its end. */
void deliver_put_off(struct deliver *d, struct deliver_item *i);

void deliver_step_done(struct task *t, struct spoold *s);
/* It waits for its server; or it is at its end. */
void deliver_queue_again(struct deliver *d, struct deliver_item *i);

/* deliver_list.c */
/* Servers that are delivered to; at least 1. */
size_t deliver_servers_on(const struct deliver *d);
/* Walks that are due, and room for them. */
void deliver_list_run(struct deliver *d, int64_t now);

/* deliver_talk.c: the next transaction; ends in DELIVER_STEP_NOTE or deliver_put_off(). */
void deliver_talk(struct deliver *d, struct deliver_item *i);
/* Nothing can be said to its server, which is left alone for a while. */
void deliver_talk_failed(struct deliver *d, struct deliver_item *i, const char *why);
/* Connections that take too long; returns when the next one would. */
int64_t deliver_talk_cut_off(struct deliver *d, int64_t now);

#endif
