/*
 * pool_reload.c - new generations by order, and roles that are switched on and off.
 *
 * Called by the loop after a change of settings and when there are new signatures.
 * A reload either overlaps (the old generation serves until the new one has proved
 * itself) or drains: the old one ends first, jobs wait, and only when its last
 * process is gone does the new one load, so that the memory is never needed
 * twice. Never touches a job that was begun.
 */
#include "spoold/pool_part.h"

#include "common/log.h"

bool pool_reload_wants(const struct pool *p, enum role role)
{
    return p->roles ? p->roles & (1u << role) : pool_role_is_wanted(p->s->cfg, role);
}

/* What is loading has older settings than the one that is ordered now. */
static void end_coming(struct pool *p, struct pool_role *r)
{
    for (struct pool_generation *g = r->gen; g; g = g->next) {
        if (g == r->current || !pool_generation_is_coming(g))
            continue;
        log_info("event=worker_replaced role=%s generation=%llu a newer one takes its place", r->name,
                 (unsigned long long)g->number);
        pool_generation_end(p, g, true);
    }
}

static void drain_current(struct pool *p, struct pool_role *r)
{
    struct pool_generation *g = r->current;

    r->current = NULL;
    if (g)
        pool_generation_drain(p, g);
}

static bool is_coming(const struct pool_role *r)
{
    for (const struct pool_generation *g = r->gen; g; g = g->next)
        if (g != r->current && pool_generation_is_coming(g))
            return true;
    return false;
}

static void order(struct pool *p, struct pool_role *r, enum pool_reload mode)
{
    if (r->drain == POOL_OLD_ENDS)
        return; /* the one that follows loads what is newest by then */
    if (mode == POOL_OVERLAP && !pool_status_served(r) && is_coming(r)) {
        r->again = true; /* orders that come faster than it can load would keep it from ever serving */
        return;
    }
    r->again = false;
    end_coming(p, r);
    r->mode = mode;
    r->order_ms = p->now;
    if (mode == POOL_OVERLAP) {
        pool_generation_start(p, r);
        return;
    }
    r->drain = POOL_OLD_ENDS;
    r->retry_due = INT64_MAX; /* it comes by this order now */
    drain_current(p, r);
    pool_reload_run(p, r);
}

bool pool_reload_is_due(const struct pool *p, const struct pool_role *r)
{
    return r->drain == POOL_OLD_ENDS && !p->stopping && !p->lost && pool_generation_count(r) == 0;
}

void pool_reload_run(struct pool *p, struct pool_role *r)
{
    if (!pool_reload_is_due(p, r))
        return;
    r->drain = POOL_NEW_LOADS;
    pool_generation_start(p, r);
}

void pool_reload_done(struct pool *p, const struct pool_generation *g)
{
    struct pool_role *r = g->role;

    r->drain = POOL_NOT_DRAINED;
    if (r->again)
        order(p, r, POOL_OVERLAP);
    if (!r->order_ms)
        return;
    r->reload_ms = p->now > r->order_ms ? p->now - r->order_ms : 1;
    r->reload_mode = r->mode;
    r->order_ms = 0;
    log_info("event=worker_reloaded role=%s generation=%llu mode=%s ms=%lld", r->name,
             (unsigned long long)g->number, r->mode == POOL_DRAIN ? "drain" : "overlap",
             (long long)r->reload_ms);
}

void pool_reload_failed(struct pool_role *r)
{
    r->again = false; /* the next try has what is newest */
    r->drain = POOL_NOT_DRAINED;
    r->order_ms = 0;
}

static void switch_off(struct pool *p, struct pool_role *r)
{
    log_info("event=worker_switched_off role=%s", r->name);
    r->wanted = false;
    end_coming(p, r);
    pool_reload_failed(r);
    r->retry_due = INT64_MAX;
    r->failures = 0;
    r->down_since = 0;
    r->trouble[0] = '\0';
    r->blamed = 0;
    pool_generation_clear_alarm(p, r->role);
    drain_current(p, r);
}

static void follow_settings(struct pool *p, struct pool_role *r, enum pool_reload mode)
{
    const bool wanted = pool_reload_wants(p, r->role);

    if (!wanted && r->wanted)
        switch_off(p, r);
    if (wanted && !r->wanted) {
        r->wanted = true;
        r->down_since = p->now;
    }
    if (wanted)
        order(p, r, mode);
}

void pool_reload(struct pool *p, enum pool_reload av_mode)
{
    p->now = p->clock();
    if (p->lost || p->stopping)
        return;
    for (int i = 0; i < ROLE__MAX; i++)
        follow_settings(p, &p->role[i], i == ROLE_AV ? av_mode : POOL_OVERLAP);
    pool_kick(p);
}

void pool_reload_role(struct pool *p, enum role role, enum pool_reload mode)
{
    p->now = p->clock();
    if (p->lost || p->stopping || !p->role[role].wanted)
        return;
    order(p, &p->role[role], mode);
    pool_kick(p);
}

bool pool_is_draining(const struct pool *p, enum role role)
{
    return p->role[role].drain != POOL_NOT_DRAINED;
}
