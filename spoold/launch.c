/*
 * launch.c - see launch.h. Runs once at start, possibly as root, with one thread.
 *
 * The launcher gets its link on descriptor 3, the folder of the binaries on 4,
 * standard error as it is, and nothing else: no environment, no arguments, no
 * other descriptor. Trusts the folder that spoold's own binary lies in, and the
 * folder of the installation; both belong to whoever installed spoold.
 */
#include "spoold/launch.h"

#include "common/log.h"
#include "common/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SPOOLD_LIBEXEC
#define SPOOLD_LIBEXEC "/usr/local/libexec/spoold"
#endif

#define LAUNCH_BINARY "spoold-launcher"
#define LAUNCH_DIR_FD (WIRE_LINK_FD + 1)
#define LAUNCH_FREE   (WIRE_LINK_FD + 2) /* the first number that the launcher does not get */
#define LAUNCH_END_MS 3000

/* A folder with a launcher in it that can be executed, or -1. */
static int open_dir(const char *path)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0 && faccessat(fd, LAUNCH_BINARY, X_OK, AT_EACCESS) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

int launch_find_dir(void)
{
    char self[PATH_MAX] = "";
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash = n > 0 ? strrchr(self, '/') : NULL;
    int fd = -1;

    if (slash) {
        slash[slash == self ? 1 : 0] = '\0';
        fd = open_dir(self);
    }
    return fd >= 0 ? fd : open_dir(SPOOLD_LIBEXEC);
}

/* A copy above the fixed numbers: what is put on those overwrites nothing that is still needed. */
static int lift(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, LAUNCH_FREE);
}

static int arrange_fds(int link, int dir, int *pipe)
{
    int null = lift(open("/dev/null", O_RDWR | O_CLOEXEC));
    /* One of spoold's own there means that it was started without a standard error. */
    int flags = fcntl(STDERR_FILENO, F_GETFD);
    bool has_stderr = flags >= 0 && !(flags & FD_CLOEXEC);

    link = lift(link);
    dir = lift(dir);
    *pipe = lift(*pipe);
    if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
        (!has_stderr && dup2(null, STDERR_FILENO) < 0) || dup2(link, WIRE_LINK_FD) < 0 ||
        dup2(dir, LAUNCH_DIR_FD) < 0)
        return -1;
    return close_range(LAUNCH_FREE, ~0U, CLOSE_RANGE_CLOEXEC);
}

/* Between fork and exec. What goes wrong is told through the pipe, which a successful exec closes. */
static noreturn void become_launcher(int link, int dir, int pipe, pid_t parent)
{
    char *const argv[] = {(char *)(uintptr_t)LAUNCH_BINARY, NULL}; /* exec does not write to it */
    char *const no_environment[] = {NULL};
    int err;

    if (arrange_fds(link, dir, &pipe) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
        execveat(LAUNCH_DIR_FD, LAUNCH_BINARY, argv, no_environment, 0);
    err = errno;
    _exit(write(pipe, &err, sizeof err) == sizeof err ? EXIT_CONFIG_100 : EXIT_TEMP_75);
}

/* Waits for the exec or its failure. 0, or the errno that the child had. */
static int hear_child(int pipe)
{
    int err = 0;
    ssize_t n;

    do
        n = read(pipe, &err, sizeof err);
    while (n < 0 && errno == EINTR);
    return n == 0 ? 0 : n == sizeof err && err ? err : EIO;
}

static int fork_launcher(int link, int dir)
{
    pid_t parent = getpid(), pid;
    int report[2] = {-1, -1};
    int err = 0;

    if (pipe2(report, O_CLOEXEC) < 0)
        return -1;
    pid = fork();
    if (pid == 0)
        become_launcher(link, dir, report[1], parent);
    err = pid < 0 ? errno : 0;
    close(report[1]);
    if (!err)
        err = hear_child(report[0]);
    close(report[0]);
    if (err && pid > 0)
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    errno = err;
    return err ? -1 : 0;
}

int launch_start_from(int dir)
{
    int ends[2] = {-1, -1};
    int rc, err;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    rc = fork_launcher(ends[1], dir);
    err = errno;
    close(ends[1]);
    if (rc == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
        return ends[0];
    close(ends[0]);
    errno = rc < 0 ? err : errno;
    return -1;
}

int launch_start(void)
{
    int dir = launch_find_dir();
    int link = -1;

    if (dir < 0)
        fatalx_code(EXIT_CONFIG_100,
                    LAUNCH_BINARY " was found neither beside spoold's own binary nor in " SPOOLD_LIBEXEC
                                  "; install spoold completely (make install)");
    link = launch_start_from(dir);
    if (link < 0)
        fatalx_code(EXIT_CONFIG_100,
                    LAUNCH_BINARY " cannot be started: %s; it must be executable, for this machine, and on a "
                                  "file system without noexec",
                    strerror(errno));
    close(dir);
    return link;
}

/* spoold has no other child. */
void launch_wait(void)
{
    const struct timespec moment = {.tv_nsec = 5000000};

    for (int left = LAUNCH_END_MS / 5; left > 0 && waitpid(-1, NULL, WNOHANG) == 0; left--)
        nanosleep(&moment, NULL);
}
