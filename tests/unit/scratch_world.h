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

static inline bool world_has(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static inline void world_touch(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    close(fd);
}

static inline int world_levels(const char *path, int levels, mode_t last)
{
    int at = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (int i = 0; at >= 0 && i < levels; i++) {
        int down = mkdirat(at, "d", 0700) < 0 ? -1 : openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (i + 1 == levels)
            assert_int_equal(fchmodat(at, "d", last, 0), 0);
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
        assert_int_equal(mkdir(at, 0700), 0);
        world_levels(at, 4 + i, 0500);
        strcat(at, "/d/d");
        assert_int_equal(chmod(at, 0500), 0);
        at[strlen(at) - 2] = '\0';
        assert_int_equal(chmod(at, i ? 0400 : 0), 0);
    }
}

static inline void world_shut(const char *path)
{
    world_levels(path, 3, 0700);
    assert_int_equal(chmod(path, 0), 0);
}

static inline void world_wide(const char *path)
{
    char at[200];

    for (int i = 0; i < 1000; i++) {
        snprintf(at, sizeof at, "%s/%d", path, i);
        assert_int_equal(mkdir(at, 0700), 0);
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
        assert_int_equal(mkdir(at, 0700), 0);
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
        assert_int_equal(mkdirat(at, name, 0700), 0);
        down = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(down >= 0);
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
        assert_int_equal(symlink(to[i / 2], at), 0);
    }
    snprintf(at, sizeof at, "%s/d/fifo", path);
    assert_int_equal(mkfifo(at, 0), 0);
}

static inline double world_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Mounts that nobody else sees, and in /tmp a file system in memory. False: this system does not let it. */
static inline bool world_own_tmp(void)
{
    unsigned uid = geteuid();

    if (unshare(CLONE_NEWNS | (uid == 0 ? 0 : CLONE_NEWUSER)) < 0)
        return false;
    if (uid != 0) {
        char map[32];
        int fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
        ssize_t n = write(fd, map, (size_t)snprintf(map, sizeof map, "%u %u 1", uid, uid));

        close(fd);
        if (n < 0)
            return false;
    }
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", "/tmp", "tmpfs", 0, "mode=1777") == 0;
}

#endif
