/*
 * test_av_stat.c - unit tests of workers/av/av_stat.c: libclamav's looks at files, with and without the
 * system call.
 *
 * Run by `make check`. The same answers must come in both ways.
 */
#include "tests/unit/av_world.h"

#include "workers/av/av_stat.h"

#include <errno.h>

struct look_case {
    const char *says, *name;
    bool link; /* lstat */
    int err;
    mode_t type;
};

static const struct look_case cases[] = {
    {"a file", "file", false, 0, S_IFREG},
    {"a folder", ".", false, 0, S_IFDIR},
    {"what is not there", "nothing", false, ENOENT, 0},
    {"below a file", "file/x", false, ENOTDIR, 0},
    {"a file, not following", "file", true, 0, S_IFREG},
};

static void compare(const char *dir, const struct look_case *c)
{
    struct stat64 st = {0};
    char path[100];
    int rc;

    snprintf(path, sizeof path, "%s/%s", dir, c->name);
    errno = 0;
    rc = c->link ? lstat64(path, &st) : stat64(path, &st);
    if ((rc < 0 ? errno : 0) != c->err || (st.st_mode & S_IFMT) != c->type)
        fail_msg("%s: %d, errno %d, mode %o", c->says, rc, errno, st.st_mode);
}

static void both_ways_answer_alike(void **state)
{
    char dir[] = "/tmp/av-stat-XXXXXX", path[100];
    struct stat64 st;
    int fd;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/file", dir);
    fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0 && write(fd, "abc", 3) == 3);
    for (int on = 0; on < 2; on++) {
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
            compare(dir, &cases[i]);
        assert_int_equal(fstat64(fd, &st), 0);
        assert_int_equal(st.st_size, 3);
        assert_int_equal(fstat64(-1, &st), -1);
        assert_int_equal(errno, EBADF);
        av_stat_stand_in();
    }
    close(fd);
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_answer_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
