/*
 * pool_list.c - the memory into which a worker writes what is more than numbers (the list of a message's
 * parts, an answer), and what is read from it.
 *
 * Called by pool_job.c and pool_result.c for jobs that want that. Each child gets
 * memory of its own, of a fixed size that nobody can change (a taken-over child cannot fill the machine with
 * it), and a descriptor that it can only write with. Jobs of the same child use it one after the other: what
 * is left in it is what that child wrote itself. What the child says that it wrote is read here once, into
 * memory of our own; a list that is none is a broken rule. What an answer says is left to its owner.
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

#define LIST_KEPT 32768 /* bytes written; a longer one takes its memory along */

static int make_room(size_t size)
{
    int fd = memfd_create("spoold-room", MFD_CLOEXEC | MFD_ALLOW_SEALING), saved;

    if (fd < 0)
        return -1;
    if (ftruncate(fd, (off_t)size) == 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        return fd;
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static bool make_list(struct pool_list *l, size_t size)
{
    char path[40];
    int saved;

    l->room = make_room(size);
    if (l->room < 0)
        return false;
    l->size = size;
    snprintf(path, sizeof path, "/proc/self/fd/%d", l->room);
    l->child = open(path, O_WRONLY | O_CLOEXEC);
    saved = errno;
    if (l->child < 0)
        pool_list_close(l);
    errno = saved;
    return l->child >= 0;
}

int pool_list_open(struct pool_list *l, size_t size)
{
    if (l->room >= 0 && l->size != size)
        pool_list_close(l);
    if (l->room < 0 && !make_list(l, size))
        return -1;
    /* The offset is shared with the child. */
    return lseek(l->child, 0, SEEK_SET) == 0 ? l->child : -1;
}

void pool_list_rest(struct pool_list *l, uint64_t used)
{
    if (used > LIST_KEPT)
        pool_list_close(l);
}

void pool_list_close(struct pool_list *l)
{
    if (l->room >= 0)
        close(l->room);
    if (l->child >= 0)
        close(l->child);
    *l = POOL_LIST_NONE;
}

const char *pool_list_read(int room, uint64_t size, size_t max, struct buf *to)
{
    buf_clear(to);
    if (size > max)
        return "RESULT: its output is too large";
    if (size == 0)
        return NULL;
    buf_reserve(to, size);
    if (pread(room, to->p, size, 0) != (ssize_t)size)
        return "RESULT: its output cannot be read";
    to->n = size;
    return NULL;
}

const char *pool_list_take(int room, uint64_t size, struct parts *to)
{
    struct buf copy = {0};
    const char *fault = pool_list_read(room, size, PARTS_PACKED_MAX, &copy);

    parts_free(to);
    if (!fault && copy.n && parts_unpack(buf_view(&copy), to) < 0)
        fault = "RESULT: its output is no list of parts";
    buf_free(&copy);
    return fault;
}
