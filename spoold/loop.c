/*
 * loop.c - see loop.h. From loop_run() on the supervisor must not die: a failure is one message's, an alarm,
 * or a log line.
 *
 * Each turn: take in what happened, hand due work to the store as one batch,
 * work out when to wake next, sleep. After a long wait all answers are taken
 * in before any deadline is looked at, because one turn of collect comes first.
 */
#include "spoold/loop.h"

#include "common/log.h"
#include "spoold/control_freeze.h"
#include "spoold/control_server.h"
#include "spoold/deliver.h"
#include "spoold/flow.h"
#include "spoold/recover.h"
#include "spoold/reload.h"
#include "spoold/listtest.h"
#include "spoold/resolver.h"
#include "spoold/tidy.h"
#include "spoold/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define LOOP_STOP_MS  30000 /* an orderly stop gives messages in work this long */
#define LOOP_EVENTS   16
#define LOOP_WAKE_MAX 64 /* held messages woken in one turn */

const char *spoold_worker_trouble(const struct spoold *s)
{
    const char *why = s->pool ? pool_trouble(s->pool, ROLE_REWRITE) : NULL;

    return why ? why : antivirus_trouble(s);
}

int64_t spoold_workers_down_ms(const struct spoold *s)
{
    return s->pool ? pool_down_ms(s->pool, ROLE_REWRITE, depot_mono_ms()) : 0;
}

const char *spoold_stop_reason(const struct spoold *s)
{
    if (s->stopping)
        return "spoold is stopping";
    if (!s->recovered)
        return "spoold is starting";
    if (s->frozen)
        return CONTROL_FREEZE_WHY;
    if (s->stalled)
        return "the disk does not answer";
    if (s->alarms.since_ms[ALARM_DISK_ERROR])
        return "the disk answers with errors";
    if (s->no_room)
        return "the disk is nearly full";
    if (spoold_workers_down_ms(s) > SPOOLD_WORKER_MS)
        return "its workers do not run";
    if (s->roster.count[ROSTER_HELD] >= (size_t)s->cfg->max_held)
        return "too many messages are held";
    return NULL;
}

/* Those that wait for the DNS keep no worker busy: they do not stand in the way of others. */
static size_t parked(const struct spoold *s)
{
    size_t most = SPOOLD_PARKED * (size_t)s->cfg->max_in_flight;

    return s->judging.n < most ? s->judging.n : most;
}

uint64_t spoold_bytes_in_work(const struct spoold *s)
{
    return s->bytes_in_flight > s->judging.bytes ? s->bytes_in_flight - s->judging.bytes : 0;
}

/* Messages that fit into work besides those that are, whether or not new ones are taken. */
static size_t room_left(const struct spoold *s)
{
    size_t used = s->roster.count[ROSTER_WORK] - s->handed_over - s->gate.lane.n - s->gate.big.n - parked(s);

    if (spoold_bytes_in_work(s) >= (uint64_t)s->cfg->max_bytes_in_flight)
        return 0;
    return used < (size_t)s->cfg->max_in_flight ? (size_t)s->cfg->max_in_flight - used : 0;
}

/* Offered messages count against new ones only: being woken is their one way on. */
const char *spoold_authserv_id(const struct spoold *s)
{
    return s->cfg->authserv_id[0] ? s->cfg->authserv_id : s->depot.hostname;
}

size_t spoold_room(const struct spoold *s)
{
    size_t room = spoold_stop_reason(s) ? 0 : room_left(s), offered = s->roster.count[ROSTER_OFFERED];

    return room > offered ? room - offered : 0;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Held messages whose time has come go before new ones. Resting ones only ask for a look. */
static int64_t wake_due(struct spoold *s, int64_t now)
{
    struct roster_entry *due[LOOP_WAKE_MAX];
    size_t n, room = room_left(s);

    if (s->stopping || !s->recovered || !room)
        return INT64_MAX; /* the end of a message in work is the next turn */
    n = roster_take_due(&s->roster, now, due, room < LOOP_WAKE_MAX ? room : LOOP_WAKE_MAX);
    for (size_t i = 0; i < n; i++)
        flow_wake(s, due[i]);
    return n == LOOP_WAKE_MAX ? now : s->roster.next_due;
}

static int64_t periodic(struct spoold *s, int64_t now)
{
    if (!s->looking && now >= s->look_due && !s->stopping)
        recover_look(s);
    if (!s->tidying && now >= s->tidy_due)
        tidy_start(s);
    if (now >= s->scan_due) {
        for (size_t i = 0; i < s->cfg->intake_n; i++)
            intake_walk(s, i);
        s->mark_fresh = false;
        s->scan_due = now + s->cfg->rescan;
    }
    return earlier(
        earlier(s->looking || s->stopping ? INT64_MAX : s->look_due, s->tidying ? INT64_MAX : s->tidy_due),
        s->scan_due);
}

/* Hands out everything that is due; returns when to wake at the latest. */
static int64_t hand_out(struct spoold *s)
{
    int64_t now = depot_mono_ms(), next;

    tidy_watch(s);
    next = periodic(s, now);
    next = earlier(next, wake_due(s, now));
    if (spoold_room(s))
        next = earlier(next, intake_run(s, now));
    next = earlier(next, control_run(s, now));
    next = earlier(next, hold_run(s, now));
    next = earlier(next, notify_run(&s->notify, now));
    if (s->pool)
        next = earlier(next, pool_run(s->pool, now));
    if (s->resolver)
        next = earlier(next, resolver_run(s->resolver, now));
    if (s->listtest)
        next = earlier(next, listtest_run(s->listtest, now));
    next = earlier(next, judging_run(s, now));
    next = earlier(next, antivirus_run(s, now));
    flow_gate_run(s);
    next = earlier(next, deliver_run(s->deliver, now));
    if (store_idle(s->store) && s->todo.first)
        store_submit(s->store, &s->todo);
    if (!store_idle(s->store))
        next = earlier(next, now + s->cfg->store_stall);
    return next;
}

static void collect(struct spoold *s)
{
    struct task_list done;
    struct task *t;

    if (!store_collect(s->store, &done))
        return;
    while ((t = task_list_take(&done)))
        t->done(t, s);
}

/* What no worker has begun goes back on hold at once, its attempt given back; running jobs are called off. */
static void begin_stop(struct spoold *s)
{
    s->stopping = true;
    s->stop_due = depot_mono_ms() + LOOP_STOP_MS;
    if (s->pool)
        pool_give_back(s->pool);
    notify_send(&s->notify, "STOPPING=1");
}

static void on_signal(struct spoold *s, int fd)
{
    struct signalfd_siginfo si;

    if (read(fd, &si, sizeof si) != sizeof si)
        return;
    if (si.ssi_signo == SIGHUP) {
        reload_start(s);
        s->scan_due = s->look_due = 0;
        return;
    }
    if (s->stopping)
        return;
    log_info("event=stopping signal=%u in_work=%zu", si.ssi_signo, s->roster.count[ROSTER_WORK]);
    begin_stop(s);
}

/* The launcher ended: nothing can be started any more, and a new one would need the rights given up at start.
 */
static void watch_pool(struct spoold *s)
{
    if (!s->pool || s->stopping || !pool_is_lost(s->pool))
        return;
    log_warnx("event=stopping the launcher has ended; spoold stops, and is to be started again");
    s->failed_once = true;
    begin_stop(s);
}

static bool all_idle(const struct spoold *s)
{
    for (size_t i = 0; i < s->cfg->intake_n; i++)
        if (!intake_idle(s, i))
            return false;
    return store_idle(s->store) && !s->todo.first && !s->looking;
}

static bool is_stopped(const struct spoold *s)
{
    return (s->roster.count[ROSTER_WORK] == 0 && deliver_is_quiet(s->deliver) && store_idle(s->store) &&
            !s->todo.first) ||
           depot_mono_ms() >= s->stop_due;
}

/* --once: all is done, or the intakes are stopped and nothing more can be done. */
static bool is_done(const struct spoold *s)
{
    if (!s->recovered || !s->swept || s->roster.count[ROSTER_WORK] || s->catching_up ||
        antivirus_is_coming(s))
        return false;
    if (spoold_stop_reason(s))
        return s->marked_stopped && !s->tidying;
    return all_idle(s) && deliver_is_idle(s->deliver, depot_mono_ms()) &&
           s->roster.next_due > depot_mono_ms() + 1000;
}

static bool is_over(const struct spoold *s)
{
    return s->stopping ? is_stopped(s) : s->once && is_done(s);
}

static void say_undone(struct spoold *s)
{
    const char *why = s->once && !s->stopping ? spoold_stop_reason(s) : NULL;

    if (s->once && !s->stopping && !why && s->roster.count[ROSTER_HELD])
        why = antivirus_trouble(s);
    s->failed_once |= why != NULL;
    if (why)
        log_warnx("event=not_done %s; what is in the intakes stays there", why);
}

static int open_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGIO, SIG_IGN); /* a writer met one of our leases: flow_claim.c asks for itself */
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void add_fd(int ep, int fd)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

    if (fd >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) < 0)
        fatal("epoll_ctl");
}

static void take_in(struct spoold *s, int fd, int signals)
{
    if (fd == signals)
        on_signal(s, fd);
    else if (s->pool && fd == pool_fd(s->pool))
        pool_event(s->pool);
    else if (s->resolver && fd == resolver_fd(s->resolver))
        resolver_event(s->resolver);
    else if (fd == watch_fd(s->watch))
        watch_read(s->watch, s);
    else if (fd != store_fd(s->store) && !deliver_event(s->deliver, fd))
        control_event(s, fd);
}

void loop_run(struct spoold *s)
{
    int ep = epoll_create1(EPOLL_CLOEXEC), signals = open_signals();
    struct epoll_event ev[LOOP_EVENTS];

    if (ep < 0 || signals < 0)
        fatal("the main loop cannot be set up");
    add_fd(ep, signals);
    add_fd(ep, store_fd(s->store));
    add_fd(ep, watch_fd(s->watch));
    if (s->pool)
        add_fd(ep, pool_fd(s->pool));
    if (s->resolver)
        add_fd(ep, resolver_fd(s->resolver));
    control_attach(s, ep);
    deliver_attach(s->deliver, ep);
    while (!is_over(s)) {
        int64_t wait = hand_out(s) - depot_mono_ms();
        int n = epoll_wait(ep, ev, LOOP_EVENTS, wait < 0 ? 0 : wait > 60000 ? 60000 : (int)wait);

        collect(s);
        for (int i = 0; i < n; i++)
            take_in(s, ev[i].data.fd, signals);
        watch_pool(s);
    }
    say_undone(s);
    close(signals);
    close(ep);
}
