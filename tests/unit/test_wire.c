/*
 * test_wire.c - unit tests of common/wire.c: sending and receiving over a link whose other end is hostile.
 *
 * Run by `make check`. What a peer sends may be anything: cut packets, lying
 * lengths, floods of descriptors. The table of what may be said is tested in
 * test_wire_check.c, blobs and crumb pages in test_sealed_blob.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/wire_world.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define FDS_MOST 50

/* What our own wire_send() would refuse to send: these bytes, this descriptor so many times. */
static void send_raw(int link, const void *bytes, size_t n, int fd, unsigned fd_n)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(FDS_MOST * sizeof(int))] = {0};
    struct iovec iov = {(void *)(uintptr_t)bytes, n};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

    if (fd_n) {
        struct cmsghdr *c = (struct cmsghdr *)control;

        m.msg_control = control;
        m.msg_controllen = CMSG_SPACE(fd_n * sizeof(int));
        *c = (struct cmsghdr){CMSG_LEN(fd_n * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        for (unsigned i = 0; i < fd_n; i++)
            memcpy(CMSG_DATA(c) + i * sizeof fd, &fd, sizeof fd);
    }
    assert_int_equal(sendmsg(link, &m, MSG_NOSIGNAL), (ssize_t)n);
}

static void packet_arrives_as_it_was_sent(void **state)
{
    struct world *w = *state;
    struct wire_packet p = wire_packet(WIRE_JOB, 0x123456789abcdef0), got;

    p.u.job = (struct wire_job){WIRE_JOB_OUT, 0, 77};
    p.fd[0] = STDIN_FILENO;
    p.fd[1] = w->theirs;
    p.fd_n = 2;
    assert_int_equal(wire_send(w->theirs, &p), 0);
    memset(&got, 0xaa, sizeof got);
    assert_int_equal(wire_recv(w->mine, &got, true), 1);
    assert_memory_equal(&got.h, &p.h, sizeof p.h);
    assert_memory_equal(&got.u, &p.u, sizeof p.u); /* zero beyond the body */
    assert_int_equal(got.fd_n, 2);
    assert_int_equal(fcntl(got.fd[0], F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(got.fd[1], F_GETFD), FD_CLOEXEC);
    assert_int_equal(got.fd[2], -1);
    wire_close_fds(&got);
    assert_int_equal(got.fd_n, 0);
    assert_int_equal(got.fd[0], -1);
    assert_true(fcntl(w->theirs, F_GETFD) >= 0);
}

static void longest_text_and_most_descriptors_arrive(void **state)
{
    struct world *w = *state;
    struct wire_packet p = wire_text(WIRE_LOG, 0, "%400s", "end"), got;

    p.fd_n = WIRE_FDS_MAX;
    for (unsigned i = 0; i < WIRE_FDS_MAX; i++)
        p.fd[i] = w->theirs;
    assert_int_equal(wire_send(w->theirs, &p), 0);
    assert_int_equal(wire_recv(w->mine, &got, false), 1);
    assert_int_equal(got.h.length, WIRE_TEXT_MAX);
    assert_int_equal(got.fd_n, WIRE_FDS_MAX);
    assert_string_equal(wire_check(WIRE_FROM_CHILD, WIRE_UP, &got), "LOG: too many descriptors");
    wire_close_fds(&got);
}

static void overlong_packet_is_not_sent(void **state)
{
    struct world *w = *state;
    struct wire_packet p = wire_packet(WIRE_LOG, 0);

    p.h.length = WIRE_TEXT_MAX + 1;
    assert_int_equal(wire_send(w->mine, &p), -1);
    assert_int_equal(errno, EINVAL);
    p.h.length = 1;
    p.fd_n = WIRE_FDS_MAX + 1;
    assert_int_equal(wire_send(w->mine, &p), -1);
    assert_int_equal(errno, EINVAL);
}

struct raw_case {
    const char *says;
    size_t bytes;    /* how many are sent */
    uint32_t length; /* what the header claims */
    unsigned fds;
    int wanted; /* of wire_recv() */
};

static const struct raw_case raw_cases[] = {
    {"a sound packet", 16 + 88, 88, 0, 1},
    {"a sound packet with one descriptor", 16 + 88, 88, 1, 1},
    {"a sound packet with two descriptors", 16 + 88, 88, 2, 1},
    {"four descriptors are the most", 16 + 88, 88, 4, 1},
    {"five descriptors", 16 + 88, 88, 5, -1},
    {"fifty descriptors", 16 + 88, 88, 50, -1},
    {"one byte", 1, 0, 0, -1},
    {"a header that is cut off", 15, 0, 0, -1},
    {"a header that is cut off, with descriptors", 15, 0, 4, -1},
    {"a header alone", 16, 0, 0, 1},
    {"a header that promises a body", 16, 88, 0, -1},
    {"a body that is cut off", 16 + 87, 88, 0, -1},
    {"more bytes than the header says", 16 + 89, 88, 1, -1},
    {"a length near 2^32", 16 + 88, 0xffffffff, 1, -1},
    {"the longest packet", 16 + 400, 400, 0, 1},
    {"a packet of one byte more", 16 + 401, 401, 1, -1},
    {"a packet whose length would fit the cut", 16 + 2000, 400, 1, -1},
    {"an empty packet", 0, 0, 0, -1},
    {"an empty packet with descriptors", 0, 0, 3, -1},
};

static void cut_and_lying_packets_are_refused(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < sizeof raw_cases / sizeof *raw_cases; i++) {
        const struct raw_case *c = &raw_cases[i];
        char bytes[4096] = {0};
        struct wire_header h = {WIRE_VERSION, WIRE_RESULT, c->length, 1};
        struct wire_packet got;
        int before = world_count_fds(), rc;

        memcpy(bytes, &h, sizeof h);
        send_raw(w->theirs, bytes, c->bytes, w->theirs, c->fds);
        errno = 0;
        rc = wire_recv(w->mine, &got, true);
        if (rc != c->wanted || (rc < 0 && errno != EPROTO) || (rc < 0 && got.fd_n))
            fail_msg("%s: got %d, errno %d, %u descriptors", c->says, rc, errno, got.fd_n);
        if (rc == 1 && got.fd_n != c->fds)
            fail_msg("%s: %u descriptors came", c->says, got.fd_n);
        wire_close_fds(&got);
        if (world_count_fds() != before)
            fail_msg("%s: %d descriptors leaked", c->says, world_count_fds() - before);
    }
}

static void flood_of_descriptors_leaks_none(void **state)
{
    struct world *w = *state;
    struct wire_header h = {WIRE_VERSION, WIRE_LOG, 0, 0};
    struct wire_packet got;
    int before = world_count_fds();

    for (unsigned i = 0; i < 500; i++) {
        unsigned n = i % (FDS_MOST + 1);

        send_raw(w->theirs, &h, sizeof h, w->theirs, n);
        assert_int_equal(wire_recv(w->mine, &got, false), n <= WIRE_FDS_MAX ? 1 : -1);
        wire_close_fds(&got);
    }
    assert_int_equal(world_count_fds(), before);
}

/* It is not the peer's fault, so it is not called a broken protocol. */
static void own_limit_of_descriptors_is_told_apart(void **state)
{
    struct world *w = *state;
    struct rlimit had, low;
    struct wire_packet p = wire_packet(WIRE_LOAD, 1), got;
    int next = dup(w->mine), rc, err;

    close(next);
    p.fd[0] = p.fd[1] = w->theirs;
    p.fd_n = 2;
    assert_int_equal(wire_send(w->theirs, &p), 0);
    getrlimit(RLIMIT_NOFILE, &had);
    low = (struct rlimit){(rlim_t)next + 1, had.rlim_max};
    setrlimit(RLIMIT_NOFILE, &low);
    rc = wire_recv(w->mine, &got, false);
    err = errno;
    setrlimit(RLIMIT_NOFILE, &had);
    assert_int_equal(rc, -1);
    assert_int_equal(err, EMFILE);
    assert_int_equal(got.fd_n, 0);
}

static void nothing_there_is_no_error_of_the_peer(void **state)
{
    struct world *w = *state;
    struct wire_packet got;

    assert_int_equal(wire_recv(w->mine, &got, false), -1);
    assert_int_equal(errno, EAGAIN);
}

static void end_of_the_link_is_told_after_the_last_packet(void **state)
{
    struct wire_packet p = wire_text(WIRE_LOG, 0, "farewell"), got;
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    /* What the peer has not read makes the kernel say ECONNRESET first. */
    assert_int_equal(wire_send(ends[0], &p), 0);
    assert_int_equal(wire_send(ends[1], &p), 0);
    close(ends[1]);
    assert_int_equal(wire_recv(ends[0], &got, true), 1);
    assert_int_equal(got.h.type, WIRE_LOG);
    assert_int_equal(wire_recv(ends[0], &got, true), 0);
    assert_int_equal(wire_recv(ends[0], &got, false), 0);
    assert_int_equal(wire_send(ends[0], &p), -1);
    assert_int_equal(errno, EPIPE);
    close(ends[0]);
}

static void peer_that_does_not_read_gives_eagain(void **state)
{
    struct world *w = *state;
    struct wire_packet p = wire_text(WIRE_LOG, 0, "%400s", "x"), got;
    int sent = 0, received = 0;

    while (wire_send(w->theirs, &p) == 0 && sent < 100000)
        sent++;
    assert_int_equal(errno, EAGAIN);
    assert_true(sent > 0 && sent < 100000);
    while (wire_recv(w->mine, &got, false) == 1)
        received++;
    assert_int_equal(received, sent);
}

static void waiting_works_on_a_socket_that_is_set_not_to_wait(void **state)
{
    struct world *w = *state;
    struct wire_packet p = wire_packet(WIRE_RETIRE, 9), got;
    pid_t pid;

    assert_int_equal(fcntl(w->mine, F_SETFL, O_NONBLOCK), 0);
    pid = fork();
    if (pid == 0) {
        poll(NULL, 0, 50);
        _exit(wire_send(w->theirs, &p) == 0 ? 0 : 1);
    }
    assert_int_equal(wire_recv(w->mine, &got, true), 1);
    assert_int_equal(got.h.id, 9);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void ignore_signal(int sig)
{
    (void)sig;
}

static void signal_does_not_end_the_waiting(void **state)
{
    struct world *w = *state;
    struct sigaction sa = {.sa_handler = ignore_signal}; /* no SA_RESTART */
    struct wire_packet p = wire_packet(WIRE_RETIRE, 9), got;
    pid_t pid, parent = getpid();

    sigaction(SIGUSR1, &sa, NULL);
    pid = fork();
    if (pid == 0) {
        poll(NULL, 0, 50);
        kill(parent, SIGUSR1);
        poll(NULL, 0, 50);
        _exit(wire_send(w->theirs, &p) == 0 ? 0 : 1);
    }
    assert_int_equal(wire_recv(w->mine, &got, true), 1);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    signal(SIGUSR1, SIG_DFL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(packet_arrives_as_it_was_sent),         TEST(longest_text_and_most_descriptors_arrive),
        TEST(overlong_packet_is_not_sent),           TEST(cut_and_lying_packets_are_refused),
        TEST(flood_of_descriptors_leaks_none),       TEST(own_limit_of_descriptors_is_told_apart),
        TEST(nothing_there_is_no_error_of_the_peer), TEST(end_of_the_link_is_told_after_the_last_packet),
        TEST(peer_that_does_not_read_gives_eagain),  TEST(waiting_works_on_a_socket_that_is_set_not_to_wait),
        TEST(signal_does_not_end_the_waiting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
