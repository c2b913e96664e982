/*
 * notify.c - see notify.h. A datagram to the address in NOTIFY_SOCKET; never waits, never fails the caller.
 */
#include "spoold/notify.h"

#include "common/log.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_to(const char *path)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    int fd;

    if (n < 2 || n >= sizeof sun.sun_path || (path[0] != '/' && path[0] != '@'))
        return -1;
    memcpy(sun.sun_path, path, n);
    if (path[0] == '@')
        sun.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 &&
        connect(fd, (struct sockaddr *)&sun, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

void notify_open(struct notify *n)
{
    const char *path = getenv("NOTIFY_SOCKET"), *usec = getenv("WATCHDOG_USEC");
    long long us = usec ? strtoll(usec, NULL, 10) : 0;

    *n = (struct notify){.fd = path ? connect_to(path) : -1};
    if (n->fd < 0)
        return;
    if (us > 0)
        n->interval_ms = us / 1000 / 3;
    unsetenv("NOTIFY_SOCKET");
}

void notify_send(const struct notify *n, const char *text)
{
    if (n->fd >= 0 && send(n->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        log_debug("the service manager did not take a message");
}

int64_t notify_run(struct notify *n, int64_t now)
{
    if (!n->interval_ms)
        return INT64_MAX;
    if (now >= n->due) {
        notify_send(n, "WATCHDOG=1");
        n->due = now + n->interval_ms;
    }
    return n->due;
}
