/*
 * test_ledger_aside.c - what is damaged goes out of the way, and takes little room there.
 *
 * Works below $TMPDIR.
 */
#include "spoold/ledger_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MB (1 << 20)

static int set_up(void **state)
{
    static char path[256];
    const char *tmp = getenv("TMPDIR");

    snprintf(path, sizeof path, "%s/test_ledger_aside.XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(path));
    *state = path;
    return 0;
}

static int open_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

/* Counts the entries with this beginning, in the directory and what is aside in it; removes all in passing
 * when `beginning` is NULL. */
static unsigned count(int in, const char *beginning)
{
    DIR *d = fdopendir(openat(in, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct dirent *e = NULL;
    unsigned n = 0;

    while ((e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        n += beginning && strncmp(e->d_name, beginning, strlen(beginning)) == 0;
        if (strncmp(e->d_name, "bad-", 4) == 0) {
            int sub = openat(in, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

            n += count(sub, beginning);
            close(sub);
        }
        if (!beginning && unlinkat(in, e->d_name, 0) < 0)
            unlinkat(in, e->d_name, AT_REMOVEDIR);
    }
    closedir(d);
    return n;
}

static int tear_down(void **state)
{
    int fd = open_dir(*state);

    count(fd, NULL);
    close(fd);
    return rmdir(*state);
}

static void make_file(int in, const char *name, off_t size)
{
    int fd = openat(in, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(posix_fallocate(fd, 0, size), 0);
    close(fd);
}

static void everything_moves_and_two_are_kept(void **state)
{
    int in = open_dir(*state);

    for (unsigned i = 0; i < 4; i++) {
        make_file(in, "rows.db", 4096);
        make_file(in, "clean", 16);
        assert_int_equal(ledger_aside_move(in), 0);
        assert_int_equal(faccessat(in, "rows.db", F_OK, 0), -1);
        assert_int_equal(count(in, "bad-"), i < 2 ? i + 1 : 2);
        assert_int_equal(count(in, "rows.db"), i < 2 ? i + 1 : 2);
        assert_int_equal(count(in, "clean"), i < 2 ? i + 1 : 2);
        usleep(2000); /* the name is the time in ms */
    }
    close(in);
}

static void a_large_one_is_not_kept(void **state)
{
    static const struct {
        const char *says;
        off_t a, b;
        unsigned kept;
    } cases[] = {
        {"a small one", MB, MB, 1},
        {"large in all", 5 * MB, 5 * MB, 1},
        {"one large file", 9 * MB, 1, 1},
        {"another small one", 1, 1, 2},
    };
    int in = open_dir(*state);

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%s\n", cases[i].says);
        make_file(in, "keys.db", cases[i].a);
        make_file(in, "rows.db", cases[i].b);
        assert_int_equal(ledger_aside_move(in), 0);
        assert_int_equal(count(in, "bad-"), cases[i].kept);
        assert_int_equal(faccessat(in, "keys.db", F_OK, 0), -1);
        usleep(2000);
    }
    close(in);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(everything_moves_and_two_are_kept),
        CASE(a_large_one_is_not_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
