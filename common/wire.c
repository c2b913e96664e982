/*
 * wire.c - see wire.h. Used by supervisor, launcher, loaders and serving children alike.
 *
 * What is received is hostile: it is counted, never trusted, and descriptors
 * that came with a packet that is refused are closed here. What is sent comes
 * from our own code. Runs inside the sandbox too: receiving needs recvmsg(2)
 * and poll(2), sending sendmsg(2), reading a blob fcntl(F_GET_SEALS), fstat(2) and
 * pread(2); memory is taken only for what a blob holds. No globals, because two
 * threads and forked children use it.
 */
#include "common/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define WIRE_HEADER_SIZE sizeof(struct wire_header)
#define LENGTH_TEXT      UINT32_MAX /* in the table of types: a text, not a struct */
#define ANY              (WIRE_UP | WIRE_STARTING | WIRE_BUSY)

enum trouble { NOT_ITS, NOT_NOW, BAD_LENGTH, FEW_FDS, MANY_FDS, BAD_TEXT, TROUBLE__MAX };

struct type_row {
    const char *name;
    uint32_t length;
    const char *trouble[TROUBLE__MAX]; /* constants, so that wire_check() needs no memory of its own */
};

#define TYPE(name, length)                                                                                   \
    {                                                                                                        \
        name, length,                                                                                        \
        {                                                                                                    \
            [NOT_ITS] = name ": this peer has no right to say it", [NOT_NOW] = name ": not in this state",   \
            [BAD_LENGTH] = name ": its body has the wrong length",                                           \
            [FEW_FDS] = name ": descriptors are missing", [MANY_FDS] = name ": too many descriptors",        \
            [BAD_TEXT] = name ": its text holds other bytes than printable ASCII",                           \
        }                                                                                                    \
    }

static const struct type_row types[WIRE__MAX] = {
    [WIRE_LOAD] = TYPE("LOAD", sizeof(struct wire_load)),
    [WIRE_READY] = TYPE("READY", sizeof(struct wire_ready)),
    [WIRE_FAILED] = TYPE("FAILED", LENGTH_TEXT),
    [WIRE_SPAWN] = TYPE("SPAWN", 0),
    [WIRE_SPAWNED] = TYPE("SPAWNED", sizeof(struct wire_spawned)),
    [WIRE_EXITED] = TYPE("EXITED", sizeof(struct wire_exited)),
    [WIRE_RETIRE] = TYPE("RETIRE", 0),
    [WIRE_HELLO] = TYPE("HELLO", sizeof(struct wire_hello)),
    [WIRE_JOB] = TYPE("JOB", sizeof(struct wire_job)),
    [WIRE_NEED] = TYPE("NEED", 0),
    [WIRE_RESULT] = TYPE("RESULT", sizeof(struct wire_result)),
    [WIRE_CANCEL] = TYPE("CANCEL", 0),
    [WIRE_LOG] = TYPE("LOG", LENGTH_TEXT),
    [WIRE_LOADED] = TYPE("LOADED", sizeof(struct wire_loaded)),
    [WIRE_FINDING] = TYPE("FINDING", LENGTH_TEXT),
};

/* Who may say what, in which states of the link (0: never), with how many descriptors. */
struct rule {
    unsigned states;
    unsigned fds_min, fds_max;
};

static const struct rule rules[WIRE_SENDER__MAX][WIRE__MAX] =
    {
        [WIRE_TO_LAUNCHER] =
            {
                [WIRE_LOAD] = {WIRE_UP, 1, 1},
                [WIRE_RETIRE] = {WIRE_UP, 0, 0},
            },
        [WIRE_FROM_LAUNCHER] =
            {
                [WIRE_SPAWNED] = {WIRE_UP, 0, 0},
                [WIRE_EXITED] = {WIRE_UP, 0, 0},
                [WIRE_LOG] = {WIRE_UP, 0, 0},
            },
        [WIRE_TO_LOADER] =
            {
                [WIRE_LOAD] = {WIRE_STARTING, 1, 2},
                [WIRE_SPAWN] = {WIRE_UP, 2, 2},
                [WIRE_RETIRE] = {WIRE_UP | WIRE_STARTING, 0, 0},
            },
        [WIRE_FROM_LOADER] =
            {
                [WIRE_LOADED] = {WIRE_STARTING, 0, 0},
                [WIRE_READY] = {WIRE_STARTING, 0, 0},
                [WIRE_FAILED] = {WIRE_STARTING, 0, 0},
                [WIRE_SPAWNED] = {WIRE_UP, 0, 0},
                [WIRE_EXITED] = {WIRE_UP, 0, 0},
                [WIRE_LOG] = {WIRE_UP | WIRE_STARTING, 0, 0},
            },
        [WIRE_TO_CHILD] =
            {
                [WIRE_JOB] = {WIRE_UP, 1, 4},
                /* It may cross the RESULT on its way: then the child is idle again. */
                [WIRE_CANCEL] = {WIRE_UP | WIRE_BUSY, 0, 0},
            },
        [WIRE_FROM_CHILD] =
            {
                [WIRE_HELLO] = {WIRE_STARTING, 0, 0},
                [WIRE_NEED] = {WIRE_BUSY, 1, 1},
                [WIRE_FINDING] = {WIRE_BUSY, 0, 0},
                [WIRE_RESULT] = {WIRE_BUSY, 0, 1},
                [WIRE_LOG] = {ANY, 0, 0},
            },
};

struct wire_packet wire_packet(enum wire_type type, uint64_t id)
{
    struct wire_packet p = {.h = {.version = WIRE_VERSION, .type = (uint16_t)type, .id = id}};

    if ((unsigned)type < WIRE__MAX && types[type].length != LENGTH_TEXT)
        p.h.length = types[type].length;
    memset(p.fd, 0xff, sizeof p.fd);
    return p;
}

/* A text ends up in logs and on terminals; what could forge a line or move a cursor is not sent and not
 * taken. */
static bool text_is_clean(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            return false;
    return true;
}

struct wire_packet wire_text(enum wire_type type, uint64_t id, const char *fmt, ...)
{
    struct wire_packet p = wire_packet(type, id);
    char text[WIRE_TEXT_MAX + 1] = "";
    va_list ap;
    size_t n;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    n = strlen(text);
    if (n == 0)
        text[n++] = '?'; /* an empty text breaks the table */
    for (size_t i = 0; i < n; i++)
        p.u.text[i] = text_is_clean(text + i, 1) ? text[i] : '?';
    p.h.length = (uint32_t)n;
    return p;
}

int wire_send(int link, const struct wire_packet *p)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(WIRE_FDS_MAX * sizeof(int))] = {0};
    struct iovec iov = {(void *)(uintptr_t)p, WIRE_HEADER_SIZE + p->h.length};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n;

    if (p->h.length > sizeof p->u || p->fd_n > WIRE_FDS_MAX) {
        errno = EINVAL;
        return -1;
    }
    if (p->fd_n) {
        struct cmsghdr *c = (struct cmsghdr *)control;

        m.msg_control = control;
        m.msg_controllen = CMSG_SPACE(p->fd_n * sizeof(int));
        *c = (struct cmsghdr){CMSG_LEN(p->fd_n * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(c), p->fd, p->fd_n * sizeof(int));
    }
    do
        n = sendmsg(link, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -1 : 0;
}

/* Puts the received descriptors into the packet; whatever has no place there is closed at once. */
static void take_fds(struct wire_packet *p, struct msghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < n; i++) {
            int fd = -1;

            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (p->fd_n < WIRE_FDS_MAX)
                p->fd[p->fd_n++] = fd;
            else
                close(fd);
        }
    }
}

/* recvmsg(2), waiting also where the socket itself is set not to wait. */
static ssize_t receive(int link, struct msghdr *m, bool wait)
{
    const struct msghdr fresh = *m;

    for (;;) {
        struct pollfd pf = {.fd = link, .events = POLLIN};
        ssize_t n = recvmsg(link, m, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));

        /* ECONNRESET is told once, ahead of what the peer sent before it closed: that comes next. */
        if (n >= 0 || (errno != EINTR && errno != ECONNRESET && !(wait && errno == EAGAIN)))
            return n;
        if (errno == EAGAIN && poll(&pf, 1, -1) < 0 && errno != EINTR)
            return -1;
        *m = fresh;
    }
}

/* An empty packet reads like the end of the link. Only at the end is the next one empty at once, too. */
static bool link_has_ended(int link)
{
    struct msghdr m = {0}; /* no room for anything: descriptors stay where they are */

    return recvmsg(link, &m, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* 0, or the errno that says what is wrong with what was received. */
static int received_error(const struct wire_packet *p, const struct msghdr *m, size_t n)
{
    /* Fewer than there is room for: it is this process that may not open more. */
    if ((m->msg_flags & MSG_CTRUNC) && p->fd_n < WIRE_FDS_MAX)
        return EMFILE;
    if ((m->msg_flags & (MSG_CTRUNC | MSG_TRUNC)) || n < WIRE_HEADER_SIZE)
        return EPROTO;
    return n - WIRE_HEADER_SIZE == p->h.length ? 0 : EPROTO;
}

int wire_recv(int link, struct wire_packet *p, bool wait)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(WIRE_FDS_MAX * sizeof(int))] = {0};
    struct iovec iov = {p, WIRE_HEADER_SIZE + sizeof p->u};
    struct msghdr m = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t n;
    int err;

    memset(p, 0, sizeof *p); /* bytes of an earlier packet must not show behind a short one */
    memset(p->fd, 0xff, sizeof p->fd);
    n = receive(link, &m, wait);
    if (n < 0)
        return -1;
    take_fds(p, &m);
    if (n == 0 && p->fd_n == 0 && link_has_ended(link))
        return 0;
    err = received_error(p, &m, (size_t)n);
    if (!err)
        return 1;
    wire_close_fds(p);
    errno = err;
    return -1;
}

const char *wire_check(enum wire_sender from, enum wire_state state, const struct wire_packet *p)
{
    const struct type_row *type;
    const struct rule *rule;

    if (p->h.version != WIRE_VERSION)
        return "its version of the wire is another one";
    if (p->h.type >= WIRE__MAX || !types[p->h.type].name)
        return "there is no packet of this type";
    type = &types[p->h.type];
    rule = &rules[from][p->h.type];
    if (!rule->states)
        return type->trouble[NOT_ITS];
    if (!(rule->states & state))
        return type->trouble[NOT_NOW];
    /* Of a text of length 0 the subtraction wraps around, far above the limit. */
    if (type->length == LENGTH_TEXT ? p->h.length - 1 >= WIRE_TEXT_MAX : p->h.length != type->length)
        return type->trouble[BAD_LENGTH];
    if (p->fd_n < rule->fds_min)
        return type->trouble[FEW_FDS];
    if (p->fd_n > rule->fds_max)
        return type->trouble[MANY_FDS];
    if (type->length == LENGTH_TEXT && !text_is_clean(p->u.text, p->h.length))
        return type->trouble[BAD_TEXT];
    return NULL;
}

const char *wire_type_name(unsigned type)
{
    return type < WIRE__MAX && types[type].name ? types[type].name : "?";
}

void wire_close_fds(struct wire_packet *p)
{
    for (unsigned i = 0; i < p->fd_n && i < WIRE_FDS_MAX; i++) {
        if (p->fd[i] >= 0)
            close(p->fd[i]);
        p->fd[i] = -1;
    }
    p->fd_n = 0;
}
