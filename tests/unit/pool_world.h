/*
 * pool_world.h - launcher, loaders and children on the far ends of the pool's links, for test_pool*.c.
 *
 * Everything happens in one thread, step by step: the test lets the pool take
 * its turns until it rests, looks at what has come to the far ends, answers as
 * one of them, and lets time pass. No process is started. At the end every
 * descriptor that was opened must be closed again.
 */
#ifndef TESTS_UNIT_POOL_WORLD_H
#define TESTS_UNIT_POOL_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/xalloc.h"
#include "spoold/pool.h"
#include "spoold/spoold.h"
#include "tests/unit/pool_tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAR_MAX       64
#define FAR_FULL      (SANDBOX_NO_NEW_PRIVS | SANDBOX_RLIMITS | SANDBOX_LANDLOCK | SANDBOX_SECCOMP)
#define FAR_SIZE      10 /* bytes of a test message */
#define FAR_NOT_ENDED ((enum pool_end)99)
#define FAR_SIGNAL(n) (n) /* as wait(2) gives it */
#define FAR_EXIT(n)   ((n) << 8)

struct far_loader {
    uint64_t id;
    int link;
    struct wire_load asked, load;            /* as the launcher and as the loader got it */
    bool said_loaded;                        /* LOADED was sent */
    bool loaded, killed, told_to_end, ended; /* ended: the pool closed the link */
    struct buf settings;                     /* that it is to load with */
    bool folder;                             /* and from */
    uint64_t retired[FAR_MAX];
    unsigned retired_n;
};

struct far_child {
    uint64_t id;
    unsigned loader; /* index */
    int link;
    struct sealed_crumb *crumb;
    struct wire_packet job; /* the last one; h.id 0 = none */
    unsigned jobs, cancels;
    bool ended;
};

struct pool_world {
    struct spoold *s;
    struct config *cfg;
    struct pool *pool;
    int launcher;
    int64_t due; /* what the last pool_run() answered */
    struct far_loader loader[FAR_MAX];
    struct far_child child[FAR_MAX];
    unsigned loader_n, child_n, fds_before;
};

/* A job and its outcome. */
struct far_job {
    struct pool_job job;
    struct pool_outcome o;
    unsigned ended;
};

static int64_t pool_world_now;

static inline int64_t pool_world_clock(void)
{
    return pool_world_now;
}

static inline unsigned pool_world_fds(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static inline void far_take_load(struct pool_world *w, struct wire_packet *p)
{
    struct far_loader *l = &w->loader[w->loader_n++];

    assert_true(w->loader_n < FAR_MAX);
    *l = (struct far_loader){.id = p->h.id, .link = p->fd[0], .asked = p->u.load};
    p->fd_n = 0;
}

static inline void far_take_launcher(struct pool_world *w, struct wire_packet *p)
{
    assert_null(wire_check(WIRE_TO_LAUNCHER, WIRE_UP, p));
    if (p->h.type == WIRE_LOAD)
        far_take_load(w, p);
    for (unsigned i = 0; p->h.type == WIRE_RETIRE && i < w->loader_n; i++)
        w->loader[i].killed |= w->loader[i].id == p->h.id;
}

static inline void far_take_spawn(struct pool_world *w, unsigned loader, struct wire_packet *p)
{
    struct far_child *c = &w->child[w->child_n++];

    assert_true(w->child_n < FAR_MAX);
    *c = (struct far_child){.id = p->h.id, .loader = loader, .link = p->fd[0]};
    c->crumb = sealed_crumb_map(p->fd[1], true);
    assert_non_null(c->crumb);
    close(p->fd[1]);
    p->fd_n = 0;
}

static inline void far_take_loader(struct pool_world *w, unsigned at, struct wire_packet *p)
{
    struct far_loader *l = &w->loader[at];

    assert_null(wire_check(WIRE_TO_LOADER, l->loaded ? WIRE_UP : WIRE_STARTING, p));
    if (p->h.type == WIRE_LOAD) {
        l->load = p->u.load;
        l->loaded = true;
        l->folder = p->fd_n == 2;
        assert_int_equal(sealed_read(p->fd[0], 1000, &l->settings), 0);
    } else if (p->h.type == WIRE_SPAWN) {
        far_take_spawn(w, at, p);
    } else if (p->h.id == 0) {
        l->told_to_end = true;
    } else {
        l->retired[l->retired_n++ % FAR_MAX] = p->h.id;
    }
}

static inline void far_take_child(struct far_child *c, struct wire_packet *p)
{
    assert_null(wire_check(WIRE_TO_CHILD, c->job.h.id ? WIRE_BUSY : WIRE_UP, p));
    if (p->h.type == WIRE_CANCEL) {
        assert_int_equal(p->h.id, c->job.h.id);
        c->cancels++;
        return;
    }
    c->job = *p;
    c->jobs++;
    p->fd_n = 0;
}

/* All that lies at a far end; false when nothing did. `ended` is set at the end of the link. */
static inline bool far_recv(int link, struct wire_packet *p, bool *ended)
{
    int got;

    if (link < 0 || *ended)
        return false;
    got = wire_recv(link, p, false);
    *ended = got == 0;
    return got > 0;
}

static inline bool far_take_in(struct pool_world *w)
{
    struct wire_packet p;
    bool any = false, gone = false;

    while (far_recv(w->launcher, &p, &gone)) {
        far_take_launcher(w, &p);
        wire_close_fds(&p);
        any = true;
    }
    for (unsigned i = 0; i < w->loader_n; i++)
        for (; far_recv(w->loader[i].link, &p, &w->loader[i].ended); any = true) {
            far_take_loader(w, i, &p);
            wire_close_fds(&p);
        }
    for (unsigned i = 0; i < w->child_n; i++)
        for (; far_recv(w->child[i].link, &p, &w->child[i].ended); any = true) {
            far_take_child(&w->child[i], &p);
            wire_close_fds(&p);
        }
    return any;
}

/* Turns until the pool rests; a pool that never does is at fault. */
static inline void pool_world_turn(struct pool_world *w)
{
    for (int i = 0; i < 1000; i++) {
        struct pollfd pf = {.fd = pool_fd(w->pool), .events = POLLIN};
        bool busy = poll(&pf, 1, 0) > 0;

        if (busy)
            pool_event(w->pool);
        w->due = pool_run(w->pool, pool_world_now);
        busy |= far_take_in(w);
        if (!busy && w->due > pool_world_now)
            return;
    }
    fail_msg("the pool never comes to rest");
}

static inline void pool_world_pass(struct pool_world *w, int64_t ms)
{
    pool_world_now += ms;
    pool_world_turn(w);
}

/* Clock and launcher of the options are filled in here. */
static inline struct pool_world *pool_world_open_with(struct pool_options o, const char *const *setting,
                                                      size_t n)
{
    struct pool_world *w = xcalloc(1, sizeof *w);
    struct config_errors errs = {0};
    int pair[2];

    pool_world_now = 1000000;
    w->fds_before = pool_world_fds();
    w->s = xcalloc(1, sizeof *w->s);
    w->cfg = config_load(NULL, setting, n, &errs);
    assert_non_null(w->cfg);
    w->s->cfg = w->cfg;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    w->launcher = pair[1];
    o.launcher = pair[0];
    o.clock = pool_world_clock;
    w->pool = pool_open(w->s, &o);
    pool_world_turn(w);
    return w;
}

/* Most tests are about one role, whichever it is. */
static inline struct pool_world *pool_world_open(const char *const *setting, size_t n)
{
    return pool_world_open_with((struct pool_options){.roles = 1u << ROLE_REWRITE}, setting, n);
}

static inline void far_shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static inline void far_end_child(struct far_child *c)
{
    far_shut(&c->link);
    wire_close_fds(&c->job);
    sealed_crumb_unmap(&c->crumb);
}

static inline void pool_world_close(struct pool_world **w)
{
    pool_close(&(*w)->pool);
    assert_null((*w)->pool);
    far_take_in(*w);
    for (unsigned i = 0; i < (*w)->loader_n; i++) {
        far_shut(&(*w)->loader[i].link);
        buf_free(&(*w)->loader[i].settings);
    }
    for (unsigned i = 0; i < (*w)->child_n; i++)
        far_end_child(&(*w)->child[i]);
    far_shut(&(*w)->launcher);
    config_free(&(*w)->cfg);
    assert_int_equal(pool_world_fds(), (*w)->fds_before);
    free((*w)->s);
    free(*w);
    *w = NULL;
}

/* ---- answers; each lets the pool rest afterwards ---- */

static inline void far_say(struct pool_world *w, int link, const struct wire_packet *p)
{
    assert_int_equal(wire_send(link, p), 0);
    pool_world_turn(w);
}

static inline void far_launcher_spawned(struct pool_world *w, unsigned loader)
{
    struct wire_packet p = wire_packet(WIRE_SPAWNED, w->loader[loader].id);

    p.u.spawned = (struct wire_spawned){.pid = 4000 + loader, .applied = SANDBOX_UID | SANDBOX_NET};
    far_say(w, w->launcher, &p);
}

static inline void far_launcher_exited(struct pool_world *w, unsigned loader, int status)
{
    struct wire_packet p = wire_packet(WIRE_EXITED, w->loader[loader].id);

    p.u.exited = (struct wire_exited){.status = status, .pid = 4000 + loader};
    far_shut(&w->loader[loader].link);
    far_say(w, w->launcher, &p);
}

static inline struct wire_packet far_ready_packet(void)
{
    struct wire_packet p = wire_packet(WIRE_READY, 0);

    p.u.ready = (struct wire_ready){.applied = FAR_FULL, .attempts = 26, .refused = 26, .landlock_abi = 2};
    return p;
}

/* Before READY, of the one role that has something to tell. */
static inline void far_loaded(struct pool_world *w, unsigned loader)
{
    struct wire_packet p = wire_packet(WIRE_LOADED, 0);

    if (w->loader[loader].asked.role != ROLE_AV || w->loader[loader].said_loaded)
        return;
    w->loader[loader].said_loaded = true;
    p.u.loaded = (struct wire_loaded){.signatures = 1, .engine = "1.4.6"};
    far_say(w, w->loader[loader].link, &p);
}

static inline void far_ready(struct pool_world *w, unsigned loader)
{
    struct wire_packet p = far_ready_packet();

    far_launcher_spawned(w, loader);
    far_loaded(w, loader);
    far_say(w, w->loader[loader].link, &p);
}

static inline void far_spawned(struct pool_world *w, struct far_child *c, uint32_t pid)
{
    struct wire_packet p = wire_packet(WIRE_SPAWNED, c->id);

    p.u.spawned.pid = pid;
    far_say(w, w->loader[c->loader].link, &p);
}

static inline void far_hello(struct pool_world *w, struct far_child *c, uint32_t pid)
{
    struct wire_packet p = wire_packet(WIRE_HELLO, 0);

    p.u.hello = (struct wire_hello){.pid = pid, .applied = FAR_FULL, .landlock_abi = 2};
    far_say(w, c->link, &p);
}

/* Of the process number of this test, so that there is processor time to be read. */
static inline void far_arrive(struct pool_world *w, struct far_child *c)
{
    far_spawned(w, c, (uint32_t)getpid());
    far_hello(w, c, (uint32_t)getpid());
}

/* The link of the process ends, then its loader tells how it ended. */
static inline void far_die(struct pool_world *w, struct far_child *c, uint32_t pid, int status)
{
    struct wire_packet p = wire_packet(WIRE_EXITED, c->id);

    p.u.exited = (struct wire_exited){.status = status, .pid = pid, .cpu_us = 1000, .rss_kb = 2000};
    far_shut(&c->link);
    far_say(w, w->loader[c->loader].link, &p);
}

static inline void far_crash(struct pool_world *w, struct far_child *c, int status)
{
    far_die(w, c, (uint32_t)getpid(), status);
}

static inline bool far_was_retired(const struct pool_world *w, const struct far_child *c)
{
    const struct far_loader *l = &w->loader[c->loader];

    for (unsigned i = 0; i < l->retired_n && i < FAR_MAX; i++)
        if (l->retired[i] == c->id)
            return true;
    return false;
}

/* All children from number `from` on. */
static inline void far_arrive_all(struct pool_world *w, unsigned from)
{
    for (unsigned i = from; i < w->child_n; i++)
        far_arrive(w, &w->child[i]);
}

/* A pool whose first generation serves. */
static inline struct pool_world *pool_world_serve(const char *const *setting, size_t n)
{
    struct pool_world *w = pool_world_open(setting, n);

    assert_int_equal(w->loader_n, 1);
    far_ready(w, 0);
    far_arrive_all(w, 0);
    assert_null(pool_trouble(w->pool, ROLE_REWRITE));
    return w;
}

static inline struct pool_world *pool_world_serve_children(const char *children)
{
    return pool_world_serve(&children, 1);
}

/* ---- jobs ---- */

static inline void far_job_done(struct spoold *s, struct pool_job *job, const struct pool_outcome *o)
{
    struct far_job *j = (struct far_job *)job;

    assert_non_null(s);
    j->o = *o;
    j->ended++;
}

static inline struct far_job *far_job_new(bool alone)
{
    struct far_job *j = xcalloc(1, sizeof *j);

    j->job = (struct pool_job){.role = ROLE_REWRITE,
                               .alone = alone,
                               .message = memfd_create("message", MFD_CLOEXEC),
                               .out = memfd_create("out", MFD_CLOEXEC),
                               .blob = VIEW("edits"),
                               .size = FAR_SIZE,
                               .done = far_job_done};
    j->o.end = FAR_NOT_ENDED;
    assert_true(j->job.message >= 0 && j->job.out >= 0);
    return j;
}

static inline struct far_job *far_submit(struct pool_world *w, bool alone)
{
    struct far_job *j = far_job_new(alone);

    pool_submit(w->pool, &j->job);
    pool_world_turn(w);
    return j;
}

/* A job may end once only. */
static inline void far_job_free(struct far_job **j)
{
    assert_true((*j)->ended <= 1);
    far_shut(&(*j)->job.message);
    far_shut(&(*j)->job.out);
    free(*j);
    *j = NULL;
}

/* The child that has this job at present, or NULL. */
static inline struct far_child *far_child_of(struct pool_world *w, const struct far_job *j)
{
    for (unsigned i = 0; i < w->child_n; i++)
        if (w->child[i].job.h.id == j->job.id && w->child[i].link >= 0)
            return &w->child[i];
    return NULL;
}

static inline struct wire_packet far_result_packet(const struct far_child *c)
{
    struct wire_packet p = wire_packet(WIRE_RESULT, c->job.h.id);

    p.u.result = (struct wire_result){.status = WIRE_OK, .in_size = FAR_SIZE, .out_size = 4, .hops = 2};
    return p;
}

static inline void far_write_output(struct far_child *c)
{
    if (c->job.u.job.flags & WIRE_JOB_OUT)
        assert_int_equal(write(c->job.fd[1], "done", 4), 4);
}

static inline void far_forget_job(struct far_child *c)
{
    c->job.h.id = 0;
    wire_close_fds(&c->job);
}

static inline void far_result(struct pool_world *w, struct far_child *c)
{
    struct wire_packet p = far_result_packet(c);

    far_write_output(c);
    far_forget_job(c);
    far_say(w, c->link, &p);
}

static inline void far_touch(struct far_child *c, uint32_t phase)
{
    c->crumb->job = c->job.h.id;
    c->crumb->phase = phase;
}

#endif
