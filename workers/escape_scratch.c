/*
 * escape_scratch.c - attempts of the self-test that matter for a role with files: out of its own folder.
 *
 * See escape.h for the rules. Run by escape.c in a child, locked down or not; only
 * for roles that may open files, since for all others that alone ends the process.
 * What a role may do by right in its own folder (make, read, write and remove plain
 * files and folders) is no attempt. All calls are those that the role has, where
 * it has one of that kind: the way past them must be shut by Landlock.
 */
#include "workers/escape.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#define PATH_ROOM 160

/* Opens `folder``rest`. */
static int open_in(const char *folder, const char *rest, int flags)
{
    char path[PATH_ROOM];

    snprintf(path, sizeof path, "%s%s", folder, rest);
    return escape_opened(openat(AT_FDCWD, path, flags | O_CLOEXEC));
}

static const char *in_own(const struct escape_world *w, const char *name, char *path)
{
    snprintf(path, PATH_ROOM, "%s/%s", w->own, name);
    return path;
}

/* A plain file in its own folder, which is its right. */
static int make_own(const struct escape_world *w, const char *name, const char *text, char *path)
{
    int fd = openat(AT_FDCWD, in_own(w, name, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
    ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

    if (fd >= 0)
        close(fd);
    return n < 0 ? -1 : 0;
}

static int open_own_memory(const struct escape_world *w)
{
    (void)w;
    return open_in("/proc/self", "/mem", O_RDWR);
}

static int open_parent_memory(const struct escape_world *w)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%ld", (long)w->parent);
    return open_in(path, "/mem", O_RDONLY);
}

static int open_environ(const struct escape_world *w)
{
    (void)w;
    return open_in("/proc/1", "/environ", O_RDONLY);
}

static int open_other(const struct escape_world *w)
{
    return open_in(w->other, "/mail", O_RDONLY);
}

static int open_by_dots(const struct escape_world *w)
{
    return open_in(w->own, "/../victim", O_RDWR);
}

static int open_from_own(const struct escape_world *w)
{
    int folder = openat(AT_FDCWD, w->own, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

    if (folder < 0)
        return errno;
    err = escape_opened(openat(folder, "../victim", O_RDONLY | O_CLOEXEC));
    close(folder);
    return err;
}

static int open_path_only(const struct escape_world *w)
{
    return open_in(w->folder, "/victim", O_PATH);
}

static int empty_by_opening(const struct escape_world *w)
{
    return open_in(w->folder, "/victim", O_RDONLY | O_TRUNC);
}

static int reopen_message(const struct escape_world *w)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/self/fd/%d", w->file);
    return open_in(path, "", O_RDWR);
}

static int open_signatures(const struct escape_world *w)
{
    (void)w;
    return open_in("/var/lib", "/clamav", O_RDONLY | O_DIRECTORY);
}

static int open_device(const struct escape_world *w)
{
    (void)w;
    return open_in("/dev", "/null", O_RDWR);
}

static int list_other(const struct escape_world *w)
{
    return open_in(w->other, "", O_RDONLY | O_DIRECTORY);
}

static int list_parent_folder(const struct escape_world *w)
{
    return open_in(w->own, "/..", O_RDONLY | O_DIRECTORY);
}

static int create_beside(const struct escape_world *w)
{
    char path[PATH_ROOM];
    int err =
        escape_opened(openat(AT_FDCWD, in_own(w, "../new", path), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));

    if (!err)
        unlink(path);
    return err;
}

static int remove_folder(const struct escape_world *w)
{
    char path[PATH_ROOM];
    int err;

    snprintf(path, sizeof path, "%s/mail", w->other);
    err = escape_error(unlink(path));
    return err ? err : escape_error(rmdir(w->other));
}

static int remove_own_folder(const struct escape_world *w)
{
    return escape_error(rmdir(w->own));
}

/* 0 when `made` and it is away again. */
static int undo(long made, const char *path)
{
    int err = escape_error(made);

    if (!err)
        unlink(path);
    return err;
}

static int symlink_own(const struct escape_world *w)
{
    char path[PATH_ROOM];

    return undo(symlink("/etc/passwd", in_own(w, "link", path)), path);
}

static int hardlink_in(const struct escape_world *w)
{
    char path[PATH_ROOM];

    return undo(link(w->victim, in_own(w, "hard", path)), path);
}

static int rename_out(const struct escape_world *w)
{
    char from[PATH_ROOM], to[PATH_ROOM];

    if (make_own(w, "file", "x", from) < 0)
        return errno;
    return undo(rename(from, in_own(w, "../out", to)), to);
}

static int rename_in(const struct escape_world *w)
{
    char to[PATH_ROOM];

    return undo(rename(w->victim, in_own(w, "in", to)), to);
}

/* Where it works, exit code 0 of the program tells. */
static int execute_own(const struct escape_world *w)
{
    char path[PATH_ROOM], *const argv[] = {path, NULL}, *const none[] = {NULL};

    if (make_own(w, "program", "#!/bin/true\n", path) < 0)
        return errno;
    return escape_error(execve(path, argv, none));
}

static int fifo_own(const struct escape_world *w)
{
    char path[PATH_ROOM];

    return undo(mknod(in_own(w, "fifo", path), S_IFIFO | 0600, 0), path);
}

static int socket_own(const struct escape_world *w)
{
    char path[PATH_ROOM];

    return undo(mknod(in_own(w, "socket", path), S_IFSOCK | 0600, 0), path);
}

static int chmod_own(const struct escape_world *w)
{
    char path[PATH_ROOM];

    if (make_own(w, "mode", "x", path) < 0)
        return errno;
    return escape_error(chmod(path, 06777));
}

static int chown_own(const struct escape_world *w)
{
    char path[PATH_ROOM];

    if (make_own(w, "owner", "x", path) < 0)
        return errno;
    return escape_error(chown(path, geteuid(), getegid()));
}

static int attribute_own(const struct escape_world *w)
{
    return escape_error(setxattr(w->own, "user.x", "x", 1, 0));
}

static int open_folder(const struct escape_world *w)
{
    char path[PATH_ROOM];
    int err = escape_error(mkdir(in_own(w, "wide", path), 0777));

    if (!err)
        rmdir(path);
    return err;
}

static int stat_other(const struct escape_world *w)
{
    struct stat st;

    return escape_error(lstat(w->other, &st));
}

static int stat_device(const struct escape_world *w)
{
    struct stat st;

    (void)w;
    return escape_error(stat("/dev/null", &st));
}

static int statx_passwd(const struct escape_world *w)
{
    struct statx st;

    (void)w;
    return escape_error(syscall(SYS_statx, AT_FDCWD, "/etc/passwd", 0, STATX_BASIC_STATS, &st));
}

static int access_passwd(const struct escape_world *w)
{
    (void)w;
    return escape_error(access("/etc/passwd", R_OK));
}

static int read_link(const struct escape_world *w)
{
    char path[PATH_ROOM];

    (void)w;
    return escape_error(readlink("/proc/self/exe", path, sizeof path));
}

static int change_folder(const struct escape_world *w)
{
    return escape_error(chdir(w->folder));
}

static int watch_folder(const struct escape_world *w)
{
    int fd = inotify_init1(IN_CLOEXEC), err;

    if (fd < 0)
        return errno;
    err = escape_error(inotify_add_watch(fd, w->folder, IN_CREATE));
    close(fd);
    return err;
}

static const struct escape_attempt attempts[] = {
    {"open_own_memory", "open its own memory as a file", open_own_memory, false, true},
    {"open_parent_memory", "open the parent's memory as a file", open_parent_memory, false, true},
    {"open_environ", "read the environment of the first process", open_environ, true, true},
    {"open_other", "read a file of another child's scratch folder", open_other, false, true},
    {"open_by_dots", "leave its scratch folder by ..", open_by_dots, false, true},
    {"open_from_own", "leave its scratch folder by .. and a descriptor", open_from_own, false, true},
    {"open_path_only", "get hold of a path with O_PATH", open_path_only, false, true},
    {"open_truncate", "empty a file outside by opening it", empty_by_opening, false, true},
    {"reopen_message", "open the message once more, for writing", reopen_message, false, true},
    {"open_signatures", "read the folder of signatures", open_signatures, false, true},
    {"open_device", "open a device", open_device, false, true},
    {"list_other", "read another child's scratch folder", list_other, false, true},
    {"list_parent", "read the folder above its own", list_parent_folder, false, true},
    {"create_beside", "create a file beside its scratch folder", create_beside, false, true},
    {"remove_other", "remove another child's scratch folder", remove_folder, false, true},
    {"remove_own", "remove its own scratch folder", remove_own_folder, false, true},
    {"symlink_own", "make a symbolic link in its scratch folder", symlink_own, false, true},
    {"link_in", "make a hard link into its scratch folder", hardlink_in, false, true},
    {"rename_out", "move a file out of its scratch folder", rename_out, false, true},
    {"rename_in", "move a file into its scratch folder", rename_in, false, true},
    {"fifo_own", "make a fifo in its scratch folder", fifo_own, false, true},
    {"socket_own", "make a socket in its scratch folder", socket_own, false, true},
    {"chmod_own", "change the mode of a file of its own", chmod_own, false, true},
    {"chown_own", "change the owner of a file of its own", chown_own, false, true},
    {"xattr_own", "set an attribute of its scratch folder", attribute_own, false, true},
    {"mkdir_wide", "make a folder that is open to others", open_folder, false, true},
    {"stat_other", "look at another child's scratch folder", stat_other, false, true},
    {"stat_device", "look at a device", stat_device, false, true},
    {"statx", "look at /etc/passwd by statx", statx_passwd, false, true},
    {"access", "ask whether it could read /etc/passwd", access_passwd, false, true},
    {"readlink", "ask which program it is", read_link, false, true},
    {"chdir", "change its working folder", change_folder, false, true},
    {"inotify", "watch a folder", watch_folder, false, true},
    {"execve_own", "start a program from its scratch folder", execute_own, false, true},
};

const struct escape_attempt *escape_scratch_get(size_t i)
{
    return i < sizeof attempts / sizeof *attempts ? &attempts[i] : NULL;
}
