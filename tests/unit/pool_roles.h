/*
 * pool_roles.h - pool_world.h with the antivirus role: its jobs and answers, for the tests of roles and
 * reloads.
 *
 * Loader 0 is the rewriting one's where both roles are started, loader 1 the
 * antivirus one's; a later one belongs to the role that its LOAD names.
 */
#ifndef TESTS_UNIT_POOL_ROLES_H
#define TESTS_UNIT_POOL_ROLES_H

#include "tests/unit/pool_world.h"

#include "common/antivirus.h"

#define FAR_AV   (1u << ROLE_AV)
#define FAR_BOTH (1u << ROLE_AV | 1u << ROLE_REWRITE)

static inline struct pool_world *pool_roles_open(uint32_t roles, const char *const *setting, size_t n)
{
    return pool_world_open_with((struct pool_options){.roles = roles}, setting, n);
}

/* The loader becomes ready, and its children serve. */
static inline void far_serve(struct pool_world *w, unsigned loader)
{
    unsigned from = w->child_n;

    far_ready(w, loader);
    far_arrive_all(w, from);
}

/* A pool of role av alone that serves, with so many children. */
static inline struct pool_world *pool_roles_serve_av(const char *children)
{
    struct pool_world *w = pool_roles_open(FAR_AV, &children, 1);

    assert_int_equal(w->loader_n, 1);
    far_serve(w, 0);
    assert_null(pool_trouble(w->pool, ROLE_AV));
    return w;
}

static inline struct far_job *far_av_submit(struct pool_world *w, bool big)
{
    struct far_job *j = far_job_new(false);

    far_shut(&j->job.out);
    j->job.blob = (struct view){NULL, 0};
    j->job.role = ROLE_AV;
    j->job.big = big;
    pool_submit(w->pool, &j->job);
    pool_world_turn(w);
    return j;
}

static inline struct wire_packet far_av_packet(const struct far_child *c, enum antivirus_state state)
{
    struct wire_packet p = wire_packet(WIRE_RESULT, c->job.h.id);

    p.u.result = (struct wire_result){.status = WIRE_OK, .in_size = FAR_SIZE, .layers = 1};
    p.u.result.state = state;
    if (state == ANTIVIRUS_UNEXAMINED)
        p.u.result.why = ANTIVIRUS_LIMIT;
    return p;
}

static inline void far_av_result(struct pool_world *w, struct far_child *c, enum antivirus_state state)
{
    struct wire_packet p = far_av_packet(c, state);

    far_forget_job(c);
    far_say(w, c->link, &p);
}

static inline void far_find(struct pool_world *w, struct far_child *c, const char *text)
{
    struct wire_packet p = wire_text(WIRE_FINDING, c->job.h.id, "%s", text);

    far_say(w, c->link, &p);
}

/* Its loader ends when it is told to, and all that it had with it. */
static inline void far_loader_ends(struct pool_world *w, unsigned loader)
{
    for (unsigned i = 0; i < w->child_n; i++)
        if (w->child[i].loader == loader && w->child[i].link >= 0 && w->loader[loader].link >= 0)
            far_crash(w, &w->child[i], FAR_SIGNAL(SIGKILL));
    far_launcher_exited(w, loader, FAR_EXIT(0));
}

#endif
