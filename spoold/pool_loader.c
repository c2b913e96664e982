/*
 * pool_loader.c - what loaders say, and what the launcher says of them.
 *
 * Called for each packet of a loader's link, and when the link or the process
 * ends. A loader never sees a message, but it is a worker: each packet is held
 * against the table of the wire and against what was asked of it, and the first
 * one that does not fit ends its generation.
 */
#include "spoold/pool_part.h"

#include "common/log.h"

#define BY_WORKER (SANDBOX_NO_NEW_PRIVS | SANDBOX_RLIMITS | SANDBOX_LANDLOCK | SANDBOX_SECCOMP)

static const char *ready_fault(const struct pool_generation *g, const struct wire_ready *r)
{
    const uint32_t required = pool_role_required(g->role->role, g->allow_less),
                   given_up = g->allow_less & ~r->applied;

    if (r->applied & ~(uint32_t)SANDBOX__ALL)
        return "READY: parts of the sandbox that there are not";
    if (required & ~r->applied)
        return "READY: a required part of the sandbox is missing";
    if (r->refused > r->attempts || (!given_up && (!r->attempts || r->refused < r->attempts)))
        return "READY: its own test found a hole in the sandbox";
    if (g->role->role == ROLE_AV && !g->loaded.engine[0])
        return "READY: it does not say what it has loaded";
    return NULL;
}

static const char *take_ready(struct pool *p, struct pool_generation *g, const struct wire_packet *w)
{
    const char *fault = ready_fault(g, &w->u.ready);

    if (fault)
        return fault;
    g->ready = w->u.ready;
    g->applied |= w->u.ready.applied & BY_WORKER;
    g->state = POOL_READY;
    g->due = INT64_MAX;
    for (int64_t i = pool_role_children(p->s->cfg, g->role->role); i > 0; i--)
        pool_child_new(g, false)->due = p->now;
    return NULL;
}

/* Printable, and zeros to its end: it is shown as it is. */
static bool engine_is_clean(const char *engine, size_t size)
{
    size_t n = strnlen(engine, size);

    for (size_t i = 0; i < size; i++)
        if (i < n ? engine[i] < 0x20 || engine[i] > 0x7e : engine[i] != 0)
            return false;
    return n > 0 && n < size;
}

static const char *take_loaded(struct pool *p, struct pool_generation *g, const struct wire_packet *w)
{
    const struct wire_loaded *l = &w->u.loaded;

    (void)p;
    if (g->told_loaded)
        return "LOADED: a second time";
    if (!engine_is_clean(l->engine, sizeof l->engine))
        return "LOADED: the name of its engine is none";
    if (l->flags & ~(uint32_t)WIRE_LOADED_TEST || l->built < 0)
        return "LOADED: numbers that cannot be";
    g->loaded = *l;
    g->told_loaded = true;
    return NULL;
}

static const char *take_failed(struct pool *p, struct pool_generation *g, const struct wire_packet *w)
{
    char text[WIRE_TEXT_MAX + 1];

    snprintf(text, sizeof text, "%.*s", (int)w->h.length, w->u.text);
    pool_generation_discard(p, g, text);
    return NULL;
}

static struct pool_child *find_child(struct pool_generation *g, uint64_t id)
{
    for (struct pool_child *c = g->child; c; c = c->next)
        if (c->id == id && id)
            return c;
    return NULL;
}

static const char *take_spawned(struct pool *p, struct pool_generation *g, const struct wire_packet *w)
{
    struct pool_child *c = find_child(g, w->h.id);

    return c ? pool_child_spawned(p, c, w->u.spawned.pid) : "SPAWNED: there is no such process";
}

static const char *take_exited(struct pool *p, struct pool_generation *g, const struct wire_packet *w)
{
    struct pool_child *c = find_child(g, w->h.id);

    return c ? pool_death_exited(p, c, &w->u.exited) : "EXITED: there is no such process";
}

static const char *take_log(struct pool *p, struct pool_generation *g, const struct wire_packet *w)
{
    if (pool_says_flood(&g->says, p->now, POOL_SAYS_MINUTE))
        return "LOG: too many of them";
    log_info("event=worker_says role=%s generation=%llu pid=%u text=\"%.*s\"", g->role->name,
             (unsigned long long)g->number, g->pid, (int)w->h.length, w->u.text);
    return NULL;
}

static void breach(struct pool *p, struct pool_generation *g, const char *rule)
{
    char why[POOL_CAUSE_MAX];

    snprintf(why, sizeof why, "its loader broke the protocol: %s", rule);
    pool_generation_discard(p, g, why);
}

void pool_loader_packet(struct pool *p, struct pool_generation *g, const struct wire_packet *w)
{
    static const char *(*const take[WIRE__MAX])(struct pool *, struct pool_generation *,
                                                const struct wire_packet *) = {
        [WIRE_READY] = take_ready,   [WIRE_FAILED] = take_failed, [WIRE_SPAWNED] = take_spawned,
        [WIRE_EXITED] = take_exited, [WIRE_LOG] = take_log,       [WIRE_LOADED] = take_loaded,
    };
    enum wire_state state = g->state == POOL_LOADING ? WIRE_STARTING : WIRE_UP;
    const char *rule = wire_check(WIRE_FROM_LOADER, state, w);

    if (!rule)
        rule = take[w->h.type] ? take[w->h.type](p, g, w) : "a packet that loaders do not send";
    if (rule)
        breach(p, g, rule);
}

void pool_loader_gone(struct pool *p, struct pool_generation *g, const char *fault)
{
    if (fault)
        breach(p, g, fault);
    else if (g->state == POOL_RETIRING)
        pool_generation_end(p, g, false);
    else {
        /* Most often the launcher tells in a moment how it ended. */
        g->unexplained = !g->fate[0];
        pool_generation_discard(p, g, g->fate[0] ? g->fate : "its loader ended");
    }
}

static void fill_fate(struct pool_generation *g, int status)
{
    char fate[POOL_CAUSE_MAX];

    pool_death_fate(fate, sizeof fate, status);
    snprintf(g->fate, sizeof g->fate, "%s%.80s", g->state == POOL_LOADING ? "before it was ready " : "",
             fate);
}

void pool_loader_exited(struct pool *p, struct pool_generation *g, const struct wire_exited *e)
{
    g->exited = true;
    if (!g->pid && p->said[0])
        snprintf(g->fate, sizeof g->fate, "%s", p->said); /* it never ran; the launcher said why */
    else
        fill_fate(g, e->status);
    /* What it said before its end counts: FAILED gives the better reason. */
    pool_link_read(p, &g->link, POOL_SAYS_MINUTE);
    if (g->state < POOL_ENDING)
        pool_loader_gone(p, g, NULL);
    else if (g->unexplained && g->role->blamed == g->number)
        pool_generation_blame(p, g, g->fate);
    g->state = POOL_GONE;
    g->due = INT64_MAX;
    (g->unexplained ? log_info : log_debug)(
        "event=loader_ended role=%s generation=%llu pid=%u cpu_ms=%llu rss_kb=%llu what=\"%s\"",
        g->role->name, (unsigned long long)g->number, g->pid, (unsigned long long)(e->cpu_us / 1000),
        (unsigned long long)e->rss_kb, g->fate);
}
