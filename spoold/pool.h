/*
 * pool.h - the workers as the loop sees them: generations, children, jobs, deadlines.
 *
 * Loop thread only. A job waits here until a child is free and gets exactly one
 * outcome. Every packet of a worker is checked (common/wire.h); a worker that
 * breaks a rule, hangs or dies is ended and replaced with back-off, and only
 * the job that its crumb page names is charged. Never touches a disk.
 */
#ifndef SPOOLD_POOL_H
#define SPOOLD_POOL_H

#include "common/role.h"
#include "common/wire.h"

struct json;
struct parts;
struct pool;
struct spoold;

#define POOL_CAUSE_MAX 120

enum pool_end {
    POOL_DONE,      /* `result` is the worker's answer; sizes and descriptors were checked */
    POOL_CHARGED,   /* the worker died, hung or broke the protocol over it: `cause` and what follows */
    POOL_CANCELLED, /* not begun, or dropped in an orderly way */
    POOL_NO_WORKER, /* given up: no worker of this role starts; `cause` */
};

struct pool_outcome {
    enum pool_end end;
    struct wire_result result;
    char cause[POOL_CAUSE_MAX]; /* "it was ended by signal 11 (Segmentation fault)" */
    int signal;                 /* 0 = none */
    uint32_t phase;             /* of the crumb page */
    uint64_t generation;
    const char *config; /* hash of the settings that generation works by; good during `done` */
    uint32_t pid;
    struct wire_loaded loaded;       /* what that generation works with; engine empty: nothing */
    char finding[WIRE_TEXT_MAX + 1]; /* the words that came with a RESULT; "" = none */
};

/* Embedded in what it is for; the pool borrows it from submit until `done`, which gets it back. */
struct pool_job {
    struct pool_job *next; /* the pool's */
    enum role role;
    bool alone;       /* in a fresh child that serves nothing else */
    bool big;         /* long work: at most one such job of the role at a time, so that others go by */
    int message, out; /* borrowed descriptors; out -1 = none */
    bool once;        /* it has notes and a peer: never begun a second time, whatever the reason */
    /* It serves its peer as long as its child lives: no deadline, nothing is charged with a death, and when a
     * newer generation serves it is called off. Implies `once`. */
    bool endless;
    int notes, peer;  /* borrowed descriptors: append only, -1 = none; a connected socket */
    struct view blob; /* borrowed; empty = none */
    /* Borrowed: gets the list that the worker writes (common/parts.h), before `done` and only with POOL_DONE;
     * empty where it wrote none. The memory for it is the pool's; `out` is -1 then. NULL = no list. */
    struct parts *list;
    /* In the place of that: gets what the worker writes, at most `answer_max` bytes; more is a broken rule.
     * Borrowed; nobody has looked at what stands in it. */
    struct buf *answer;
    size_t answer_max;
    /* NULL, or which rule the answer breaks: its child is ended then, and `done` hears that it failed. Asked
     * with POOL_DONE to come, when the answer was read. NULL: any bytes will do. */
    const char *(*fault)(struct pool_job *job, const struct wire_result *r);
    uint64_t size;
    uint32_t test;
    void (*done)(struct spoold *s, struct pool_job *job, const struct pool_outcome *o);
    uint64_t id;     /* the pool's */
    unsigned losses; /* the pool's: ended through no fault of its own */
};

struct pool_options {
    int launcher;           /* link; owned by the pool from here on */
    bool trace;             /* --sandbox=trace */
    int64_t (*clock)(void); /* monotonic ms; NULL = the system's. Tests have their own */
    uint32_t roles;         /* bit 1 << role: which to start; 0 = all that the settings want */
    /* What a new generation of this role is to load: its settings, and a descriptor that the pool closes (-1
     * = none). NULL: nothing for any role. Asked before each LOAD. */
    void (*load)(struct spoold *s, enum role role, struct buf *settings, int *dir);
};

/* How a new generation takes over. */
enum pool_reload {
    POOL_OVERLAP, /* beside the old one, which serves until the new one has proved itself */
    POOL_DRAIN,   /* the old one ends first: half the memory, and jobs wait meanwhile */
};

/* Settings come from s->cfg (workers.*); generation 1 of every role is asked for at once. */
struct pool *pool_open(struct spoold *s, const struct pool_options *o);
/* Ends everything; jobs that are left are forgotten without an outcome. */
void pool_close(struct pool **p);
/* Readable (epoll) when pool_event() has something to do. */
int pool_fd(const struct pool *p);
void pool_event(struct pool *p);
/* Deadlines, back-off, waiting jobs. Returns when to be called again at the latest, monotonic ms. */
int64_t pool_run(struct pool *p, int64_t now);
void pool_submit(struct pool *p, struct pool_job *job);
/* Ends a job as POOL_CANCELLED with this cause; a child that has begun it is ended. It stays the pool's until
 * `done`. Does nothing to one that has ended. */
void pool_job_abandon(struct pool *p, struct pool_job *job, const char *why);
/* Orderly stop: waiting jobs end as POOL_CANCELLED at once, running ones get CANCEL. */
void pool_give_back(struct pool *p);
/* After a change of settings: a new generation of every role; roles that are switched on or off follow. The
 * mode is role `av`'s, all others overlap. */
void pool_reload(struct pool *p, enum pool_reload av_mode);
/* A new generation of one role. */
void pool_reload_role(struct pool *p, enum role role, enum pool_reload mode);
/* A reload by POOL_DRAIN is on its way: the role is not served, and nothing is wrong. */
bool pool_is_draining(const struct pool *p, enum role role);
/* Ends the jobs of this role that no worker has begun, as POOL_CANCELLED with this cause. */
void pool_cancel_waiting(struct pool *p, enum role role, const char *cause);
/* The generation that serves, or the newest: its number, its loader's process (0 = none), what it said that
 * it loaded (engine empty: nothing). */
struct pool_about {
    uint64_t generation;
    uint32_t pid;
    bool serving;
    bool failed; /* a newer one did not start, and nobody has ordered another one since */
    struct wire_loaded loaded;
    int64_t reload_ms; /* how long the last reload took, from its order to HELLO; 0 = none yet */
    enum pool_reload reload_mode;
};
void pool_get_about(const struct pool *p, enum role role, struct pool_about *a);
/* By the settings, or by who opened the pool. */
bool pool_is_wanted(const struct pool *p, enum role role);
/* NULL when jobs of this role are served; else why not, in plain words. */
const char *pool_trouble(const struct pool *p, enum role role);
/* Milliseconds since jobs of this role are not served; 0 when they are. */
int64_t pool_down_ms(const struct pool *p, enum role role, int64_t now);
/* The launcher is gone: nothing can be started any more, spoold must end in an orderly way. */
bool pool_is_lost(const struct pool *p);
/* Adds "workers":[{"role","state","generation","children","busy","waiting","jobs","deaths","sandbox":[..],
 * "landlock_abi","escape":{"attempts","refused"},"missing":[..]}]. */
void pool_add_status(const struct pool *p, struct json *j);

/* workers.allow_less as SANDBOX_ bits: words with blanks or tabs between. NULL, or what else is accepted. */
const char *pool_allow_less(struct view words, uint32_t *bits);

#endif
