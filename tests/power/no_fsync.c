/*
 * no_fsync.c - the negative control of the power-cut harness: a disk that is never told to keep anything.
 *
 * Loaded into spoold and spooldrop by LD_PRELOAD (power --control). Every call that makes data durable
 * answers success and does nothing, as a program would that forgot it. The harness must then find
 * more than half of the accepted messages lost; where it does not, its cuts prove nothing.
 * Used by nothing else and never installed. A setgid spooldrop would ignore it.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int fsync(int fd)
{
    (void)fd;
    return 0;
}

int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

int syncfs(int fd)
{
    (void)fd;
    return 0;
}

void sync(void)
{
}

int sync_file_range(int fd, off64_t from, off64_t n, unsigned flags)
{
    (void)fd, (void)from, (void)n, (void)flags;
    return 0;
}

int msync(void *p, size_t n, int flags)
{
    (void)p, (void)n, (void)flags;
    return 0;
}
