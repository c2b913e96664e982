/*
 * pool_death.c - what follows the end of a child: its job is settled, the log told, its place filled again.
 *
 * Called when EXITED came, when it did not come in time, and when the loader is
 * gone. What a child said before its end counts, so its link is emptied first. A
 * forbidden system call (SIGSYS) is an attack and is told as one. Children that
 * end before they serve show that a generation is no good; then that ends.
 */
#include "spoold/pool_part.h"

#include "common/log.h"

#include <signal.h>
#include <sys/wait.h>

void pool_death_fate(char *to, size_t size, int status)
{
    int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    const char *name = sig ? sigdescr_np(sig) : NULL;

    if (sig)
        snprintf(to, size, "it was ended by signal %d (%s)", sig, name ? name : "unknown");
    else
        snprintf(to, size, "it ended with exit status %d", WEXITSTATUS(status));
}

/* An empty place again. What it was ended for stays readable until the next one is spawned. */
void pool_death_bury(struct pool *p, struct pool_child *c)
{
    pool_link_close(p, &c->link);
    sealed_crumb_unmap(&c->crumb);
    pool_list_close(&c->list);
    c->state = POOL_CHILD_DEAD;
    c->id = 0;
    c->pid = c->hello_pid = 0;
    c->due = c->cancel_due = INT64_MAX;
}

/* That a loader took its idle children along needs no line each: `quiet`. */
static void say_died(struct pool *p, struct pool_child *c, const struct wire_exited *e, bool quiet)
{
    const char *role = c->gen->role->name;
    unsigned long long number = c->gen->number;

    c->gen->role->deaths++;
    (quiet ? log_debug : log_warnx)(
        "event=worker_died role=%s generation=%llu pid=%u cpu_ms=%llu rss_kb=%llu cause=\"%s\"", role, number,
        c->pid, e ? (unsigned long long)(e->cpu_us / 1000) : 0, e ? (unsigned long long)e->rss_kb : 0,
        c->cause);
    if (!e || !WIFSIGNALED(e->status) || WTERMSIG(e->status) != SIGSYS)
        return;
    log_warnx("event=attack role=%s generation=%llu pid=%u a system call that no worker needs was refused",
              role, number, c->pid);
    alarm_raise(&p->s->alarms, ALARM_ATTACK,
                "worker-%s (pid %u) tried a system call that only an intruder needs, and was ended; its "
                "message is kept: look for event=attack in the log",
                role, c->pid);
}

/* It ended before it served. One or two may be bad luck. */
static void count_failure(struct pool *p, struct pool_child *c)
{
    struct pool_generation *g = c->gen;
    char why[WIRE_TEXT_MAX + 1];

    g->failures++;
    if (c->alone)
        g->alone_due = p->now + pool_backoff(g->failures + 1);
    if (g->failures < POOL_FAILURES_MAX || pool_generation_lives(g))
        return;
    snprintf(why, sizeof why, "%d of its processes in a row ended before they served: %.300s",
             POOL_FAILURES_MAX, g->said[0] ? g->said : c->cause);
    pool_generation_discard(p, g, why);
}

/*
 * A death that a message was charged with is limited by that message's attempts: were it to count, a handful
 * of poisonous messages would stop all mail. Many of them in a row are slowed down only.
 */
static int64_t respawn_wait(struct pool_child *c, bool charged)
{
    if (!charged)
        return pool_backoff(++c->deaths);
    return ++c->gen->role->charged < POOL_CHARGED_MAX ? 0 : POOL_CHARGED_MS;
}

/* `e` NULL: nobody knows how it ended. */
void pool_death_finish(struct pool *p, struct pool_child *c, const struct wire_exited *e)
{
    bool failed = !c->served && !c->retired, idle = !c->job, charged = false;

    if (c->job)
        charged = pool_result_settle(p, c, e ? &e->status : NULL);
    if (!c->cause[0] && e)
        pool_death_fate(c->cause, sizeof c->cause, e->status);
    if (!c->retired)
        say_died(p, c, e, idle && c->verdict == POOL_NOT_ITS_FAULT);
    pool_death_bury(p, c);
    if (c->gen->state == POOL_READY && c->recycle)
        c->due = p->now;
    if (c->gen->state != POOL_READY || c->retired)
        return;
    if (!c->alone)
        c->due = p->now + respawn_wait(c, charged);
    if (failed)
        count_failure(p, c);
}

const char *pool_death_exited(struct pool *p, struct pool_child *c, const struct wire_exited *e)
{
    if (e->pid != c->pid)
        return "EXITED: a process number that is not the one of SPAWNED";
    c->exited = true;
    /* What it said before its end counts: its RESULT may lie here. */
    pool_link_read(p, &c->link, POOL_SAYS_MINUTE + POOL_READ_MAX);
    pool_death_finish(p, c, e);
    return NULL;
}

void pool_death_drop(struct pool *p, struct pool_child *c)
{
    if (c->verdict == POOL_BY_CRUMB)
        c->verdict = POOL_NOT_ITS_FAULT;
    if (!c->cause[0])
        snprintf(c->cause, sizeof c->cause, "its loader ended");
    if (c->state != POOL_CHILD_DEAD)
        pool_death_finish(p, c, NULL);
    c->due = INT64_MAX;
}
