/*
 * pool_child.c - one serving process from SPAWN to EXITED: states, back-off, floods.
 *
 * Called from the turn of the pool and for each packet of a child. From its
 * first job on a child may be an intruder's: nothing it says is used before it
 * was checked, and its process number counts only when the loader names the
 * same. It is ended through its loader; the supervisor has no right to signal it.
 */
#include "spoold/pool_part.h"

#include "common/log.h"
#include "common/xalloc.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct pool_child *pool_child_new(struct pool_generation *g, bool alone)
{
    struct pool_child *c = xcalloc(1, sizeof *c);

    *c = (struct pool_child){.link = {POOL_LINK_CHILD, -1},
                             .next = g->child,
                             .gen = g,
                             .alone = alone,
                             .list = POOL_LIST_NONE,
                             .due = INT64_MAX,
                             .cancel_due = INT64_MAX};
    g->child = c;
    return c;
}

bool pool_child_is_alive(const struct pool_child *c)
{
    return c->state == POOL_CHILD_IDLE || c->state == POOL_CHILD_BUSY;
}

static void make_new(struct pool *p, struct pool_child *c)
{
    c->id = ++p->last_id;
    c->greeted = c->served = c->retired = c->exited = c->begun = c->recycle = c->tainted = false;
    c->jobs = 0;
    c->verdict = POOL_BY_CRUMB;
    c->cause[0] = '\0';
    c->says = (struct pool_says){.since = p->now};
}

/* Its ends of link and crumb page travel; ours stay in `c`. */
static int send_spawn(struct pool *p, struct pool_child *c)
{
    struct wire_packet w = wire_packet(WIRE_SPAWN, c->id);
    int rc = -1, saved, page = sealed_crumb_open(), peer = -1;

    if (page >= 0)
        c->crumb = sealed_crumb_map(page, false);
    if (c->crumb)
        peer = pool_link_open(p, &c->link);
    if (peer >= 0) {
        w.fd[w.fd_n++] = peer;
        w.fd[w.fd_n++] = page;
        rc = wire_send(c->gen->link.fd, &w);
    }
    saved = errno;
    if (page >= 0)
        close(page);
    if (peer >= 0)
        close(peer);
    errno = saved;
    return rc;
}

static void put_off(struct pool *p, struct pool_child *c)
{
    if (c->job)
        pool_job_return(c->gen->role, c->job);
    c->job = NULL;
    if (c->alone)
        c->gen->alone_due = p->now + POOL_BACKOFF_MS;
    else
        c->due = p->now + pool_backoff(++c->deaths + 1);
}

void pool_child_spawn(struct pool *p, struct pool_child *c)
{
    make_new(p, c);
    if (send_spawn(p, c) == 0) {
        c->state = POOL_CHILD_STARTING;
        c->due = p->now + POOL_STARTING_MS;
        return;
    }
    if (errno == EAGAIN || errno == EPIPE || errno == ECONNRESET) {
        c->state = POOL_CHILD_STARTING; /* ends with the others */
        pool_generation_discard(p, c->gen, "its loader takes no more orders");
        return;
    }
    log_warn("event=worker_not_spawned role=%s", c->gen->role->name);
    pool_death_bury(p, c);
    put_off(p, c);
}

/* Closes its link and has it ended. Its loader may find it ended already. */
static void let_die(struct pool *p, struct pool_child *c)
{
    struct wire_packet w = wire_packet(WIRE_RETIRE, c->id);

    pool_link_close(p, &c->link);
    c->state = POOL_CHILD_DYING;
    c->due = p->now + POOL_DYING_MS;
    if (!c->exited && wire_send(c->gen->link.fd, &w) < 0)
        pool_generation_discard(p, c->gen, "its loader takes no more orders");
}

void pool_child_kill(struct pool *p, struct pool_child *c, enum pool_verdict v, const char *cause)
{
    if (c->state == POOL_CHILD_DEAD || c->state == POOL_CHILD_DYING)
        return;
    c->verdict = v;
    snprintf(c->cause, sizeof c->cause, "%s", cause);
    let_die(p, c);
}

void pool_child_breach(struct pool *p, struct pool_child *c, const char *rule)
{
    char cause[POOL_CAUSE_MAX];

    snprintf(cause, sizeof cause, "it broke the protocol: %s", rule);
    pool_child_kill(p, c, POOL_ITS_FAULT, cause);
}

void pool_child_retire(struct pool *p, struct pool_child *c)
{
    c->retired = true;
    if (c->job && !c->begun) {
        pool_job_return(c->gen->role, c->job);
        c->job = NULL;
    }
    if (c->state == POOL_CHILD_DEAD)
        c->due = INT64_MAX;
    else if (c->state != POOL_CHILD_DYING)
        let_die(p, c);
}

/*
 * A child that a message has taken over lies about all later ones, and nobody would notice; what leaks adds
 * up. A fresh one costs a fork. Not all at the same job.
 */
static bool is_worn_out(const struct pool_child *c)
{
    unsigned most = pool_role_jobs_max(c->gen->role->role);

    return !c->alone && c->gen->state == POOL_READY &&
           (c->tainted || (most && c->jobs >= most + (unsigned)(c->id % 64)));
}

void pool_child_rest(struct pool *p, struct pool_child *c)
{
    struct pool_job *waiting = c->job;

    if (c->exited)
        return; /* this is its last word */
    c->state = POOL_CHILD_IDLE;
    c->due = c->cancel_due = INT64_MAX;
    c->begun = false;
    c->job = NULL;
    c->says = (struct pool_says){.since = p->now};
    if (waiting && pool_job_begin(p, c, waiting))
        return;
    if (c->state == POOL_CHILD_IDLE && is_worn_out(c)) {
        c->recycle = true;
        pool_child_retire(p, c);
        return;
    }
    if (c->state == POOL_CHILD_IDLE && (c->alone || c->gen->state != POOL_READY))
        pool_child_retire(p, c);
}

/* It serves when its loader and it itself have said so, in whatever order. */
static void arrive(struct pool *p, struct pool_child *c)
{
    struct pool_generation *g = c->gen;

    if (c->state != POOL_CHILD_STARTING || !c->greeted || !c->pid || c->exited)
        return;
    if (c->pid != c->hello_pid) {
        pool_child_breach(p, c, "HELLO: its process number is not the one that its loader names");
        return;
    }
    c->served = true;
    g->failures = 0;
    pool_generation_arrived(p, g);
    pool_child_rest(p, c);
}

static const char *take_hello(struct pool *p, struct pool_child *c, const struct wire_hello *h)
{
    if (pool_role_required(c->gen->role->role, c->gen->allow_less) & ~h->applied)
        return "HELLO: a required part of the sandbox is missing";
    c->greeted = true;
    c->hello_pid = h->pid;
    c->gen->applied |= h->applied & SANDBOX_TRACE; /* which its loader's test does without */
    arrive(p, c);
    return NULL;
}

/* Words for the RESULT that follows; they count for this job only. */
static const char *take_finding(struct pool_child *c, const struct wire_packet *w)
{
    if (w->h.id != c->job->id)
        return "FINDING: of another job";
    if (++c->findings > POOL_FINDINGS)
        return "FINDING: too many of them";
    snprintf(c->finding, sizeof c->finding, "%.*s", (int)w->h.length, w->u.text);
    return NULL;
}

static const char *take_log(struct pool *p, struct pool_child *c, const struct wire_packet *w)
{
    struct pool_generation *g = c->gen;
    bool flood = c->state == POOL_CHILD_BUSY && !c->job->endless
                     ? ++c->says.n > POOL_SAYS_JOB
                     : pool_says_flood(&c->says, p->now, POOL_SAYS_MINUTE);

    if (flood)
        return "LOG: too many of them";
    if (!c->served)
        snprintf(g->said, sizeof g->said, "%.*s", (int)w->h.length, w->u.text);
    log_info("event=worker_says role=%s generation=%llu pid=%u text=\"%.*s\"", g->role->name,
             (unsigned long long)g->number, c->pid, (int)w->h.length, w->u.text);
    return NULL;
}

void pool_child_packet(struct pool *p, struct pool_child *c, const struct wire_packet *w)
{
    enum wire_state state = c->state == POOL_CHILD_BUSY ? WIRE_BUSY : c->greeted ? WIRE_UP : WIRE_STARTING;
    const char *rule = wire_check(WIRE_FROM_CHILD, state, w);

    if (!rule && w->h.type == WIRE_HELLO)
        rule = take_hello(p, c, &w->u.hello);
    else if (!rule && w->h.type == WIRE_LOG)
        rule = take_log(p, c, w);
    else if (!rule && w->h.type == WIRE_RESULT)
        pool_result_take(p, c, w);
    else if (!rule && w->h.type == WIRE_FINDING)
        rule = take_finding(c, w);
    else if (!rule)
        rule = "NEED: its role has no needs";
    if (rule)
        pool_child_breach(p, c, rule);
}

void pool_child_gone(struct pool *p, struct pool_child *c, const char *fault)
{
    if (fault)
        pool_child_breach(p, c, fault);
    else if (c->state != POOL_CHILD_DEAD && c->state != POOL_CHILD_DYING)
        let_die(p, c);
}

const char *pool_child_spawned(struct pool *p, struct pool_child *c, uint32_t pid)
{
    if (c->pid || pid == 0 || pid > INT32_MAX)
        return "SPAWNED: a process number that cannot be";
    c->pid = pid;
    arrive(p, c);
    return NULL;
}

void pool_child_busy(struct pool *p, struct pool_child *c, struct pool_job *job)
{
    c->state = POOL_CHILD_BUSY;
    c->job = job;
    c->begun = true;
    c->findings = 0;
    c->finding[0] = '\0';
    c->says = (struct pool_says){.since = p->now};
    pool_deadline_start(p, c);
}

static void run_starting(struct pool *p, struct pool_child *c)
{
    if (c->pid)
        pool_child_kill(p, c, POOL_BY_CRUMB, "it was not ready within 10 s");
    else
        pool_generation_discard(p, c->gen, "its loader did not start a process within 10 s");
}

static void run_dying(struct pool *p, struct pool_child *c)
{
    struct pool_generation *g = c->gen;

    if (!c->cause[0])
        snprintf(c->cause, sizeof c->cause, "it closed its link");
    pool_death_finish(p, c, NULL);
    pool_generation_discard(p, g, "its loader did not end a process within 3 s");
}

void pool_child_run(struct pool *p, struct pool_child *c)
{
    c->due = INT64_MAX;
    if (c->state == POOL_CHILD_DEAD && c->gen->state == POOL_READY && !c->alone && !p->stopping)
        pool_child_spawn(p, c);
    else if (c->state == POOL_CHILD_STARTING)
        run_starting(p, c);
    else if (c->state == POOL_CHILD_BUSY)
        pool_deadline_judge(p, c);
    else if (c->state == POOL_CHILD_DYING)
        run_dying(p, c);
}
