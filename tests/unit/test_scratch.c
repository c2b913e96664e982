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

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STRANGER 65534

static char role[16]; /* one for each run of this program */

static void open_it(struct scratch *s)
{
    struct buf why = {0};

    if (scratch_open(s, role, &why) < 0)
        fail_msg("%s", why.p);
    assert_int_equal(why.n, 0);
}

static bool is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static void touch(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    close(fd);
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
    assert_false(is_there(path));
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
    touch(file);
    fd = scratch_make_child(&s, UINT64_MAX, again);
    assert_true(fd >= 0);
    close(fd);
    assert_string_equal(again, path);
    assert_false(is_there(file));
    fd = scratch_make_child(&s, 2, again);
    close(fd);
    scratch_remove_child(&s, UINT64_MAX);
    scratch_remove_child(&s, 77); /* nobody's */
    assert_false(is_there(path));
    assert_true(is_there(again));
    scratch_close(&s);
}

static int make_levels(const char *path, int levels, mode_t last)
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

static void whatever_a_child_made_goes(void **state)
{
    static const struct {
        const char *behaviour;
        int levels;
        mode_t last; /* the mode of the innermost folder */
        bool gone;
    } cases[] = {
        {"files and folders", 1, 0700, true},
        {"folders in folders", 60, 0700, true},
        {"a folder that nobody may read", 3, 0, true},
        {"too deep is given up quietly", 80, 0700, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[SCRATCH_PATH_MAX], command[SCRATCH_PATH_MAX + 10];
        struct scratch s;

        open_it(&s);
        close(scratch_make_child(&s, 1, path));
        assert_true(make_levels(path, cases[i].levels, cases[i].last) >= 0);
        scratch_remove_child(&s, 1);
        if (is_there(path) == cases[i].gone)
            fail_msg("%s", cases[i].behaviour);
        snprintf(command, sizeof command, "rm -rf %s", s.path);
        if (!cases[i].gone)
            assert_int_equal(system(command), 0);
        scratch_close(&s);
    }
}

static void links_are_not_followed(void **state)
{
    char outside[] = "/tmp/scratch-XXXXXX", file[64], path[SCRATCH_PATH_MAX], to[SCRATCH_PATH_MAX + 8];
    struct scratch s;

    (void)state;
    assert_non_null(mkdtemp(outside));
    snprintf(file, sizeof file, "%s/file", outside);
    touch(file);
    open_it(&s);
    close(scratch_make_child(&s, 1, path));
    snprintf(to, sizeof to, "%s/link", path);
    assert_int_equal(symlink(outside, to), 0);
    scratch_remove_child(&s, 1);
    assert_false(is_there(path));
    assert_true(is_there(file));
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
            touch(path[i]);
        else
            assert_int_equal(mkdir(path[i], 0700), 0);
    }
    make_levels(path[DEAD], 3, 0700);
    living = open(path[LIVING], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(living, LOCK_EX | LOCK_NB), 0);
    open_it(&s);
    scratch_close(&s);
    for (int i = 0; i < CASES; i++) {
        if (is_there(path[i]) == gone[i])
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
    assert_true(is_there(path));
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
    assert_true(is_there(path));
    scratch_close(&s);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    open_it(&s);
    assert_false(is_there(path));
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
            if (!is_there(path))
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
        cmocka_unit_test(links_are_not_followed),
        cmocka_unit_test(only_dead_folders_of_its_own_are_removed),
        cmocka_unit_test(that_of_another_user_is_kept),
        cmocka_unit_test(a_killed_loader_is_a_dead_one),
        cmocka_unit_test(loaders_that_start_at_once_all_get_one),
    };

    snprintf(role, sizeof role, "t%ld", (long)getpid());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
