/*
 * resolver_world.h - a resolver over the pool of pool_world.h, and worker-dns on the far end of its socket,
 * for test_resolver*.c.
 *
 * One thread, step by step, as in pool_world.h: no process is started and no packet leaves the machine. At
 * the end every descriptor that was opened must be closed again.
 */
#ifndef TESTS_UNIT_RESOLVER_WORLD_H
#define TESTS_UNIT_RESOLVER_WORLD_H

#include "tests/unit/pool_roles.h"

#include "spoold/pool_state.h"
#include "spoold/resolver_part.h"

#define RW_STATE "{\"v\":1,\"servers\":[]}"

struct rw {
    struct pool_world *w;
    struct resolver *r;
    int64_t due; /* what the last resolver_run() answered */
};

/* A question and its answer. */
struct rw_ask {
    struct resolver_ask ask;
    struct rw *k;
    unsigned answered;
    enum fact_rcode rcode;
    unsigned answer_n;
    char first[FACTS_NAME_MAX + 1]; /* answer */
    void (*then)(struct rw_ask *a); /* what its owner does then */
    struct rw_ask *other;
};

/* What worker-dns has received. */
struct rw_got {
    enum dns_type type;
    unsigned n;
    uint32_t id[DNS_QUESTIONS_MAX];
    enum fact_type of[DNS_QUESTIONS_MAX];
    char name[DNS_QUESTIONS_MAX][FACTS_NAME_MAX + 1];
};

/* Until pool and resolver rest. */
static inline void rw_turn(struct rw *k)
{
    for (int i = 0; i < 1000; i++) {
        struct pollfd pf = {.fd = resolver_fd(k->r), .events = POLLIN};
        bool busy;

        pool_world_turn(k->w);
        busy = poll(&pf, 1, 0) > 0;
        if (busy)
            resolver_event(k->r);
        k->due = resolver_run(k->r, pool_world_now);
        if (!busy && k->due > pool_world_now) {
            pf = (struct pollfd){.fd = pool_fd(k->w->pool), .events = POLLIN};
            if (poll(&pf, 1, 0) == 0)
                return;
        }
    }
    fail_msg("the resolver never comes to rest");
}

static inline void rw_pass(struct rw *k, int64_t ms)
{
    pool_world_now += ms;
    rw_turn(k);
}

/* The child that has the socket at present; NULL: none. */
static inline struct far_child *rw_child(struct rw *k)
{
    for (unsigned i = 0; i < k->w->child_n; i++)
        if (k->w->child[i].job.h.id == k->r->job.id && k->r->job.id && k->w->child[i].link >= 0)
            return &k->w->child[i];
    return NULL;
}

static inline int rw_socket(struct rw *k)
{
    struct far_child *c = rw_child(k);

    assert_non_null(c);
    assert_int_equal(c->job.u.job.flags, WIRE_JOB_PEER);
    return c->job.fd[1];
}

/* False: nothing is there. */
static inline bool rw_recv(struct rw *k, struct rw_got *got)
{
    static char packet[DNS_PACKET_MAX];
    ssize_t n = recv(rw_socket(k), packet, sizeof packet, MSG_DONTWAIT);
    struct dns_reader in;
    struct dns_question q;

    if (n < 0)
        return false;
    assert_int_equal(dns_read(&in, (struct view){packet, (size_t)n}), 0);
    *got = (struct rw_got){.type = in.type};
    while (in.type == DNS_RESOLVE && dns_next_question(&in, &q) > 0) {
        got->id[got->n] = q.id;
        got->of[got->n] = q.type;
        memcpy(got->name[got->n], q.name.p, q.name.n);
        got->name[got->n++][q.name.n] = '\0';
    }
    return true;
}

/* Asserts that this is what came next. */
static inline void rw_expect(struct rw *k, struct rw_got *got, enum dns_type type, unsigned n)
{
    if (!rw_recv(k, got))
        fail_msg("worker-dns was sent nothing");
    assert_int_equal(got->type, type);
    assert_int_equal(got->n, n);
}

static inline void rw_nothing(struct rw *k)
{
    struct rw_got got;

    assert_false(rw_recv(k, &got));
}

static inline void rw_send(struct rw *k, const void *p, size_t n)
{
    assert_int_equal(send(rw_socket(k), p, n, MSG_NOSIGNAL), (ssize_t)n);
    rw_turn(k);
}

static inline void rw_send_buf(struct rw *k, struct buf *b)
{
    rw_send(k, b->p, b->n);
    buf_free(b);
}

static inline void rw_say_state(struct rw *k, const char *text)
{
    struct buf b = {0};

    dns_begin(&b, DNS_STATE);
    dns_add_state(&b, view_of(text));
    dns_end(&b);
    rw_send_buf(k, &b);
}

static inline void rw_add_answer(struct buf *b, uint32_t id, enum fact_type type, const char *name)
{
    static const struct view address = {"192.0.2.1", 9};
    const struct fact f = {
        .type = type, .name = view_of(name), .answer = &address, .answer_n = 1, .ttl = 60, .at = 1};

    assert_true(dns_add_answer(b, id, &f));
}

static inline void rw_answer(struct rw *k, uint32_t id, enum fact_type type, const char *name)
{
    struct buf b = {0};

    dns_begin(&b, DNS_ANSWER);
    rw_add_answer(&b, id, type, name);
    dns_end(&b);
    rw_send_buf(k, &b);
}

/* Everything of a packet. */
static inline void rw_answer_all(struct rw *k, const struct rw_got *got)
{
    struct buf b = {0};

    dns_begin(&b, DNS_ANSWER);
    for (unsigned i = 0; i < got->n; i++)
        rw_add_answer(&b, got->id[i], got->of[i], got->name[i]);
    dns_end(&b);
    rw_send_buf(k, &b);
}

/* The newest child arrives, gets the socket, and tells how it is. */
static inline void rw_serve(struct rw *k)
{
    struct rw_got got;

    far_arrive(k->w, &k->w->child[k->w->child_n - 1]);
    rw_turn(k);
    rw_expect(k, &got, DNS_ASK, 0);
    rw_say_state(k, RW_STATE);
    assert_null(resolver_trouble(k->r));
}

static inline void rw_crash(struct rw *k)
{
    struct far_child *c = rw_child(k);

    assert_non_null(c);
    far_forget_job(c);
    far_crash(k->w, c, FAR_SIGNAL(SIGSEGV));
    rw_turn(k);
}

/* No worker serves yet. */
static inline struct rw *rw_open(void)
{
    struct rw *k = xcalloc(1, sizeof *k);

    k->w = pool_roles_open(1u << ROLE_DNS, NULL, 0);
    k->w->s->pool = k->w->pool;
    k->r = resolver_open(k->w->s);
    k->r->clock = pool_world_clock;
    k->r->down_since = pool_world_now;
    rw_turn(k);
    return k;
}

static inline struct rw *rw_open_serving(void)
{
    struct rw *k = rw_open();

    far_ready(k->w, 0);
    rw_serve(k);
    return k;
}

static inline void rw_close(struct rw **k)
{
    pool_close(&(*k)->w->pool);
    (*k)->w->s->pool = NULL;
    resolver_close(&(*k)->r);
    assert_null((*k)->r);
    pool_world_close(&(*k)->w);
    free(*k);
    *k = NULL;
}

static inline void rw_done(struct spoold *s, struct resolver_ask *ask, const struct fact *f)
{
    struct rw_ask *a = (struct rw_ask *)ask;

    assert_ptr_equal(s, a->k->w->s);
    assert_int_equal(f->type, ask->type);
    assert_true(view_equal(f->name, view_of(ask->name)));
    a->answered++;
    a->rcode = f->rcode;
    a->answer_n = f->answer_n;
    if (f->answer_n)
        snprintf(a->first, sizeof a->first, "%.*s", (int)f->answer[0].n, f->answer[0].p);
    if (a->then)
        a->then(a);
}

static inline struct rw_ask *rw_ask_type(struct rw *k, const char *name, enum fact_type type)
{
    struct rw_ask *a = xcalloc(1, sizeof *a);

    a->k = k;
    a->ask.type = type;
    a->ask.done = rw_done;
    snprintf(a->ask.name, sizeof a->ask.name, "%s", name);
    resolver_submit(k->r, &a->ask);
    assert_int_equal(a->answered, 0);
    return a;
}

static inline struct rw_ask *rw_ask(struct rw *k, const char *name)
{
    return rw_ask_type(k, name, FACT_A);
}

/* It was answered once, so. */
static inline void rw_is(struct rw_ask **a, enum fact_rcode rcode)
{
    assert_int_equal((*a)->answered, 1);
    if ((*a)->rcode != rcode)
        fail_msg("%s: %s, wanted %s", (*a)->ask.name, fact_rcode_name((*a)->rcode), fact_rcode_name(rcode));
    free(*a);
    *a = NULL;
}

#endif
