/*
 * test_flow_copy.c - unit tests of spoold/flow_copy.c: the same bytes come out, whatever they are.
 *
 * Run by `make check`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/buf.h"
#include "spoold/flow_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static void every_byte_is_copied(void **state)
{
    static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 200000};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct buf in = {0}, out = {0};
        int from = memfd_create("from", MFD_CLOEXEC), to = memfd_create("to", MFD_CLOEXEC);

        for (size_t k = 0; k < sizes[i]; k++)
            buf_add_char(&in, (char)(k * 7 + k / 251));
        assert_int_equal(buf_write_fd(&in, from), 0);
        assert_int_equal(lseek(from, 0, SEEK_SET), 0);
        assert_int_equal(flow_copy_bytes(from, to), 0);
        assert_int_equal(lseek(to, 0, SEEK_SET), 0);
        assert_int_equal(buf_read_fd(&out, to, 1 << 20), 0);
        assert_true(view_equal(buf_view(&in), buf_view(&out)));
        close(from);
        close(to);
        buf_free(&in);
        buf_free(&out);
    }
}

static void an_error_is_told(void **state)
{
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC), from = memfd_create("from", MFD_CLOEXEC);

    (void)state;
    assert_int_equal(write(from, "bytes", 5), 5);
    assert_int_equal(lseek(from, 0, SEEK_SET), 0);
    assert_int_equal(flow_copy_bytes(from, full), -1);
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(flow_copy_bytes(full, from), -1);
    close(full);
    close(from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_is_copied),
        cmocka_unit_test(an_error_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
