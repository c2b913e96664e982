/*
 * wire_world.h - a link whose other end is hostile, and a count of what is open.
 *
 * Used by the tests of common/wire.c. After every test as many descriptors must
 * be open as before it: one that leaks with each packet would end spoold, and a
 * worker may send as many as it likes.
 */
#ifndef TESTS_UNIT_WIRE_WORLD_H
#define TESTS_UNIT_WIRE_WORLD_H

#include "common/wire.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define WORLD_FD_LOOK 200 /* descriptors below this number are looked at */

struct world {
    int mine, theirs;
    int open_before;
};

static inline int world_count_fds(void)
{
    int n = 0;

    for (int fd = 0; fd < WORLD_FD_LOOK; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static inline int world_open(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    int ends[2];

    if (!w || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    w->mine = ends[0];
    w->theirs = ends[1];
    w->open_before = world_count_fds();
    *state = w;
    return 0;
}

static inline int world_close(void **state)
{
    struct world *w = *state;
    int leaked = world_count_fds() - w->open_before;

    close(w->mine);
    close(w->theirs);
    free(w);
    if (leaked)
        print_error("%d descriptors leaked\n", leaked);
    return leaked ? -1 : 0;
}

#endif
