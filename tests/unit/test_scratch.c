/*
 * test_scratch.c - unit tests of workers/scratch.c: whose folders are removed, whose are not, and how
 * thoroughly.
 *
 * Run by "make check". Works in /tmp under a role name of its own, so that no
 * worker's folder is touched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "workers/scratch.h"

#include "tests/unit/scratch_world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STRANGER 65534
#define NOT_HERE 77  /* exit code: this system does not let it be tried */
#define LONG     5.0 /* seconds; it takes some tenths on a disk, less in memory */

static char role[16]; /* one for each run of this program */

static void open_it(struct scratch *s)
{
    struct buf why = {0};

    world_must(scratch_open(s, role, &why) == 0);
    world_must(why.n == 0);
}

/* "/tmp/spoold-ROLE-XXXXXX" with another tail. */
static const char *named(const char *tail)
{
    static char path[SCRATCH_PATH_MAX];

    snprintf(path, sizeof path, "/tmp/spoold-%s-%s", role, tail);
    return path;
}

static void it_makes_a_private_folder_and_takes_it_away(void **state)
{
    struct scratch s;
    struct stat st;
    char path[SCRATCH_PATH_MAX];

    (void)state;
    open_it(&s);
    assert_int_equal(stat(s.path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(strncmp(s.path, named(""), strlen(named(""))), 0);
    assert_int_equal(fcntl(s.fd, F_GETFD), FD_CLOEXEC);
    memcpy(path, s.path, sizeof path);
    scratch_close(&s);
    assert_false(world_has(path));
    assert_int_equal(s.fd, -1);
    scratch_close(&s); /* twice is nothing */
}

static void a_child_gets_an_empty_folder_of_its_own(void **state)
{
    char path[SCRATCH_PATH_MAX], again[SCRATCH_PATH_MAX], file[SCRATCH_PATH_MAX + 8];
    struct scratch s;
    struct stat st;
    int fd;

    (void)state;
    open_it(&s);
    fd = scratch_make_child(&s, UINT64_MAX, path);
    assert_int_equal(fcntl(fd, F_GETFL) & O_PATH, O_PATH);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    snprintf(file, sizeof file, "%s/file", path);
    world_touch(file);
    fd = scratch_make_child(&s, UINT64_MAX, again);
    assert_true(fd >= 0);
    close(fd);
    assert_string_equal(again, path);
    assert_false(world_has(file));
    fd = scratch_make_child(&s, 2, again);
    close(fd);
    scratch_remove_child(&s, UINT64_MAX);
    scratch_remove_child(&s, 77); /* nobody's */
    assert_false(world_has(path));
    assert_true(world_has(again));
    scratch_close(&s);
}

/* With hardly a descriptor to spare. Exit code 0: all is gone, and it did not take long. */
static int make_and_remove(void (*make)(const char *path), bool by_close)
{
    char path[SCRATCH_PATH_MAX], top[SCRATCH_PATH_MAX];
    struct rlimit files;
    struct scratch s;
    double start;

    world_own_tmp(); /* or else on disk, which takes seconds */
    if (geteuid() == 0 &&
        (setresgid(STRANGER, STRANGER, STRANGER) < 0 || setresuid(STRANGER, STRANGER, STRANGER) < 0))
        return 1; /* for root modes are nothing */
    open_it(&s);
    memcpy(top, s.path, sizeof top);
    close(scratch_make_child(&s, 1, path));
    make(path);
    files.rlim_cur = files.rlim_max = (rlim_t)s.fd + 3; /* two more */
    if (setrlimit(RLIMIT_NOFILE, &files) < 0)
        return 2;
    start = world_now();
    if (!by_close)
        scratch_remove_child(&s, 1);
    if (!by_close && (world_has(path) || !world_has(top)))
        return 3;
    scratch_close(&s);
    return world_has(top) ? 4 : world_now() - start > LONG ? 5 : 0;
}

static void whatever_a_child_made_goes(void **state)
{
    static const struct {
        const char *behaviour;
        void (*make)(const char *path);
    } cases[] = {
        {"folders in folders, deeper than any path", world_chain},
        {"a folder that nobody may read", world_unreadable},
        {"folders that nobody may write", world_unwritable},
        {"when its own folder has no rights", world_shut},
        {"many folders beside each other", world_wide},
        {"names that stand in the way", world_foreseen},
        {"the longest names", world_long_names},
        {"links and fifos", world_links},
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        int status = -1;
        pid_t pid = fork();

        if (pid == 0)
            _exit(make_and_remove(cases[i / 2].make, i % 2));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (status != 0)
            fail_msg("%s, %s: %d", cases[i / 2].behaviour, i % 2 ? "with all" : "alone", WEXITSTATUS(status));
    }
}

/* A mount point in the middle of it, with a folder that no other file system can take. */
static int leave_one(void)
{
    char path[SCRATCH_PATH_MAX], at[SCRATCH_PATH_MAX + 20], other[SCRATCH_PATH_MAX + 20];
    struct scratch s;

    if (!world_own_tmp())
        return NOT_HERE;
    open_it(&s);
    close(scratch_make_child(&s, 1, path));
    snprintf(at, sizeof at, "%s/m", path);
    world_levels(path, 6, 0700);
    if (mkdir(at, 0700) < 0 || mount("none", at, "tmpfs", 0, "size=64k") < 0 || world_levels(at, 2, 0700) < 0)
        return 4;
    snprintf(other, sizeof other, "%s/z", path);
    world_touch(other);
    scratch_remove_child(&s, 1);
    snprintf(other + strlen(path), 3, "/d");
    if (!world_has(at) || world_has(other))
        return 1;
    snprintf(other + strlen(path), 3, "/z");
    if (world_has(other) || umount2(at, MNT_DETACH) < 0)
        return 2;
    scratch_close(&s);
    return world_has(path) ? 3 : 0;
}

static void what_cannot_be_removed_stops_nothing_else(void **state)
{
    int status = -1;
    pid_t pid = fork();

    (void)state;
    if (pid == 0)
        _exit(leave_one());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_HERE)
        skip();
    assert_int_equal(status, 0);
}

static void links_are_not_followed(void **state)
{
    char outside[] = "/tmp/scratch-XXXXXX", file[64], path[SCRATCH_PATH_MAX], to[SCRATCH_PATH_MAX + 8];
    struct scratch s;

    (void)state;
    assert_non_null(mkdtemp(outside));
    snprintf(file, sizeof file, "%s/file", outside);
    world_touch(file);
    open_it(&s);
    close(scratch_make_child(&s, 1, path));
    snprintf(to, sizeof to, "%s/link", path);
    assert_int_equal(symlink(outside, to), 0);
    scratch_remove_child(&s, 1);
    assert_false(world_has(path));
    assert_true(world_has(file));
    scratch_close(&s);
    unlink(file);
    rmdir(outside);
}

/* What looks like a dead loader's folder: is it one? */
static void only_dead_folders_of_its_own_are_removed(void **state)
{
    enum { DEAD, LIVING, LINK, PLAIN_FILE, LONGER, SHORTER, CASES };
    static const char *const tails[CASES] = {"dead01", "alive1", "link01", "file01", "longer1", "short"};
    static const bool gone[CASES] = {true, false, false, false, false, false};
    char path[CASES][SCRATCH_PATH_MAX];
    struct scratch s;
    int living;

    (void)state;
    for (int i = 0; i < CASES; i++) {
        snprintf(path[i], sizeof path[i], "%s", named(tails[i]));
        if (i == LINK)
            assert_int_equal(symlink("/tmp", path[i]), 0);
        else if (i == PLAIN_FILE)
            world_touch(path[i]);
        else
            assert_int_equal(mkdir(path[i], 0700), 0);
    }
    world_levels(path[DEAD], 3, 0700);
    living = open(path[LIVING], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(living, LOCK_EX | LOCK_NB), 0);
    open_it(&s);
    scratch_close(&s);
    for (int i = 0; i < CASES; i++) {
        if (world_has(path[i]) == gone[i])
            fail_msg("%s was %s", tails[i], gone[i] ? "kept" : "removed");
        if (rmdir(path[i]) < 0)
            unlink(path[i]);
    }
    close(living);
}

static void that_of_another_user_is_kept(void **state)
{
    char path[SCRATCH_PATH_MAX];
    struct scratch s;

    (void)state;
    if (geteuid() != 0)
        skip();
    snprintf(path, sizeof path, "%s", named("other1"));
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chown(path, STRANGER, STRANGER), 0);
    open_it(&s);
    scratch_close(&s);
    assert_true(world_has(path));
    rmdir(path);
}

/* The lock ends with its process, however that ends. */
static void a_killed_loader_is_a_dead_one(void **state)
{
    char path[SCRATCH_PATH_MAX] = "";
    struct scratch s;
    int ends[2];
    pid_t pid;

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        struct buf why = {0};

        if (scratch_open(&s, role, &why) < 0 || write(ends[1], s.path, sizeof s.path) < 0)
            _exit(1);
        pause();
    }
    assert_int_equal(read(ends[0], path, sizeof path), sizeof path);
    open_it(&s);
    assert_true(world_has(path));
    scratch_close(&s);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    open_it(&s);
    assert_false(world_has(path));
    scratch_close(&s);
    close(ends[0]);
    close(ends[1]);
}

/* Each takes the others' new folders for dead ones now and then. */
static void loaders_that_start_at_once_all_get_one(void **state)
{
    enum { LOADERS = 6, ROUNDS = 30 };
    pid_t pid[LOADERS];

    (void)state;
    for (int i = 0; i < LOADERS; i++) {
        pid[i] = fork();
        if (pid[i] != 0)
            continue;
        for (int k = 0; k < ROUNDS; k++) {
            struct scratch s;
            struct buf why = {0};
            char path[SCRATCH_PATH_MAX];

            if (scratch_open(&s, role, &why) < 0)
                _exit(1);
            close(scratch_make_child(&s, 1, path));
            if (!world_has(path))
                _exit(2);
            scratch_close(&s);
        }
        _exit(0);
    }
    for (int i = 0; i < LOADERS; i++) {
        int status = -1;

        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        assert_int_equal(status, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_makes_a_private_folder_and_takes_it_away),
        cmocka_unit_test(a_child_gets_an_empty_folder_of_its_own),
        cmocka_unit_test(whatever_a_child_made_goes),
        cmocka_unit_test(what_cannot_be_removed_stops_nothing_else),
        cmocka_unit_test(links_are_not_followed),
        cmocka_unit_test(only_dead_folders_of_its_own_are_removed),
        cmocka_unit_test(that_of_another_user_is_kept),
        cmocka_unit_test(a_killed_loader_is_a_dead_one),
        cmocka_unit_test(loaders_that_start_at_once_all_get_one),
    };

    snprintf(role, sizeof role, "t%ld", (long)getpid());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
