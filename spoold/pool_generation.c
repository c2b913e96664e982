/*
 * pool_generation.c - one loader from LOAD to the launcher's EXITED, and which generation of a role serves.
 *
 * Called from the turn of the pool. A loader that lies, hangs or ends takes its
 * children with it, whose jobs are lost and not charged. The generation that
 * serves is touched only when the next one has proved itself by a child's HELLO.
 * Never frees anything but in the sweep.
 */
#include "spoold/pool_part.h"

#include "common/log.h"
#include "common/xalloc.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void tell_launcher(struct pool *p, struct pool_generation *g)
{
    struct wire_packet w = wire_packet(WIRE_RETIRE, g->id);

    g->due = p->now + POOL_RETIRING_MS; /* then it is said again */
    if (wire_send(p->launcher.fd, &w) < 0)
        log_warn("event=launcher_deaf generation=%llu", (unsigned long long)g->number);
}

/* The end of its link ends a loader as well; the launcher sees to it that it does. */
void pool_generation_end(struct pool *p, struct pool_generation *g, bool at_once)
{
    g->state = POOL_ENDING;
    if (g->role->current == g)
        g->role->current = NULL;
    for (struct pool_child *c = g->child; c; c = c->next)
        pool_death_drop(p, c);
    pool_link_close(p, &g->link);
    if (!g->asked || g->exited || p->lost) {
        g->state = POOL_GONE;
        g->due = INT64_MAX;
    } else if (at_once) {
        tell_launcher(p, g);
    } else {
        g->due = p->now + POOL_RETIRING_MS;
    }
}

bool pool_generation_is_coming(const struct pool_generation *g)
{
    return g->state == POOL_LOADING || g->state == POOL_READY;
}

unsigned pool_generation_count(const struct pool_role *r)
{
    unsigned n = 0;

    for (const struct pool_generation *g = r->gen; g; g = g->next)
        n += g->state != POOL_GONE;
    return n;
}

static bool has_heir(const struct pool_role *r)
{
    for (const struct pool_generation *g = r->gen; g; g = g->next)
        if (pool_generation_is_coming(g))
            return true;
    return false;
}

void pool_generation_blame(struct pool *p, const struct pool_generation *g, const char *why)
{
    struct pool_role *r = g->role;

    r->blamed = g->number;
    snprintf(r->trouble, sizeof r->trouble, "%s", why);
    alarm_raise(&p->s->alarms, pool_role_alarm(r->role), "worker-%s, generation %llu: %s; %s", r->name,
                (unsigned long long)g->number, r->trouble,
                has_heir(r) ? "the one before it goes on; repair the cause and send SIGHUP"
                            : pool_role_without(r->role));
}

void pool_generation_discard(struct pool *p, struct pool_generation *g, const char *why)
{
    struct pool_role *r = g->role;
    bool wanted = pool_generation_is_coming(g), served = r->current == g;
    char text[WIRE_TEXT_MAX + 1];

    if (g->state >= POOL_ENDING)
        return;
    snprintf(text, sizeof text, "%s", why); /* `why` may be a part of what ends now */
    log_warnx("event=worker_failed role=%s generation=%llu pid=%u reason=\"%s\"", r->name,
              (unsigned long long)g->number, g->pid, text);
    pool_generation_end(p, g, true);
    if (!wanted)
        return;
    pool_generation_blame(p, g, text);
    if (!served)
        pool_reload_failed(r);
    if (!has_heir(r))
        r->retry_due =
            p->now + pool_backoff(++r->failures + !served); /* one that served is made good at once */
}

/* Its settings, and a folder where the role has one. */
static int add_what_to_load(struct pool *p, const struct pool_role *r, struct wire_packet *w)
{
    struct buf settings = {0};
    int dir = -1, blob;

    if (p->load)
        p->load(p->s, r->role, &settings, &dir);
    blob = sealed_blob(buf_view(&settings));
    if (blob >= 0)
        w->fd[w->fd_n++] = blob;
    if (dir >= 0)
        w->fd[w->fd_n++] = dir;
    buf_free(&settings);
    return blob < 0 ? -1 : 0;
}

static int send_load(struct pool *p, struct pool_generation *g, int peer)
{
    struct wire_packet w = wire_packet(WIRE_LOAD, g->id), ask;
    int rc = add_what_to_load(p, g->role, &w), saved;

    w.u.load = (struct wire_load){.role = (uint32_t)g->role->role,
                                  .flags = p->trace ? WIRE_LOAD_TRACE : 0,
                                  .generation = g->number,
                                  .file_max = g->file_max,
                                  .allow_less = g->allow_less,
                                  .scratch_mb = pool_role_scratch_mb(p->s->cfg, g->role->role)};
    ask = w;
    ask.fd_n = 1;
    ask.fd[0] = peer;
    g->asked = rc == 0 && wire_send(p->launcher.fd, &ask) == 0;
    rc = g->asked ? wire_send(g->link.fd, &w) : -1; /* lies in the link until the loader runs */
    saved = errno;
    wire_close_fds(&w);
    errno = saved;
    return rc;
}

void pool_generation_start(struct pool *p, struct pool_role *r)
{
    struct pool_generation *g = xcalloc(1, sizeof *g);
    char why[POOL_CAUSE_MAX];
    int peer;

    *g = (struct pool_generation){.link = {POOL_LINK_LOADER, -1},
                                  .next = r->gen,
                                  .role = r,
                                  .number = ++r->last_number,
                                  .id = ++p->last_id,
                                  .file_max = (uint64_t)p->s->cfg->max_message_size + POOL_FILE_EXTRA,
                                  .deadline = pool_role_deadline(p->s->cfg, r->role),
                                  .due = p->now + pool_role_loading_ms(r->role)};
    snprintf(g->config, sizeof g->config, "%s", config_kept_hash(p->s->cfg));
    r->gen = g;
    r->retry_due = INT64_MAX;
    pool_allow_less(view_of(p->s->cfg->worker_allow_less), &g->allow_less);
    peer = pool_link_open(p, &g->link);
    if (peer >= 0 && send_load(p, g, peer) == 0) {
        close(peer);
        return;
    }
    snprintf(why, sizeof why, "it could not be asked for: %s", strerror(errno));
    if (peer >= 0)
        close(peer);
    pool_generation_discard(p, g, why);
}

struct pool_generation *pool_generation_find(struct pool *p, uint64_t id)
{
    for (int i = 0; i < ROLE__MAX; i++)
        for (struct pool_generation *g = p->role[i].gen; g; g = g->next)
            if (g->id == id)
                return g;
    return NULL;
}

void pool_generation_drain(struct pool *p, struct pool_generation *g)
{
    g->state = POOL_DRAINING;
    for (struct pool_child *c = g->child; c; c = c->next) {
        if (c->state == POOL_CHILD_BUSY && c->job->endless)
            pool_deadline_cancel(p, c); /* it would never come to an end by itself */
        else if (c->state != POOL_CHILD_BUSY && c->state != POOL_CHILD_DYING)
            pool_child_retire(p, c);
    }
}

void pool_generation_clear_alarm(struct pool *p, enum role role)
{
    const enum alarm_kind kind = pool_role_alarm(role);

    for (int i = 0; i < ROLE__MAX; i++)
        if (p->role[i].blamed && pool_role_alarm((enum role)i) == kind)
            return;
    alarm_clear(&p->s->alarms, kind);
}

void pool_generation_promote(struct pool *p, struct pool_generation *g)
{
    struct pool_role *r = g->role;
    struct buf bits = {0};

    if (r->current)
        pool_generation_drain(p, r->current);
    r->current = g;
    g->due = INT64_MAX;
    r->trouble[0] = '\0';
    r->blamed = 0;
    pool_generation_clear_alarm(p, r->role);
    pool_status_bits(&bits, g->applied, "");
    log_info("event=worker_ready role=%s generation=%llu pid=%u sandbox=%s escape=%u/%u", r->name,
             (unsigned long long)g->number, g->pid, bits.n ? bits.p : "none", g->ready.refused,
             g->ready.attempts);
    buf_free(&bits);
    pool_reload_done(p, g);
}

static bool is_empty(const struct pool_generation *g)
{
    for (const struct pool_child *c = g->child; c; c = c->next)
        if (c->state != POOL_CHILD_DEAD)
            return false;
    return true;
}

bool pool_generation_lives(const struct pool_generation *g)
{
    for (const struct pool_child *c = g->child; c; c = c->next)
        if (pool_child_is_alive(c))
            return true;
    return false;
}

static bool is_complete(const struct pool_generation *g)
{
    for (const struct pool_child *c = g->child; c; c = c->next)
        if (!c->alone && !c->served)
            return false;
    return true;
}

/* With half its children a new generation would let jobs wait that the old one could serve. */
void pool_generation_arrived(struct pool *p, struct pool_generation *g)
{
    const struct pool_role *r = g->role;

    if (g->state != POOL_READY || r->current == g)
        return;
    if (!pool_status_served(r) || is_complete(g))
        pool_generation_promote(p, g);
    else if (g->due == INT64_MAX)
        g->due = p->now + POOL_COMPLETE_MS;
}

/* Its last child is gone. */
static void tell_retire(struct pool *p, struct pool_generation *g)
{
    struct wire_packet w = wire_packet(WIRE_RETIRE, 0);

    g->state = POOL_RETIRING;
    g->due = p->now + POOL_RETIRING_MS;
    log_info("event=worker_drained role=%s generation=%llu", g->role->name, (unsigned long long)g->number);
    if (wire_send(g->link.fd, &w) < 0)
        pool_generation_end(p, g, true);
}

static void run_one(struct pool *p, struct pool_generation *g)
{
    char why[POOL_CAUSE_MAX];

    g->due = INT64_MAX;
    snprintf(why, sizeof why, "it was not ready within %lld s",
             (long long)pool_role_loading_ms(g->role->role) / 1000);
    if (g->state == POOL_LOADING)
        pool_generation_discard(p, g, why);
    else if (g->state == POOL_READY && g->role->current != g && pool_generation_lives(g))
        pool_generation_promote(p, g);
    else if (g->state == POOL_RETIRING)
        pool_generation_end(p, g, true);
    else if (g->state == POOL_ENDING)
        tell_launcher(p, g);
}

/*
 * A new try waits for the end of what failed where memory is short (the last reload drained), and in any case
 * when the launcher does not get rid of what it was told to end.
 */
static bool may_retry(const struct pool_role *r)
{
    return pool_generation_count(r) < (r->mode == POOL_DRAIN ? 1 : POOL_PROCESSES_MAX);
}

void pool_generation_run(struct pool *p, struct pool_role *r)
{
    if (r->retry_due <= p->now && may_retry(r)) {
        r->retry_due = INT64_MAX;
        if (!p->stopping && !p->lost)
            pool_generation_start(p, r);
    }
    for (struct pool_generation *g = r->gen; g; g = g->next) {
        if (g->due <= p->now)
            run_one(p, g);
        for (struct pool_child *c = g->child; c; c = c->next)
            if (c->due <= p->now)
                pool_child_run(p, c);
        if (g->state == POOL_DRAINING && is_empty(g))
            tell_retire(p, g);
    }
    pool_reload_run(p, r);
}

int64_t pool_generation_due(const struct pool_role *r)
{
    int64_t due = may_retry(r) ? r->retry_due : INT64_MAX;

    for (const struct pool_generation *g = r->gen; g; g = g->next) {
        due = g->due < due ? g->due : due;
        for (const struct pool_child *c = g->child; c; c = c->next)
            due = c->due < due ? c->due : due;
    }
    return due;
}

static void sweep_children(struct pool_generation *g)
{
    for (struct pool_child **at = &g->child; *at;) {
        struct pool_child *c = *at;

        if (g->state != POOL_GONE && (!c->alone || c->state != POOL_CHILD_DEAD)) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        free(c);
    }
}

void pool_generation_sweep(struct pool_role *r)
{
    for (struct pool_generation **at = &r->gen; *at;) {
        struct pool_generation *g = *at;

        sweep_children(g);
        if (g->state != POOL_GONE) {
            at = &g->next;
            continue;
        }
        *at = g->next;
        free(g);
    }
}

void pool_generation_drop_all(struct pool *p, struct pool_role *r)
{
    for (struct pool_generation *g = r->gen; g; g = g->next)
        pool_generation_end(p, g, false);
    pool_reload_failed(r);
    r->retry_due = INT64_MAX;
}
