/*
 * test_read.c - unit tests of workers/read.c: pieces of a message, whatever its descriptor's offset.
 *
 * Run by `make check`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "workers/read.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static void pieces_are_read_without_moving(void **state)
{
    int fd = memfd_create("message", MFD_CLOEXEC);
    char got[8] = "";

    (void)state;
    assert_int_equal(write(fd, "abcdef", 6), 6);
    assert_int_equal(read_at(fd, got, 3, 2), 3);
    assert_memory_equal(got, "cde", 3);
    assert_int_equal(read_at(fd, got, sizeof got, 4), 2);
    assert_int_equal(read_at(fd, got, sizeof got, 6), 0);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 6);
    close(fd);
    assert_int_equal(read_at(-1, got, 1, 0), -1);
    assert_int_equal(errno, EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_read_without_moving),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
