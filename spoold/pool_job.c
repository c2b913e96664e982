/*
 * pool_job.c - the queue of a role: jobs wait here, are sent to children, and their outcomes are delivered.
 *
 * Called from the turn of the pool. A job that cannot be sent goes back to the
 * front. An outcome is noted first and delivered at the end of the turn, so
 * that a `done` may do what it likes to the pool. Descriptors and bytes of a job
 * are its owner's and only borrowed; the blob made of them lives for one call.
 */
#include "spoold/pool_part.h"

#include "common/log.h"
#include "common/parts.h"
#include "common/xalloc.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct pool_note {
    struct pool_note *next;
    struct pool_job *job;
    struct pool_outcome outcome;
};

void pool_job_queue(struct pool_role *r, struct pool_job *job)
{
    job->next = NULL;
    if (r->last)
        r->last->next = job;
    else
        r->first = job;
    r->last = job;
}

void pool_job_return(struct pool_role *r, struct pool_job *job)
{
    job->next = r->first;
    r->first = job;
    if (!r->last)
        r->last = job;
}

/* `before`: the one in front of it, NULL for the first. */
static void unqueue(struct pool_role *r, struct pool_job *before, struct pool_job *job)
{
    if (before)
        before->next = job->next;
    else
        r->first = job->next;
    if (r->last == job)
        r->last = before;
    job->next = NULL;
}

void pool_job_end(struct pool *p, struct pool_job *job, const struct pool_outcome *o)
{
    struct pool_note *n = xcalloc(1, sizeof *n);

    *n = (struct pool_note){.job = job, .outcome = *o};
    *p->note_end = n;
    p->note_end = &n->next;
}

static struct pool_note *take_note(struct pool *p)
{
    struct pool_note *n = p->note;

    if (n && !(p->note = n->next))
        p->note_end = &p->note;
    return n;
}

void pool_job_deliver(struct pool *p)
{
    struct pool_note *n;

    if (p->delivering)
        return; /* asked from within a `done`: the loop below goes on */
    p->delivering = true;
    while ((n = take_note(p))) {
        n->job->done(p->s, n->job, &n->outcome);
        free(n);
    }
    p->delivering = false;
}

void pool_job_forget_notes(struct pool *p)
{
    struct pool_note *n;

    while ((n = take_note(p)))
        free(n);
}

static void end_unserved(struct pool *p, struct pool_job *job, enum pool_end end, const char *cause)
{
    struct pool_outcome o = {.end = end};

    snprintf(o.cause, sizeof o.cause, "%.*s", (int)sizeof o.cause - 1, cause);
    pool_job_end(p, job, &o);
}

static bool has_given_up(const struct pool *p, const struct pool_role *r)
{
    return r->failures && !r->current && !r->drain && r->down_since &&
           p->now - r->down_since >= POOL_GIVE_UP_MS;
}

/* Why jobs are not to wait any longer, and how they end; NULL when they may. */
static const char *refusal(const struct pool *p, const struct pool_role *r, enum pool_end *end)
{
    *end = POOL_NO_WORKER;
    if (p->lost)
        return "the launcher of the workers has ended";
    if (has_given_up(p, r))
        return r->trouble;
    *end = POOL_CANCELLED;
    if (!r->wanted)
        return "it is switched off";
    return p->stopping ? "spoold is stopping" : NULL;
}

static void end_all(struct pool *p, struct pool_role *r, enum pool_end end, const char *why)
{
    while (r->first) {
        struct pool_job *job = r->first;

        unqueue(r, NULL, job);
        end_unserved(p, job, end, why);
    }
}

void pool_job_cancel_all(struct pool *p, struct pool_role *r, const char *why)
{
    end_all(p, r, POOL_CANCELLED, why);
}

static bool take_from_queue(struct pool_role *r, struct pool_job *job)
{
    struct pool_job *before = NULL, *at = r->first;

    for (; at && at != job; at = at->next)
        before = at;
    if (at)
        unqueue(r, before, at);
    return at != NULL;
}

static struct pool_child *child_of(const struct pool_role *r, const struct pool_job *job)
{
    for (const struct pool_generation *g = r->gen; g; g = g->next)
        for (struct pool_child *c = g->child; c; c = c->next)
            if (c->job == job)
                return c;
    return NULL;
}

void pool_job_abandon(struct pool *p, struct pool_job *job, const char *why)
{
    struct pool_role *r = &p->role[job->role];
    struct pool_child *c = child_of(r, job);

    p->now = p->clock();
    if (c && c->begun) {
        pool_child_kill(p, c, POOL_CALLED_OFF, why);
        /* Also of one that was about to end anyway: the job is not begun again. */
        c->verdict = POOL_CALLED_OFF;
    } else if (c) {
        pool_child_retire(p, c); /* the job is back in the queue */
    }
    if (take_from_queue(r, job))
        end_unserved(p, job, POOL_CANCELLED, why);
    pool_kick(p);
}

static bool end_waiting(struct pool *p, struct pool_role *r)
{
    enum pool_end end;
    const char *why = refusal(p, r, &end);

    if (why)
        end_all(p, r, end, why);
    return why != NULL;
}

static struct pool_child *find_idle(const struct pool_generation *g)
{
    for (struct pool_child *c = g->child; c; c = c->next)
        if (c->state == POOL_CHILD_IDLE && !c->alone)
            return c;
    return NULL;
}

/* Long work of this generation is one at a time, or it would have all children and everybody wait. */
static bool has_big(const struct pool_generation *g)
{
    for (const struct pool_child *c = g->child; c; c = c->next)
        if (c->job && c->job->big)
            return true;
    return false;
}

static struct pool_child *make_alone(const struct pool *p, struct pool_generation *g)
{
    unsigned n = 0;

    for (const struct pool_child *c = g->child; c; c = c->next)
        n += c->alone && c->state != POOL_CHILD_DEAD;
    return n < POOL_ALONE_MAX && p->now >= g->alone_due ? pool_child_new(g, true) : NULL;
}

/* False: the queue or the generation has changed. */
static bool give(struct pool *p, struct pool_child *c, struct pool_job *job)
{
    if (!c->alone)
        return pool_job_begin(p, c, job);
    c->job = job; /* sent when it is there */
    pool_child_spawn(p, c);
    return c->state == POOL_CHILD_STARTING;
}

/*
 * First come, first served; but one that must be alone, or is big, does not keep the others waiting. Those
 * that go by are all younger, so it is the first one again as soon as there is a place for it.
 */
void pool_job_dispatch(struct pool *p, struct pool_role *r)
{
    struct pool_job *before = NULL, *next = NULL;
    bool full[2] = {false, false};

    if (end_waiting(p, r) || !r->current || p->now < r->hold_due)
        return;
    for (struct pool_job *job = r->first; job && !(full[0] && full[1]); job = next) {
        bool held = full[job->alone] || (job->big && has_big(r->current));
        struct pool_child *c = held ? NULL : job->alone ? make_alone(p, r->current) : find_idle(r->current);

        next = job->next;
        if (!c) {
            full[job->alone] |= !held;
            before = job;
            continue;
        }
        unqueue(r, before, job);
        if (!give(p, c, job))
            return;
    }
}

static int64_t sooner(int64_t due, int64_t now, int64_t at)
{
    return at > now && at < due ? at : due;
}

int64_t pool_job_due(const struct pool *p, const struct pool_role *r)
{
    int64_t due = INT64_MAX;

    if (!r->first)
        return due;
    due = sooner(due, p->now, r->hold_due);
    if (r->current)
        due = sooner(due, p->now, r->current->alone_due);
    else if (r->failures && r->down_since && !r->drain)
        due = sooner(due, p->now, r->down_since + POOL_GIVE_UP_MS);
    return due;
}

/* What a lost worker has left in it. The offset is shared with whoever had the descriptor. */
static int empty_output(const struct pool_job *job)
{
    if (!job->losses || job->out < 0)
        return 0;
    return ftruncate(job->out, 0) < 0 || lseek(job->out, 0, SEEK_SET) < 0 ? -1 : 0;
}

static void add_fd(struct wire_packet *w, uint32_t flag, int fd)
{
    w->u.job.flags |= flag;
    w->fd[w->fd_n++] = fd;
}

static int send_with(const struct pool_child *c, const struct pool_job *job, int out, int blob)
{
    struct wire_packet w = wire_packet(WIRE_JOB, job->id);

    w.u.job = (struct wire_job){.test = job->test, .size = job->size};
    w.fd[w.fd_n++] = job->message;
    if (out >= 0)
        add_fd(&w, WIRE_JOB_OUT, out);
    if (blob >= 0)
        add_fd(&w, WIRE_JOB_BLOB, blob);
    if (job->once && job->notes >= 0)
        add_fd(&w, WIRE_JOB_NOTES, job->notes);
    if (job->once)
        add_fd(&w, WIRE_JOB_PEER, job->peer);
    return wire_send(c->link.fd, &w);
}

static int send_job(struct pool_child *c, const struct pool_job *job)
{
    int blob = job->blob.n ? sealed_blob(job->blob) : -1, list = -1, rc = -1, saved;
    const size_t room = job->list ? PARTS_PACKED_MAX : job->answer ? job->answer_max : 0;

    if (job->blob.n && blob < 0)
        return -1;
    if (room)
        list = pool_list_open(&c->list, room);
    if (!room || list >= 0)
        rc = send_with(c, job, room ? list : job->out, blob);
    saved = errno;
    if (blob >= 0)
        close(blob);
    errno = saved;
    return rc;
}

/* Neither the job nor the child is at fault: descriptors or memory ran out here. */
static void not_handed_over(struct pool *p, struct pool_role *r, struct pool_job *job, int err)
{
    char cause[POOL_CAUSE_MAX];

    snprintf(cause, sizeof cause, "it could not be handed to a worker: %s", strerror(err));
    log_warnx("event=job_not_sent role=%s %s", r->name, cause);
    r->hold_due = p->now + POOL_HANDOVER_MS;
    if (++job->losses >= POOL_LOSSES_MAX)
        end_unserved(p, job, POOL_NO_WORKER, cause);
    else
        pool_job_return(r, job);
}

bool pool_job_begin(struct pool *p, struct pool_child *c, struct pool_job *job)
{
    struct pool_role *r = c->gen->role;
    int err;

    if (job->answer)
        buf_clear(job->answer);
    if (empty_output(job) == 0 && send_job(c, job) == 0) {
        pool_child_busy(p, c, job);
        return true;
    }
    err = errno;
    if (err != EAGAIN && err != EPIPE && err != ECONNRESET) {
        not_handed_over(p, r, job, err);
        return false;
    }
    pool_job_return(r, job);
    if (err == EAGAIN)
        pool_child_kill(p, c, POOL_BY_CRUMB, "it does not read its link");
    else
        pool_child_gone(p, c, NULL);
    return false;
}
