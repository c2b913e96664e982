/*
 * test_sandbox_stat.c - looking at files without stat(2): the same answers, and none for what cannot be
 * opened.
 *
 * Run by "make check". Calls the stand-in directly; that the SIGSYS handler comes
 * here is in test_sandbox_trace.c, that Landlock refuses in test_sandbox_files.c.
 */
#include "sandbox_world.h"
#include "workers/sandbox_part.h"

#include <fcntl.h>
#include <sys/stat.h>

static void it_answers_as_the_kernel_does(void **state)
{
    static const struct {
        const char *behaviour, *path;
        int flags;
        bool by_descriptor; /* of / */
    } cases[] = {
        {"a folder by its path", "/etc", 0, false},
        {"a file by its path", "/etc/passwd", 0, false},
        {"a file, links not followed", "/etc/passwd", AT_SYMLINK_NOFOLLOW, false},
        {"an open folder", "", AT_EMPTY_PATH, true},
        {"an open folder without a path at all", NULL, AT_EMPTY_PATH, true},
        {"a path beside AT_EMPTY_PATH", "/etc/passwd", AT_EMPTY_PATH, false},
        {"below an open folder", "etc", AT_NO_AUTOMOUNT, true},
        {"nothing of that name", "/etc/no such file", 0, false},
        {"an empty path", "", 0, false},
    };
    int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int at = cases[i].by_descriptor ? root : AT_FDCWD;
        struct stat wanted = {0}, got = {0};
        long rc = sandbox_stat_answer(at, cases[i].path, &got, cases[i].flags);
        int err = fstatat(at, cases[i].path ? cases[i].path : "", &wanted, cases[i].flags) < 0 ? errno : 0;

        if (rc != -err || got.st_ino != wanted.st_ino || got.st_size != wanted.st_size ||
            got.st_mode != wanted.st_mode)
            fail_msg("%s: %ld, wanted %d", cases[i].behaviour, rc, -err);
    }
    close(root);
}

static void it_leaves_nothing_open(void **state)
{
    int before = dup(STDERR_FILENO), after;
    struct stat st;

    (void)state;
    close(before);
    for (int i = 0; i < 10; i++)
        assert_int_equal(sandbox_stat_answer(AT_FDCWD, "/etc/passwd", &st, 0), 0);
    after = dup(STDERR_FILENO);
    close(after);
    assert_int_equal(after, before);
}

static void a_fifo_does_not_hold_it_up(void **state)
{
    char folder[] = "/tmp/stat-XXXXXX", path[40];
    struct stat st = {0};

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/fifo", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    alarm(5);
    assert_int_equal(sandbox_stat_answer(AT_FDCWD, path, &st, 0), 0);
    alarm(0);
    assert_true(S_ISFIFO(st.st_mode));
    unlink(path);
    rmdir(folder);
}

static void flags_that_it_does_not_know_are_refused(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(sandbox_stat_answer(AT_FDCWD, "/etc", &st, AT_STATX_FORCE_SYNC), -EINVAL);
    assert_int_equal(sandbox_stat_answer(-1, "", &st, AT_EMPTY_PATH), -EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_answers_as_the_kernel_does),
        cmocka_unit_test(it_leaves_nothing_open),
        cmocka_unit_test(a_fifo_does_not_hold_it_up),
        cmocka_unit_test(flags_that_it_does_not_know_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
