/*
 * fuzz_wire.c - what a hostile worker may send: any bytes as a packet, any file as a blob.
 *
 * Run by libFuzzer or by a plain main that replays seeds. The first three bytes
 * choose who speaks, in which state, and how many descriptors travel along (the
 * upper bits: which seals the blob has); the rest is the packet and the blob.
 * Asserts that only whole packets are taken, unchanged, that what wire_check()
 * lets through keeps every promise of the header, and that no descriptor leaks.
 */
#include "common/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define FUZZ_HEAD     3
#define FUZZ_FDS_MAX  7
#define FUZZ_BLOB_MAX 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* The lowest free number: the same before and after means that nothing was left open below it. */
static int lowest_free(void)
{
    int fd = dup(STDERR_FILENO);

    require(fd >= 0);
    close(fd);
    return fd;
}

static void send_packet(int link, struct view bytes, unsigned fd_n)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(FUZZ_FDS_MAX * sizeof(int))] = {0};
    struct iovec iov = {(void *)(uintptr_t)bytes.p, bytes.n};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

    if (fd_n) {
        struct cmsghdr *c = (struct cmsghdr *)control;

        m.msg_control = control;
        m.msg_controllen = CMSG_SPACE(fd_n * sizeof(int));
        *c = (struct cmsghdr){CMSG_LEN(fd_n * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        for (unsigned i = 0; i < fd_n; i++)
            memcpy(CMSG_DATA(c) + i * sizeof link, &link, sizeof link);
    }
    require(sendmsg(link, &m, MSG_NOSIGNAL) == (ssize_t)bytes.n);
}

static void check_received(const struct wire_packet *p, int rc, struct view sent, unsigned fd_n)
{
    const char *rest = (const char *)&p->u + p->h.length;

    if (rc < 0) {
        require(errno == EPROTO && p->fd_n == 0);
        require(sent.n < sizeof p->h || sent.n > sizeof p->h + sizeof p->u || fd_n > WIRE_FDS_MAX ||
                p->h.length != sent.n - sizeof p->h);
        return;
    }
    require(rc == 1 && p->fd_n == fd_n && fd_n <= WIRE_FDS_MAX);
    require(p->h.length == sent.n - sizeof p->h && memcmp(p, sent.p, sent.n) == 0);
    while (rest < (const char *)&p->u + sizeof p->u)
        require(*rest++ == 0);
}

static void check_verdict(enum wire_sender from, enum wire_state state, const struct wire_packet *p)
{
    const char *why = wire_check(from, state, p);

    require(why == wire_check(from, state, p));
    if (why) {
        require(why[0] != '\0' && strlen(why) < WIRE_TEXT_MAX);
        return;
    }
    require(p->h.version == WIRE_VERSION && strcmp(wire_type_name(p->h.type), "?") != 0);
    require(p->fd_n <= 3 && (from != WIRE_FROM_LAUNCHER || p->fd_n == 0));
    if (p->h.type != WIRE_LOG && p->h.type != WIRE_FAILED && p->h.type != WIRE_FINDING) {
        require(p->h.length <= WIRE_BODY_MAX && p->h.length == wire_packet(p->h.type, 0).h.length);
        return;
    }
    require(p->h.length >= 1 && p->h.length <= WIRE_TEXT_MAX);
    for (uint32_t i = 0; i < p->h.length; i++)
        require(p->u.text[i] >= 0x20 && p->u.text[i] <= 0x7e);
}

static void try_packet(const uint8_t *head, struct view bytes)
{
    unsigned fd_n = head[2] & 7;
    struct wire_packet p;
    int ends[2], rc;

    require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    send_packet(ends[1], bytes, fd_n);
    rc = wire_recv(ends[0], &p, false);
    check_received(&p, rc, bytes, fd_n);
    if (rc == 1)
        check_verdict((enum wire_sender)(head[0] % WIRE_SENDER__MAX), (enum wire_state)(1 << head[1] % 3),
                      &p);
    wire_close_fds(&p);
    require(wire_recv(ends[0], &p, false) == -1 && errno == EAGAIN);
    close(ends[1]);
    require(wire_recv(ends[0], &p, false) == 0);
    close(ends[0]);
}

static void try_blob(int seals, struct view bytes)
{
    const int all = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;
    int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct buf got = {0};
    int rc;

    require(fd >= 0 && write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n);
    require(fcntl(fd, F_ADD_SEALS, seals) == 0);
    rc = sealed_read(fd, FUZZ_BLOB_MAX, &got);
    require((rc == 0) == ((seals & all) == all && bytes.n <= FUZZ_BLOB_MAX));
    require(rc == 0 ? view_equal(buf_view(&got), bytes) : got.n == 0);
    buf_free(&got);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view bytes;
    int before;

    if (size < FUZZ_HEAD || size > 4096)
        return 0;
    bytes = (struct view){(const char *)data + FUZZ_HEAD, size - FUZZ_HEAD};
    before = lowest_free();
    try_packet(data, bytes);
    try_blob(data[2] >> 3 & (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL), bytes);
    require(lowest_free() == before);
    return 0;
}
