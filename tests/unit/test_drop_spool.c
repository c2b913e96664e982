/*
 * test_drop_spool.c - unit tests of tools/drop_spool.c on a real folder.
 *
 * Run by `make check`. Each test gets a new folder under TMPDIR, and looks at
 * what stands in it afterwards. Kills, a full disk and failing fsyncs are the
 * shell tests' part (tests/func/drop_*.sh).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/log.h"
#include "common/xalloc.h"
#include "tools/drop_spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char *root;
    int dir; /* root/in */
    struct drop_spool s;
    struct buf why;
};

static int set_up(void **state)
{
    const char *tmp = getenv("TMPDIR");
    struct place *p = xcalloc(1, sizeof *p);
    int at = -1;

    p->root = xasprintf("%s/drop_spool.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(p->root))
        return -1;
    at = open(p->root, O_DIRECTORY | O_CLOEXEC);
    mkdirat(at, "in", 0700);
    p->dir = openat(at, "in", O_DIRECTORY | O_CLOEXEC);
    close(at);
    *state = p;
    return p->dir < 0 ? -1 : drop_spool_open(&p->s, p->root, "in", &p->why);
}

/* Empties the folder; answers how many files there were. */
static size_t remove_all(int dirfd)
{
    DIR *d = fdopendir(openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct dirent *e = NULL;
    size_t n = 0;

    while (d && (e = readdir(d)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            n += unlinkat(dirfd, e->d_name, 0) == 0;
    closedir(d);
    return n;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    char *in = xasprintf("%s/in", p->root);

    drop_spool_close(&p->s);
    remove_all(p->dir);
    close(p->dir);
    rmdir(in);
    rmdir(p->root);
    buf_free(&p->why);
    free(in);
    free(p->root);
    free(p);
    return 0;
}

static void put_file(const struct place *p, const char *name, const char *text)
{
    int fd = openat(p->dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void assert_file(const struct place *p, const char *suffix, struct view wanted)
{
    char *name = xasprintf("%s%s", p->s.name, suffix);
    int fd = openat(p->dir, name, O_RDONLY);
    struct buf got = {0};

    assert_true(fd >= 0);
    assert_int_equal(buf_read_fd(&got, fd, 1000000), 0);
    assert_true(view_equal(buf_view(&got), wanted));
    buf_free(&got);
    close(fd);
    free(name);
}

/* A pipe that holds `text`, with its writing end closed. */
static int input_of(struct view text)
{
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], text.p, text.n), text.n);
    close(fds[1]);
    return fds[0];
}

static void any_bytes_arrive_as_they_are(void **state)
{
    struct place *p = *state;
    struct view message = VIEW("Subject: x\r\n\r\n.\n\0\xff no newline");
    struct buf envelope = {0};
    int in = input_of(message);

    buf_add_str(&envelope, "Written\n\nb@example.net\n\n");
    assert_int_equal(drop_spool_create(&p->s, &p->why), 0);
    assert_int_equal(drop_spool_copy(&p->s, in, &p->why), 0);
    assert_int_equal(drop_spool_publish(&p->s, &envelope, &p->why), 0);
    drop_spool_close(&p->s);
    assert_file(p, ".eml", message);
    assert_file(p, ".hdr", buf_view(&envelope));
    assert_int_equal(remove_all(p->dir), 2);
    buf_free(&envelope);
    close(in);
}

static void files_are_0640_whatever_the_umask(void **state)
{
    struct place *p = *state;
    mode_t old = umask(0777);
    struct stat st;
    char *name = NULL;
    int rc = drop_spool_create(&p->s, &p->why);

    umask(old);
    assert_int_equal(rc, 0);
    name = xasprintf("%s.em_", p->s.name);
    assert_int_equal(fstatat(p->dir, name, &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    free(name);
}

static void an_empty_message_is_bad_input(void **state)
{
    struct place *p = *state;
    int in = input_of(VIEW(""));

    assert_int_equal(drop_spool_create(&p->s, &p->why), 0);
    assert_int_equal(drop_spool_copy(&p->s, in, &p->why), EXIT_DATA_65);
    drop_spool_close(&p->s);
    assert_int_equal(remove_all(p->dir), 0);
    close(in);
}

static void an_unfinished_message_leaves_nothing(void **state)
{
    struct place *p = *state;
    int in = input_of(VIEW("hello"));

    assert_int_equal(drop_spool_create(&p->s, &p->why), 0);
    assert_int_equal(drop_spool_copy(&p->s, in, &p->why), 0);
    drop_spool_close(&p->s);
    assert_int_equal(remove_all(p->dir), 0);
    close(in);
}

static void a_name_in_use_is_not_taken(void **state)
{
    static const char *const suffix[] = {".eml", ".hdr", ".em_", ".hd_"};
    struct place *p = *state;

    for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++) {
        char *name = xasprintf("used%s", suffix[i]);

        put_file(p, name, "theirs");
        errno = 0;
        assert_int_equal(drop_spool_take(&p->s, "used"), -1);
        assert_int_equal(errno, EEXIST);
        assert_file(p, suffix[i], VIEW("theirs"));
        assert_int_equal(remove_all(p->dir), 1);
        free(name);
    }
    assert_int_equal(drop_spool_take(&p->s, "used"), 0);
}

static void a_file_that_came_meanwhile_is_not_replaced(void **state)
{
    struct place *p = *state;
    struct buf envelope = {0};
    int in = input_of(VIEW("ours"));

    buf_add_str(&envelope, "Written\n\nb@example.net\n\n");
    assert_int_equal(drop_spool_take(&p->s, "late"), 0);
    assert_int_equal(drop_spool_copy(&p->s, in, &p->why), 0);
    put_file(p, "late.hdr", "theirs");
    assert_int_equal(drop_spool_publish(&p->s, &envelope, &p->why), EXIT_TEMP_75);
    drop_spool_close(&p->s);
    assert_file(p, ".hdr", VIEW("theirs"));
    assert_int_equal(remove_all(p->dir), 1);
    buf_free(&envelope);
    close(in);
}

static void a_stopped_intake_takes_nothing(void **state)
{
    struct place *p = *state;
    struct drop_spool s;

    put_file(p, DROP_SPOOL_STOPPED, "");
    assert_int_equal(drop_spool_open(&s, p->root, "in", &p->why), EXIT_TEMP_75);
    assert_non_null(strstr(p->why.p, "not taking messages"));
    drop_spool_close(&s);
}

static void a_linked_or_missing_folder_is_refused(void **state)
{
    struct place *p = *state;
    char *link = xasprintf("%s/link", p->root);
    struct drop_spool s;

    assert_int_equal(symlink("in", link), 0);
    assert_int_equal(drop_spool_open(&s, p->root, "link", &p->why), EXIT_TEMP_75);
    drop_spool_close(&s);
    unlink(link);
    assert_int_equal(drop_spool_open(&s, p->root, "none", &p->why), EXIT_TEMP_75);
    assert_non_null(strstr(p->why.p, "start spoold once"));
    drop_spool_close(&s);
    free(link);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_bytes_arrive_as_they_are),   TEST(files_are_0640_whatever_the_umask),
        TEST(an_empty_message_is_bad_input),  TEST(an_unfinished_message_leaves_nothing),
        TEST(a_name_in_use_is_not_taken),     TEST(a_file_that_came_meanwhile_is_not_replaced),
        TEST(a_stopped_intake_takes_nothing), TEST(a_linked_or_missing_folder_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
