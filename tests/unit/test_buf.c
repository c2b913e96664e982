/*
 * test_buf.c - the growing buffer: contents, the NUL behind them, reading and
 * writing descriptors, the size limit.
 *
 * Run by "make check". Uses pipes and anonymous memory files only.
 */
#include "common/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static int memory_file(const char *bytes, size_t n)
{
    int fd = memfd_create("buf", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void adding_keeps_order_and_a_nul_behind(void **state)
{
    struct buf b = {0};

    (void)state;
    buf_add_str(&b, "ab");
    buf_add_char(&b, '\0');
    buf_add_view(&b, VIEW("c\xff"));
    buf_add_view(&b, (struct view){NULL, 0});
    buf_addf(&b, "%d-%s", 42, "x");
    buf_add(&b, "yz", 1);
    assert_true(view_equal(buf_view(&b), VIEW("ab\0c\xff"
                                              "42-xy")));
    assert_int_equal(b.p[b.n], '\0');
    assert_true(b.cap > b.n);
    buf_free(&b);
    assert_null(b.p);
    assert_int_equal(b.n + b.cap, 0);
}

static void adding_nothing_gives_an_empty_string(void **state)
{
    struct buf b = {0};

    (void)state;
    assert_int_equal(buf_view(&b).n, 0);
    buf_add(&b, NULL, 0);
    assert_string_equal(b.p, "");
    buf_addf(&b, "%s", "");
    assert_int_equal(b.n, 0);
    buf_free(&b);
}

static void growing_keeps_the_bytes(void **state)
{
    struct buf b = {0};

    (void)state;
    for (int i = 0; i < 100000; i++)
        buf_add_char(&b, (char)(i % 251));
    assert_int_equal(b.n, 100000);
    for (int i = 0; i < 100000; i++) {
        if (b.p[i] != (char)(i % 251))
            fail_msg("byte %d changed", i);
    }
    assert_in_range(b.cap, 100001, 400000);
    buf_free(&b);
}

static void long_formats_are_not_cut(void **state)
{
    struct buf b = {0};

    (void)state;
    buf_addf(&b, "%05000d", 7);
    assert_int_equal(b.n, 5000);
    assert_int_equal(b.p[4999], '7');
    assert_int_equal(b.p[5000], '\0');
    buf_free(&b);
}

static void clearing_keeps_the_memory(void **state)
{
    struct buf b = {0};
    const char *p = NULL;

    (void)state;
    buf_reserve(&b, 1000);
    p = b.p;
    buf_add_str(&b, "old");
    buf_clear(&b);
    buf_add_str(&b, "n");
    assert_string_equal(b.p, "n");
    assert_ptr_equal(b.p, p);
    buf_free(&b);
}

static void reading_starts_at_the_offset_and_appends(void **state)
{
    int fd = memory_file("abc\0def", 7);
    struct buf b = {0};

    (void)state;
    assert_int_equal(lseek(fd, 2, SEEK_SET), 2);
    buf_add_str(&b, ">");
    assert_int_equal(buf_read_fd(&b, fd, 100), 0);
    assert_true(view_equal(buf_view(&b), VIEW(">c\0def")));
    assert_int_equal(b.p[b.n], '\0');
    buf_free(&b);
    close(fd);
}

static void reading_stops_above_the_limit(void **state)
{
    char block[9000] = {0};
    int fd = memory_file(block, sizeof block);
    struct buf b = {0};

    (void)state;
    assert_int_equal(buf_read_fd(&b, fd, sizeof block), 0);
    assert_int_equal(b.n, sizeof block);
    buf_free(&b);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    errno = 0;
    assert_int_equal(buf_read_fd(&b, fd, sizeof block - 1), -1);
    assert_int_equal(errno, EFBIG);
    buf_free(&b);
    close(fd);
}

static void reading_and_writing_report_errno(void **state)
{
    struct buf b = {0};

    (void)state;
    errno = 0;
    assert_int_equal(buf_read_fd(&b, -1, 10), -1);
    assert_int_equal(errno, EBADF);
    buf_free(&b);
    assert_int_equal(buf_write_fd(&b, -1), 0);
    buf_add_str(&b, "x");
    errno = 0;
    assert_int_equal(buf_write_fd(&b, -1), -1);
    assert_int_equal(errno, EBADF);
    buf_free(&b);
}

static void what_is_written_is_read_back(void **state)
{
    struct buf b = {0}, again = {0};
    int fd = memory_file("", 0);

    (void)state;
    for (int i = 0; i < 50000; i++)
        buf_add_char(&b, (char)i);
    assert_int_equal(buf_write_fd(&b, fd), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(buf_read_fd(&again, fd, 50000), 0);
    assert_true(view_equal(buf_view(&b), buf_view(&again)));
    buf_free(&b);
    buf_free(&again);
    close(fd);
}

/* A full pipe with a reader that never comes: the caller must learn of it. */
static void short_writes_end_in_an_error_not_in_silence(void **state)
{
    int fd[2] = {-1, -1};
    struct buf b = {0};

    (void)state;
    assert_int_equal(pipe2(fd, O_CLOEXEC | O_NONBLOCK), 0);
    for (int i = 0; i < 200000; i++)
        buf_add_char(&b, 'x');
    errno = 0;
    assert_int_equal(buf_write_fd(&b, fd[1]), -1);
    assert_int_equal(errno, EAGAIN);
    buf_free(&b);
    close(fd[0]);
    close(fd[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adding_keeps_order_and_a_nul_behind),
        cmocka_unit_test(adding_nothing_gives_an_empty_string),
        cmocka_unit_test(growing_keeps_the_bytes),
        cmocka_unit_test(long_formats_are_not_cut),
        cmocka_unit_test(clearing_keeps_the_memory),
        cmocka_unit_test(reading_starts_at_the_offset_and_appends),
        cmocka_unit_test(reading_stops_above_the_limit),
        cmocka_unit_test(reading_and_writing_report_errno),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(short_writes_end_in_an_error_not_in_silence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
