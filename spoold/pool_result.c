/*
 * pool_result.c - what becomes of a job: by its RESULT, or by the end of the child that had it.
 *
 * Called by pool_child.c and pool_death.c. A RESULT comes from a process that has
 * read a hostile message: its numbers are compared with what is known here
 * before anybody sees them; what only one role says is pool_role.c's to judge. After a death only that job is
 * charged which the crumb page of the dead child names, or which its worker broke a rule over; any other is
 * tried again. The page is shared with the child: each field is read once, and means nothing but that.
 */
#include "spoold/pool_part.h"

#include "common/log.h"

#include <sys/stat.h>
#include <sys/wait.h>

#define ERRNO_MAX 4095

uint32_t pool_result_phase(const struct pool_child *c)
{
    uint64_t job;

    if (!c->crumb || !c->job || !c->begun)
        return 0;
    job = __atomic_load_n(&c->crumb->job, __ATOMIC_ACQUIRE);
    return job == c->job->id ? __atomic_load_n(&c->crumb->phase, __ATOMIC_RELAXED) : 0;
}

static struct pool_outcome outcome_of(const struct pool_child *c, enum pool_end end)
{
    return (struct pool_outcome){.end = end,
                                 .phase = pool_result_phase(c),
                                 .generation = c->gen->number,
                                 .config = c->gen->config,
                                 .loaded = c->gen->loaded,
                                 .pid = c->pid};
}

static const char *answer_fault(const struct pool_child *c, const struct wire_result *r)
{
    struct pool_job *job = c->job;
    const char *rule = pool_list_read(c->list.room, r->out_size, job->answer_max, job->answer);

    return rule || !job->fault ? rule : job->fault(job, r);
}

static const char *output_fault(const struct pool_child *c, const struct wire_result *r)
{
    const struct pool_job *job = c->job;
    const uint64_t size = r->out_size;
    struct stat st;

    if (job->list)
        return pool_list_take(c->list.room, size, job->list);
    if (job->answer)
        return answer_fault(c, r);
    if (job->out < 0)
        return size ? "RESULT: an output where there is none" : NULL;
    if (fstat(job->out, &st) < 0 || st.st_size < 0 || (uint64_t)st.st_size != size)
        return "RESULT: the size of its output is not what it says";
    return size > c->gen->file_max ? "RESULT: its output is too large" : NULL;
}

static const char *result_fault(const struct pool_child *c, const struct wire_packet *w)
{
    const struct wire_result *r = &w->u.result;
    const char *rule;

    if (w->h.id != c->job->id)
        return "RESULT: of another job";
    if (r->status >= WIRE_STATUS__MAX || r->err < 0 || r->err > ERRNO_MAX)
        return "RESULT: a status that there is not";
    if (r->status == WIRE_CANCELLED && c->cancel_due == INT64_MAX)
        return "RESULT: cancelled, and nobody asked for that";
    if (r->reserved[0] || r->reserved[1])
        return "RESULT: numbers that cannot be";
    rule = pool_role_fault(c->gen->role->role, r, c->finding);
    return rule || r->status != WIRE_OK ? rule : output_fault(c, r);
}

static const char *why_cancelled(const struct pool *p, const struct pool_role *r)
{
    if (p->stopping)
        return "spoold is stopping";
    return r->wanted ? "a newer worker takes its place" : "it is switched off";
}

void pool_result_take(struct pool *p, struct pool_child *c, const struct wire_packet *w)
{
    const char *fault = result_fault(c, w);
    struct pool_outcome o;

    if (fault) {
        pool_child_breach(p, c, fault);
        return;
    }
    o = outcome_of(c, w->u.result.status == WIRE_CANCELLED ? POOL_CANCELLED : POOL_DONE);
    o.result = w->u.result;
    snprintf(o.finding, sizeof o.finding, "%s", c->finding);
    if (o.end == POOL_CANCELLED)
        snprintf(o.cause, sizeof o.cause, "%s", why_cancelled(p, c->gen->role));
    c->gen->role->jobs++;
    c->gen->role->failures = c->gen->role->charged = 0;
    c->deaths = 0;
    c->jobs += !c->job->endless;
    c->tainted = pool_role_is_tainted(c->gen->role->role, &o.result);
    pool_job_end(p, c->job, &o);
    c->job = NULL;
    pool_list_rest(&c->list, w->u.result.out_size);
    pool_child_rest(p, c);
}

static const char *while_text(uint32_t phase)
{
    return phase == SEALED_PHASE_READING   ? " while reading"
           : phase == SEALED_PHASE_WRITING ? " while writing"
           : phase                         ? " after it had begun"
                                           : "";
}

static void explain(const struct pool_child *c, const int *status, struct pool_outcome *o)
{
    char fate[POOL_CAUSE_MAX] = "it closed its link";

    if (status)
        pool_death_fate(fate, sizeof fate, *status);
    if (c->cause[0])
        snprintf(o->cause, sizeof o->cause, "%s", c->cause);
    else
        snprintf(o->cause, sizeof o->cause, "%.80s%s", fate, while_text(o->phase));
    /* A signal that it was ended with by us says nothing about the message. */
    if (status && WIFSIGNALED(*status) && !c->cause[0])
        o->signal = WTERMSIG(*status);
}

/* Lost through no fault of its own: tried again, but not for ever. */
static void lose_job(struct pool *p, struct pool_role *r, struct pool_job *job, struct pool_outcome *o)
{
    if (!p->lost && !p->stopping && !job->once && ++job->losses < POOL_LOSSES_MAX) {
        log_info("event=job_lost role=%s pid=%u losses=%u cause=\"%s\"", r->name, o->pid, job->losses,
                 o->cause);
        pool_job_return(r, job);
        return;
    }
    o->end = p->lost ? POOL_NO_WORKER : p->stopping || job->once ? POOL_CANCELLED : POOL_CHARGED;
    pool_job_end(p, job, o);
}

bool pool_result_settle(struct pool *p, struct pool_child *c, const int *status)
{
    struct pool_outcome o = outcome_of(c, POOL_CHARGED);
    struct pool_job *job = c->job;
    const bool endless = job->endless;

    c->job = NULL;
    pool_list_close(&c->list);
    if (!c->begun) {
        pool_job_return(c->gen->role, job);
        return false;
    }
    explain(c, status, &o);
    if (c->verdict == POOL_CALLED_OFF)
        o.end = POOL_CANCELLED;
    if (endless || c->verdict == POOL_NOT_ITS_FAULT || (c->verdict == POOL_BY_CRUMB && o.phase == 0))
        lose_job(p, c->gen->role, job, &o);
    else
        pool_job_end(p, job, &o);
    if (endless && p->now - c->begun_ms >= POOL_BACKOFF_MAX_MS)
        c->gen->role->charged = 0; /* it has no RESULT to show that it is of use */
    return (endless || o.end == POOL_CHARGED) && c->verdict != POOL_NOT_ITS_FAULT;
}
