/*
 * test_sandbox_places.c - the numbers of descriptors in a child with files: the low ones are taken.
 *
 * Run by "make check". That seccomp holds these numbers is in test_sandbox_files.c,
 * that a message gets its own in test_worker_scratch.c.
 */
#include "sandbox_world.h"
#include "workers/sandbox_table.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { GOOD, BAD_SETUP, BAD_MOVE, BAD_PLACE, BAD_NEXT };

static int set_places(const void *arg)
{
    struct stat null, st;
    int scratch;

    (void)arg;
    close_range(STDERR_FILENO + 1, ~0U, 0);
    scratch = open("/tmp", O_PATH | O_CLOEXEC);
    if (scratch < 0 || sandbox_places_set(&scratch) < 0 || fstat(STDIN_FILENO, &null) < 0)
        return BAD_SETUP;
    if (scratch < SANDBOX_OWN_FD || fcntl(STDERR_FILENO + 1, F_GETFD) >= 0 ||
        fcntl(scratch, F_GETFD) != FD_CLOEXEC)
        return BAD_MOVE;
    for (int fd = SANDBOX_MESSAGE_FD; fd < SANDBOX_OWN_FD; fd++)
        if (fstat(fd, &st) < 0 || st.st_ino != null.st_ino)
            return BAD_PLACE;
    close(SANDBOX_MESSAGE_FD);
    return dup(STDIN_FILENO) == 3 ? GOOD : BAD_NEXT; /* there is no link here */
}

static void places_below_its_own_files_are_taken(void **state)
{
    (void)state;
    assert_int_equal(world_child(set_places, NULL), 0);
}

static int without_a_folder(const void *arg)
{
    int scratch = -1;

    (void)arg;
    return sandbox_places_set(&scratch) == -1 && errno == EBADF && scratch == -1 ? GOOD : BAD_MOVE;
}

static void without_a_scratch_folder_it_fails(void **state)
{
    (void)state;
    assert_int_equal(world_child(without_a_folder, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_below_its_own_files_are_taken),
        cmocka_unit_test(without_a_scratch_folder_it_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
