/*
 * pool_list.c - the memory into which a worker writes the list of a message's parts, and what is read from
 * it.
 *
 * Called by pool_job.c and pool_result.c for jobs that want such a list. Each sending of a job
 * gets memory of its own, of a fixed size that nobody can change (a taken-over child cannot fill the
 * machine with it), and the child a descriptor that it can only write with. What the child says that it wrote
 * is read here once, into memory of our own; a list that is none is a broken rule.
 */
#include "spoold/pool_part.h"

#include "common/parts.h"
#include "common/xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int make_room(void)
{
    int fd = memfd_create("parts", MFD_CLOEXEC | MFD_ALLOW_SEALING), saved;

    if (fd < 0)
        return -1;
    if (ftruncate(fd, PARTS_PACKED_MAX) == 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        return fd;
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

int pool_list_open(int *room)
{
    char path[40];
    int fd = -1, saved;

    *room = make_room();
    if (*room < 0)
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", *room);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    saved = errno;
    if (fd < 0)
        pool_list_close(room);
    errno = saved;
    return fd;
}

void pool_list_close(int *room)
{
    if (*room >= 0)
        close(*room);
    *room = -1;
}

const char *pool_list_take(int room, uint64_t size, struct parts *to)
{
    const char *fault = NULL;
    struct buf copy = {0};

    parts_free(to);
    if (size == 0)
        return NULL;
    if (size > PARTS_PACKED_MAX)
        return "RESULT: its output is too large";
    buf_reserve(&copy, size);
    copy.n = size;
    if (pread(room, copy.p, size, 0) != (ssize_t)size || parts_unpack(buf_view(&copy), to) < 0)
        fault = "RESULT: its output is no list of parts";
    buf_free(&copy);
    return fault;
}
