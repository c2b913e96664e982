/*
 * msg.h - one message in work, from claim to the end of settle.
 *
 * Exactly one thread owns it at a time (see task.h). What it says of the disk
 * is what this process did or read there itself; after any doubt the message is
 * dropped from memory and found again by recover.c.
 */
#ifndef SPOOLD_MSG_H
#define SPOOLD_MSG_H

#include "common/antivirus.h"
#include "common/envelope.h"
#include "common/parts.h"
#include "spoold/base.h"
#include "spoold/config_kept.h"
#include "spoold/decide.h"
#include "spoold/decide_whole.h"
#include "spoold/judging.h"
#include "spoold/pool.h"
#include "spoold/spool.h"
#include "spoold/task.h"

#define MSG_COPIES_MAX 16  /* outcomes of one message; more go to quarantine/policy (DESIGN 3) */
#define MSG_NAME_MAX   256 /* a file name: BASE and suffix */
#define MSG_REASON_MAX DECIDE_REASON_MAX
#define MSG_VIRUS_MAX  160
#define MSG_CONFIG_MAX (CONFIG_KEPT_HASH_LEN + 1)

/* The commit suffixes that spoold uses, and "not decided". */
enum msg_fate {
    MSG_FATE_NONE,
    MSG_FATE_SEND,
    MSG_FATE_QUARANTINE,
    MSG_FATE_DROP,
    MSG_FATE_HOLD,
    MSG_FATE__MAX
};

/* One row per step of protocol.md section 3, in order; see the table in flow.c. */
enum msg_step {
    MSG_STEP_ADMIT, /* loop: offer it, or lock it */
    MSG_STEP_OFFER,
    MSG_STEP_WINDOW, /* loop: other programs have it */
    MSG_STEP_GATE,   /* loop: until a worker serves it, alone from the second attempt on */
    MSG_STEP_LOCK,
    MSG_STEP_EXAMINE, /* loop: worker-av looks for viruses */
    MSG_STEP_JUDGE,   /* loop: worker-antispam judges it, with facts of worker-dns */
    MSG_STEP_DECIDE,  /* loop */
    MSG_STEP_CREATE,
    MSG_STEP_REWRITE, /* loop: worker-rewrite fills the copies */
    MSG_STEP_PREPARE,
    MSG_STEP_COMMIT,
    MSG_STEP_RESUME, /* found committed after a restart */
    MSG_STEP_CONTENT,
    MSG_STEP_ENVELOPE,
    MSG_STEP_RECORD,
    MSG_STEP_UNLINK,
    MSG_STEP_FINISH,
    MSG_STEP_HOLD,
    MSG_STEP_HELD, /* loop: waits for its next try */
    MSG_STEP_GONE, /* loop: nothing of it is left in proc */
    MSG_STEP__MAX
};

struct msg_copy {
    size_t *rcpt; /* owned: indexes into the envelope's recipients */
    size_t rcpt_n;
    const struct decide_outcome *outcome; /* in msg.decided; NULL: nothing was decided by a verdict */
    char *redirect;                       /* owned: the address that gets it instead of them; NULL: they do */
    struct buf marks; /* what that leaves in the mail: edits, by the settings that decided (mark.h) */
};

/* What the antivirus stage answered, and by which engine. */
struct msg_virus {
    enum antivirus_state state;
    enum antivirus_why why;
    char text[MSG_VIRUS_MAX]; /* name of the virus, or words to `why` */
    uint32_t layers;
    uint64_t generation;
    struct wire_loaded by; /* the engine and its signatures */
};

/* How the last worker that was charged to a message ended: its crash bundle. */
struct msg_crash {
    char cause[POOL_CAUSE_MAX]; /* "" = none was */
    int signal;
    uint32_t phase, pid;
    uint64_t generation;
};

struct msg {
    struct task task; /* first */
    struct base base;
    enum msg_step step; /* the next one */
    enum msg_step ran;  /* the last one that was begun; for the log */
    enum msg_fate fate;
    enum spool_class class;
    char suffix[32];  /* of the envelope in proc: ".hdr.c", ".hdr.w1", ".hdr.q-virus" ... */
    unsigned attempt; /* N of .wN or .hN */
    bool
        keep_attempt; /* the last attempt ended through no fault of the message: lock under the same number */
    size_t intake;    /* index into config and spool */
    int eml;          /* descriptor bound to the claimed bytes, or -1 */
    struct stat eml_stat;
    uint64_t counted; /* bytes that the loop counts for it */
    bool unreadable;  /* the last step could not open one of its two files */
    bool given_up;    /* it cannot be read: to quarantine/failed as it stands */
    struct envelope env;
    bool env_ok, accepted;
    struct view name; /* deposited NAME; owned bytes */
    struct msg_copy copy[MSG_COPIES_MAX];
    size_t copy_n;
    struct msg_copy rest;    /* recipients of the quarantine entry or of the discard */
    int out[MSG_COPIES_MAX]; /* descriptors of BASE.K.eml.out until they wait for their flush; -1 = none */
    struct pool_job job;     /* at a worker, one copy after the other */
    unsigned job_copy;       /* index of that copy */
    struct msg_virus virus;
    struct judging spam;          /* by the antispam stage */
    enum decide_by by;            /* which rule decided in this run; NOTHING after a restart */
    struct decide_result decided; /* by that verdict; empty where something else decided */
    bool outgoing;                /* as it was decided about */
    char config[MSG_CONFIG_MAX];  /* hash of the settings that decided */
    struct buf decisions;         /* the same as JSON (decision_json.h) */
    uint32_t hops, own_hops;      /* Received fields, as worker-rewrite counted them */
    struct parts parts;           /* as worker-av told; empty where it did not */
    bool big;                     /* counts in gate.big_n */
    bool unserved;                /* put on hold only because no worker was there for it */
    struct buf edits;             /* what worker-rewrite is to change in that copy */
    bool hashed;                  /* sha256 is of the bytes that the worker read */
    unsigned char sha256[32];
    struct msg_crash crash;
    uint32_t test_code;          /* test builds: how the worker is to misbehave */
    uint32_t outs_eml, outs_hdr; /* bit K-1: BASE.K.eml.out, .hdr.out stand in proc */
    bool json_out, recovered;
    bool recorded;    /* its journal lines are durable since before a restart */
    bool handed_over; /* published: it makes room for the next one */
    char reason[MSG_REASON_MAX];
    int64_t since_ms, next_ms; /* wall clock */
    unsigned tries;            /* holds so far */
    int err;                   /* errno of the step that failed, 0 = none */
    const char *err_what;
};

struct msg *msg_new(const struct base *b);
void msg_free(struct msg **m);
/* "BASE" + suffix into `to`, which has room for MSG_NAME_MAX. Returns `to`. */
const char *msg_file(const struct msg *m, char *to, const char *suffix);
/* The name of copy k (1..): BASE.K + suffix in proc ("out" form), BASE or BASE.K + suffix in an outlet. */
const char *msg_out_file(const struct msg *m, char *to, unsigned k, const char *suffix);
const char *msg_outlet_file(const struct msg *m, char *to, unsigned k, const char *suffix);
/* All recipients of the envelope that are not in any copy. */
void msg_fill_rest(struct msg *m);
/* A copy to all recipients. */
void msg_add_copy_all(struct msg *m);
void msg_clear_decision(struct msg *m);
/* Closes the outputs that are still open: store thread, or when they keep their names. */
void msg_close_outs(struct msg *m);
uint64_t msg_size(const struct msg *m);
const char *msg_step_name(enum msg_step s);
__attribute__((format(printf, 2, 3))) void msg_set_reason(struct msg *m, const char *fmt, ...);

#endif
