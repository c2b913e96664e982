/*
 * worker_world.h - for tests of the worker runtime: a role of a few words, and the supervisor's end of its
 * links.
 *
 * Included by test_worker*.c only, after cmocka.h. The role does what the blob
 * of a job says; loader and child are real forked processes, and every wait for
 * them has a limit, after which the test fails.
 */
#ifndef TEST_WORKER_WORLD_H
#define TEST_WORKER_WORLD_H

#include "workers/worker_part.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORLD_WAIT_MS 10000

#if defined(__SANITIZE_ADDRESS__)
#define WORLD_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WORLD_ASAN 1
#endif
#endif
#ifndef WORLD_ASAN
#define WORLD_ASAN 0
#endif

/* What the role is told before the fork; the processes inherit it. */
struct world_script {
    bool canary_fails, canary_unopened, names_engine;
};
static struct world_script script;

static inline int world_load(const struct worker_load *l, struct buf *why)
{
    if (script.names_engine) {
        l->loaded->signatures = 3;
        l->loaded->version = l->dir < 0 ? 0 : 1 + (faccessat(l->dir, "passwd", F_OK, 0) == 0);
        snprintf(l->loaded->engine, sizeof l->loaded->engine, "1.2.3");
    }
    if (!view_equal(l->settings, VIEW("bad")))
        return 0;
    buf_add_str(why, "line 1 of its rules");
    return -1;
}

static inline int world_open_canary(int *in, int *out)
{
    *in = memfd_create("in", 0);
    *out = memfd_create("out", 0);
    if (script.canary_unopened)
        errno = ENFILE;
    return script.canary_unopened ? -1 : 0;
}

static inline int world_canary(int in, int out, struct buf *why)
{
    if (script.canary_fails)
        buf_add_str(why, "2 and 2 make 5");
    return script.canary_fails || write(in, "x", 1) != 1 || write(out, "x", 1) != 1 ? -1 : 0;
}

static inline void world_copy(struct worker_job *job, struct wire_result *r)
{
    char buf[4096];
    ssize_t n;

    worker_phase(job, SEALED_PHASE_READING);
    while ((n = pread(job->message, buf, sizeof buf, (off_t)r->in_size)) > 0) {
        r->in_size += (uint64_t)n;
        if (job->out >= 0 && write(job->out, buf, (size_t)n) != n) {
            r->status = WIRE_IO;
            r->err = errno;
            return;
        }
        r->out_size += job->out >= 0 ? (uint64_t)n : 0;
    }
}

static inline void world_wait_for_cancel(struct worker_job *job, struct wire_result *r)
{
    while (!worker_cancelled(job))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    r->status = WIRE_CANCELLED;
    r->removed = worker_cancelled(job); /* it stays so */
}

/* Open descriptors as bits, and those of them that are the null device as bits of *null. */
static inline uint32_t world_descriptors(uint32_t *null)
{
    uint32_t open = 0;
    struct stat st;

    *null = 0;
    for (int fd = 0; fd < 32; fd++) {
        if (fstat(fd, &st) < 0)
            continue;
        open |= 1u << fd;
        if (S_ISCHR(st.st_mode) && st.st_rdev == 0x103)
            *null |= 1u << fd;
    }
    return open;
}

static inline uint32_t world_blocked_signals(void)
{
    sigset_t now;
    uint32_t n = 0;

    sigprocmask(SIG_BLOCK, NULL, &now);
    for (int i = 1; i < 32; i++)
        n += sigismember(&now, i) == 1;
    return n;
}

/* Numbers go back where the result has room for them: removed and hops. */
static inline void world_run(struct worker_job *job, struct wire_result *r)
{
    struct view word = job->blob;

    if (view_equal(word, VIEW("wait")))
        world_wait_for_cancel(job, r);
    else if (view_equal(word, VIEW("look once")))
        r->removed = worker_cancelled(job);
    else if (view_equal(word, VIEW("die")))
        raise(SIGKILL);
    else if (view_equal(word, VIEW("descriptors")))
        r->removed = world_descriptors(&r->hops);
    else if (view_equal(word, VIEW("signals")))
        r->removed = world_blocked_signals();
    else if (view_equal(word, VIEW("find"))) {
        worker_find(job, "first");
        worker_find(job, "Name-%d\n%500s", 7, "x");
    } else if (view_equal(word, VIEW("open")))
        r->removed = open("/etc/passwd", O_RDONLY) < 0;
    else if (view_equal(word, VIEW("chatter")))
        for (int i = 0; i < 1000; i++)
            worker_say(job, "line %d", i);
    else
        world_copy(job, r);
    if (word.n > 1000) {
        struct mallinfo2 m = mallinfo2();

        r->removed = (uint32_t)(m.arena + m.hblkhd);
    }
}

static inline void world_pair(int pair[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
}

static inline void world_send(int link, const struct wire_packet *p)
{
    assert_int_equal(wire_send(link, p), 0);
}

/* The next packet, which has this type; false: the link ended instead. */
static inline bool world_recv(int link, struct wire_packet *p)
{
    struct pollfd pf = {.fd = link, .events = POLLIN};
    int got;

    assert_int_equal(poll(&pf, 1, WORLD_WAIT_MS), 1);
    got = wire_recv(link, p, true);
    assert_int_not_equal(got, -1);
    return got == 1;
}

static inline struct wire_packet world_expect(int link, enum wire_type type)
{
    struct wire_packet p;

    assert_true(world_recv(link, &p));
    assert_string_equal(wire_type_name(p.h.type), wire_type_name(type));
    return p;
}

static inline void world_expect_text(int link, enum wire_type type, const char *wanted)
{
    struct wire_packet p = world_expect(link, type);
    char text[WIRE_TEXT_MAX + 1] = "";

    memcpy(text, p.u.text, p.h.length);
    assert_string_equal(text, wanted);
}

static inline void world_expect_end(int link)
{
    struct wire_packet p;

    assert_false(world_recv(link, &p));
}

/* The exit code of a process that ends by itself; -signal when it was ended. */
static inline int world_exit(pid_t pid)
{
    int status = 0;

    for (int ms = 0; ms < WORLD_WAIT_MS; ms++) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    fail_msg("the process did not end");
    return -1;
}

static inline size_t world_open_fds(pid_t pid)
{
    char path[64];
    size_t n = 0;
    DIR *d;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    d = opendir(path);
    if (!d && errno == EACCES)
        return 0; /* not dumpable: only root may look */
    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static inline int world_file(const char *text)
{
    int fd = memfd_create("message", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    return fd;
}

/* A job with this word; out -1 = none. The descriptors stay the caller's. */
static inline void world_send_job(int link, uint64_t id, struct view word, int message, int out)
{
    struct wire_packet p = wire_packet(WIRE_JOB, id);
    int blob = word.n ? sealed_blob(word) : -1;

    p.fd[p.fd_n++] = message;
    if (out >= 0) {
        p.u.job.flags |= WIRE_JOB_OUT;
        p.fd[p.fd_n++] = out;
    }
    if (blob >= 0) {
        p.u.job.flags |= WIRE_JOB_BLOB;
        p.fd[p.fd_n++] = blob;
    }
    world_send(link, &p);
    if (blob >= 0)
        close(blob);
}

static inline struct wire_result world_do(int link, uint64_t id, struct view word)
{
    int message = world_file("From: a@example.org\n\nbody\n");
    struct wire_packet p;

    world_send_job(link, id, word, message, -1);
    close(message);
    p = world_expect(link, WIRE_RESULT);
    assert_int_equal(p.h.id, id);
    assert_null(wire_check(WIRE_FROM_CHILD, WIRE_BUSY, &p));
    return p.u.result;
}

#endif
