/*
 * test_launch.c - unit tests of spoold/launch.c; a copy of the test plays the launcher.
 *
 * Run by `make check`. The launcher may stay root for good, so it must get its
 * two descriptors and nothing else of spoold; and a missing or broken one must
 * stop the start with a cure, before any mail is touched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spoold/launch.h"

#include "common/log.h"
#include "tests/unit/launcher_world.h"

#define BINARY "spoold-launcher"

static void expect_launcher(int link)
{
    struct world_facts f = world_hear(link);

    assert_int_equal(f.open_fds, 0x1f); /* 0, 1, 2, the link and the folder */
    assert_true(f.stdio_is_null);
    assert_int_equal(f.argc, 1);
    assert_int_equal(f.environment, 0);
    assert_int_equal(f.death_signal, SIGKILL);
    assert_int_equal(f.uid[0], getuid());
}

static void launcher_gets_link_and_folder_only(void **state)
{
    const struct world *w = *state;
    int link = -1, status = -1, stray = open("/dev/null", O_RDONLY); /* not close-on-exec */

    world_add(w, BINARY, NULL, 0755);
    setenv("LD_PRELOAD_TEST", "1", 1);
    link = launch_start_from(w->dir);
    unsetenv("LD_PRELOAD_TEST");
    assert_true(link >= 0);
    expect_launcher(link);
    assert_int_equal(fcntl(link, F_GETFD), FD_CLOEXEC);
    assert_true(fcntl(link, F_GETFL) & O_NONBLOCK);
    close(link);
    close(stray);
    /* No other copy of our end exists, so closing it ends the launcher. */
    assert_true(waitpid(-1, &status, 0) > 0);
    assert_int_equal(status, 0);
}

/* Started with some of the standard descriptors closed, spoold's own ones take their numbers. */
static void numbers_may_be_taken_in_any_way(void **state)
{
    static const unsigned closed[] = {0x01, 0x03, 0x07, 0x08, 0x18, 0x1f, 0x1c, 0x06};
    const struct world *w = *state;

    world_add(w, BINARY, NULL, 0755);
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) {
        int status = -1;
        pid_t pid = fork();

        if (pid == 0) {
            struct world_facts f = {0};
            int link;

            for (int fd = 0; fd < 5; fd++)
                if (closed[i] & 1u << fd)
                    close(fd);
            link = launch_start_from(w->dir);
            _exit(link >= 0 && world_readable(link) && recv(link, &f, sizeof f, 0) == sizeof f &&
                          f.open_fds == 0x1f && f.stdio_is_null
                      ? 0
                      : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (status)
            fail_msg("descriptors %#x closed: the launcher got other ones", closed[i]);
    }
}

static void launcher_that_can_not_be_executed_is_an_error(void **state)
{
    static const struct {
        const char *text;
        mode_t mode;
        int err;
    } cases[] = {{NULL, 0, ENOENT}, {"text", 0755, ENOEXEC}, {"text", 0644, EACCES}};
    const struct world *w = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (cases[i].text)
            world_add(w, BINARY, cases[i].text, cases[i].mode);
        assert_int_equal(launch_start_from(w->dir), -1);
        assert_int_equal(errno, cases[i].err);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left of it */
        world_remove(w, BINARY);
    }
}

static void no_descriptor_is_left_open(void **state)
{
    const struct world *w = *state;
    int before = dup(0), after, link;

    close(before);
    assert_int_equal(launch_start_from(w->dir), -1);
    world_add(w, BINARY, NULL, 0755);
    link = launch_start_from(w->dir);
    assert_int_equal(link, before);
    close(link);
    assert_true(waitpid(-1, NULL, 0) > 0);
    after = dup(0);
    close(after);
    assert_int_equal(after, before);
}

/* Runs this copy; its exit code says what launch_find_dir() gave. */
static int run_finder(const struct world *w)
{
    char path[300];
    int status = -1;
    pid_t pid;

    snprintf(path, sizeof path, "%s/finder", w->path);
    pid = fork();
    if (pid == 0) {
        execl(path, path, w->path, (char *)NULL);
        _exit(99);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status);
}

static void launcher_beside_the_own_binary_is_found(void **state)
{
    const struct world *w = *state;

    world_add(w, "finder", NULL, 0755);
    assert_int_equal(run_finder(w), 1);
    world_add(w, BINARY, "text", 0644);
    assert_int_equal(run_finder(w), 1); /* not executable: not a launcher */
    world_remove(w, BINARY);
    world_add(w, BINARY, "text", 0755);
    assert_int_equal(run_finder(w), 0);
}

static void missing_launcher_stops_the_start_with_a_cure(void **state)
{
    char text[1000] = "";
    int out[2] = {-1, -1}, status = 0, dir = launch_find_dir();
    pid_t pid;

    (void)state;
    if (dir >= 0) {
        close(dir); /* installed on this machine, or built beside the test */
        skip();
    }
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        dup2(out[1], STDERR_FILENO);
        launch_start();
        _exit(0);
    }
    close(out[1]);
    assert_true(read(out[0], text, sizeof text - 1) > 0);
    close(out[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), EXIT_CONFIG_100);
    assert_non_null(strstr(text, "spoold-launcher was found neither beside"));
    assert_non_null(strstr(text, "make install"));
}

/* As "finder": 0 when the folder found is the one in argv[1]. */
static int find(const char *path)
{
    int dir = launch_find_dir();
    struct stat found, own;

    return dir >= 0 && fstat(dir, &found) == 0 && stat(path, &own) == 0 && found.st_ino == own.st_ino ? 0 : 1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(int argc, char **argv, char **envp)
{
    const struct CMUnitTest tests[] = {
        TEST(launcher_gets_link_and_folder_only),
        TEST(numbers_may_be_taken_in_any_way),
        TEST(launcher_that_can_not_be_executed_is_an_error),
        TEST(no_descriptor_is_left_open),
        TEST(launcher_beside_the_own_binary_is_found),
        TEST(missing_launcher_stops_the_start_with_a_cure),
    };
    const char *slash = strrchr(argv[0], '/');

    if (argc == 2 && strcmp(slash ? slash + 1 : argv[0], "finder") == 0)
        return find(argv[1]);
    world_play(argc, argv, envp, BINARY);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
