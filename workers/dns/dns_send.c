/*
 * dns_send.c - gets open questions to servers: which one next, by which line, and what its answer means.
 *
 * Part of dns_ask.c. A question goes through the servers of its list in the order of their health: the next
 * one after a time-out, a refusal, SERVFAIL or a packet of no use; the same one again by TCP when the answer
 * was cut or its letters had another case, and without EDNS when it did not understand. Each of these ends,
 * because a question has tries, a server its turn, and dns_ask.c a clock. Answers are read inside c-ares'
 * call-back, and no question is ever sent from there: it goes back into its queue.
 */
#include "workers/dns/dns_ask_part.h"

#include "common/xalloc.h"

#include <stdlib.h>

static const struct dns_list *list_of(const struct dns_ask *a, const struct dns_open *o)
{
    return &a->setup.servers.list[o->list];
}

static void enqueue(struct dns_ask *a, struct dns_open *o)
{
    struct dns_queue *q = &a->queue[2 * o->list + o->tcp];

    o->behind = NULL;
    o->queued = true;
    *(q->last ? &q->last->behind : &q->first) = o;
    q->last = o;
    a->counts.waiting++;
}

static struct dns_open *dequeue(struct dns_ask *a, struct dns_queue *q)
{
    struct dns_open *o = q->first;

    o->queued = false;
    q->first = o->behind;
    if (!q->first)
        q->last = NULL;
    a->counts.waiting--;
    return o;
}

void dns_send_begin(struct dns_ask *a, struct dns_open *o)
{
    o->list = dns_servers_find(&a->setup.servers, view_of(o->target));
    o->pinned = DNS_NO_SERVER;
    o->out = 0;
    memset(o->asked, 0, sizeof o->asked);
    o->tcp = o->no_edns = o->case_lost = o->was_late = false;
    enqueue(a, o);
}

/* The place in its list of the server whose turn it is; -1: all had their tries. */
static int choose(const struct dns_ask *a, const struct dns_open *o)
{
    unsigned order[DNS_SERVERS_LIST_MAX];
    unsigned n = dns_health_order(a->health, list_of(a, o), o->out, order);
    unsigned best = 0;

    for (unsigned i = 1; i < n; i++)
        if (o->asked[order[i]] < o->asked[order[best]])
            best = i;
    return n && o->asked[order[best]] < a->setup.tries ? (int)order[best] : -1;
}

/* To another server, or to this one when its turn comes again. */
static void send_on(struct dns_ask *a, struct dns_open *o)
{
    o->pinned = DNS_NO_SERVER;
    o->tcp = o->no_edns = o->case_lost = false;
    if (choose(a, o) < 0)
        dns_ask_finish(a, o, o->was_late ? FACT_TIMEOUT : FACT_SERVFAIL, 0);
    else
        enqueue(a, o);
}

static void send_again(struct dns_ask *a, struct dns_open *o, unsigned server)
{
    o->pinned = server;
    enqueue(a, o);
}

/* This server is not asked again for this name. */
static void leave_server(struct dns_ask *a, struct dns_open *o, unsigned server)
{
    const struct dns_list *l = list_of(a, o);

    for (unsigned i = 0; i < l->n; i++)
        if (l->server[i] == server)
            o->out |= 1u << i;
    o->was_late = false;
    send_on(a, o);
}

static void send_by_tcp(struct dns_ask *a, struct dns_open *o, unsigned server)
{
    if (o->tcp) {
        leave_server(a, o, server);
        return;
    }
    a->counts.tcp++;
    o->tcp = true;
    send_again(a, o, server);
}

static void follow(struct dns_ask *a, struct dns_open *o)
{
    o->cnames = a->read.cnames;
    o->ttl = a->read.ttl;
    memcpy(o->target, a->read.target, sizeof o->target);
    dns_send_begin(a, o);
}

static void take_packet(struct dns_ask *a, struct dns_open *o, unsigned server, struct view packet)
{
    const struct dns_asked q = {o->type, view_of(o->target), o->cnames, o->ttl};

    dns_answer_read(packet, &q, &a->read);
    if (o->no_edns && a->read.outcome != DNS_ANSWER_NO_EDNS && !a->server[server].no_edns) {
        a->server[server].no_edns = true;
        a->counts.no_edns++;
    }
    switch (a->read.outcome) {
    case DNS_ANSWER_FACT:
        dns_ask_finish(a, o, a->read.rcode, a->read.ttl);
        return;
    case DNS_ANSWER_MORE:
        follow(a, o);
        return;
    case DNS_ANSWER_CUT:
        send_by_tcp(a, o, server);
        return;
    case DNS_ANSWER_NO_EDNS:
        if (o->no_edns || a->server[server].no_edns)
            break;
        o->no_edns = true;
        send_again(a, o, server);
        return;
    case DNS_ANSWER_FAILED:
        break;
    }
    leave_server(a, o, server);
}

/* No answer by TCP, which was tried because of the case of letters: such a server is taken as it is, since
 * without it there may be no DNS at all. */
static bool bear_its_case(struct dns_ask *a, struct dns_open *o, unsigned server)
{
    if (!o->case_lost)
        return false;
    a->server[server].any_case = true;
    o->tcp = o->case_lost = false;
    send_again(a, o, server);
    return true;
}

static void take_end(struct dns_ask *a, struct dns_open *o, unsigned server, enum dns_line_end end)
{
    if (end == DNS_LINE_CASE) {
        a->counts.wrong_case++;
        o->case_lost = true;
        send_by_tcp(a, o, server);
        return;
    }
    if (bear_its_case(a, o, server))
        return;
    if (end == DNS_LINE_BROKE) {
        leave_server(a, o, server);
    } else {
        o->was_late = true;
        send_on(a, o);
    }
}

static void note_health(struct dns_ask *a, const struct dns_try *t, unsigned server, enum dns_line_end end)
{
    struct dns_health *h = &a->health[server];

    if (end == DNS_LINE_ANSWER || end == DNS_LINE_CASE)
        dns_health_answered(h, t->sent, a->now);
    else if (t->line->tcp) /* it may answer by UDP all the same */
        (*(end == DNS_LINE_TIMEOUT ? &h->timeouts : &h->errors))++;
    else if (end == DNS_LINE_TIMEOUT)
        dns_health_timed_out(h, t->sent, a->now);
    else
        dns_health_broke(h, a->now);
}

static void ended(void *arg, struct dns_try *t, enum dns_line_end end, struct view packet)
{
    struct dns_ask *a = arg;
    struct dns_open *o = t->owner;
    const unsigned server = t->line->server;

    note_health(a, t, server, end);
    free(t);
    if (!o)
        return;
    o->try = NULL;
    if (end == DNS_LINE_ANSWER)
        take_packet(a, o, server, packet);
    else
        take_end(a, o, server, end);
}

/* By TCP a question has a connection to itself: a server that ends it, or says nothing on it, keeps no other
 * one waiting. */
static struct dns_line *find_tcp(const struct dns_server *s)
{
    for (unsigned i = 0; i < s->tcp_n; i++)
        if (s->line[s->udp_n + i].open == 0)
            return &s->line[s->udp_n + i];
    return NULL;
}

/* NULL: all are full. One that has used its port for long only when there is no other. */
static struct dns_line *find_udp(const struct dns_ask *a, struct dns_server *s)
{
    struct dns_line *worn = NULL;

    for (unsigned i = 0; i < s->udp_n; i++) {
        struct dns_line *l = &s->line[(s->turn + i) % s->udp_n];

        if (l->open >= a->setup.outstanding)
            continue;
        if (!dns_line_is_worn(l)) {
            s->turn++;
            return l;
        }
        worn = l;
    }
    return worn;
}

static void send_try(struct dns_ask *a, struct dns_open *o, struct dns_line *l, bool probe)
{
    const struct dns_server *s = &a->server[l->server];
    struct dns_try *t = xcalloc(1, sizeof *t);

    dns_query_make(&t->query, o->type, view_of(o->target), !o->no_edns && !s->no_edns);
    if (!s->any_case)
        dns_query_mix_case(&t->query, &a->random);
    t->any_case = s->any_case;
    if (!probe) {
        t->owner = o;
        o->try = t;
    }
    a->counts.sent++;
    a->health[l->server].asked++;
    dns_line_send(l, t, &a->random);
}

/* Servers that are late get the question as well, now and then: so they are found when they are back. */
static void send_probes(struct dns_ask *a, struct dns_open *o, unsigned place)
{
    const struct dns_list *l = list_of(a, o);

    for (unsigned i = 0; i < l->n; i++) {
        struct dns_server *s = &a->server[l->server[i]];
        struct dns_line *line = find_udp(a, s);

        if (i != place && line && dns_health_probe(&a->health[l->server[i]], a->now))
            send_try(a, o, line, true);
    }
}

/* False: it has to wait. */
static bool send_first(struct dns_ask *a, struct dns_queue *q)
{
    struct dns_open *o = q->first;
    struct dns_server *s;
    struct dns_line *l;
    int place = -1;

    if (o->gone) {
        dequeue(a, q);
        free(o->id);
        free(o);
        return true;
    }
    if (o->pinned == DNS_NO_SERVER && (place = choose(a, o)) < 0) { /* while it waited, others became late */
        dequeue(a, q);
        dns_ask_finish(a, o, o->was_late ? FACT_TIMEOUT : FACT_SERVFAIL, 0);
        return true;
    }
    s = &a->server[place < 0 ? o->pinned : list_of(a, o)->server[place]];
    l = o->tcp ? find_tcp(s) : find_udp(a, s);
    if (!l)
        return false;
    dequeue(a, q);
    if (place >= 0) {
        o->asked[place]++;
        send_probes(a, o, (unsigned)place);
    }
    send_try(a, o, l, false);
    return true;
}

void dns_send_run(struct dns_ask *a)
{
    for (unsigned i = 0; i < 2 * a->setup.servers.list_n; i++)
        while (a->queue[i].first && send_first(a, &a->queue[i]))
            ;
}

/* As many channels as are set for the servers that all names go to, one for those of a zone. */
static void count_lines(struct dns_ask *a)
{
    const struct dns_list *l = &a->setup.servers.list[0];

    for (unsigned i = 0; i < a->setup.servers.address_n; i++) {
        a->server[i].udp_n = 1;
        a->server[i].tcp_n = DNS_ASK_TCP_ZONE;
    }
    for (unsigned i = 0; i < l->n; i++) {
        a->server[l->server[i]].udp_n = (unsigned)a->setup.channels;
        a->server[l->server[i]].tcp_n = DNS_ASK_TCP;
    }
    for (unsigned i = 0; i < a->setup.servers.address_n; i++)
        a->line_n += a->server[i].udp_n + a->server[i].tcp_n;
}

static int open_lines(struct dns_ask *a, unsigned server, struct dns_line *first)
{
    struct dns_server *s = &a->server[server];

    s->line = first;
    for (unsigned i = 0; i < s->udp_n + s->tcp_n; i++) {
        s->line[i] =
            (struct dns_line){.server = server, .tcp = i >= s->udp_n, .done = ended, .arg = a, .fd = -1};
        if (dns_line_open(&s->line[i], &a->setup.servers.address[server], (int)a->setup.timeout) < 0)
            return -1;
    }
    return 0;
}

int dns_send_open(struct dns_ask *a, struct buf *why)
{
    unsigned n = 0;

    count_lines(a);
    a->queue = xcalloc(2 * (size_t)a->setup.servers.list_n, sizeof *a->queue);
    a->line = xcalloc(a->line_n, sizeof *a->line);
    for (unsigned i = 0; i < a->setup.servers.address_n; i++) {
        if (open_lines(a, i, a->line + n) < 0) {
            buf_add_str(why, "c-ares cannot be set up");
            return -1;
        }
        n += a->server[i].udp_n + a->server[i].tcp_n;
    }
    return 0;
}

/* Questions under way are ended first; they and those in queues stay in dns_ask.c's list. */
void dns_send_close(struct dns_ask *a)
{
    for (unsigned i = 0; i < a->line_n; i++)
        dns_line_close(&a->line[i]);
    for (unsigned i = 0; a->queue && i < 2 * a->setup.servers.list_n; i++)
        while (a->queue[i].first) {
            struct dns_open *o = dequeue(a, &a->queue[i]);

            if (o->gone) {
                free(o->id);
                free(o);
            }
        }
    free(a->queue);
    free(a->line);
}
