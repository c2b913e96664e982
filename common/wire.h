/*
 * wire.h - what supervisor, launcher and workers say to each other: fixed packets over SOCK_SEQPACKET.
 *
 * Three links, each a socket pair that the supervisor made: to the launcher, to
 * a loader, to a serving child. A packet is a header and one struct (plain
 * numbers, no pointers, no paths) or a text; descriptors travel beside it.
 * What a peer says is input: wire_check() holds every packet against one table
 * (length, version, number of descriptors, who may say it in which state),
 * and a packet that breaks a rule ends its sender.
 */
#ifndef COMMON_WIRE_H
#define COMMON_WIRE_H

#include "common/sealed.h"

#include <stdint.h>

#define WIRE_VERSION  1
#define WIRE_BODY_MAX 112 /* bytes of a struct; with the header 128 */
#define WIRE_TEXT_MAX 400 /* bytes of a text (FAILED, LOG, FINDING) */
#define WIRE_FDS_MAX  4
#define WIRE_LINK_FD  3 /* the descriptor of a program's own link after execve */

enum wire_type {
    WIRE_LOAD = 1, /* start a loader of this role; to the loader: what it is to load */
    WIRE_READY,    /* the loader is loaded, tested, and forks on request */
    WIRE_FAILED,
    WIRE_SPAWN,   /* fork a child for this link and this crumb page */
    WIRE_SPAWNED, /* done: its process number */
    WIRE_EXITED,  /* a process ended, and how */
    WIRE_RETIRE,  /* end it */
    WIRE_HELLO,   /* the child is locked down and passed its canary */
    WIRE_JOB,
    WIRE_NEED, /* facts that the job needs; no role asks for any yet */
    WIRE_RESULT,
    WIRE_CANCEL,  /* drop the job; a RESULT is still owed */
    WIRE_LOG,     /* a line for the log */
    WIRE_LOADED,  /* loader: what it has loaded; before READY */
    WIRE_FINDING, /* child: words that belong to its next RESULT: the name of a virus, why not examined */
    WIRE__MAX
};

/* Which end of which link sends. */
enum wire_sender {
    WIRE_TO_LAUNCHER,
    WIRE_FROM_LAUNCHER,
    WIRE_TO_LOADER,
    WIRE_FROM_LOADER,
    WIRE_TO_CHILD,
    WIRE_FROM_CHILD,
    WIRE_SENDER__MAX
};

/* The state of the sender's peer relation, as bits for the rule table. Launcher links are always UP. */
enum wire_state {
    WIRE_UP = 1,       /* launcher; loader that is READY; child that is idle */
    WIRE_STARTING = 2, /* loader before READY, child before HELLO */
    WIRE_BUSY = 4,     /* child with a job */
};

struct wire_header {
    uint16_t version, type;
    uint32_t length; /* of the body */
    uint64_t id;     /* of the loader, child or job that is spoken of; LOG: 0 */
};

enum { WIRE_LOAD_TRACE = 1 }; /* flags: name unknown system calls */
struct wire_load { /* to the launcher: 1 fd, its link. To the loader: settings blob, maybe a folder to load */
    uint32_t role, flags;
    uint64_t generation;
    uint64_t file_max;   /* bytes that one output may have (RLIMIT_FSIZE) */
    uint32_t allow_less; /* SANDBOX_ bits that may be missing, by explicit setting */
    uint32_t scratch_mb; /* size of the tmpfs at /tmp; 0 = as the row of the role says */
};
struct wire_ready {
    uint32_t applied;           /* SANDBOX_ bits that the loader's test child reached */
    uint16_t attempts, refused; /* of the escape self-test */
    uint32_t landlock_abi, reserved;
};
enum { WIRE_LOADED_TEST = 1 }; /* flags: signatures for tests only */
struct wire_loaded {
    uint64_t signatures;
    int64_t built; /* the newest of them, Unix seconds; 0 = not known */
    uint32_t version, flags;
    char engine[24]; /* "1.4.6"; printable ASCII, the rest zero */
};
struct wire_spawned { /* from the launcher: of a loader; from the loader: of a child */
    uint32_t pid;
    uint32_t applied; /* launcher: what it applied */
};
struct wire_exited {
    int32_t status; /* as wait(2) gives it */
    uint32_t pid;
    uint64_t cpu_us;
    uint64_t rss_kb;
};
struct wire_hello {
    uint32_t pid;
    uint32_t applied;
    uint32_t landlock_abi, reserved;
};
/* fds: message (read only; an empty blob where the job is about none); then, by the bits and in this order,
 * output (write only), blob, notes (append only), peer (a connected socket). */
enum { WIRE_JOB_OUT = 1, WIRE_JOB_BLOB = 2, WIRE_JOB_NOTES = 4, WIRE_JOB_PEER = 8 };
struct wire_job {
    uint32_t flags;
    uint32_t test; /* test builds: the misbehaviour that is asked for; 0 */
    uint64_t size; /* of the message */
};
enum wire_status {
    WIRE_OK,
    WIRE_IO,      /* reading or writing failed: `err` */
    WIRE_REFUSED, /* it cannot be done as asked, and never will; `err` */
    WIRE_CANCELLED,
    WIRE_STATUS__MAX
};
struct wire_result {
    uint32_t status; /* enum wire_status */
    int32_t err;     /* errno */
    uint64_t in_size, out_size;
    unsigned char sha256[32]; /* of the message as it was read */
    uint64_t cpu_us;          /* of this job */
    uint32_t rss_kb;          /* of the child so far */
    union {                   /* by role */
        struct {
            uint32_t hops, own_hops; /* Received: fields, and those of them by this host's spoold */
            uint32_t removed;        /* fields that were removed */
        };
        struct {
            uint32_t state, why; /* common/antivirus.h */
            uint32_t layers;     /* files that were looked into, the message among them */
        };
        struct {
            uint32_t done, failed, later; /* recipients of the order, by what became of them */
        };
        struct {
            uint32_t kind;           /* common/antispam.h */
            uint32_t needs, results; /* what the answer names, what it has found */
        };
    };
    uint32_t reserved[2];
};

struct wire_packet {
    struct wire_header h;
    union {
        struct wire_load load;
        struct wire_ready ready;
        struct wire_loaded loaded;
        struct wire_spawned spawned;
        struct wire_exited exited;
        struct wire_hello hello;
        struct wire_job job;
        struct wire_result result;
        char text[WIRE_TEXT_MAX]; /* FAILED, LOG, FINDING; h.length bytes, no NUL */
    } u;
    int fd[WIRE_FDS_MAX]; /* received: the reader's to close; sent: still the sender's */
    unsigned fd_n;
};

_Static_assert(sizeof(struct wire_header) == 16, "wire header");
_Static_assert(sizeof(struct wire_load) == 32, "wire load");
_Static_assert(sizeof(struct wire_ready) == 16, "wire ready");
_Static_assert(sizeof(struct wire_loaded) == 48, "wire loaded");
_Static_assert(sizeof(struct wire_spawned) == 8, "wire spawned");
_Static_assert(sizeof(struct wire_exited) == 24, "wire exited");
_Static_assert(sizeof(struct wire_hello) == 16, "wire hello");
_Static_assert(sizeof(struct wire_job) == 16, "wire job");
_Static_assert(sizeof(struct wire_result) == 88, "wire result");
_Static_assert(sizeof(struct wire_result) <= WIRE_BODY_MAX, "a packet has at most 128 bytes");

/* An empty packet of this type, its body zeroed and of the type's fixed length, no descriptors. */
struct wire_packet wire_packet(enum wire_type type, uint64_t id);
/* A LOG or FAILED packet; cut at WIRE_TEXT_MAX, bytes outside 0x20-0x7e become '?'. */
__attribute__((format(printf, 3, 4))) struct wire_packet wire_text(enum wire_type type, uint64_t id,
                                                                   const char *fmt, ...);
/* Sends without waiting (MSG_DONTWAIT, MSG_NOSIGNAL). 0, or -1 with errno; EAGAIN: the peer does not read. */
int wire_send(int link, const struct wire_packet *p);
/*
 * Takes one packet. 1; 0 at the end of the link; -1 with errno (EAGAIN: nothing there; EPROTO: cut off,
 * not as long as its header says, or more descriptors than WIRE_FDS_MAX; EMFILE: this process may not open
 * what came. What came with it is closed then).
 * Descriptors are close-on-exec. With `wait` false it does not wait. The body beyond h.length is zero.
 */
int wire_recv(int link, struct wire_packet *p, bool wait);
/*
 * NULL, or in plain words which rule of the table the packet breaks ("RESULT: too many descriptors"), a
 * constant. The bytes of a text are looked at too: printable ASCII only.
 */
const char *wire_check(enum wire_sender from, enum wire_state state, const struct wire_packet *p);
/* "JOB"; "?" beyond the table. */
const char *wire_type_name(unsigned type);
void wire_close_fds(struct wire_packet *p);

#endif
