/*
 * scratch_world.h - the trees that a hostile child could leave in its scratch folder.
 *
 * Used by test_scratch.c. Each function makes one tree in a folder that is there.
 * Where the system allows it they are made in memory, in a /tmp of the process's
 * own: a disk takes seconds for the deepest of them.
 */
#ifndef TESTS_UNIT_SCRATCH_WORLD_H
#define TESTS_UNIT_SCRATCH_WORLD_H

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Most of this runs in forked processes, where a failed assertion of cmocka would go on with the next test.
 */
static inline void world_must(bool well)
{
    if (!well) {
        perror("what is to be tested cannot be made");
        _exit(90);
    }
}

static inline bool world_has(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static inline void world_touch(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    world_must(fd >= 0);
    close(fd);
}

static inline int world_levels(const char *path, int levels, mode_t last)
{
    int at = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (int i = 0; at >= 0 && i < levels; i++) {
        int down = mkdirat(at, "d", 0700) < 0 ? -1 : openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (i + 1 == levels)
            world_must(fchmodat(at, "d", last, 0) == 0);
        close(at);
        at = down;
    }
    if (at >= 0) {
        int file = openat(at, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        close(file);
        close(at);
    }
    return at;
}

static inline void world_chain(const char *path)
{
    world_levels(path, 5000, 0700);
}

static inline void world_unreadable(const char *path)
{
    world_levels(path, 3, 0);
}

/* Each may be opened, and nothing be removed from it. */
static inline void world_unwritable(const char *path)
{
    char at[200];

    for (int i = 0; i < 3; i++) {
        snprintf(at, sizeof at, "%s/%d", path, i);
        world_must(mkdir(at, 0700) == 0);
        world_levels(at, 4 + i, 0500);
        strcat(at, "/d/d");
        world_must(chmod(at, 0500) == 0);
        at[strlen(at) - 2] = '\0';
        world_must(chmod(at, i ? 0400 : 0) == 0);
    }
}

static inline void world_shut(const char *path)
{
    world_levels(path, 3, 0700);
    world_must(chmod(path, 0) == 0);
}

static inline void world_wide(const char *path)
{
    char at[200];

    for (int i = 0; i < 1000; i++) {
        snprintf(at, sizeof at, "%s/%d", path, i);
        world_must(mkdir(at, 0700) == 0);
        world_levels(at, 3, 0700);
    }
}

/* Where folders are moved to, there is something already. */
static inline void world_foreseen(const char *path)
{
    char at[200];

    for (int i = 0; i < 64; i++) {
        snprintf(at, sizeof at, "%s/%x", path, i);
        if (i % 3 == 0) {
            world_touch(at);
            continue;
        }
        world_must(mkdir(at, 0700) == 0);
        if (i % 3 == 1)
            world_levels(at, 5, 0700);
    }
}

static inline void world_long_names(const char *path)
{
    char name[256];
    int at = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    memset(name, '\n', 255);
    name[255] = '\0';
    for (int i = 0; i < 40; i++) {
        int down;

        name[254] = 'f';
        close(openat(at, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0));
        name[254] = 'd';
        world_must(mkdirat(at, name, 0700) == 0);
        down = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        world_must(down >= 0);
        close(at);
        at = down;
    }
    close(at);
}

static inline void world_links(const char *path)
{
    static const char *const to[] = {"/", "..", ".", "d", "nowhere"};
    char at[200];

    world_levels(path, 2, 0700);
    for (size_t i = 0; i < 10; i++) {
        snprintf(at, sizeof at, "%s%s/%zu", path, i % 2 ? "/d" : "", i);
        world_must(symlink(to[i / 2], at) == 0);
    }
    snprintf(at, sizeof at, "%s/d/fifo", path);
    world_must(mkfifo(at, 0) == 0);
}

/* Seconds that this process was busy: a disk may take as long as it likes. */
static inline double world_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline bool world_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return done;
}

/* Mounts that nobody else sees, and in /tmp a file system in memory. False: this system does not let it. */
static inline bool world_own_tmp(void)
{
    unsigned uid = geteuid(), gid = getegid();
    char users[32], groups[32];

    snprintf(users, sizeof users, "%u %u 1", uid, uid);
    snprintf(groups, sizeof groups, "%u %u 1", gid, gid);
    if (unshare(CLONE_NEWNS | (uid == 0 ? 0 : CLONE_NEWUSER)) < 0)
        return false;
    if (uid != 0 && !(world_write("/proc/self/setgroups", "deny") &&
                      world_write("/proc/self/gid_map", groups) && world_write("/proc/self/uid_map", users)))
        return false;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", "/tmp", "tmpfs", 0, "mode=1777") == 0;
}

#endif
