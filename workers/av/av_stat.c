/*
 * av_stat.c - see av_stat.h. libclamav's four functions for looking at files, as worker-av has them.
 *
 * Called by libclamav in the place of libc's; errno and results are theirs. In a
 * child a file is opened to be looked at, so Landlock has its say; what is only a
 * descriptor costs one call. Nothing is allocated.
 */
#include "workers/av/av_stat.h"

#include "workers/sandbox_part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    bool on;
} stand_in;

_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "one struct for both names");

void av_stat_stand_in(void)
{
    stand_in.on = true;
}

static int look(int at, const char *path, struct stat64 *to, int flags)
{
    long rc;

    if (!stand_in.on)
        return (int)syscall(SYS_newfstatat, at, path, to, flags);
    rc = sandbox_stat_answer(at, path, (struct stat *)to, flags);
    if (rc < 0)
        errno = (int)-rc;
    return rc < 0 ? -1 : 0;
}

int stat64(const char *path, struct stat64 *to)
{
    return look(AT_FDCWD, path, to, 0);
}

int lstat64(const char *path, struct stat64 *to)
{
    return look(AT_FDCWD, path, to, AT_SYMLINK_NOFOLLOW);
}

int fstatat64(int at, const char *path, struct stat64 *to, int flags)
{
    return look(at, path, to, flags);
}

int fstat64(int fd, struct stat64 *to)
{
    return (int)syscall(SYS_fstat, fd, to);
}
