/*
 * escape_files.c - attempts of the self-test: files, descriptors, memory.
 *
 * See escape.h for the rules. Run by escape.c in a child, locked down or not.
 * Calls go to the kernel directly where the C library could take another one
 * than the name says. "No such file" counts as success: the way was open.
 */
#include "workers/escape.h"
#include "workers/sandbox_table.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FD_LOOK    1024 /* descriptors that are looked at */
#define FD_AT_ONCE 16   /* RLIMIT_NOFILE also limits what poll(2) takes */
#define PAGE       4096

static int open_passwd(const struct escape_world *w)
{
    (void)w;
    return escape_opened(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int open_legacy(const struct escape_world *w)
{
    (void)w;
#ifdef SYS_open
    return escape_opened(syscall(SYS_open, "/etc/passwd", O_RDONLY | O_CLOEXEC));
#else
    return ENOSYS;
#endif
}

static int open_how(const struct escape_world *w)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC};

    (void)w;
    return escape_opened(syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof how));
}

static int create_at(const char *path)
{
    int err = escape_opened(openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));

    if (!err)
        unlink(path);
    return err;
}

static int create_here(const struct escape_world *w)
{
    char path[40];

    (void)w;
    snprintf(path, sizeof path, "escape-%ld", (long)getpid());
    return create_at(path);
}

static int create_in_tmp(const struct escape_world *w)
{
    char path[100];

    snprintf(path, sizeof path, "%s/escape-%ld", w->folder, (long)getpid());
    return create_at(path);
}

static int create_unnamed(const struct escape_world *w)
{
    return escape_opened(openat(AT_FDCWD, w->folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
}

static int make_folder(const struct escape_world *w)
{
    char path[100];
    int err;

    snprintf(path, sizeof path, "%s/escape-%ld.d", w->folder, (long)getpid());
    err = escape_error(mkdir(path, 0700));
    if (!err)
        rmdir(path);
    return err;
}

static int remove_file(const struct escape_world *w)
{
    int err = escape_error(unlink(w->victim));

    return err == ENOENT ? 0 : err;
}

static int rename_file(const struct escape_world *w)
{
    char to[100];
    int err;

    snprintf(to, sizeof to, "%s.2", w->victim);
    err = escape_error(renameat(AT_FDCWD, w->victim, AT_FDCWD, to));
    if (!err)
        renameat(AT_FDCWD, to, AT_FDCWD, w->victim);
    return err == ENOENT ? 0 : err;
}

static int link_file(const struct escape_world *w)
{
    char to[100];
    int err;

    snprintf(to, sizeof to, "%s.s", w->victim);
    err = escape_error(symlinkat("/etc/passwd", AT_FDCWD, to));
    if (!err)
        unlinkat(AT_FDCWD, to, 0);
    return err;
}

static int chmod_path(const struct escape_world *w)
{
    int err = escape_error(fchmodat(AT_FDCWD, w->victim, 0644, 0));

    return err == ENOENT ? 0 : err;
}

static int truncate_path(const struct escape_world *w)
{
    int err = escape_error(truncate(w->victim, 0));

    return err == ENOENT ? 0 : err;
}

static int stat_path(const struct escape_world *w)
{
    struct stat st;

    (void)w;
    return escape_error(fstatat(AT_FDCWD, "/etc/passwd", &st, 0));
}

static int stat_empty_path(const struct escape_world *w)
{
    struct stat st;

    (void)w;
    return escape_error(fstatat(AT_FDCWD, "/etc/passwd", &st, AT_EMPTY_PATH));
}

static int list_folder(const struct escape_world *w)
{
    char bytes[PAGE];
    int fd = openat(AT_FDCWD, w->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

    if (fd < 0)
        return errno;
    err = escape_error(syscall(SYS_getdents64, fd, bytes, sizeof bytes));
    close(fd);
    return err;
}

static int handle_open(const struct escape_world *w)
{
    struct {
        struct file_handle h;
        unsigned char room[MAX_HANDLE_SZ];
    } any = {.h = {.handle_bytes = MAX_HANDLE_SZ}};
    int mount_id = 0, fd, err;

    /* Without a handle of its own it goes on with an empty one: what is asked is whether it is let. */
    if (name_to_handle_at(AT_FDCWD, "/proc", &any.h, &mount_id, 0) < 0)
        name_to_handle_at(AT_FDCWD, w->folder, &any.h, &mount_id, 0);
    fd = open_by_handle_at(AT_FDCWD, &any.h, O_RDONLY | O_CLOEXEC);
    err = escape_opened(fd);
    return err == ESTALE || err == EINVAL ? 0 : err;
}

static int descriptor_too_many(const struct escape_world *w)
{
    for (int from = STDERR_FILENO + 1; from < FD_LOOK; from += FD_AT_ONCE) {
        struct pollfd pf[FD_AT_ONCE];

        for (int i = 0; i < FD_AT_ONCE; i++)
            pf[i] = (struct pollfd){.fd = from + i};
        if (poll(pf, FD_AT_ONCE, 0) < 0)
            return errno;
        for (int i = 0; i < FD_AT_ONCE; i++)
            if (!(pf[i].revents & POLLNVAL) && pf[i].fd != w->link && pf[i].fd != w->file &&
                !(w->places && pf[i].fd > SANDBOX_MESSAGE_FD && pf[i].fd < SANDBOX_OWN_FD))
                return 0;
    }
    return EBADF;
}

static int chmod_given(const struct escape_world *w)
{
    return escape_error(fchmod(w->file, 0600));
}

static int truncate_given(const struct escape_world *w)
{
    return escape_error(ftruncate(w->file, 10));
}

static int seek_given(const struct escape_world *w)
{
    return escape_error(lseek(w->file, 1, SEEK_SET));
}

static int read_given(const struct escape_world *w)
{
    char byte;

    return escape_error(read(w->file, &byte, 1));
}

static int duplicate_given(const struct escape_world *w)
{
    return escape_opened(fcntl(w->file, F_DUPFD_CLOEXEC, 3));
}

static int lock_given(const struct escape_world *w)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    return escape_error(fcntl(w->file, F_OFD_SETLK, &whole));
}

static int lease_given(const struct escape_world *w)
{
    return escape_error(fcntl(w->file, F_SETLEASE, F_WRLCK));
}

static int ioctl_given(const struct escape_world *w)
{
    return escape_error(ioctl(w->file, FIOCLEX));
}

static int map_given(const struct escape_world *w)
{
    void *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, w->file, 0);

    return p == MAP_FAILED ? errno : escape_error(munmap(p, PAGE));
}

static int map_executable(const struct escape_world *w)
{
    void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)w;
    return p == MAP_FAILED ? errno : escape_error(munmap(p, PAGE));
}

static int make_executable(const struct escape_world *w)
{
    void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int err;

    (void)w;
    if (p == MAP_FAILED)
        return errno;
    err = escape_error(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
    munmap(p, PAGE);
    return err;
}

static int share_memory(const struct escape_world *w)
{
    int id = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600);

    (void)w;
    return id < 0 ? errno : escape_error(shmctl(id, IPC_RMID, NULL));
}

static const struct escape_attempt attempts[] = {
    /* Those that are answered come first: one child makes them all. */
    {"descriptor_too_many", "find a descriptor open that no child should have", descriptor_too_many, false,
     false},
    {"mkdir", "make a folder", make_folder, false, false},
    {"unlink", "remove a file", remove_file, false, false},
    {"rename", "rename a file", rename_file, false, false},
    {"symlink", "make a symbolic link", link_file, false, false},
    {"chmod", "change the mode of a file by its path", chmod_path, false, false},
    {"truncate", "truncate a file by its path", truncate_path, false, false},
    {"stat", "look at /etc/passwd by its path", stat_path, false, false},
    {"stat_empty_path", "look at /etc/passwd in the way of fstat(3)", stat_empty_path, false, false},
    {"fchmod_given", "change the mode of the message", chmod_given, false, false},
    {"ftruncate_given", "change the size of the message", truncate_given, false, false},
    {"lseek_given", "move the offset that others share", seek_given, false, false},
    {"read_given", "read on from the offset that others share", read_given, false, false},
    {"dup_given", "duplicate the message's descriptor", duplicate_given, false, false},
    {"lock_given", "lock the message", lock_given, false, false},
    {"lease_given", "take a lease on the message", lease_given, false, false},
    {"ioctl_given", "ioctl on the message", ioctl_given, false, false},
    {"map_given", "map the message into memory", map_given, false, false},
    {"shmget", "make shared memory", share_memory, false, false},
    {"open_passwd", "open /etc/passwd", open_passwd, false, false},
    {"open_legacy", "open /etc/passwd by the old system call", open_legacy, false, false},
    {"openat2", "open /etc/passwd by openat2", open_how, false, false},
    {"create_here", "create a file in the working folder", create_here, false, false},
    {"create_in_tmp", "create a file in /tmp", create_in_tmp, false, false},
    {"o_tmpfile", "create a file without a name", create_unnamed, false, false},
    {"list_folder", "read a folder", list_folder, false, false},
    {"open_by_handle_at", "open a file by its handle", handle_open, true, false},
    {"mmap_rwx", "map memory that is writable and executable", map_executable, false, false},
    {"mprotect_x", "make memory executable", make_executable, false, false},
};

const struct escape_attempt *escape_files_get(size_t i)
{
    return i < sizeof attempts / sizeof *attempts ? &attempts[i] : NULL;
}
