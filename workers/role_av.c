/*
 * role_av.c - the role "av": one message from a descriptor, examined for viruses by libclamav.
 *
 * Linked into worker-av only; called by the worker runtime. The message is read
 * into memory once, and these very bytes are hashed and scanned: the SHA-256 in
 * the RESULT is that of what was examined. It never ends the process because of
 * what a message holds, and it knows nothing of what becomes of the answer.
 */
#include "common/log.h"
#include "workers/av/av_canary.h"
#include "workers/av/av_mail.h"
#include "workers/av/av_pages.h"
#include "workers/av/av_seen.h"
#include "workers/av/av_stat.h"
#include "workers/misbehave.h"
#include "workers/read.h"
#include "workers/sha256.h"
#include "workers/worker.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define NICE 10
#define ROOM                                                                                                 \
    (256u << 10) /* bytes; a larger message gets memory of its own, which goes back to the system            \
                  */

/* The engine of this process: loaded once, shared by all children through fork(2). */
static struct {
    struct av_engine *engine;
    struct av_mail *mail;
    struct sha256 *digest;
    char *room; /* of a child: for a message, as most are; NULL = none */
} av;

static int load_test_set(const struct worker_load *l, struct buf *why)
{
    if (!l->scratch || av_canary_write_signatures(l->scratch) < 0) {
        buf_addf(why, "the test signatures could not be written to %s: %s",
                 l->scratch ? l->scratch : "nowhere", strerrordesc_np(errno));
        return -1;
    }
    l->loaded->flags = WIRE_LOADED_TEST;
    return av_engine_load(av.engine, l->scratch, l->loaded, why);
}

/* The folder came as a descriptor: a worker may not be able to reach it by its path. */
static int load_folder(const struct worker_load *l, struct buf *why)
{
    int rc;

    if (l->dir < 0 || fchdir(l->dir) < 0) {
        buf_addf(why, "the folder of the signatures cannot be entered: %s",
                 l->dir < 0 ? "none was given" : strerrordesc_np(errno));
        return -1;
    }
    rc = av_engine_load(av.engine, ".", l->loaded, why);
    if (chdir("/") < 0 && rc == 0) {
        buf_addf(why, "cannot go back to /: %s", strerrordesc_np(errno));
        rc = -1;
    }
    return rc;
}

static int load_engine(const struct worker_load *l, const struct antivirus_settings *s, struct buf *why)
{
    av.engine = av_engine_open(s, 0, why);
    if (!av.engine)
        return -1;
    if (l->scratch && av_engine_settle(av.engine, l->scratch) < 0) {
        buf_addf(why, "the engine does not take %s for its temporary files", l->scratch);
        return -1;
    }
    return s->flags & ANTIVIRUS_TEST_SET ? load_test_set(l, why) : load_folder(l, why);
}

struct loading {
    const struct worker_load *l;
    const struct antivirus_settings *s;
    struct buf *why;
    int rc;
};

/* Loading takes a processor for many seconds: the children of the generation before it come first. */
static void *load_politely(void *arg)
{
    struct loading *job = arg;

    setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    job->rc = load_engine(job->l, job->s, job->why);
    return NULL;
}

/* A thread of its own has a priority of its own, and lets that of the children alone, who could not raise it
 * again. */
static int load_in_thread(const struct worker_load *l, const struct antivirus_settings *s, struct buf *why)
{
    struct loading job = {l, s, why, -1};
    pthread_t thread;

    mallopt(M_ARENA_MAX, 1); /* what it allocates lies where the children expect it */
    if (pthread_create(&thread, NULL, load_politely, &job) != 0)
        return load_engine(l, s, why);
    pthread_join(thread, NULL);
    return job.rc;
}

/* Never needed: without it each part is scanned each time. */
static void open_seen(unsigned slots)
{
    struct buf why = {0};

    if (av_seen_open(slots, &why) < 0)
        log_info("parts that were clean are not remembered: %s", why.n ? why.p : "no reason given");
    buf_free(&why);
}

static int load(const struct worker_load *l, struct buf *why)
{
    struct antivirus_settings s;

    av_mail_free(&av.mail);
    av_engine_free(&av.engine);
    if (antivirus_unpack(l->settings, &s) < 0) {
        buf_add_str(why, "the settings of the virus check are not complete");
        return -1;
    }
    if (sha256_load() < 0 || (!av.digest && !(av.digest = sha256_open()))) {
        buf_add_str(why, "libcrypto does not give the right SHA-256; is OpenSSL installed in one piece?");
        return -1;
    }
    if (av_guard_load() < 0) {
        buf_add_str(why, "a function of the C library was not found, failures could go unnoticed");
        return -1;
    }
    if (load_in_thread(l, &s, why) == 0 && (av.mail = av_mail_open(av.engine))) {
        const size_t joined = av_pages_join();

        log_debug("%zu bytes lie in large pages", joined);
        open_seen(l->slots);
        return 0;
    }
    av_engine_free(&av.engine);
    return -1;
}

static int settle(const char *scratch, struct buf *why)
{
    av_stat_stand_in();
    if (!av.room)
        av.room = malloc(ROOM);
    if (av_engine_settle(av.engine, scratch) == 0)
        return 0;
    buf_addf(why, "the engine does not take %s for its temporary files", scratch);
    return -1;
}

static int canary(int in, int out, struct buf *why)
{
    (void)in;
    (void)out;
    if (av_canary_ask(av.engine, av.mail, why) < 0)
        return -1;
    av_seen_use();
    return 0;
}

static void answer(const struct worker_job *job, const struct av_answer *a, struct wire_result *r)
{
    r->state = a->state;
    r->why = a->why;
    r->layers = a->layers;
    if (a->text[0])
        worker_find(job, "%s", a->text);
}

static void answer_unexamined(const struct worker_job *job, enum antivirus_why why, const char *text,
                              struct wire_result *r)
{
    struct av_answer a = {.state = ANTIVIRUS_UNEXAMINED, .why = why};

    snprintf(a.text, sizeof a.text, "%s", text);
    answer(job, &a, r);
}

static void refuse_bytes(const struct worker_job *job, int err, const char *text, struct wire_result *r)
{
    r->status = WIRE_IO;
    r->err = err;
    answer_unexamined(job, ANTIVIRUS_BYTES, text, r);
}

/* All of it, and not a byte more. False: the result says why. */
static bool read_message(const struct worker_job *job, char *p, struct wire_result *r)
{
    ssize_t got = 1;
    char more;

    while (r->in_size < job->size && got > 0) {
        got = read_at(job->message, p + r->in_size, (size_t)(job->size - r->in_size), r->in_size);
        if (got > 0)
            r->in_size += (uint64_t)got;
    }
    if (got > 0)
        got = read_at(job->message, &more, 1, r->in_size);
    else if (got == 0)
        got = 1; /* shorter */
    if (got < 0)
        refuse_bytes(job, errno, "the message cannot be read", r);
    else if (got > 0)
        refuse_bytes(job, EIO, "the message has not the size that it had before", r);
    return got == 0;
}

/* The list is for people: that it cannot be written does not make a message less examined. */
static void tell_parts(const struct worker_job *job, struct parts *list, struct wire_result *r)
{
    struct buf packed = {0};

    if (job->out >= 0) {
        parts_pack(&packed, list);
        if (buf_write_fd(&packed, job->out) == 0)
            r->out_size = packed.n;
        else
            worker_say(job, "the list of parts cannot be written: %s", strerror(errno));
    }
    buf_free(&packed);
    parts_free(list);
}

static void examine(const struct worker_job *job, struct view message, struct wire_result *r)
{
    struct parts list = {0};
    struct av_answer a;

    if (worker_cancelled(job)) {
        r->status = WIRE_CANCELLED;
        r->err = ECANCELED;
        return;
    }
    if (sha256_begin(av.digest) < 0 || sha256_add(av.digest, message.p, message.n) < 0 ||
        sha256_end(av.digest, r->sha256) < 0) {
        answer_unexamined(job, ANTIVIRUS_RESOURCE, "libcrypto refused the SHA-256 of the message", r);
        return;
    }
    worker_phase(job, SEALED_PHASE_SCANNING);
    av_mail_examine(av.mail, message, &list, &a);
    tell_parts(job, &list, r);
    answer(job, &a, r);
}

static char *get_room(size_t n)
{
    char *p = MAP_FAILED;

    if (n <= ROOM && av.room)
        return av.room;
    p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static void run(struct worker_job *job, struct wire_result *r)
{
    size_t room = job->size ? (size_t)job->size : 1;
    char *p;

    *r = (struct wire_result){.status = WIRE_OK};
    worker_phase(job, SEALED_PHASE_READING);
    misbehave_begin(job);
    p = get_room(room);
    if (!p) {
        answer_unexamined(job, ANTIVIRUS_RESOURCE, "no memory for the message", r);
    } else {
        if (read_message(job, p, r))
            examine(job, (struct view){p, (size_t)r->in_size}, r);
        if (p != av.room)
            munmap(p, room);
    }
    misbehave_end(job, r);
}

const struct worker_role worker_role = {
    .role = ROLE_AV,
    .load = load,
    .born = av_seen_born,
    .ended = av_seen_ended,
    .settle = settle,
    .canary = canary,
    .run = run,
};
