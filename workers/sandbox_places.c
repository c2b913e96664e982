/*
 * sandbox_places.c - which numbers the descriptors of a child with files have; see sandbox_table.h for the
 * plan.
 *
 * Called by worker_child.c before the lock-down, and by the self-test, which wants
 * to have what a serving child has. A filter cannot see what a descriptor is, only
 * its number: so the numbers below SANDBOX_OWN_FD are taken before anything of a
 * message is there, and what opens a file gets one above. Nothing is closed here
 * that was not in the way.
 */
#include "workers/sandbox.h"
#include "workers/sandbox_table.h"

#include <fcntl.h>
#include <unistd.h>

int sandbox_places_set(int *scratch)
{
    int up = fcntl(*scratch, F_DUPFD_CLOEXEC, SANDBOX_OWN_FD);

    if (up < 0)
        return -1;
    close(*scratch);
    *scratch = up;
    for (int fd = SANDBOX_MESSAGE_FD; fd < SANDBOX_OWN_FD; fd++)
        if (dup2(STDIN_FILENO, fd) < 0)
            return -1;
    return 0;
}
