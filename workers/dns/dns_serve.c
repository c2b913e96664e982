/*
 * dns_serve.c - see dns_serve.h: one loop over poll(2).
 *
 * Answers are collected in a packet until the turn ends, so that a burst of answers is a few packets. A
 * supervisor that does not read stops the work at DNS_SERVE_OUT_MAX bytes; only the link is looked at then.
 * It trusts the supervisor to keep to common/dns.h and ends when it does not; nothing of a message ever comes
 * here. It never waits but in poll(2).
 */
#include "workers/dns/dns_serve.h"

#include "workers/dns/dns_state.h"

#include "common/dns.h"
#include "common/xalloc.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#define PACKETS_A_TURN 16 /* that are read before servers are looked at again */

struct out {
    struct out *next;
    struct buf packet;
};
struct serve {
    struct dns_ask *ask;
    const struct dns_serve_link *l;
    struct buf answers; /* the packet that is being filled; empty: none */
    struct out *first, *last;
    size_t out_bytes;
    char in[DNS_PACKET_MAX + 1];
    size_t open; /* questions that were not answered yet */
};

static void push(struct serve *s, struct buf *packet)
{
    struct out *o = xcalloc(1, sizeof *o);

    dns_end(packet);
    o->packet = *packet;
    *packet = (struct buf){0};
    *(s->last ? &s->last->next : &s->first) = o;
    s->last = o;
    s->out_bytes += o->packet.n;
}

static void push_answers(struct serve *s)
{
    if (s->answers.n)
        push(s, &s->answers);
}

static void answer(void *arg, uint32_t id, const struct fact *f)
{
    struct serve *s = arg;

    s->open--;
    if (!s->answers.n)
        dns_begin(&s->answers, DNS_ANSWER);
    if (dns_add_answer(&s->answers, id, f))
        return;
    push_answers(s);
    dns_begin(&s->answers, DNS_ANSWER);
    (void)dns_add_answer(&s->answers, id, f); /* any fact fits in an empty packet: FACTS_ONE_MAX */
}

/* 0, or -1 when the socket has failed. */
static int send_out(struct serve *s)
{
    while (s->first) {
        struct out *o = s->first;
        struct iovec iov = {o->packet.p, o->packet.n};
        struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

        if (sendmsg(s->l->peer, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -1;
        s->first = o->next;
        if (!s->first)
            s->last = NULL;
        s->out_bytes -= o->packet.n;
        buf_free(&o->packet);
        free(o);
    }
    return 0;
}

static int take_questions(struct serve *s, struct dns_reader *r)
{
    struct dns_question q;
    int got;

    while ((got = dns_next_question(r, &q)) == 1) {
        if (s->open == DNS_OPEN_MAX)
            return -1;
        s->open++;
        dns_ask_resolve(s->ask, q.id, q.type, q.name); /* clean: dns_next_question() takes no other */
    }
    return got;
}

static void tell_state(struct serve *s)
{
    struct buf text = {0}, packet = {0};

    push_answers(s);
    dns_state_add(s->ask, &text);
    dns_begin(&packet, DNS_STATE);
    dns_add_state(&packet, buf_view(&text));
    push(s, &packet);
    buf_free(&text);
}

static int take_packet(struct serve *s, size_t n)
{
    struct dns_reader r;

    if (dns_read(&r, (struct view){s->in, n}) < 0)
        return -1;
    switch (r.type) {
    case DNS_RESOLVE:
        return take_questions(s, &r);
    case DNS_FLUSH:
        dns_ask_flush(s->ask);
        return 0;
    case DNS_ASK:
        tell_state(s);
        return 0;
    default:
        return -1;
    }
}

/* 1: go on; 0: the supervisor has closed it; -1: it broke a rule, or the socket failed. */
static int hear(struct serve *s)
{
    for (unsigned i = 0; i < PACKETS_A_TURN; i++) {
        struct iovec iov = {s->in, sizeof s->in};
        struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
        ssize_t n = recvmsg(s->l->peer, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 1 : errno == ECONNRESET ? 0 : -1;
        if (n == 0)
            return 0;
        if (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || take_packet(s, (size_t)n) < 0) {
            errno = EPROTO;
            return -1;
        }
    }
    return 1;
}

static bool is_cancelled(const struct serve *s)
{
    return s->l->cancelled && s->l->cancelled(s->l->arg);
}

/* One turn. Returns as hear() does. */
static int turn(struct serve *s)
{
    struct pollfd on[2 + DNS_ASK_LINES_MAX] = {{.fd = s->l->peer}, {.fd = s->l->link, .events = POLLIN}};
    unsigned line[DNS_ASK_LINES_MAX], n = 0;
    const bool full = s->out_bytes > DNS_SERVE_OUT_MAX;
    int rc = 1;

    on[0].events = (short)((full ? 0 : POLLIN) | (s->first ? POLLOUT : 0));
    if (!full)
        n = dns_ask_poll(s->ask, on + 2, line);
    if (poll(on, 2 + n, full ? -1 : dns_ask_wait_ms(s->ask)) < 0 && errno != EINTR)
        return -1;
    for (unsigned i = 0; i < n; i++)
        dns_ask_event(s->ask, line[i], on[2 + i].fd, on[2 + i].revents);
    if (!full && on[0].revents & (POLLIN | POLLHUP | POLLERR))
        rc = hear(s);
    if (full && on[0].revents & (POLLHUP | POLLERR))
        return 0;
    if (!full)
        dns_ask_run(s->ask);
    push_answers(s);
    if (rc == 1 && send_out(s) < 0)
        return errno == EPIPE || errno == ECONNRESET ? 0 : -1;
    if (rc == 1 && on[1].revents && is_cancelled(s))
        return 0;
    return rc;
}

enum dns_serve_end dns_serve(struct dns_ask *a, const struct dns_serve_link *l)
{
    struct serve *s = xcalloc(1, sizeof *s);
    int rc;

    s->ask = a;
    s->l = l;
    dns_ask_set_answer(a, answer, s);
    while ((rc = turn(s)) == 1)
        ;
    dns_ask_set_answer(a, NULL, NULL);
    buf_free(&s->answers);
    while (s->first) {
        struct out *o = s->first;

        s->first = o->next;
        buf_free(&o->packet);
        free(o);
    }
    free(s);
    if (rc < 0)
        return DNS_SERVE_BROKE;
    return l->cancelled && l->cancelled(l->arg) ? DNS_SERVE_CANCELLED : DNS_SERVE_CLOSED;
}
