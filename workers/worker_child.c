/*
 * worker_child.c - a serving child: locks itself down, proves it, then one job at a time.
 *
 * Runs in a process forked by worker.c. From HELLO on nothing here opens a
 * file, logs to a stream or trusts a byte of a message; descriptors come over
 * the link only. The order of the crumb page is the point of it: the job stands
 * there before the first mail byte is touched and is taken out before RESULT
 * leaves, so that a death is charged to the right message or to none.
 * It trusts the supervisor to keep to the wire's rules and ends when it does not.
 */
#include "workers/sandbox_table.h"
#include "workers/worker_part.h"

#include "common/exited.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

struct child {
    const struct worker_role *role;
    struct sealed_crumb *crumb;
    struct sandbox_result sandbox;
    char folder[SCRATCH_PATH_MAX]; /* its scratch folder */
    int scratch;                   /* O_PATH of that; -1 */
};

int worker_send(int link, const struct wire_packet *p)
{
    struct pollfd room = {.fd = link, .events = POLLOUT};

    while (wire_send(link, p) < 0) {
        if (errno != EAGAIN)
            return -1;
        if (poll(&room, 1, -1) < 0 && errno != EINTR)
            return -1;
    }
    return 0;
}

void worker_phase(const struct worker_job *job, enum sealed_phase phase)
{
    /* Release: whoever sees the phase also sees the job's number, written before. */
    if (job->crumb)
        __atomic_store_n(&job->crumb->phase, (uint32_t)phase, __ATOMIC_RELEASE);
}

void worker_find(const struct worker_job *job, const char *fmt, ...)
{
    char text[WIRE_TEXT_MAX + 1] = "";
    struct wire_packet p;
    va_list ap;

    if (job->link < 0)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    p = wire_text(WIRE_FINDING, job->id, "%s", text);
    worker_send(job->link, &p); /* RESULT means nothing without it; a link that ended is seen later */
}

void worker_say(const struct worker_job *job, const char *fmt, ...)
{
    char text[WIRE_TEXT_MAX + 1] = "";
    struct wire_packet p;
    va_list ap;

    if (job->link < 0 || !job->state || job->state->said == WORKER_SAID_MAX)
        return;
    job->state->said++;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    p = wire_text(WIRE_LOG, 0, "%s", text);
    wire_send(job->link, &p); /* a line that finds no room is not worth waiting for */
}

/* While a job is served only its CANCEL may come; one of an earlier job crossed its RESULT on the way. */
static void take_in_between(const struct worker_job *job, struct wire_packet *p)
{
    if (wire_check(WIRE_TO_CHILD, WIRE_BUSY, p) || p->h.type != WIRE_CANCEL)
        job->state->broken = job->state->cancelled = true;
    else if (p->h.id == job->id)
        job->state->cancelled = true;
    wire_close_fds(p);
}

bool worker_cancelled(const struct worker_job *job)
{
    struct wire_packet p;
    int got;

    if (job->link < 0 || !job->state)
        return false;
    while (!job->state->cancelled && (got = wire_recv(job->link, &p, false)) != -1) {
        if (got == 0)
            job->state->cancelled = true;
        else
            take_in_between(job, &p);
    }
    if (!job->state->cancelled && errno != EAGAIN)
        job->state->cancelled = true;
    return job->state->cancelled;
}

/* `fd` is above the link's, or -1. */
static int close_all_but(int fd)
{
    if (fd < 0)
        return close_range(WIRE_LINK_FD + 1, ~0U, 0);
    if (fd > WIRE_LINK_FD + 1 && close_range(WIRE_LINK_FD + 1, (unsigned)fd - 1, 0) < 0)
        return -1;
    return close_range((unsigned)fd + 1, ~0U, 0);
}

/* Only the link, the null device, the scratch folder and what the canary opens later remain open. */
static int keep_descriptors(struct child *c, const struct worker_birth *b)
{
    int most = STDERR_FILENO;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    most = STDOUT_FILENO; /* its reports go to standard error */
#endif
    for (int fd = STDIN_FILENO; fd <= most; fd++)
        if (dup2(b->null, fd) < 0)
            return -1;
    if (close_all_but(c->scratch) < 0)
        return -1;
    return c->scratch < 0 ? 0 : sandbox_places_set(&c->scratch);
}

static int make_scratch(struct child *c, const struct worker_birth *b)
{
    if (!b->scratch)
        return 0;
    c->scratch = scratch_make_child(b->scratch, b->id, c->folder);
    return c->scratch < 0 ? -1 : 0;
}

/* Before the lock-down. 0, or -1 with the reason. */
static int settle_in(struct child *c, const struct worker_birth *b, struct buf *why)
{
    const char *step = "a signal at the end of the loader";
    sigset_t none;

    sigemptyset(&none);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        goto failed;
    if (getppid() != b->loader)
        _exit(EXIT_FAILURE); /* it ended before that was asked for */
    step = "the signal mask";
    if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
        goto failed;
    step = "the crumb page";
    if (!(c->crumb = sealed_crumb_map(b->crumb, true)))
        goto failed;
    step = "its scratch folder";
    if (make_scratch(c, b) < 0)
        goto failed;
    if (c->role->born)
        c->role->born(b->slot);
    step = "its descriptors";
    if (keep_descriptors(c, b) < 0)
        goto failed;
    if (c->scratch >= 0 && c->role->settle)
        return c->role->settle(c->folder, why);
    return 0;
failed:
    buf_addf(why, "%s: %s", step, strerror(errno));
    return -1;
}

static int lock_down(struct child *c, const struct worker_birth *b, struct buf *why)
{
    struct sandbox_options o = b->sandbox;
    int in = -1, out = -1, rc;

    if (c->role->open_canary && c->role->open_canary(&in, &out) < 0) {
        buf_addf(why, "the files of its canary: %s", strerror(errno));
        return -1;
    }
    o.link = WIRE_LINK_FD;
    o.scratch = c->scratch;
    rc = sandbox_enter(c->role->role, &o, &c->sandbox, why);
    if (c->scratch >= 0)
        close(c->scratch); /* Landlock has its own hold */
    if (rc == 0)
        rc = c->role->canary(in, out, why);
    if (c->scratch >= 0)
        close(SANDBOX_MESSAGE_FD); /* now for messages; the canary's own files had to keep off it */
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return rc;
}

static int say_hello(const struct child *c)
{
    struct wire_packet p = wire_packet(WIRE_HELLO, 0);

    p.u.hello.pid = (uint32_t)getpid();
    p.u.hello.applied = c->sandbox.applied;
    p.u.hello.landlock_abi = c->sandbox.landlock_abi;
    return worker_send(WIRE_LINK_FD, &p);
}

static void run_job(const struct child *c, struct worker_job *job, int blob_fd, struct wire_result *r)
{
    struct buf blob = {0};
    struct rusage before, after;

    getrusage(RUSAGE_SELF, &before);
    __atomic_store_n(&c->crumb->job, job->id, __ATOMIC_RELAXED);
    worker_phase(job, SEALED_PHASE_BEGUN);
    if (blob_fd >= 0 && sealed_read(blob_fd, SEALED_BLOB_MAX, &blob) < 0) {
        *r = (struct wire_result){.status = WIRE_IO, .err = errno};
    } else {
        job->blob = buf_view(&blob);
        c->role->run(job, r);
    }
    buf_free(&blob);
    getrusage(RUSAGE_SELF, &after);
    r->cpu_us = exited_cpu_us(&after) - exited_cpu_us(&before);
    r->rss_kb = after.ru_maxrss > UINT32_MAX ? UINT32_MAX : (uint32_t)after.ru_maxrss;
}

/* The next descriptor, where its flag is set; -1 where it is not. */
static int take_fd(const struct wire_packet *p, uint32_t flag, int *n)
{
    if (!(p->u.job.flags & flag))
        return -1;
    return *n < (int)p->fd_n ? p->fd[(*n)++] : ((*n)++, -1);
}

/* NULL, or which rule the supervisor broke. The descriptors of `p` are closed by the caller in that case. */
static const char *do_job(const struct child *c, struct wire_packet *p)
{
    struct wire_packet answer = wire_packet(WIRE_RESULT, p->h.id);
    int blob, fd_n = 1;
    struct worker_state state = {0};
    struct worker_job job = {.id = p->h.id,
                             .message = p->fd[0],
                             .size = p->u.job.size,
                             .test = p->u.job.test,
                             .link = WIRE_LINK_FD,
                             .crumb = c->crumb,
                             .state = &state};

    job.out = take_fd(p, WIRE_JOB_OUT, &fd_n);
    blob = take_fd(p, WIRE_JOB_BLOB, &fd_n);
    job.notes = take_fd(p, WIRE_JOB_NOTES, &fd_n);
    job.peer = take_fd(p, WIRE_JOB_PEER, &fd_n);
    if ((int)p->fd_n != fd_n)
        return "JOB: its flags and its descriptors differ";
    run_job(c, &job, blob, &answer.u.result);
    wire_close_fds(p);
    /* Before RESULT: from then on the job is over, and what happens next is not its fault. */
    worker_phase(&job, SEALED_PHASE_NONE);
    if (state.broken)
        return "a packet in the middle of a job that is not its CANCEL";
    worker_send(WIRE_LINK_FD, &answer); /* a link that ended is seen by the next wire_recv() */
    return NULL;
}

static void say(const char *what, const char *why)
{
    struct wire_packet p = wire_text(WIRE_LOG, 0, "%s: %s", what, why);

    wire_send(WIRE_LINK_FD, &p);
}

static int serve(const struct child *c)
{
    const char *broken = NULL;

    while (!broken) {
        struct wire_packet p;
        int got = wire_recv(WIRE_LINK_FD, &p, true);

        if (got == 0)
            return EXIT_SUCCESS;
        if (got < 0) {
            broken = strerror(errno);
            break;
        }
        /* A CANCEL may have crossed the RESULT of its job; the supervisor sent it to a busy child. */
        broken = wire_check(WIRE_TO_CHILD, p.h.type == WIRE_CANCEL ? WIRE_BUSY : WIRE_UP, &p);
        if (!broken && p.h.type == WIRE_JOB)
            broken = do_job(c, &p);
        wire_close_fds(&p);
    }
    say("the child ends, because of what came over its link", broken);
    return EXIT_FAILURE;
}

int worker_child(const struct worker_birth *birth)
{
    struct child c = {.role = birth->role, .scratch = -1};
    struct buf why = {0};

    /* Over the loader's link, which a child may not even hold. From here on the reason of a failure is heard.
     */
    if (dup2(birth->link, WIRE_LINK_FD) < 0 || fcntl(WIRE_LINK_FD, F_SETFL, 0) < 0)
        return EXIT_FAILURE;
    if (settle_in(&c, birth, &why) < 0 || lock_down(&c, birth, &why) < 0) {
        say("the child cannot begin", why.n ? why.p : "no reason given");
        return EXIT_FAILURE;
    }
    buf_free(&why);
    if (say_hello(&c) < 0)
        return EXIT_FAILURE;
    return serve(&c);
}
