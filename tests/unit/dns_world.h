/*
 * dns_world.h - a name server on loopback for tests: a thread that answers by UDP and TCP as a function of
 * the test says.
 *
 * Included by test_dns_line.c, test_dns_ask.c, test_dns_serve.c and test_role_dns.c. The function gets a
 * question as it came and writes what goes back; it is called in the server's thread. Counts are read when
 * the questions were answered, so that nothing has to be locked but them.
 */
#ifndef TESTS_UNIT_DNS_WORLD_H
#define TESTS_UNIT_DNS_WORLD_H

#include "tests/unit/dns_packet.h"

#include "workers/dns/dns_ask.h"
#include "workers/dns/dns_line.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define WORLD_TCP_MAX  16
#define WORLD_PATIENCE 4 /* how much slower than a machine at rest it may be */

struct world_server;
/* Writes the reply to `to`; its n 0: none. */
typedef void world_reply(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to);

struct world_server {
    world_reply *reply;
    bool no_tcp;   /* its port is closed for TCP */
    bool hangs_up; /* ends each connection after one answer */
    uint16_t port;
    int udp, tcp, stop[2];
    int conn[WORLD_TCP_MAX];
    bool is_tcp; /* of the question that is answered */
    atomic_uint udp_n, tcp_n;
    atomic_uint ports; /* from how many ports they came */
    uint16_t last_port;
    struct sockaddr_in from;
    pthread_t thread;
    struct packet_out out;
};

/* The first label of the question, in small letters. */
__attribute__((unused)) static const char *world_label(const unsigned char *q, size_t n)
{
    static _Thread_local char label[64];
    size_t len = n > 12 ? q[12] : 0;

    for (size_t i = 0; i < len && i < 63; i++)
        label[i] = (char)(q[13 + i] | (q[13 + i] >= 'A' && q[13 + i] <= 'Z' ? 0x20 : 0));
    label[len < 63 ? len : 63] = '\0';
    return label;
}

/* An address to everything. */
__attribute__((unused)) static void world_address(struct world_server *w, const unsigned char *q, size_t n,
                                                  struct packet_out *to)
{
    (void)w;
    packet_begin_reply(to, q, n, 0x8180);
    packet_a(to, NULL, 60, 0xc0000201);
}

__attribute__((unused)) static void world_silence(struct world_server *w, const unsigned char *q, size_t n,
                                                  struct packet_out *to)
{
    (void)w;
    (void)q;
    (void)n;
    to->n = 0;
}

static void world_take_udp(struct world_server *w)
{
    unsigned char q[600];
    socklen_t from_n = sizeof w->from;
    ssize_t n = recvfrom(w->udp, q, sizeof q, MSG_DONTWAIT, (struct sockaddr *)&w->from, &from_n);

    if (n < 12)
        return;
    if (w->from.sin_port != w->last_port)
        w->ports++;
    w->last_port = w->from.sin_port;
    w->udp_n++;
    w->is_tcp = false;
    w->out.n = 0;
    w->reply(w, q, (size_t)n, &w->out);
    if (w->out.n)
        (void)!sendto(w->udp, w->out.p, w->out.n, 0, (struct sockaddr *)&w->from, from_n);
}

static void world_take_tcp(struct world_server *w, int *fd)
{
    unsigned char q[602], head[2];

    if (recv(*fd, q, 2, MSG_WAITALL) != 2 || (q[0] << 8 | q[1]) > 600 ||
        recv(*fd, q + 2, (size_t)(q[0] << 8 | q[1]), MSG_WAITALL) != (q[0] << 8 | q[1])) {
        close(*fd);
        *fd = -1;
        return;
    }
    w->tcp_n++;
    w->is_tcp = true;
    w->out.n = 0;
    w->reply(w, q + 2, (size_t)(q[0] << 8 | q[1]), &w->out);
    head[0] = (unsigned char)(w->out.n >> 8);
    head[1] = (unsigned char)w->out.n;
    if (w->out.n && (send(*fd, head, 2, MSG_NOSIGNAL) != 2 ||
                     send(*fd, w->out.p, w->out.n, MSG_NOSIGNAL) != (ssize_t)w->out.n))
        return;
    if (w->hangs_up) {
        close(*fd);
        *fd = -1;
    }
}

static void world_accept(struct world_server *w)
{
    for (int i = 0; i < WORLD_TCP_MAX; i++)
        if (w->conn[i] < 0) {
            w->conn[i] = accept4(w->tcp, NULL, NULL, SOCK_CLOEXEC);
            return;
        }
}

static void *world_run(void *arg)
{
    struct world_server *w = arg;
    struct pollfd on[3 + WORLD_TCP_MAX];

    for (;;) {
        on[0] = (struct pollfd){.fd = w->stop[0], .events = POLLIN};
        on[1] = (struct pollfd){.fd = w->udp, .events = POLLIN};
        on[2] = (struct pollfd){.fd = w->tcp, .events = POLLIN};
        for (int i = 0; i < WORLD_TCP_MAX; i++)
            on[3 + i] = (struct pollfd){.fd = w->conn[i], .events = POLLIN};
        poll(on, 3 + WORLD_TCP_MAX, -1);
        if (on[0].revents)
            return NULL;
        if (on[1].revents)
            world_take_udp(w);
        for (int i = 0; i < WORLD_TCP_MAX; i++)
            if (w->conn[i] >= 0 && on[3 + i].revents)
                world_take_tcp(w, &w->conn[i]);
        if (on[2].revents)
            world_accept(w);
    }
}

/* One port for both; false: that of UDP is taken for TCP. */
static bool world_bind(struct world_server *w)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t own_n = sizeof own;
    const int size = 4 << 20;

    w->tcp = -1;
    w->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    setsockopt(w->udp, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    assert_int_equal(bind(w->udp, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(getsockname(w->udp, (struct sockaddr *)&own, &own_n), 0);
    w->port = ntohs(own.sin_port);
    if (w->no_tcp)
        return true;
    w->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(w->tcp, (struct sockaddr *)&own, sizeof own) == 0 && listen(w->tcp, 50) == 0)
        return true;
    close(w->udp);
    close(w->tcp);
    return false;
}

static void world_start(struct world_server *w)
{
    int tries = 20;

    while (!world_bind(w))
        assert_true(--tries > 0);
    for (int i = 0; i < WORLD_TCP_MAX; i++)
        w->conn[i] = -1;
    assert_int_equal(pipe(w->stop), 0);
    assert_int_equal(pthread_create(&w->thread, NULL, world_run, w), 0);
}

static void world_stop(struct world_server *w)
{
    assert_int_equal(write(w->stop[1], "x", 1), 1);
    pthread_join(w->thread, NULL);
    for (int i = 0; i < WORLD_TCP_MAX; i++)
        if (w->conn[i] >= 0)
            close(w->conn[i]);
    close(w->stop[0]);
    close(w->stop[1]);
    if (w->tcp >= 0)
        close(w->tcp);
    close(w->udp);
}

/* A port of loopback where nobody listens. */
__attribute__((unused)) static uint16_t world_closed_port(void)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t own_n = sizeof own;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    getsockname(fd, (struct sockaddr *)&own, &own_n);
    close(fd);
    return ntohs(own.sin_port);
}

#endif
