/*
 * ctl_link.c - see ctl_link.h.
 *
 * The socket's path can be longer than sun_path holds, so the state folder is
 * opened and the socket reached through /proc/self/fd. Trusts the owner of that
 * folder, but not the length or form of anything that comes back.
 */
#include "tools/ctl_link.h"

#include "common/control.h"
#include "common/log.h"
#include "common/xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define EXIT_CODE_MAX 255

static int open_state(const char *root, const char *state)
{
    int at = AT_FDCWD, fd = -1, err = 0;

    if (state[0] != '/') {
        at = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (at < 0)
            return -1;
    }
    fd = openat(at, state, O_PATH | O_DIRECTORY | O_CLOEXEC);
    err = errno;
    if (at >= 0)
        close(at);
    errno = err;
    return fd;
}

static int connect_in(int dir)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = CTL_LINK_FIRST_MS / 1000};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), err = 0;

    if (fd < 0)
        return -1;
    /* With a full backlog connect(2) waits as long as a send would. */
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    snprintf(sun.sun_path, sizeof sun.sun_path, "/proc/self/fd/%d/%s", dir, CONTROL_SOCKET_NAME);
    if (connect(fd, (struct sockaddr *)&sun, sizeof sun) == 0)
        return fd;
    err = errno;
    close(fd);
    errno = err;
    return -1;
}

/* ENOENT and ECONNREFUSED both mean that nobody listens: a killed spoold leaves its socket behind. */
static int refused(const char *root, const char *state, int err, struct buf *why)
{
    bool absolute = state[0] == '/';

    if (err == EAGAIN || err == ETIMEDOUT) {
        buf_add_str(why, "spoold runs but does not answer. See its log; it may be stopped or stuck");
        return EXIT_TEMP_75;
    }
    buf_add_str(why, err == EACCES ? "no right to talk to spoold" : "spoold is not running here");
    buf_addf(why, " (socket %s%s%s/%s: %s)", absolute ? "" : root, absolute ? "" : "/", state,
             CONTROL_SOCKET_NAME, strerror(err));
    if (err == EACCES)
        buf_add_str(why, ". Run this as root or as spoold's user");
    return EXIT_TEMP_75;
}

int ctl_link_open(struct ctl_link *l, const char *root, const char *state, struct buf *why)
{
    int dir = open_state(root, state), err = 0;

    *l = (struct ctl_link){.fd = -1};
    if (dir >= 0)
        l->fd = connect_in(dir);
    err = errno;
    if (dir >= 0)
        close(dir);
    if (l->fd >= 0)
        return 0;
    l->absent = err != EACCES && err != EAGAIN && err != ETIMEDOUT;
    return refused(root, state, err, why);
}

/* A packet is taken whole or not at all; a part would be the kernel's mistake, but must not pass for a
 * request. */
int ctl_link_send(struct ctl_link *l, const struct buf *request, struct buf *why)
{
    ssize_t n = send(l->fd, request->p, request->n, MSG_NOSIGNAL);

    if (n == (ssize_t)request->n)
        return 0;
    buf_addf(why, "the request cannot be sent to spoold: %s",
             n < 0 ? strerror(errno) : "only a part was taken");
    return EXIT_TEMP_75;
}

static int wait_packet(struct ctl_link *l, struct buf *why)
{
    const int first = l->patience_ms ? l->patience_ms : CTL_LINK_FIRST_MS;
    const int patience = l->answering ? CTL_LINK_NEXT_MS : first;
    struct pollfd p = {.fd = l->fd, .events = POLLIN};
    int ready = 0;

    do
        ready = poll(&p, 1, patience);
    while (ready < 0 && errno == EINTR);
    if (ready > 0)
        return 0;
    buf_addf(why, "spoold runs but has not answered for %d seconds. See its log; it may be stopped or stuck",
             patience / 1000);
    return EXIT_TEMP_75;
}

/* -1: no end line. */
static int end_code(const json_t *object, struct buf *why)
{
    const json_t *code = json_object_get(object, "code"), *message = json_object_get(object, "message");
    json_int_t value = EXIT_TEMP_75;

    if (!json_is_true(json_object_get(object, "end")))
        return -1;
    if (json_is_integer(code) && json_integer_value(code) >= 0 && json_integer_value(code) <= EXIT_CODE_MAX)
        value = json_integer_value(code);
    if (json_is_string(message))
        buf_add(why, json_string_value(message), json_string_length(message));
    return (int)value;
}

/* Two versions side by side after an upgrade are the likely reason, so they are named. */
static int malformed(struct buf *why, const char *what)
{
    buf_addf(why, "spoold's answer cannot be understood: %s. Are spoold and spoolctl of the same version?",
             what);
    return EXIT_TEMP_75;
}

/* Without an end line nothing that was printed may count as the whole answer. */
static int cut_short(struct buf *why, int err)
{
    buf_addf(why, "spoold's answer ended before it was complete%s%s. It may have been stopped; ask again",
             err ? ": " : "", err ? strerror(err) : "");
    return EXIT_TEMP_75;
}

typedef void line_fn(struct view line, const json_t *object, void *arg);

/* -1: go on; else the exit code. */
static int take_lines(struct view packet, line_fn *fn, void *arg, struct buf *why)
{
    while (packet.n) {
        const char *newline = memchr(packet.p, '\n', packet.n);
        struct view line = {packet.p, newline ? (size_t)(newline - packet.p) : packet.n};
        json_t *object = json_loadb(line.p, line.n, JSON_ALLOW_NUL, NULL);
        int code = -1;

        if (!json_is_object(object)) {
            json_decref(object);
            return malformed(why, "a line is not a JSON object");
        }
        code = end_code(object, why);
        if (code < 0)
            fn(line, object, arg);
        json_decref(object);
        if (code >= 0)
            return code;
        packet.n -= line.n + (newline ? 1 : 0);
        packet.p += line.n + (newline ? 1 : 0);
    }
    return -1;
}

/* MSG_TRUNC makes recv(2) answer the real length, so a packet that was cut is seen as such. */
int ctl_link_receive(struct ctl_link *l, line_fn *fn, void *arg, struct buf *why)
{
    char *packet = xcalloc(1, CONTROL_ANSWER_MAX);
    int rc = -1;

    while (rc < 0) {
        ssize_t n = 0;

        rc = wait_packet(l, why);
        if (rc)
            break;
        n = recv(l->fd, packet, CONTROL_ANSWER_MAX, MSG_TRUNC);
        l->answering = true;
        if (n < 0 && errno == EINTR)
            rc = -1;
        else if (n <= 0)
            rc = cut_short(why, n < 0 ? errno : 0);
        else if (n > CONTROL_ANSWER_MAX)
            rc = malformed(why, "a packet is too long");
        else
            rc = take_lines((struct view){packet, (size_t)n}, fn, arg, why);
    }
    free(packet);
    return rc;
}

void ctl_link_close(struct ctl_link *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}
