/*
 * spoold.h - the supervisor's one context: everything that the loop thread owns.
 *
 * Made in main(), passed down, never global. The depot belongs to the store
 * thread while that runs (task.h).
 */
#ifndef SPOOLD_SPOOLD_H
#define SPOOLD_SPOOLD_H

#include "spoold/alarm.h"
#include "spoold/antivirus.h"
#include "spoold/depot.h"
#include "spoold/hold.h"
#include "spoold/intake.h"
#include "spoold/judging.h"
#include "spoold/notify.h"
#include "spoold/reload.h"
#include "spoold/roster.h"
#include "spoold/store.h"

#define SPOOLD_VERSION "0.1.0"

/* Without a worker for so long: no new messages are taken, and those that wait for one are left on disk. */
#define SPOOLD_WORKER_MS 10000
/* So many times spool.max_in_flight may wait for the DNS beside those in work. */
#define SPOOLD_PARKED 2

struct control;
struct listtest;
struct resolver;
struct watch;

struct spoold {
    const struct config *cfg;
    struct depot depot;
    struct store *store;
    struct task_list todo;     /* goes to the store as the next batch */
    struct pool *pool;         /* the workers; NULL in tests that do without */
    struct resolver *resolver; /* asks the DNS; NULL in tests that do without */
    struct listtest *listtest; /* which DNS lists may be asked; NULL: all */
    /* Tests only: fills an output in this process, in the place of a worker. 0, or -1 with errno. */
    int (*rewrite_inline)(int in, int out, struct view edits, struct wire_result *result);
    void (*examine_inline)(const struct pool_job *job, struct pool_outcome *outcome);
    struct {
        struct msg *alone; /* the one that goes alone at present */
        struct task_list lane, big,
            unserved;            /* messages that wait for that, for big ones before them, for a worker */
        unsigned big_n;          /* big ones between here and the virus scanner's answer */
        bool rested, overflowed; /* some were left on disk: for want of a worker, of room in the lane */
    } gate;
    struct judging_waiting judging; /* those that wait for facts */
    struct roster roster;
    struct hold_orders holds;
    uint64_t bytes_in_flight;
    size_t handed_over; /* of those in work: published, only the books are open */
    struct intake intake[CONFIG_INTAKE_MAX];
    size_t next_intake; /* whose turn it is */
    struct alarms alarms;
    struct watch *watch;
    struct control *control;
    struct antivirus av;
    struct deliver *deliver; /* hands over what stands in outlets; NULL in tests that do without */
    struct notify notify;
    struct reload_source source;
    struct ledger_counts counts; /* as of the last housekeeping */
    bool catching_up;            /* the ledger lags behind the journal */
    struct spool_facts {         /* copied at start: the loop may show them at any time */
        char fs_type[32];
        bool fs_journal;
        enum spool_model model;
    } facts;

    int64_t started_ms;    /* wall clock */
    int64_t look_due;      /* monotonic: next look at proc */
    int64_t scan_due;      /* next full scan of the intakes */
    int64_t tidy_due;      /* next housekeeping */
    int64_t stop_due;      /* while stopping: at the latest */
    bool look_again;       /* another look was asked for during one */
    bool looking, tidying; /* such a task is under way */
    bool recovered;        /* the first look has come to its end: intake may start */
    bool swept;            /* the first walk over quarantine, too */
    bool no_room, stalled, marked_stopped;
    bool mark_failed; /* tried again each second, not each turn */
    bool mark_fresh;  /* the intakes were marked since the last rescan; others can write there */
    bool frozen;      /* by an administrator (control_freeze.h) */
    bool once, hold_all, stopping;
    bool strange;            /* the present look at proc met a state that spoold does not touch */
    int64_t outlet_error_ms; /* monotonic: a name was taken in an outlet, 0 = never */
    int64_t disk_error_ms;   /* monotonic: the last one, 0 = none */
    bool failed_once;        /* --once could not do its work */
    char root_label[128];
};

/* Why no new messages are taken at present, in plain words; NULL when they are. */
const char *spoold_stop_reason(const struct spoold *s);
/* Why an attempt cannot begin at present, in plain words; NULL when it can. And for how long the workers are
 * down without which no message is taken in at all. */
const char *spoold_worker_trouble(const struct spoold *s);
int64_t spoold_workers_down_ms(const struct spoold *s);
/* Whose Authentication-Results are ours (RFC 8601): site.authserv_id, else the host's name. */
const char *spoold_authserv_id(const struct spoold *s);
/* Bytes of messages in work but for those that wait for the DNS. */
uint64_t spoold_bytes_in_work(const struct spoold *s);
/* Messages that may still be taken into work; 0 while the intakes are stopped. */
size_t spoold_room(const struct spoold *s);

#endif
