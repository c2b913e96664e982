/*
 * pool.c - see pool.h: the links of the pool and its turn.
 *
 * Loop thread. All links hang in one epoll, whose data is the link itself; what
 * comes is handed to the part that the link belongs to. A turn: take in packets,
 * do what is due, hand out jobs, deliver outcomes, free what is gone. Outcomes
 * are delivered last, so a `done` that submits again meets a pool at rest.
 * Never waits, for nobody: what cannot be sent at once ends its reader.
 */
#include "spoold/pool_part.h"

#include "common/log.h"
#include "common/xalloc.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define POOL_EVENTS 64
#define POOL_ROUNDS 8 /* of taking in before a deadline is looked at */

static int watch_link(struct pool *p, struct pool_link *l, int fd)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = l};

    l->fd = fd;
    return epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &ev);
}

int pool_link_open(struct pool *p, struct pool_link *l)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    if (watch_link(p, l, pair[0]) == 0)
        return pair[1];
    pool_link_close(p, l);
    close(pair[1]);
    return -1;
}

void pool_link_close(struct pool *p, struct pool_link *l)
{
    int saved = errno;

    if (l->fd < 0)
        return;
    /* Closing is not enough: a packet with a copy of the descriptor may be on its way. */
    epoll_ctl(p->epoll, EPOLL_CTL_DEL, l->fd, NULL);
    close(l->fd);
    l->fd = -1;
    errno = saved;
}

void pool_kick(struct pool *p)
{
    uint64_t one = 1;

    if (p->turning)
        p->again = true;
    else if (!p->kicked && write(p->kick.fd, &one, sizeof one) == sizeof one)
        p->kicked = true;
}

static void take_kick(struct pool *p)
{
    uint64_t n;

    if (read(p->kick.fd, &n, sizeof n) != sizeof n)
        log_debug("the pool was woken for nothing");
    p->kicked = false;
}

int64_t pool_backoff(unsigned deaths)
{
    int64_t wait = deaths < 2 ? 0 : POOL_BACKOFF_MS;

    while (deaths-- > 2 && wait < POOL_BACKOFF_MAX_MS)
        wait *= 2;
    return wait < POOL_BACKOFF_MAX_MS ? wait : POOL_BACKOFF_MAX_MS;
}

bool pool_says_flood(struct pool_says *says, int64_t now, unsigned max)
{
    if (now - says->since >= 60000)
        *says = (struct pool_says){.since = now};
    return ++says->n > max;
}

static const char *take_launcher(struct pool *p, const struct wire_packet *w)
{
    struct pool_generation *g = pool_generation_find(p, w->h.id);
    const char *rule = wire_check(WIRE_FROM_LAUNCHER, WIRE_UP, w);

    if (rule)
        return rule;
    if (w->h.type == WIRE_LOG) {
        snprintf(p->said, sizeof p->said, "%.*s", (int)w->h.length, w->u.text);
        log_debug("event=launcher_says text=\"%s\"", p->said);
    } else if (g && w->h.type == WIRE_SPAWNED) {
        g->pid = w->u.spawned.pid;
        g->applied |= w->u.spawned.applied & SANDBOX__ALL;
    } else if (g && w->h.type == WIRE_EXITED) {
        pool_loader_exited(p, g, &w->u.exited);
    }
    return NULL;
}

static void take_packet(struct pool *p, struct pool_link *l, const struct wire_packet *w)
{
    const char *rule;

    switch (l->kind) {
    case POOL_LINK_LAUNCHER:
        rule = take_launcher(p, w);
        if (rule)
            pool_lose(p, rule);
        break;
    case POOL_LINK_LOADER:
        pool_loader_packet(p, (struct pool_generation *)l, w);
        break;
    default:
        pool_child_packet(p, (struct pool_child *)l, w);
    }
}

static void take_end(struct pool *p, struct pool_link *l, const char *fault)
{
    if (l->kind == POOL_LINK_LAUNCHER)
        pool_lose(p, fault ? fault : "it has ended");
    else if (l->kind == POOL_LINK_LOADER)
        pool_loader_gone(p, (struct pool_generation *)l, fault);
    else
        pool_child_gone(p, (struct pool_child *)l, fault);
}

void pool_link_read(struct pool *p, struct pool_link *l, unsigned max)
{
    struct wire_packet w;

    for (unsigned i = 0; i < max && l->fd >= 0; i++) {
        int got = wire_recv(l->fd, &w, false);

        if (got < 0 && errno == EAGAIN)
            return;
        if (got > 0) {
            take_packet(p, l, &w);
            wire_close_fds(&w); /* nothing that a worker sends along is used yet */
        } else {
            take_end(p, l,
                     got < 0 && errno == EPROTO
                         ? "a packet that is cut off, too long, or has too many descriptors"
                         : NULL);
            return;
        }
    }
}

/* True when there was something. */
static bool take_in(struct pool *p)
{
    struct epoll_event ev[POOL_EVENTS];
    int n = epoll_wait(p->epoll, ev, POOL_EVENTS, 0);

    for (int i = 0; i < n; i++) {
        struct pool_link *l = ev[i].data.ptr;

        if (l->kind != POOL_LINK_KICK)
            pool_link_read(p, l, POOL_READ_MAX);
        else
            take_kick(p);
    }
    return n > 0;
}

void pool_lose(struct pool *p, const char *why)
{
    if (p->lost)
        return;
    p->lost = true;
    log_warnx("event=launcher_lost %s", why);
    pool_link_close(p, &p->launcher);
    for (int i = 0; i < ROLE__MAX; i++)
        pool_generation_drop_all(p, &p->role[i]);
    pool_kick(p);
}

static void note_service(struct pool *p, struct pool_role *r)
{
    if (!r->wanted || pool_status_served(r))
        r->down_since = 0;
    else if (!r->down_since)
        r->down_since = p->now;
}

static void turn_once(struct pool *p)
{
    for (int i = 0; i < ROLE__MAX; i++) {
        struct pool_role *r = &p->role[i];

        pool_generation_run(p, r);
        pool_job_dispatch(p, r);
        note_service(p, r);
    }
    pool_job_deliver(p);
    for (int i = 0; i < ROLE__MAX; i++)
        pool_generation_sweep(&p->role[i]);
}

/* What a `done` submits goes to the child that has just become idle, without another wait for events. */
static void turn(struct pool *p)
{
    unsigned rounds = 0;

    p->turning = true;
    do {
        p->again = false;
        turn_once(p);
    } while (p->again && ++rounds < POOL_ROUNDS);
    p->turning = false;
    if (p->again)
        pool_kick(p);
}

static int64_t next_due(const struct pool *p)
{
    int64_t due = p->note ? p->now : INT64_MAX;

    for (int i = 0; i < ROLE__MAX; i++) {
        int64_t a = pool_generation_due(&p->role[i]), b = pool_job_due(p, &p->role[i]);

        if (pool_reload_is_due(p, &p->role[i]))
            return p->now;
        due = a < due ? a : due;
        due = b < due ? b : due;
    }
    return due;
}

int pool_fd(const struct pool *p)
{
    return p->epoll;
}

void pool_event(struct pool *p)
{
    p->now = p->clock();
    take_in(p);
    turn(p);
}

int64_t pool_run(struct pool *p, int64_t now)
{
    p->now = now;
    /* An answer that lies here already came in time. */
    if (next_due(p) <= now)
        for (unsigned i = 0; i < POOL_ROUNDS && take_in(p); i++)
            ;
    turn(p);
    return next_due(p);
}

void pool_submit(struct pool *p, struct pool_job *job)
{
    job->id = ++p->last_id;
    job->losses = 0;
    job->once |= job->endless;
    pool_job_queue(&p->role[job->role], job);
    pool_kick(p);
}

static void call_off(struct pool *p, struct pool_generation *g)
{
    for (struct pool_child *c = g->child; c; c = c->next) {
        if (c->state == POOL_CHILD_BUSY)
            pool_deadline_cancel(p, c);
        else if (c->job && !c->begun)
            pool_child_retire(p, c);
    }
}

void pool_give_back(struct pool *p)
{
    p->now = p->clock();
    p->stopping = true;
    for (int i = 0; i < ROLE__MAX; i++) {
        for (struct pool_generation *g = p->role[i].gen; g; g = g->next)
            call_off(p, g);
        pool_job_dispatch(p, &p->role[i]);
    }
    pool_job_deliver(p);
    pool_kick(p);
}

void pool_cancel_waiting(struct pool *p, enum role role, const char *cause)
{
    struct pool_role *r = &p->role[role];

    p->now = p->clock();
    for (struct pool_generation *g = r->gen; g; g = g->next)
        for (struct pool_child *c = g->child; c; c = c->next)
            if (c->job && !c->begun)
                pool_child_retire(p, c);
    if (!r->first)
        return; /* asked each turn while the role is not served */
    pool_job_cancel_all(p, r, cause);
    pool_kick(p);
}

bool pool_is_lost(const struct pool *p)
{
    return p->lost;
}

struct pool *pool_open(struct spoold *s, const struct pool_options *o)
{
    struct pool *p = xcalloc(1, sizeof *p);

    p->s = s;
    p->trace = o->trace;
    p->roles = o->roles;
    p->load = o->load;
    p->clock = o->clock ? o->clock : depot_mono_ms;
    p->now = p->clock();
    p->note_end = &p->note;
    p->launcher.kind = POOL_LINK_LAUNCHER;
    p->kick.kind = POOL_LINK_KICK;
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (p->epoll < 0 || watch_link(p, &p->launcher, o->launcher) < 0 ||
        watch_link(p, &p->kick, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
        fatal("the workers cannot be set up");
    for (int i = 0; i < ROLE__MAX; i++) {
        struct pool_role *r = &p->role[i];

        *r = (struct pool_role){.role = (enum role)i, .retry_due = INT64_MAX, .down_since = p->now};
        r->name = role_find((uint32_t)i)->name;
        r->wanted = pool_reload_wants(p, r->role);
        if (r->wanted)
            pool_generation_start(p, r);
    }
    return p;
}

/* In an orderly end no death is news. */
static void expect_deaths(struct pool_role *r)
{
    for (struct pool_generation *g = r->gen; g; g = g->next)
        for (struct pool_child *c = g->child; c; c = c->next)
            c->retired = true;
}

void pool_close(struct pool **pp)
{
    struct pool *p = *pp;

    *pp = NULL;
    if (!p)
        return;
    p->lost = true; /* the launcher ends with its link, and all workers with it */
    for (int i = 0; i < ROLE__MAX; i++) {
        expect_deaths(&p->role[i]);
        pool_generation_drop_all(p, &p->role[i]);
        pool_generation_sweep(&p->role[i]);
    }
    pool_job_forget_notes(p);
    pool_link_close(p, &p->launcher);
    pool_link_close(p, &p->kick);
    close(p->epoll);
    free(p);
}
