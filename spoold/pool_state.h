/*
 * pool_state.h - the structs of the pool, for its own files only (pool_part.h).
 *
 * A role has generations, a generation is one loader with its children, a child
 * serves one job at a time. Objects are freed only at the end of a turn
 * (pool_generation_sweep), so a pointer that epoll gave is good until then. Times
 * are monotonic ms; `due` is when the present state wants to be looked at again,
 * INT64_MAX = never.
 */
#ifndef SPOOLD_POOL_STATE_H
#define SPOOLD_POOL_STATE_H

#include "spoold/config_kept.h"
#include "spoold/pool.h"

#include "spoold/spoold.h"

#define POOL_STARTING_MS    10000 /* a child from SPAWN to HELLO */
#define POOL_DYING_MS       3000  /* from RETIRE, or the end of its link, to EXITED */
#define POOL_CANCEL_MS      3000  /* from CANCEL to RESULT */
#define POOL_RETIRING_MS    5000  /* a loader that was told to end */
#define POOL_BACKOFF_MS     2000
#define POOL_BACKOFF_MAX_MS 60000
#define POOL_COMPLETE_MS                                                                                     \
    5000 /* from the first HELLO of a new generation to its taking over, complete or not */
#define POOL_GIVE_UP_MS   60000 /* jobs of a role that does not start end after this time */
#define POOL_HANDOVER_MS  1000  /* after a job could not be sent for want of descriptors or memory */
#define POOL_FAILURES_MAX 3     /* children in a row that end before HELLO: the generation is no good */
#define POOL_LOSSES_MAX   3     /* a job that was lost so often is charged after all */
#define POOL_ALONE_MAX    1     /* extra children of a role at one time */
/* Deaths in a row that messages were charged with: more of them are slowed down to this pace. */
#define POOL_CHARGED_MAX 8
#define POOL_CHARGED_MS  1000
#define POOL_SAYS_JOB    64  /* LOG packets during one job */
#define POOL_SAYS_MINUTE 256 /* LOG packets in a minute without a job; of a loader: in any minute */
#define POOL_READ_MAX    16  /* packets of one link in one turn: a flood does not stop the others */
#define POOL_FINDINGS    8   /* FINDING packets during one job */
#define POOL_FILE_EXTRA  1048576
/* Loaders of a role that have not ended yet: with so many nothing is tried again. */
#define POOL_PROCESSES_MAX 8

/* The first member of what it belongs to. */
struct pool_link {
    enum pool_link_kind { POOL_LINK_LAUNCHER, POOL_LINK_LOADER, POOL_LINK_CHILD, POOL_LINK_KICK } kind;
    int fd; /* -1 = closed */
};

/* How often it spoke. */
struct pool_says {
    unsigned n;
    int64_t since;
};

enum pool_child_state {
    POOL_CHILD_DEAD, /* a place for one; filled at `due` */
    POOL_CHILD_STARTING,
    POOL_CHILD_IDLE,
    POOL_CHILD_BUSY,
    POOL_CHILD_DYING, /* its link is closed, EXITED is awaited */
    POOL_CHILD_STATE__MAX
};

/* What becomes of the job of a child that ends. */
enum pool_verdict { POOL_BY_CRUMB, POOL_ITS_FAULT, POOL_CALLED_OFF, POOL_NOT_ITS_FAULT };

/* Memory that a child writes lists and answers into, and its two ends. */
struct pool_list {
    int room, child; /* ours, for reading; the child's, for writing; -1 = none */
    size_t size;
};
#define POOL_LIST_NONE ((struct pool_list){-1, -1, 0})

struct pool_child {
    struct pool_link link;
    struct pool_child *next;
    struct pool_generation *gen;
    enum pool_child_state state;
    bool alone;                 /* for one job only */
    bool greeted, served;       /* said HELLO; became idle once */
    bool recycle;               /* ended so that a fresh one takes its place */
    bool tainted;               /* its last answer was trouble of its own */
    unsigned jobs;              /* that it has answered */
    bool retired, exited;       /* it is ended in an orderly way; EXITED has come */
    uint64_t id;                /* 0 while there is no process */
    uint32_t pid, hello_pid;    /* as the loader says, as it says itself; 0 = not yet */
    struct pool_job *job;       /* at work, or (alone) waiting for its child */
    bool begun;                 /* the job was sent */
    struct pool_list list;      /* of this process */
    struct sealed_crumb *crumb; /* shared memory: each field is read once, by pool_result_phase() */
    enum pool_verdict verdict;
    char cause[POOL_CAUSE_MAX]; /* why it is ended; "" = it ended by itself */
    int64_t due, begun_ms, cancel_due;
    int64_t cpu_ms;  /* of the process when the job began; -1 = not known */
    clockid_t clock; /* of the process `clock_pid` */
    uint32_t clock_pid;
    unsigned deaths; /* in a row, without a finished job between */
    struct pool_says says;
    unsigned findings;               /* of this job */
    char finding[WIRE_TEXT_MAX + 1]; /* the last of them */
};

enum pool_generation_state {
    POOL_LOADING,
    POOL_READY,
    POOL_DRAINING, /* it begins no job any more */
    POOL_RETIRING, /* told to end */
    POOL_ENDING,   /* its link is closed; the launcher's EXITED is awaited */
    POOL_GONE,
    POOL_GENERATION_STATE__MAX
};

struct pool_generation {
    struct pool_link link;
    struct pool_generation *next;
    struct pool_role *role;
    enum pool_generation_state state;
    uint64_t number, id;
    char config[CONFIG_KEPT_HASH_LEN + 1]; /* hash of the settings that it was started with */
    bool asked;                            /* LOAD went to the launcher: EXITED is owed */
    bool exited, unexplained;              /* its link ended before its process did */
    uint32_t pid, applied, allow_less;     /* applied: SANDBOX_ bits, launcher and worker together */
    struct wire_ready ready;
    struct wire_loaded loaded;
    bool told_loaded;
    uint64_t file_max;
    int64_t deadline;         /* of one job; as the settings were that its loader got */
    struct pool_child *child; /* a list; owned */
    unsigned failures;        /* children in a row that ended before HELLO */
    int64_t alone_due;        /* no extra child before this time */
    int64_t due;
    struct pool_says says;
    char said[WIRE_TEXT_MAX + 1]; /* the last word of a child that was starting */
    char fate[WIRE_TEXT_MAX + 1]; /* how the process ended */
};

/* A reload by POOL_DRAIN. */
enum pool_drain { POOL_NOT_DRAINED, POOL_OLD_ENDS, POOL_NEW_LOADS };

struct pool_role {
    enum role role;
    bool wanted;
    const char *name;
    struct pool_generation *gen; /* newest first; owned */
    struct pool_generation *current;
    uint64_t last_number, jobs, deaths;
    struct pool_job *first, *last; /* waiting */
    unsigned failures;             /* generations in a row */
    unsigned charged;              /* deaths in a row that messages were charged with */
    uint64_t blamed;               /* number of the generation that the alarm is about; 0 = none */
    int64_t retry_due, hold_due, down_since;
    bool again; /* one more order came while the first generation was still loading */
    enum pool_drain drain;
    enum pool_reload mode, reload_mode; /* of the last order; of the last one that was done */
    int64_t order_ms, reload_ms;        /* when it was ordered, 0 = it is over; how long it took, 0 = none */
    char trouble[WIRE_TEXT_MAX + 1];
};

struct pool_note;

struct pool {
    struct spoold *s;
    struct pool_link launcher, kick;
    uint32_t roles; /* as in struct pool_options */
    void (*load)(struct spoold *s, enum role role, struct buf *settings, int *dir);
    int epoll;
    bool trace, lost, stopping, delivering;
    bool turning, again, kicked; /* in turn(); once more; `kick` was written and not read */
    int64_t (*clock)(void);
    int64_t now; /* of this turn */
    uint64_t last_id;
    struct pool_role role[ROLE__MAX];
    struct pool_note *note, **note_end; /* outcomes that are not delivered yet */
    char said[WIRE_TEXT_MAX + 1];       /* the launcher's last word */
};

#endif
