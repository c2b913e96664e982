/*
 * role_rewrite.c - the role "rewrite": header edits of one message, from one descriptor to another.
 *
 * Linked into worker-rewrite only; called by the worker runtime. It knows
 * nothing of the policy: what to change comes in the job's blob. It never opens
 * anything and never ends the process because of what a message holds.
 */
#include "common/edit.h"
#include "workers/misbehave.h"
#include "workers/rewrite.h"
#include "workers/worker.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* The canary: forged fields in several disguises, a line that only looks like one, a body like a header. */
#define CANARY_IN                                                                                            \
    "From a@example.org Thu Jan  1 00:00:00 1970\r\n"                                                        \
    "X-SPOOLD-State: clean\r\n\tand more\r\n"                                                                \
    "Received: by mx.example.org\r\n\twith spoold id 1;\r\n Thu, 1 Jan 1970 00:00:00 +0000\r\n"              \
    "Authentication-Results: (c) mx.example.org\r\n ; spf=pass\r\n"                                          \
    "Subject: one\r\n x-spoold-folded: stays\r\n"                                                            \
    "x-spoold-no-colon\r"                                                                                    \
    "\0X-Spo\0old-Nul : forged\r\n"                                                                          \
    "To: b@example.org\r\n"                                                                                  \
    "X-Spoold-Last: forged\r\n"                                                                              \
    "\r\n"                                                                                                   \
    "X-Spoold-Body: stays\n"
#define CANARY_OUT                                                                                           \
    "From a@example.org Thu Jan  1 00:00:00 1970\r\n"                                                        \
    "X-Spoold-Test: a\r\n\tb\r\n"                                                                            \
    "Received: by mx.example.org\r\n\twith spoold id 1;\r\n Thu, 1 Jan 1970 00:00:00 +0000\r\n"              \
    "Subject: [test] one\r\n x-spoold-folded: stays\r\n"                                                     \
    "To: b@example.org\r\n"                                                                                  \
    "\r\n"                                                                                                   \
    "X-Spoold-Body: stays\n"
#define CANARY_REMOVED 5
static const unsigned char canary_sha256[SHA256_SIZE] = {
    0xf0, 0x86, 0x73, 0x76, 0x29, 0xd8, 0xea, 0xb6, 0x1d, 0xcd, 0x12, 0xc4, 0x7c, 0xf1, 0x6b, 0x1c,
    0x74, 0xfd, 0xe4, 0x27, 0x8e, 0x5b, 0x4b, 0xcf, 0x2a, 0xf2, 0x3a, 0xc9, 0xd8, 0x02, 0xd0, 0x4c,
};

static int load(const struct worker_load *l, struct buf *why)
{
    (void)l;
    if (sha256_load() == 0)
        return 0;
    buf_add_str(why, "libcrypto does not give the right SHA-256; is OpenSSL installed in one piece?");
    return -1;
}

static int open_canary(int *in, int *out)
{
    static const char text[] = CANARY_IN;
    struct buf b = {0};
    int rc = -1;

    *out = -1;
    *in = memfd_create("canary-in", MFD_CLOEXEC);
    buf_add(&b, text, sizeof text - 1);
    if (*in >= 0 && buf_write_fd(&b, *in) == 0)
        *out = memfd_create("canary-out", MFD_CLOEXEC);
    if (*out >= 0)
        rc = 0;
    buf_free(&b);
    return rc;
}

static void pack_canary(struct buf *edits)
{
    edit_pack(edits, EDIT_PREPEND, VIEW("X-Spoold-Test"), VIEW("a\n\tb"));
    edit_pack(edits, EDIT_REMOVE_PREFIX, VIEW("X-Spoold-"), (struct view){0});
    edit_pack(edits, EDIT_COUNT_OWN, (struct view){0}, VIEW("mx.example.org"));
    edit_pack(edits, EDIT_REMOVE_AR, (struct view){0}, VIEW("mx.example.org"));
    edit_pack(edits, EDIT_SUBJECT, (struct view){0}, VIEW("[test]"));
}

static bool check_result(const struct wire_result *r)
{
    return r->status == WIRE_OK && r->in_size == sizeof CANARY_IN - 1 &&
           r->out_size == sizeof CANARY_OUT - 1 && r->hops == 1 && r->own_hops == 1 &&
           r->removed == CANARY_REMOVED && memcmp(r->sha256, canary_sha256, sizeof canary_sha256) == 0;
}

/* Runs one job; what goes wrong is in the result. */
static void rewrite_job(const struct worker_job *job, const struct rewrite_io *io, struct wire_result *r)
{
    struct rewrite rw; /* not cleared: its buffers cost more than a small message */
    struct rewrite_result done = {0};

    if (job->out < 0 || rewrite_open(&rw, job->blob) < 0) {
        r->status = WIRE_REFUSED;
        r->err = EINVAL;
        return;
    }
    if (rewrite_run(&rw, io, &done) < 0) {
        r->err = errno;
        r->status = errno == ECANCELED ? WIRE_CANCELLED : WIRE_IO;
    }
    r->in_size = done.in_size;
    r->out_size = done.out_size;
    r->hops = done.hops;
    r->own_hops = done.own_hops;
    r->removed = done.removed;
    memcpy(r->sha256, done.sha256, sizeof r->sha256);
}

static bool is_cancelled(const void *job)
{
    return worker_cancelled(job);
}

/* `cancel`: NULL where nobody can cancel it. */
static void run_with(const struct worker_job *job, bool (*cancel)(const void *), struct wire_result *r)
{
    struct rewrite_io io = {
        .in = job->message, .out = job->out, .size = job->size, .cancelled = cancel, .arg = job};

    *r = (struct wire_result){.status = WIRE_OK};
    io.digest = sha256_open();
    if (io.digest) {
        rewrite_job(job, &io, r);
    } else {
        r->status = WIRE_IO;
        r->err = ENOMEM;
    }
    sha256_free(&io.digest);
}

static int canary(int in, int out, struct buf *why)
{
    static const char wanted[] = CANARY_OUT;
    char got[sizeof wanted] = {0};
    struct worker_job job = {.message = in, .out = out, .size = sizeof CANARY_IN - 1, .link = -1};
    struct wire_result r = {0};
    struct buf edits = {0};
    int rc = -1;

    pack_canary(&edits);
    job.blob = buf_view(&edits);
    run_with(&job, NULL, &r);
    if (!check_result(&r))
        buf_addf(why, "the test message gave another result than it must: status %u, errno %d, %u removed",
                 r.status, r.err, r.removed);
    else if (pread(out, got, sizeof got, 0) != sizeof wanted - 1 ||
             memcmp(got, wanted, sizeof wanted - 1) != 0)
        buf_add_str(why, "the test message was not rewritten as it must be");
    else
        rc = 0;
    buf_free(&edits);
    return rc;
}

static void run(struct worker_job *job, struct wire_result *r)
{
    worker_phase(job, SEALED_PHASE_READING);
    misbehave_begin(job);
    run_with(job, is_cancelled, r);
    misbehave_end(job, r);
}

const struct worker_role worker_role = {
    .role = ROLE_REWRITE,
    .load = load,
    .canary = canary,
    .open_canary = open_canary,
    .run = run,
};
