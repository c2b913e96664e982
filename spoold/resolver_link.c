/*
 * resolver_link.c - the socket to worker-dns: opened, read, written, closed.
 *
 * Called by resolver.c in its turn. worker-dns has one job as long as it lives, to serve this socket. It
 * reads packets of strangers' servers and may be somebody else's by now: every packet is checked
 * (common/dns.h), an answer counts only for the question that it repeats, and the first one that fits none
 * ends the worker, as does silence. A worker that is lost, however, costs the questions that were open one
 * try. Never waits: what the socket does not take goes out when it does.
 */
#include "spoold/resolver_part.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/spoold.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLOT_MASK ((1u << RESOLVER_SLOT_BITS) - 1)
#define SLOT_STEP 256

bool resolver_link_is_open(const struct resolver *r)
{
    return r->out && !r->ended;
}

/* --- which answers are owed ---------------------------------------------- */

static void add_slots(struct resolver *r)
{
    const uint32_t old = r->slot_n, more = old ? old : SLOT_STEP,
                   n = more < DNS_OPEN_MAX - old ? old + more : DNS_OPEN_MAX;

    r->slot = xrealloc(r->slot, n, sizeof *r->slot);
    for (uint32_t i = old; i < n; i++)
        r->slot[i] = (struct resolver_slot){.next_free = i + 1};
    r->slot_n = n; /* none was free: first_free is `old` already */
}

static void take_slot(struct resolver *r, struct resolver_ask *a)
{
    uint32_t at;

    if (r->first_free == r->slot_n)
        add_slots(r);
    at = r->first_free;
    r->first_free = r->slot[at].next_free;
    r->used++;
    r->last_id++;
    if (r->last_id > UINT32_MAX >> RESOLVER_SLOT_BITS)
        r->last_id = 1; /* an id is never 0 */
    a->id = r->last_id << RESOLVER_SLOT_BITS | at;
    r->slot[at] = (struct resolver_slot){.ask = a, .id = a->id};
}

static struct resolver_slot *find_slot(const struct resolver *r, uint32_t id)
{
    const uint32_t at = id & SLOT_MASK;

    return id && at < r->slot_n && r->slot[at].id == id ? &r->slot[at] : NULL;
}

static void free_slot(struct resolver *r, struct resolver_slot *s)
{
    *s = (struct resolver_slot){.next_free = r->first_free};
    r->first_free = (uint32_t)(s - r->slot);
    r->used--;
}

void resolver_link_orphan(struct resolver *r, const struct resolver_ask *a)
{
    struct resolver_slot *s = find_slot(r, a->id);

    if (s)
        s->ask = NULL;
}

static void forget_slots(struct resolver *r)
{
    for (uint32_t i = 0; i < r->slot_n; i++)
        r->slot[i] = (struct resolver_slot){.next_free = i + 1};
    r->first_free = r->used = 0;
}

/* --- one worker after the other ------------------------------------------ */

/* The worker's end stays as long as the pool may send it. */
void resolver_link_close(struct resolver *r)
{
    if (r->sock >= 0)
        close(r->sock);
    r->sock = -1;
    if (r->peer >= 0 && !r->out)
        close(r->peer);
    r->peer = r->out ? r->peer : -1;
    r->full = r->want_ask = r->want_flush = r->proven = false;
    r->asked = 0;
    buf_clear(&r->packet);
}

/* What was sent waits again, in front of the others: it is older than all of them. */
static void lose(struct resolver *r, bool counts)
{
    struct resolver_list all = r->sent;

    for (struct resolver_ask *a = all.first; a; a = a->next) {
        a->at = RESOLVER_WAITS;
        a->id = 0;
        a->losses += counts;
    }
    if (all.last && r->waits.first) {
        all.last->next = r->waits.first;
        r->waits.first->prev = all.last;
    }
    r->waits = (struct resolver_list){all.first ? all.first : r->waits.first,
                                      r->waits.last ? r->waits.last : all.last, all.n + r->waits.n};
    r->sent = (struct resolver_list){NULL, NULL, 0};
    forget_slots(r);
    r->counts.lost += counts;
}

static void end_worker(struct resolver *r, const char *why)
{
    log_warnx("event=dns_worker_ended reason=\"%s\" open=%zu", why, r->sent.n);
    r->counts.ended++;
    r->ended = true;
    resolver_link_close(r);
    lose(r, true);
    pool_job_abandon(r->s->pool, &r->job, why);
    resolver_kick(r);
}

static void job_done(struct spoold *s, struct pool_job *job, const struct pool_outcome *o)
{
    struct resolver *r = (struct resolver *)job;
    /* Told to end, and so it did: no question is to blame. */
    const bool orderly = o->end == POOL_CANCELLED && o->result.status == WIRE_CANCELLED;

    (void)s;
    r->out = false;
    resolver_link_close(r);
    if (!r->ended) {
        log_info("event=dns_worker_lost cause=\"%s\" open=%zu", o->cause, r->sent.n);
        lose(r, !orderly);
    }
    r->ended = false;
    r->open_due = orderly ? 0 : r->opened + RESOLVER_AGAIN_MS;
    resolver_kick(r);
}

void resolver_link_ask(struct resolver *r)
{
    if (r->asked)
        return;
    r->want_ask = true;
    r->asked = r->clock(); /* not when it goes out: a worker that takes nothing hangs as well */
}

static int watch(struct resolver *r, int op)
{
    struct epoll_event ev = {.events = EPOLLIN | (r->full ? EPOLLOUT : 0)};

    return epoll_ctl(r->epoll, op, r->sock, &ev);
}

static int open_pair(struct resolver *r)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    r->sock = pair[0];
    r->peer = pair[1];
    if (watch(r, EPOLL_CTL_ADD) == 0)
        return 0;
    resolver_link_close(r);
    return -1;
}

static void open_link(struct resolver *r)
{
    r->opened = r->now;
    if (open_pair(r) < 0) {
        log_warn("event=dns_not_asked its socket cannot be made");
        r->open_due = r->now + RESOLVER_AGAIN_MS;
        return;
    }
    r->job = (struct pool_job){.role = ROLE_DNS,
                               .message = r->blob,
                               .out = -1,
                               .endless = true,
                               .notes = -1,
                               .peer = r->peer,
                               .done = job_done};
    r->out = true;
    r->heard = r->busy_since = r->now;
    resolver_link_ask(r); /* what it answers shows that it serves */
    pool_submit(r->s->pool, &r->job);
}

static bool may_open(const struct resolver *r)
{
    return !r->out && !r->s->stopping && !pool_trouble(r->s->pool, ROLE_DNS);
}

/* Something is owed. */
static bool is_busy(const struct resolver *r)
{
    return resolver_link_is_open(r) && (r->sent.n || r->packet.n || !r->proven);
}

static int64_t silent_since(const struct resolver *r)
{
    return r->heard > r->busy_since ? r->heard : r->busy_since;
}

/* When to ask how it is, or when it hangs; INT64_MAX: neither. */
static int64_t patience(const struct resolver *r)
{
    int64_t hung = silent_since(r) + RESOLVER_HUNG_MS;

    if (!is_busy(r))
        return INT64_MAX;
    if (!r->asked)
        return silent_since(r) + RESOLVER_ASK_MS;
    return hung > r->asked + RESOLVER_ASK_MS ? hung : r->asked + RESOLVER_ASK_MS;
}

void resolver_link_run(struct resolver *r)
{
    if (may_open(r) && r->now >= r->open_due)
        open_link(r);
    if (patience(r) <= r->now) {
        if (r->asked)
            end_worker(r, "it does not answer any more");
        else
            resolver_link_ask(r);
    }
    if (resolver_link_is_open(r) && r->used - r->sent.n > RESOLVER_ORPHANS)
        end_worker(r, "it leaves too many questions without an answer");
}

int64_t resolver_link_due(const struct resolver *r)
{
    int64_t due = patience(r);

    return may_open(r) && r->open_due < due ? r->open_due : due;
}

/* --- what goes out ------------------------------------------------------- */

static bool can_be_asked(const struct resolver_ask *a)
{
    char clean[FACTS_NAME_MAX + 1];
    const struct view name = {a->name, strnlen(a->name, sizeof a->name)};

    return (unsigned)a->type < FACT_TYPE__MAX && name.n > 0 && name.n <= FACTS_NAME_MAX &&
           fact_question_clean(name, clean) == name.n && memcmp(clean, name.p, name.n) == 0;
}

static bool add_question(struct resolver *r, struct resolver_ask *a)
{
    struct dns_question q = {.type = a->type, .name = view_of(a->name)};

    take_slot(r, a);
    q.id = a->id;
    if (!dns_add_question(&r->packet, &q)) {
        free_slot(r, find_slot(r, a->id));
        a->id = 0;
        return false;
    }
    resolver_list_remove(&r->waits, a);
    if (!r->sent.n)
        r->busy_since = r->now;
    resolver_list_add(&r->sent, a);
    a->at = RESOLVER_SENT;
    return true;
}

static void fill_questions(struct resolver *r)
{
    dns_begin(&r->packet, DNS_RESOLVE);
    for (size_t n = r->waits.n; n > 0 && r->waits.first && r->used < DNS_OPEN_MAX; n--) {
        if (!can_be_asked(r->waits.first))
            resolver_answer_here(r, r->waits.first, FACT_SERVFAIL);
        else if (!add_question(r, r->waits.first))
            break;
    }
    if (dns_is_empty(&r->packet))
        buf_clear(&r->packet);
    else
        dns_end(&r->packet);
}

static void fill_order(struct resolver *r, enum dns_type type, bool *wanted)
{
    dns_begin(&r->packet, type);
    dns_end(&r->packet);
    *wanted = false;
}

/* False: there is nothing to say. Nothing is asked before it has shown that it serves: if it never does, what
 * waits need not wait for its end. */
static bool fill(struct resolver *r)
{
    if (r->want_flush)
        fill_order(r, DNS_FLUSH, &r->want_flush);
    else if (r->want_ask)
        fill_order(r, DNS_ASK, &r->want_ask);
    else if (r->proven && r->waits.n)
        fill_questions(r);
    return r->packet.n > 0;
}

/* False: not now. */
static bool send_packet(struct resolver *r)
{
    ssize_t n;

    do
        n = send(r->sock, r->packet.p, r->packet.n, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        buf_clear(&r->packet);
    else if (errno != EAGAIN)
        end_worker(r, "its socket is broken");
    return n >= 0;
}

void resolver_link_send(struct resolver *r)
{
    bool was_full = r->full;

    while (resolver_link_is_open(r) && (r->packet.n || fill(r)))
        if (!send_packet(r))
            break;
    r->full = r->packet.n > 0;
    if (r->sock >= 0 && r->full != was_full && watch(r, EPOLL_CTL_MOD) < 0)
        end_worker(r, "its socket cannot be watched");
}

/* --- what comes in ------------------------------------------------------- */

static const char *take_answer(struct resolver *r, uint32_t id, const struct fact *f)
{
    struct resolver_slot *s = find_slot(r, id);
    struct resolver_ask *a = s ? s->ask : NULL;

    if (!s)
        return "an answer that nobody asked for";
    if (a && (f->type != a->type || !view_equal(f->name, view_of(a->name))))
        return "an answer to another question than was asked";
    free_slot(r, s);
    if (!a)
        return NULL;
    resolver_answer(r, a, f);
    return NULL;
}

static const char *take_answers(struct resolver *r, struct dns_reader *in)
{
    struct view answer[FACTS_ANSWERS_MAX];
    const char *fault = NULL;
    struct fact f;
    uint32_t id;
    int got = 0;

    while (!fault && (got = dns_next_answer(in, &id, &f, answer)) > 0)
        fault = take_answer(r, id, &f);
    return got < 0 ? "a packet of answers that is none" : fault;
}

static const char *take_state(struct resolver *r, struct dns_reader *in)
{
    struct view text;

    if (!r->asked)
        return "it tells how it is, and nobody asked";
    if (dns_next_state(in, &text) <= 0 || text.n > DNS_STATE_MAX || !resolver_state_ok(text))
        return "it does not tell how it is in the way that was agreed";
    buf_clear(&r->state);
    buf_add_view(&r->state, text);
    r->state_at = r->now;
    r->asked = 0;
    resolver_looked(r, true);
    return NULL;
}

static const char *take_packet(struct resolver *r, struct view packet)
{
    struct dns_reader in;
    const char *fault;

    if (packet.n > DNS_PACKET_MAX || dns_read(&in, packet) < 0)
        return "a packet that is none";
    if (in.type != DNS_ANSWER && in.type != DNS_STATE)
        return "a packet that it has no right to send";
    fault = in.type == DNS_ANSWER ? take_answers(r, &in) : take_state(r, &in);
    if (fault)
        return fault;
    r->heard = r->now;
    r->proven = true;
    return NULL;
}

void resolver_link_read(struct resolver *r)
{
    for (unsigned i = 0; i < RESOLVER_READ_MAX && resolver_link_is_open(r); i++) {
        ssize_t n = recv(r->sock, r->in, DNS_PACKET_MAX + 1, MSG_DONTWAIT);
        const char *fault = NULL;

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n < 0)
            fault = "its socket is broken";
        else
            fault = take_packet(r, (struct view){r->in, (size_t)n});
        if (fault)
            end_worker(r, fault);
    }
}
