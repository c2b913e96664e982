/*
 * role_antispam.c - the role "antispam": one round of judging one message, see common/antispam.h.
 *
 * Linked into worker-antispam only; called by the worker runtime. The loader compiles rules and lists, which
 * its children share. The message is read into memory once in a round that needs it, and hashed there. It
 * never opens anything, knows no weights and nothing of what becomes of its answer.
 */
#include "workers/antispam/code_seal.h"
#include "workers/antispam/judge.h"
#include "workers/misbehave.h"
#include "workers/read.h"
#include "workers/sha256.h"
#include "workers/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Of this process: loaded once, shared by all children through fork(2). */
static struct {
    struct antispam *judge;
    struct sha256 *digest;
    char *room; /* of a child: for a message, as most are; NULL = none yet */
} role;

static int load(const struct worker_load *l, struct buf *why)
{
    unsigned ranges;

    if (sha256_load() < 0 || (!role.digest && !(role.digest = sha256_open()))) {
        buf_add_str(why, "libcrypto does not give the right SHA-256; is OpenSSL installed in one piece?");
        return -1;
    }
    mail_html_load();
    role.judge = judge_open(l->settings, why); /* once: what is sealed cannot be freed */
    return role.judge && code_seal(&ranges, why) == 0 ? 0 : -1;
}

#define PIECE 65536
#define ROOM  (256u << 10) /* bytes; a larger message gets memory of its own, which goes back to the system  \
                            */
#define KEEP_MAX ((size_t)64 << 20) /* bytes of a message that are judged; the whole of it is hashed */

#define CANARY_SENDER "a@example.org"
#define CANARY_MAIL                                                                                          \
    "From: A <a@example.org>\r\nTo: b@example.net\r\nSubject: canary\r\n"                                    \
    "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\n\r\nhttp://example.com/ and more\r\n"

/* A message without facts is judged under lock-down, in two rounds, as the real ones are. */
static int canary(int in, int out, struct buf *why)
{
    struct antispam_order o = {.now = 1767225600000,
                               .sender = VIEW(CANARY_SENDER),
                               .ip = VIEW("192.0.2.1"),
                               .helo = VIEW("example.org")};
    struct antispam_answer a = {0};
    struct buf first = {0}, second = {0};
    int rc = -1;

    (void)in;
    (void)out;
    judge_message(role.judge, &o, VIEW(CANARY_MAIL), &first);
    o.flags = ANTISPAM_FINAL;
    judge_message(role.judge, &o, VIEW(CANARY_MAIL), &second);
    if (antispam_unpack_answer(buf_view(&first), &a) < 0) {
        buf_add_str(why, "the test message was not judged: no answer");
        goto out;
    }
    antispam_free_answer(&a);
    if (antispam_unpack_answer(buf_view(&second), &a) < 0 || a.kind != ANTISPAM_VERDICT ||
        !view_equal(a.verdict.from_domain, VIEW("example.org"))) {
        buf_add_str(why, "the test message was not judged as it must be");
        goto out;
    }
    rc = 0;
out:
    antispam_free_answer(&a);
    buf_free(&first);
    buf_free(&second);
    return rc;
}

static bool fail_io(struct wire_result *r, int err)
{
    r->status = WIRE_IO;
    r->err = err;
    return false;
}

/* All of it and not a byte more is hashed; what is beyond `keep` bytes goes through `piece` only. False: the
 * result says why. */
static bool read_message(const struct worker_job *job, char *p, size_t keep, struct wire_result *r)
{
    char piece[PIECE];
    ssize_t got = 1;

    while (got > 0) {
        size_t at = (size_t)r->in_size, room = at < keep ? keep - at : sizeof piece;
        char *to = at < keep ? p + at : piece;

        got = read_at(job->message, to, room < PIECE ? room : PIECE, r->in_size);
        if (got > 0 && sha256_add(role.digest, to, (size_t)got) < 0)
            return fail_io(r, EIO);
        if (got > 0)
            r->in_size += (uint64_t)got;
        if (r->in_size > job->size)
            return fail_io(r, EIO); /* longer than it was */
    }
    return got == 0 && r->in_size == job->size ? true : fail_io(r, got < 0 ? errno : EIO);
}

/* As a new mapping for each message would be, it is empty when it is used again: see put_back(). */
static char *take_room(size_t n)
{
    char *p = MAP_FAILED;

    if (n <= ROOM && !role.room)
        role.room = malloc(ROOM);
    if (n <= ROOM && role.room)
        return role.room;
    p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* Nothing of a message is left for whoever has the next one. */
static void put_back(char *p, size_t n)
{
    if (p == role.room)
        explicit_bzero(p, n);
    else
        munmap(p, n);
}

/* A message of any size is judged by its begin: what comes behind is attachments, or meant to wear us out. */
static void with_message(const struct worker_job *job, const struct antispam_order *o, struct buf *answer,
                         struct wire_result *r)
{
    size_t keep = job->size < KEEP_MAX ? (size_t)job->size : KEEP_MAX;
    char *p = take_room(keep ? keep : 1);

    if (!p) {
        fail_io(r, ENOMEM);
        return;
    }
    if (sha256_begin(role.digest) < 0) {
        fail_io(r, EIO);
    } else if (read_message(job, p, keep, r)) {
        worker_phase(job, SEALED_PHASE_SCANNING);
        judge_message(role.judge, o, (struct view){p, keep}, answer);
        if (sha256_end(role.digest, r->sha256) < 0)
            fail_io(r, EIO);
    }
    put_back(p, keep ? keep : 1);
}

static void give(const struct worker_job *job, const struct buf *answer, struct wire_result *r)
{
    if (r->status != WIRE_OK)
        return;
    if (buf_write_fd(answer, job->out) < 0) {
        r->status = WIRE_IO;
        r->err = errno;
        return;
    }
    r->out_size = answer->n;
}

static void run(struct worker_job *job, struct wire_result *r)
{
    struct antispam_order o = {0};
    struct buf answer = {0};

    *r = (struct wire_result){.status = WIRE_OK};
    worker_phase(job, SEALED_PHASE_READING);
    misbehave_begin(job);
    if (job->out < 0 || antispam_unpack_order(job->blob, &o) < 0) {
        r->status = WIRE_REFUSED;
        r->err = EINVAL;
    } else {
        if (judge_unfold(role.judge, &o, &answer))
            with_message(job, &o, &answer, r);
        give(job, &answer, r);
    }
    antispam_free_order(&o);
    buf_free(&answer);
    misbehave_end(job, r);
}

const struct worker_role worker_role = {
    .role = ROLE_ANTISPAM,
    .load = load,
    .canary = canary,
    .run = run,
};
