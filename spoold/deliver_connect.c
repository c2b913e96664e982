/*
 * deliver_connect.c - opens connections without waiting for them.
 *
 * Called by deliver.c in the loop. The supervisor opens the socket because no
 * worker may: a worker-deliver gets this one connection and nothing else of the
 * network.
 */
#include "spoold/deliver_part.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

int deliver_connect_begin(const struct deliver_address *a, bool *pending)
{
    int fd = socket(a->to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1, saved;

    *pending = false;
    if (fd < 0)
        return -1;
    if (a->to.ss_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* commands are short */
    if (connect(fd, (const struct sockaddr *)&a->to, a->n) == 0)
        return fd;
    *pending = errno == EINPROGRESS;
    if (*pending)
        return fd;
    saved = errno == EAGAIN ? ECONNREFUSED : errno; /* a UNIX socket whose queue is full */
    close(fd);
    errno = saved;
    return -1;
}

int deliver_connect_state(int fd)
{
    struct sockaddr_storage peer;
    socklen_t n = sizeof(int), peer_n = sizeof peer;
    int err = 0;

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n) < 0)
        return errno;
    if (err)
        return err;
    if (getpeername(fd, (struct sockaddr *)&peer, &peer_n) == 0)
        return 0;
    return errno == ENOTCONN ? EINPROGRESS : errno;
}
