/*
 * escape_kernel.c - attempts of the self-test: network, privileges, mounts, and the kernel's riskier doors.
 *
 * See escape.h for the rules. Run by escape.c in a child, locked down or not.
 * Nothing leaves the machine: addresses are the loopback's, and a refused
 * connection counts as success, since somebody was reached who could refuse.
 */
#include "workers/escape.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#define DISCARD_PORT      9
#define URING_PARAMS_SIZE 120
#define X32_BIT           0x40000000L
#define I386_GETPID       20

static struct sockaddr_in loopback(void)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(DISCARD_PORT), .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

/* A failed socket() is not the end: on a descriptor of another kind the next call may be let all the same. */
static int finish(int fd, long rc)
{
    int err = escape_error(rc);

    if (fd >= 0)
        close(fd);
    return err == ECONNREFUSED ? 0 : err;
}

static int connect_tcp(const struct escape_world *w)
{
    struct sockaddr_in to = loopback();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)w;
    return finish(fd, connect(fd, (struct sockaddr *)&to, sizeof to));
}

static int listen_tcp(const struct escape_world *w)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)w;
    return finish(fd, listen(fd, 1));
}

static int send_udp(const struct escape_world *w)
{
    struct sockaddr_in to = loopback();
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)w;
    return finish(fd, sendto(fd, "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof to));
}

static int send_unix(const struct escape_world *w)
{
    struct sockaddr_un own = {.sun_family = AF_UNIX};
    socklen_t n = sizeof own;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)w;
    /* To itself, under a name that the kernel gives. */
    if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own.sun_family) < 0 ||
        getsockname(fd, (struct sockaddr *)&own, &n) < 0)
        return finish(fd, -1);
    return finish(fd, sendto(fd, "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&own, n));
}

/* Past sendmsg(2), which is allowed: an address on a link that has its peer must lead nowhere. */
static int send_beside_link(const struct escape_world *w)
{
    struct sockaddr_in to = loopback();
    struct iovec iov = {(char[]){"x"}, 1};
    struct msghdr m = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &iov, .msg_iovlen = 1};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)w;
    return finish(fd, sendmsg(fd, &m, MSG_NOSIGNAL));
}

static int bind_to(int type)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    return finish(fd, bind(fd, (struct sockaddr *)&any, sizeof any));
}

static int bind_udp(const struct escape_world *w)
{
    (void)w;
    return bind_to(SOCK_DGRAM);
}

static int bind_tcp(const struct escape_world *w)
{
    (void)w;
    return bind_to(SOCK_STREAM);
}

static int accept_tcp(const struct escape_world *w)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int rc = fd < 0 ? -1 : listen(fd, 1), got = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

    (void)w;
    if (got >= 0)
        close(got);
    /* Nobody connects, so that it would be told to wait: it was let. */
    return finish(fd, rc == 0 && got < 0 && errno == EAGAIN ? 0 : -1);
}

/* A name in no folder: another program of this machine. */
static int connect_unix(const struct escape_world *w)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "\0escape"};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)w;
    return finish(fd, connect(fd, (struct sockaddr *)&to, sizeof to));
}

static int open_socket(int family, int type, int protocol)
{
    return escape_opened(socket(family, type | SOCK_CLOEXEC, protocol));
}

static int open_raw(const struct escape_world *w)
{
    (void)w;
    return open_socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
}

static int open_packet(const struct escape_world *w)
{
    (void)w;
    return open_socket(AF_PACKET, SOCK_DGRAM, 0);
}

/* Less used kernel code behind the family and kind of a plain socket. */
static int open_mptcp(const struct escape_world *w)
{
    (void)w;
    return open_socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
}

static int open_udplite(const struct escape_world *w)
{
    (void)w;
    return open_socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDPLITE);
}

static int open_netlink(const struct escape_world *w)
{
    (void)w;
    return escape_opened(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static int make_pair(const struct escape_world *w)
{
    int fd[2];

    (void)w;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) < 0)
        return errno;
    close(fd[0]);
    close(fd[1]);
    return 0;
}

static int become_root(const struct escape_world *w)
{
    (void)w;
    return escape_error(syscall(SYS_setresuid, 0, 0, 0));
}

static int become_other(const struct escape_world *w)
{
    (void)w;
    return escape_error(syscall(SYS_setresgid, getegid(), getegid(), getegid()));
}

static int add_groups(const struct escape_world *w)
{
    gid_t group = 0;

    (void)w;
    return escape_error(syscall(SYS_setgroups, 1, &group));
}

static int add_key(const struct escape_world *w)
{
    (void)w;
    return escape_error(syscall(SYS_add_key, "user", "escape", "x", 1, -2 /* the process' own keyring */));
}

static int mount_tmpfs(const struct escape_world *w)
{
    int err = escape_error(mount("none", w->folder, "tmpfs", 0, "size=4k"));

    if (!err)
        umount2(w->folder, MNT_DETACH);
    return err;
}

static int mount_new_way(const struct escape_world *w)
{
    (void)w;
    return escape_opened(syscall(SYS_fsopen, "tmpfs", 1 /* close on exec */));
}

static int change_root(const struct escape_world *w)
{
    (void)w;
    return escape_error(chroot("/"));
}

static int leave_namespace(const struct escape_world *w)
{
    (void)w;
    return escape_error(unshare(CLONE_NEWUSER));
}

static int leave_network(const struct escape_world *w)
{
    (void)w;
    return escape_error(unshare(CLONE_NEWNET));
}

static int become_dumpable(const struct escape_world *w)
{
    (void)w;
    return escape_error(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int outlive_parent(const struct escape_world *w)
{
    (void)w;
    return escape_error(prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0));
}

static int change_personality(const struct escape_world *w)
{
    (void)w;
    return escape_error(personality(READ_IMPLIES_EXEC));
}

static int ask_seccomp(const struct escape_world *w)
{
    uint32_t action = SECCOMP_RET_ERRNO;

    (void)w;
    return escape_error(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
}

static int open_uring(const struct escape_world *w)
{
    char params[URING_PARAMS_SIZE] = {0};

    (void)w;
    return escape_opened(syscall(SYS_io_uring_setup, 1, params));
}

static int make_bpf_map(const struct escape_world *w)
{
    union bpf_attr attr;

    (void)w;
    memset(&attr, 0, sizeof attr);
    attr.map_type = BPF_MAP_TYPE_ARRAY;
    attr.key_size = attr.value_size = 4;
    attr.max_entries = 1;
    return escape_opened(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr));
}

static int open_userfaultfd(const struct escape_world *w)
{
    (void)w;
    return escape_opened(syscall(SYS_userfaultfd, SOCK_CLOEXEC | UFFD_USER_MODE_ONLY));
}

static int open_perf(const struct escape_world *w)
{
    struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
                                   .size = sizeof attr,
                                   .config = PERF_COUNT_SW_CPU_CLOCK,
                                   .exclude_kernel = 1,
                                   .exclude_hv = 1};

    (void)w;
    return escape_opened(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static int set_clock(const struct escape_world *w)
{
    struct timespec now;

    (void)w;
    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        return errno;
    return escape_error(syscall(SYS_clock_settime, CLOCK_REALTIME, &now));
}

/* The 32-bit door: other numbers, so a filter that forgets it allows other calls. */
static int use_i386(const struct escape_world *w)
{
    (void)w;
#ifdef __x86_64__
    long rc = I386_GETPID;

    __asm__ volatile("int $0x80" : "+a"(rc) : : "memory", "r8", "r9", "r10", "r11");
    return rc > 0 ? 0 : (int)-rc;
#else
    return ENOSYS;
#endif
}

static int use_x32(const struct escape_world *w)
{
    (void)w;
#ifdef __x86_64__
    return escape_error(syscall(X32_BIT | SYS_getpid));
#else
    return ENOSYS;
#endif
}

static const struct escape_attempt attempts[] = {
    {"socketpair", "make a pair of sockets", make_pair, false, false},
    {"connect_tcp", "connect by TCP", connect_tcp, false, false},
    {"listen_tcp", "wait for connections", listen_tcp, false, false},
    {"send_udp", "send by UDP", send_udp, false, false},
    {"sendmsg_udp", "send by UDP with sendmsg", send_beside_link, false, false},
    {"send_unix", "send to a UNIX socket", send_unix, false, false},
    {"connect_unix", "connect to a UNIX socket", connect_unix, false, false},
    {"bind_udp", "take a UDP port", bind_udp, false, false},
    {"bind_tcp", "take a TCP port", bind_tcp, false, false},
    {"accept_tcp", "take a connection", accept_tcp, false, false},
    {"raw_socket", "open a raw socket", open_raw, true, false},
    {"packet_socket", "open a packet socket", open_packet, true, false},
    {"mptcp", "open a socket of MPTCP", open_mptcp, false, false},
    {"udplite", "open a socket of UDP-Lite", open_udplite, false, false},
    {"netlink", "talk to the kernel's network side", open_netlink, false, false},
    {"setresuid", "become root", become_root, true, false},
    {"setresgid", "set its group", become_other, false, false},
    {"setgroups", "take another group", add_groups, true, false},
    {"add_key", "keep a key in the kernel", add_key, false, false},
    {"mount", "mount a file system", mount_tmpfs, true, false},
    {"fsopen", "mount by the new way", mount_new_way, true, false},
    {"chroot", "change its root folder", change_root, true, false},
    {"unshare_user", "make a user namespace", leave_namespace, false, false},
    {"unshare_net", "make a network namespace", leave_network, true, false},
    {"prctl_dumpable", "allow debuggers and core files", become_dumpable, false, false},
    {"prctl_pdeathsig", "outlive its parent", outlive_parent, false, false},
    {"personality", "make readable memory executable", change_personality, false, false},
    {"seccomp", "ask about filters", ask_seccomp, false, false},
    {"io_uring_setup", "open io_uring", open_uring, false, false},
    {"bpf", "make a BPF map", make_bpf_map, true, false},
    {"userfaultfd", "open userfaultfd", open_userfaultfd, false, false},
    {"perf_event_open", "open a performance counter", open_perf, false, false},
    {"clock_settime", "set the clock", set_clock, true, false},
    {"i386", "enter the kernel through the 32-bit door", use_i386, false, false},
    {"x32", "enter the kernel by x32 numbers", use_x32, false, false},
};

const struct escape_attempt *escape_kernel_get(size_t i)
{
    return i < sizeof attempts / sizeof *attempts ? &attempts[i] : NULL;
}
