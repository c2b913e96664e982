/*
 * pool_status.c - what the pool shows: whether a role is served, and the workers of `spoolctl status`.
 *
 * Called by the loop each turn and by control_state.c; loop thread. Changes
 * nothing and asks nobody: it answers from memory, also while workers hang.
 */
#include "spoold/pool_part.h"

#include "common/json.h"

bool pool_status_served(const struct pool_role *r)
{
    if (!r->current)
        return false;
    for (const struct pool_child *c = r->current->child; c; c = c->next)
        if (!c->alone && pool_child_is_alive(c))
            return true;
    return false;
}

bool pool_is_wanted(const struct pool *p, enum role role)
{
    return p->role[role].wanted;
}

const char *pool_trouble(const struct pool *p, enum role role)
{
    const struct pool_role *r = &p->role[role];

    if (!r->wanted)
        return "it is switched off";
    if (p->lost)
        return "the launcher of the workers has ended";
    if (pool_status_served(r))
        return NULL;
    if (r->current)
        return "none of its worker processes lives";
    if (r->drain)
        return pool_role_drained(role);
    return r->trouble[0] ? r->trouble : "its worker is starting";
}

int64_t pool_down_ms(const struct pool *p, enum role role, int64_t now)
{
    const struct pool_role *r = &p->role[role];

    if (!r->wanted || (!p->lost && (!r->down_since || pool_status_served(r))))
        return 0;
    /* At least 1: it is down, if only since now. */
    return now > r->down_since && r->down_since ? now - r->down_since : 1;
}

void pool_get_about(const struct pool *p, enum role role, struct pool_about *a)
{
    const struct pool_role *r = &p->role[role];
    const struct pool_generation *g = r->current ? r->current : r->gen;

    *a = (struct pool_about){.serving = pool_status_served(r),
                             .failed = r->blamed != 0,
                             .reload_ms = r->reload_ms,
                             .reload_mode = r->reload_mode};
    if (!g)
        return;
    a->generation = g->number;
    a->pid = g->pid;
    a->loaded = g->loaded;
}

void pool_status_bits(struct buf *to, uint32_t bits, const char *quote)
{
    const char *name;
    bool comma = false;

    for (unsigned i = 0; (name = role_sandbox_name(i)); i++) {
        if (!(bits & (1u << i)))
            continue;
        buf_addf(to, "%s%s%s%s", comma ? "," : "", quote, name, quote);
        comma = true;
    }
}

static void add_bits(struct json *j, const char *key, uint32_t bits)
{
    struct buf list = {0};

    buf_add_char(&list, '[');
    pool_status_bits(&list, bits, "\"");
    buf_add_char(&list, ']');
    json_add_text(j, key, buf_view(&list));
    buf_free(&list);
}

static void add_children(struct json *j, const struct pool_role *r)
{
    int64_t n = 0, busy = 0, waiting = 0;

    for (const struct pool_generation *g = r->gen; g; g = g->next) {
        for (const struct pool_child *c = g->child; c; c = c->next) {
            n += c->state != POOL_CHILD_DEAD;
            busy += c->state == POOL_CHILD_BUSY;
        }
    }
    for (const struct pool_job *job = r->first; job; job = job->next)
        waiting++;
    json_add_int(j, "children", n);
    json_add_int(j, "busy", busy);
    json_add_int(j, "waiting", waiting);
    json_add_int(j, "jobs", (int64_t)r->jobs);
    json_add_int(j, "deaths", (int64_t)r->deaths);
}

/* What the generation in service has, or before there is one what the newest reached. */
static void add_sandbox(struct json *j, const struct pool_role *r, const struct pool_generation *g)
{
    uint32_t applied = g ? g->applied : 0, wanted = SANDBOX__ALL & ~(uint32_t)SANDBOX_TRACE;

    if (!role_find((uint32_t)r->role)->scratch_mb)
        wanted &= ~(uint32_t)SANDBOX_SCRATCH;
    if (role_find((uint32_t)r->role)->network)
        wanted &= ~(uint32_t)SANDBOX_NET;
    if (applied & SANDBOX_UID)
        wanted &= ~(uint32_t)SANDBOX_USERNS; /* root needs none for the others */
    add_bits(j, "sandbox", applied);
    json_add_int(j, "landlock_abi", g ? g->ready.landlock_abi : 0);
    json_begin_object(j, "escape");
    json_add_int(j, "attempts", g ? g->ready.attempts : 0);
    json_add_int(j, "refused", g ? g->ready.refused : 0);
    json_end_object(j);
    add_bits(j, "missing", wanted & ~applied);
}

static const char *state_name(const struct pool *p, const struct pool_role *r)
{
    if (p->lost)
        return "lost";
    if (pool_status_served(r))
        return r->gen->state <= POOL_READY && r->gen != r->current ? "reloading" : "serving";
    if (r->drain)
        return "reloading";
    return r->failures ? "down" : "starting";
}

static void add_role(const struct pool *p, const struct pool_role *r, struct buf *items)
{
    const struct pool_generation *g = r->current ? r->current : r->gen;
    struct json j;

    json_open(&j, items);
    json_add_str(&j, "role", r->name);
    json_add_str(&j, "state", state_name(p, r));
    json_add_int(&j, "generation", g ? (int64_t)g->number : 0);
    add_children(&j, r);
    add_sandbox(&j, r, g);
    if (r->reload_ms)
        json_add_int(&j, "reload_ms", r->reload_ms);
    json_add_str(&j, "trouble", pool_trouble(p, r->role));
    json_close(&j);
}

void pool_add_status(const struct pool *p, struct json *j)
{
    struct buf items = {0};

    buf_add_char(&items, '[');
    for (int i = 0; i < ROLE__MAX; i++) {
        if (!p->role[i].wanted)
            continue;
        if (items.n > 1)
            buf_add_char(&items, ',');
        add_role(p, &p->role[i], &items);
    }
    buf_add_char(&items, ']');
    json_add_text(j, "workers", buf_view(&items));
    buf_free(&items);
}
