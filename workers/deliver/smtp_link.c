/*
 * smtp_link.c - see smtp_link.h: the only file of worker-deliver that touches its socket.
 *
 * Never waits without a deadline and never without hearing a cancel. While it
 * sends it takes what the server says meanwhile, so that two sides that both
 * write never wait for each other; how much it keeps is bounded. No call here
 * names an address.
 */
#include "workers/deliver/smtp_link.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#define CHUNK 16384 /* bytes of one TLS record, and of one look at the socket */

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int end_with(struct smtp_link *l, enum smtp_end end)
{
    if (l->end == SMTP_END_NOT)
        l->end = end;
    return -1;
}

static int fail(struct smtp_link *l, int err)
{
    if (err == EPIPE || err == ECONNRESET)
        return end_with(l, SMTP_END_CLOSED);
    l->err = err;
    return end_with(l, SMTP_END_BROKEN);
}

static int fail_tls(struct smtp_link *l)
{
    buf_clear(&l->why);
    smtp_tls_explain(l->tls, &l->why);
    return end_with(l, SMTP_END_TLS);
}

bool smtp_link_cancelled(struct smtp_link *l)
{
    if (!l->cancelled || !l->cancelled(l->arg))
        return false;
    end_with(l, SMTP_END_CANCELLED);
    return true;
}

/* The supervisor said something. -1: it is over. */
static int hear(struct smtp_link *l)
{
    if (!l->cancelled || !l->cancelled(l->arg))
        return 0;
    if (!l->committed)
        return end_with(l, SMTP_END_CANCELLED);
    l->last_ms = now_ms() + SMTP_LINK_GRACE_MS;
    l->wake = -1; /* it stays cancelled */
    return 0;
}

static int64_t time_left(const struct smtp_link *l, int64_t deadline)
{
    return (l->last_ms && l->last_ms < deadline ? l->last_ms : deadline) - now_ms();
}

/* Until the socket is ready for one of the events. 0 or -1. */
static int wait_for(struct smtp_link *l, short events, int64_t deadline)
{
    for (;;) {
        struct pollfd pf[2] = {{.fd = l->fd, .events = events}, {.fd = l->wake, .events = POLLIN}};
        int64_t left = time_left(l, deadline);

        if (left <= 0)
            return end_with(l, l->last_ms ? SMTP_END_CANCELLED : SMTP_END_TIMEOUT);
        if (poll(pf, 2, left < INT_MAX ? (int)left : INT_MAX) < 0 && errno != EINTR)
            return fail(l, errno);
        if (pf[0].revents)
            return 0;
        if (pf[1].revents && hear(l) < 0)
            return -1;
    }
}

/* Bytes off the wire: how many, 0 = none now, -1 = the end. */
static ssize_t take_raw(struct smtp_link *l, char *to, size_t n)
{
    struct iovec iov = {to, n};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t got;

    do
        got = recvmsg(l->fd, &m, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        return got;
    if (got == 0)
        return end_with(l, SMTP_END_CLOSED);
    return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : fail(l, errno);
}

static size_t room_in(const struct smtp_link *l)
{
    size_t held = l->in.n - l->at;

    return held < SMTP_LINK_IN_MAX ? SMTP_LINK_IN_MAX - held : 0;
}

/* What has gone through TLS already. */
static int fill_from_tls(struct smtp_link *l)
{
    size_t n = room_in(l) < CHUNK ? room_in(l) : CHUNK;
    ptrdiff_t got;

    buf_reserve(&l->in, n);
    got = smtp_tls_read(l->tls, l->in.p + l->in.n, n);
    if (got == SMTP_TLS_FAILED)
        return fail_tls(l);
    if (got == SMTP_TLS_CLOSED)
        return end_with(l, SMTP_END_CLOSED);
    l->in.n += (size_t)got;
    return got > 0;
}

/* 1 there is more in `in`, 0 nothing came, -1. There must be room. */
static int fill(struct smtp_link *l)
{
    char bytes[CHUNK];
    ssize_t got;
    int rc;

    if (l->at == l->in.n) {
        buf_clear(&l->in);
        l->at = 0;
    }
    if (!l->tls) {
        got = take_raw(l, bytes, room_in(l) < CHUNK ? room_in(l) : CHUNK);
        if (got > 0)
            buf_add(&l->in, bytes, (size_t)got);
        return got < 0 ? -1 : got > 0;
    }
    rc = fill_from_tls(l);
    if (rc != 0)
        return rc;
    got = take_raw(l, bytes, sizeof bytes);
    if (got <= 0)
        return (int)got;
    if (smtp_tls_feed(l->tls, (struct view){bytes, (size_t)got}) < 0)
        return fail_tls(l);
    rc = fill_from_tls(l);
    return rc < 0 ? -1 : 1; /* part of a record is something as well */
}

/* The socket takes nothing now: waits, and hears what the server says meanwhile. */
static int wait_to_send(struct smtp_link *l, int64_t deadline)
{
    if (room_in(l) == 0)
        return wait_for(l, POLLOUT, deadline);
    if (wait_for(l, POLLOUT | POLLIN, deadline) < 0)
        return -1;
    return fill(l) < 0 ? -1 : 0;
}

/* A server that refuses in the middle of a message says so and closes: its words may lie there already. */
static int fail_to_send(struct smtp_link *l, int err)
{
    while (room_in(l) > 0 && fill(l) > 0)
        ;
    l->end = SMTP_END_NOT;
    return fail(l, err);
}

static int send_raw(struct smtp_link *l, struct view v, int64_t deadline)
{
    while (v.n) {
        struct iovec iov = {(void *)(uintptr_t)v.p, v.n};
        struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
        ssize_t sent = sendmsg(l->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent >= 0) {
            v.p += sent;
            v.n -= (size_t)sent;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (wait_to_send(l, deadline) < 0)
                return -1;
        } else if (errno != EINTR) {
            return fail_to_send(l, errno);
        }
    }
    return 0;
}

/* What TLS has for the wire. */
static int flush_tls(struct smtp_link *l, int64_t deadline)
{
    char bytes[CHUNK];
    size_t n;

    while ((n = smtp_tls_take(l->tls, bytes, sizeof bytes)) > 0)
        if (send_raw(l, (struct view){bytes, n}, deadline) < 0)
            return -1;
    return 0;
}

int smtp_link_send(struct smtp_link *l, struct view bytes)
{
    int64_t deadline = now_ms() + l->timeout_ms;

    if (l->end != SMTP_END_NOT)
        return -1;
    l->waited_ms = l->timeout_ms;
    if (!l->tls)
        return send_raw(l, bytes, deadline);
    while (bytes.n) {
        struct view piece = {bytes.p, bytes.n < CHUNK ? bytes.n : CHUNK};

        if (smtp_tls_write(l->tls, piece) < 0)
            return fail_tls(l);
        if (flush_tls(l, deadline) < 0)
            return -1;
        bytes.p += piece.n;
        bytes.n -= piece.n;
    }
    return 0;
}

/* 1 there was a reply, 0 not yet, -1 what is there is none. */
static int cut_reply(struct smtp_link *l, struct smtp_reply *r)
{
    ptrdiff_t used = l->in.p ? smtp_reply_parse((struct view){l->in.p + l->at, l->in.n - l->at}, r) : 0;

    if (used < 0 || (used == 0 && room_in(l) == 0))
        return end_with(l, SMTP_END_GRAMMAR);
    l->at += (size_t)used;
    return used > 0;
}

/* So that a buffer which is never quite empty does not grow. */
static void drop_used(struct smtp_link *l)
{
    if (l->at < SMTP_LINK_IN_MAX)
        return;
    memmove(l->in.p, l->in.p + l->at, l->in.n - l->at);
    l->in.n -= l->at;
    l->at = 0;
}

int smtp_link_reply(struct smtp_link *l, struct smtp_reply *r, uint32_t timeout_ms)
{
    int64_t deadline = now_ms() + timeout_ms;
    int rc = 0;

    r->code = 0;
    l->waited_ms = timeout_ms;
    while (l->end == SMTP_END_NOT && (rc = cut_reply(l, r)) == 0) {
        drop_used(l);
        rc = fill(l);
        if (rc < 0 || (rc == 0 && wait_for(l, POLLIN, deadline) < 0))
            break;
        /* Some bytes each time are no reason to wait for ever. */
        if (rc > 0 && now_ms() >= deadline)
            end_with(l, SMTP_END_TIMEOUT);
    }
    return l->end == SMTP_END_NOT && rc > 0 ? 0 : -1;
}

bool smtp_link_last_words(struct smtp_link *l, struct smtp_reply *r)
{
    r->code = 0;
    return l->end != SMTP_END_GRAMMAR && cut_reply(l, r) > 0;
}

/* One step: what TLS has to send goes out, what comes goes in. 1 done, 0 go on, -1. */
static int shake_hands(struct smtp_link *l, int64_t deadline)
{
    char bytes[CHUNK];
    int done = smtp_tls_handshake(l->tls);
    ssize_t got;

    if (done < 0)
        fail_tls(l); /* the words, before an alert that cannot be sent changes them */
    if (flush_tls(l, deadline) < 0 || done != 0)
        return done;
    got = take_raw(l, bytes, sizeof bytes);
    if (got == 0)
        return wait_for(l, POLLIN, deadline);
    if (got < 0)
        return -1;
    return smtp_tls_feed(l->tls, (struct view){bytes, (size_t)got}) < 0 ? fail_tls(l) : 0;
}

int smtp_link_start_tls(struct smtp_link *l, struct smtp_tls *tls)
{
    int64_t deadline = now_ms() + l->timeout_ms;
    int rc = 0;

    buf_clear(&l->in);
    l->at = 0;
    l->tls = tls;
    l->waited_ms = l->timeout_ms;
    while (rc == 0 && l->end == SMTP_END_NOT)
        rc = shake_hands(l, deadline);
    return rc == 1 && l->end == SMTP_END_NOT ? 0 : -1;
}

void smtp_link_explain(const struct smtp_link *l, struct buf *words)
{
    static const char *const texts[] = {
        [SMTP_END_NOT] = "the conversation went on", [SMTP_END_CLOSED] = "the server closed the connection",
        [SMTP_END_CANCELLED] = "spoold broke off",   [SMTP_END_GRAMMAR] = "the server does not speak SMTP",
        [SMTP_END_LEFT] = "spoold hung up",
    };

    if (l->end == SMTP_END_TIMEOUT)
        buf_addf(words, "the server did not answer within %u.%u s", l->waited_ms / 1000,
                 l->waited_ms % 1000 / 100);
    else if (l->end == SMTP_END_BROKEN)
        buf_addf(words, "the connection broke (%s)", strerrordesc_np(l->err));
    else if (l->end == SMTP_END_TLS)
        buf_add_view(words, buf_view(&l->why));
    else
        buf_add_str(words, texts[l->end]);
}

void smtp_link_close(struct smtp_link *l)
{
    smtp_tls_free(&l->tls);
    buf_free(&l->in);
    buf_free(&l->why);
}
