/*
 * pool_deadline.c - how long a child may work on one job.
 *
 * Called when a job begins, when it is called off, and by pool_child.c when the
 * time has come that was worked out here: never sooner, so a busy pool costs a
 * handful of looks per job that hangs and none per job that does not. Reads the
 * processor time of the child from the kernel; what the child says about itself
 * plays no part.
 */
#include "spoold/pool_part.h"

#include <time.h>

/* CPU time of its process in ms; -1 when it cannot be had. */
static int64_t cpu_ms(struct pool_child *c)
{
    struct timespec t;

    if (!c->pid)
        return -1;
    if (c->clock_pid != c->pid && clock_getcpuclockid((pid_t)c->pid, &c->clock) != 0)
        return -1;
    c->clock_pid = c->pid;
    if (clock_gettime(c->clock, &t) < 0)
        return -1;
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void set_busy_due(struct pool_child *c, int64_t due)
{
    c->due = due < c->cancel_due ? due : c->cancel_due;
}

void pool_deadline_start(struct pool *p, struct pool_child *c)
{
    c->begun_ms = p->now;
    c->cpu_ms = cpu_ms(c);
    c->cancel_due = INT64_MAX;
    set_busy_due(c, c->job->endless ? INT64_MAX : p->now + c->gen->deadline + 1);
}

void pool_deadline_cancel(struct pool *p, struct pool_child *c)
{
    struct wire_packet w = wire_packet(WIRE_CANCEL, c->job->id);

    if (c->cancel_due != INT64_MAX)
        return;
    c->cancel_due = p->now + POOL_CANCEL_MS;
    set_busy_due(c, c->due);
    if (wire_send(c->link.fd, &w) < 0)
        pool_child_kill(p, c, POOL_CALLED_OFF, "it takes no more orders");
}

/*
 * A worker that waits for a slow machine has much time; one that computes has
 * little. Its processor time cannot grow faster than the clock (it has one
 * thread), so that is when the next look is due.
 */
void pool_deadline_judge(struct pool *p, struct pool_child *c)
{
    const int64_t d = c->gen->deadline, wall = p->now - c->begun_ms;
    int64_t used = cpu_ms(c), left;

    used = used < 0 || c->cpu_ms < 0 ? 0 : used - c->cpu_ms;
    if (p->now >= c->cancel_due) {
        pool_child_kill(p, c, POOL_CALLED_OFF, "it did not stop when it was told to");
    } else if (c->job->endless) {
        set_busy_due(c, INT64_MAX);
    } else if (wall > 4 * d || (wall > d && used > d / 4)) {
        pool_child_kill(p, c, POOL_BY_CRUMB, pool_role_late(c->gen->role->role));
    } else if (wall <= d) {
        set_busy_due(c, c->begun_ms + d + 1);
    } else {
        left = d / 4 - used + 1 > d / 16 + 1 ? d / 4 - used + 1 : d / 16 + 1;
        left = wall + left > 4 * d ? 4 * d + 1 - wall : left;
        set_busy_due(c, p->now + left);
    }
}
