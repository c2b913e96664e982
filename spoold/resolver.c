/*
 * resolver.c - see resolver.h: the questions, who waits for what, and the turn.
 *
 * Loop thread. Questions are collected and sent at the end of a turn, many in one packet. Two lists, by age:
 * those that wait to be sent and those that were sent; when a worker is lost, what was sent waits again, in
 * front. Owners are called back with their question in no list any more, from resolver_event() and
 * resolver_run() only; they may ask and forget as they like meanwhile. Must never let a question go without
 * an answer: mail waits for it.
 */
#include "spoold/resolver_part.h"

#include "common/json.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/spoold.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

void resolver_list_add(struct resolver_list *l, struct resolver_ask *a)
{
    a->next = NULL;
    a->prev = l->last;
    *(l->last ? &l->last->next : &l->first) = a;
    l->last = a;
    l->n++;
}

void resolver_list_remove(struct resolver_list *l, struct resolver_ask *a)
{
    *(a->prev ? &a->prev->next : &l->first) = a->next;
    *(a->next ? &a->next->prev : &l->last) = a->prev;
    a->next = a->prev = NULL;
    l->n--;
}

/* It is where no answer finds it. */
static void take_out(struct resolver *r, struct resolver_ask *a)
{
    resolver_list_remove(a->at == RESOLVER_SENT ? &r->sent : &r->waits, a);
    a->at = RESOLVER_NOWHERE;
    a->id = 0;
}

void resolver_kick(struct resolver *r)
{
    uint64_t one = 1;

    if (!r->kicked && write(r->kick, &one, sizeof one) == sizeof one)
        r->kicked = true;
}

static void take_kick(struct resolver *r)
{
    uint64_t n;

    if (r->kicked && read(r->kick, &n, sizeof n) == sizeof n)
        r->kicked = false;
}

void resolver_submit(struct resolver *r, struct resolver_ask *a)
{
    a->at = RESOLVER_WAITS;
    a->id = 0;
    a->losses = 0;
    a->since = r->clock();
    r->counts.asked++;
    resolver_list_add(&r->waits, a);
    resolver_kick(r);
}

void resolver_forget(struct resolver *r, struct resolver_ask *a)
{
    if (!r || a->at == RESOLVER_NOWHERE)
        return;
    if (a->at == RESOLVER_SENT)
        resolver_link_orphan(r, a);
    take_out(r, a);
}

/* One name that nobody answers for says nothing about the servers; many in a row do. */
static void note_answer(struct resolver *r, const struct fact *f)
{
    if (f->rcode == FACT_NOERROR || f->rcode == FACT_NXDOMAIN)
        r->silent_n = 0;
    else if (r->silent_n++ == 0)
        r->silent_since = r->clock();
}

void resolver_answer(struct resolver *r, struct resolver_ask *a, const struct fact *f)
{
    take_out(r, a);
    note_answer(r, f);
    r->counts.rcode[f->rcode]++;
    a->done(r->s, a, f);
}

void resolver_answer_here(struct resolver *r, struct resolver_ask *a, enum fact_rcode rcode)
{
    const struct fact f = {.type = a->type, .rcode = rcode, .name = view_of(a->name), .at = depot_wall_ms()};

    if (a->at == RESOLVER_SENT)
        resolver_link_orphan(r, a);
    r->counts.here++;
    resolver_answer(r, a, &f);
}

/* --- the turn ------------------------------------------------------------ */

/* Nobody is to be asked at all. */
static bool is_off(const struct resolver *r)
{
    return !pool_is_wanted(r->s->pool, ROLE_DNS);
}

static bool is_down(const struct resolver *r)
{
    return r->down_since && (r->s->stopping || r->now - r->down_since >= RESOLVER_OUT_MS);
}

static bool is_silent(const struct resolver *r)
{
    return r->silent_n >= RESOLVER_SILENT_N && r->now - r->silent_since >= RESOLVER_SILENT_MS;
}

const char *resolver_trouble(const struct resolver *r)
{
    const char *why = pool_trouble(r->s->pool, ROLE_DNS);

    if (why)
        return why;
    if (r->ended)
        return "its worker gave no sense, and is replaced";
    return resolver_link_is_open(r) && r->proven ? NULL : "its worker is starting";
}

static void clear_alarm(struct resolver *r)
{
    if (r->alarmed)
        alarm_clear(&r->s->alarms, ALARM_DNS);
    r->alarmed = false;
}

/* They are asked all the same: the first answer ends it. */
static void note_silence(struct resolver *r)
{
    if (!is_silent(r)) {
        clear_alarm(r);
        return;
    }
    r->alarmed = true;
    alarm_raise(&r->s->alarms, ALARM_DNS,
                "no name server answers: %u questions in a row had none; see dns.servers and spoolctl dns",
                r->silent_n);
}

static void note_service(struct resolver *r)
{
    const char *why = resolver_trouble(r);

    if (!why || is_off(r)) {
        r->down_since = 0;
        note_silence(r);
        return;
    }
    if (!r->down_since)
        r->down_since = r->now;
    /* One of the pool's stays: it has the better reason. */
    if (!is_down(r) || r->s->stopping || r->s->alarms.since_ms[ALARM_DNS])
        return;
    r->alarmed = true;
    alarm_raise(&r->s->alarms, ALARM_DNS, "nobody asks the DNS: %s; messages are judged without it", why);
}

static bool is_old(const struct resolver *r, const struct resolver_list *l)
{
    return l->first && r->now - l->first->since >= RESOLVER_AGE_MS;
}

/*
 * Those that need not be sent (any more). Only as many as there are now: who is answered may ask again at
 * once, and that is for the next turn.
 */
static void settle(struct resolver *r)
{
    const bool off = is_off(r), down = is_down(r);

    for (size_t n = r->sent.n; n > 0 && is_old(r, &r->sent); n--)
        resolver_answer_here(r, r->sent.first, FACT_TIMEOUT);
    for (size_t n = r->waits.n; n > 0 && r->waits.first; n--) {
        if (off || r->waits.first->losses > RESOLVER_LOSSES)
            resolver_answer_here(r, r->waits.first, FACT_SERVFAIL);
        else if (down || is_old(r, &r->waits))
            resolver_answer_here(r, r->waits.first, FACT_TIMEOUT);
        else
            break;
    }
    for (size_t n = r->waits.n; n > 0 && r->waits.last && r->waits.n + r->used > DNS_OPEN_MAX; n--)
        resolver_answer_here(r, r->waits.last, FACT_TIMEOUT);
}

void resolver_looked(struct resolver *r, bool all)
{
    struct resolver_look **at = &r->look;

    while (*at) {
        struct resolver_look *look = *at;

        if (!all && look->due > r->now) {
            at = &look->next;
            continue;
        }
        *at = look->next;
        look->done(r->s, look, buf_view(&r->state), r->now - r->state_at);
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_due(const struct resolver *r)
{
    int64_t due = resolver_link_due(r);

    if (r->sent.first)
        due = earlier(due, r->sent.first->since + RESOLVER_AGE_MS);
    if (r->waits.first && (is_off(r) || is_down(r) || r->waits.n + r->used > DNS_OPEN_MAX))
        return r->now;
    if (r->waits.first)
        due = earlier(due, r->waits.first->since + RESOLVER_AGE_MS);
    if (r->down_since && !is_down(r))
        due = earlier(due, r->down_since + RESOLVER_OUT_MS);
    for (const struct resolver_look *look = r->look; look; look = look->next)
        due = earlier(due, look->due);
    return due;
}

int64_t resolver_run(struct resolver *r, int64_t now)
{
    r->now = now;
    take_kick(r);
    resolver_link_run(r);
    note_service(r);
    settle(r);
    resolver_link_send(r);
    resolver_looked(r, false);
    return next_due(r);
}

void resolver_event(struct resolver *r)
{
    r->now = r->clock();
    resolver_link_read(r);
}

int resolver_fd(const struct resolver *r)
{
    return r->epoll;
}

/* --- what others ask ----------------------------------------------------- */

bool resolver_flush(struct resolver *r)
{
    if (!resolver_link_is_open(r))
        return false;
    r->want_flush = true;
    resolver_kick(r);
    return true;
}

void resolver_look(struct resolver *r, struct resolver_look *look)
{
    const bool open = resolver_link_is_open(r);

    look->next = r->look;
    look->due = r->clock() + (open ? RESOLVER_LOOK_MS : 0);
    r->look = look;
    if (open)
        resolver_link_ask(r);
    resolver_kick(r);
}

size_t resolver_open_n(const struct resolver *r)
{
    return r->waits.n + r->sent.n;
}

void resolver_add_counts(const struct resolver *r, struct json *j)
{
    json_add_int(j, "open", (int64_t)resolver_open_n(r));
    json_add_int(j, "asked", (int64_t)r->counts.asked);
    json_begin_object(j, "answers");
    for (unsigned i = 0; i < FACT_RCODE__MAX; i++)
        json_add_int(j, fact_rcode_name(i), (int64_t)r->counts.rcode[i]);
    json_end_object(j);
    json_add_int(j, "here", (int64_t)r->counts.here);
    json_add_int(j, "lost", (int64_t)r->counts.lost);
    json_add_int(j, "ended", (int64_t)r->counts.ended);
}

void resolver_add_status(const struct resolver *r, struct json *j)
{
    const char *why = resolver_trouble(r);

    json_add_str(j, "state", is_off(r) ? "off" : why ? "down" : "serving");
    json_add_str(j, "trouble", why ? why : "");
    resolver_add_counts(r, j);
}

struct resolver *resolver_open(struct spoold *s)
{
    struct resolver *r = xcalloc(1, sizeof *r);
    struct epoll_event ev = {.events = EPOLLIN};

    r->s = s;
    r->clock = depot_mono_ms;
    r->now = r->down_since = r->clock();
    r->sock = r->peer = -1;
    r->in = xcalloc(1, DNS_PACKET_MAX + 1);
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    r->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r->blob = sealed_blob((struct view){NULL, 0});
    if (r->epoll < 0 || r->kick < 0 || r->blob < 0 || epoll_ctl(r->epoll, EPOLL_CTL_ADD, r->kick, &ev) < 0)
        fatal("the questions to the DNS cannot be set up");
    return r;
}

void resolver_close(struct resolver **rr)
{
    struct resolver *r = *rr;

    *rr = NULL;
    if (!r)
        return;
    resolver_looked(r, true);
    r->out = false;
    resolver_link_close(r);
    close(r->blob);
    close(r->kick);
    close(r->epoll);
    buf_free(&r->packet);
    buf_free(&r->state);
    free(r->slot);
    free(r->in);
    free(r);
}
