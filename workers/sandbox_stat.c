/*
 * sandbox_stat.c - looking at files, for a role that may have files but not ask the kernel about any path.
 *
 * Landlock lets everybody look (stat(2)) at every path, so a taken-over worker could
 * learn names, sizes and times of the whole machine. newfstatat(2) is therefore not
 * a right of any role; the SIGSYS handler of sandbox_trace.c answers it from here,
 * with calls that Landlock does look at: what may be opened may be looked at. Runs in
 * a signal handler in the middle of libclamav: no memory, no locks, no globals.
 * Slower than the call by two signals' worth, some three times for each message.
 */
#include "workers/sandbox_part.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define AT_KNOWN (AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)

/* Past libc, whose fstat(3) is the very call that is not to be had. */
static long ask(int fd, struct stat *to)
{
    return syscall(SYS_fstat, fd, to) < 0 ? -errno : 0;
}

long sandbox_stat_answer(int at, const char *path, struct stat *to, int flags)
{
    int how = O_RDONLY | O_NONBLOCK | O_CLOEXEC | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0);
    long fd, rc;

    if (flags & ~AT_KNOWN)
        return -EINVAL;
    if ((flags & AT_EMPTY_PATH) && (!path || !path[0]))
        return ask(at, to);
    fd = syscall(SYS_openat, at, path, how, 0);
    if (fd < 0)
        return -errno;
    rc = ask((int)fd, to);
    syscall(SYS_close, fd);
    return rc;
}
