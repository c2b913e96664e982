/*
 * test_smtp_body.c - unit tests of workers/deliver/smtp_body.c: from a file to the wire.
 *
 * Run by `make check`. The link is played: what it is given is kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "workers/deliver/smtp_body.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static struct {
    struct buf out;
    unsigned pieces, fail_at, cancel_at; /* counted from 1; 0 = never */
    size_t longest;
} wire;

int smtp_link_send(struct smtp_link *l, struct view bytes)
{
    if (++wire.pieces == wire.fail_at) {
        l->end = SMTP_END_CLOSED;
        return -1;
    }
    if (bytes.n > wire.longest)
        wire.longest = bytes.n;
    buf_add_view(&wire.out, bytes);
    return 0;
}

bool smtp_link_cancelled(struct smtp_link *l)
{
    if (wire.pieces + 1 != wire.cancel_at)
        return false;
    l->end = SMTP_END_CANCELLED;
    return true;
}

static int reset(void **state)
{
    (void)state;
    buf_free(&wire.out);
    memset(&wire, 0, sizeof wire);
    return 0;
}

static int file_of(struct view v)
{
    struct buf b = {(char *)(uintptr_t)v.p, v.n, 0};
    int fd = memfd_create("message", MFD_CLOEXEC);

    assert_int_equal(buf_write_fd(&b, fd), 0);
    return fd;
}

/* The offset is at its end: only pread(2) finds the bytes. */
static void a_file_is_sent_whole_and_ended(void **state)
{
    struct smtp_source s = {.fd = file_of(VIEW("Subject: a\n\n.b\n")), .size = 15};
    struct smtp_link l = {0};
    uint64_t read = 77, size = 77;

    (void)state;
    assert_int_equal(smtp_body_measure(&s, &size), 0);
    assert_int_equal(size, 18);
    assert_int_equal(smtp_body_send(&s, &l, &read), 0);
    assert_int_equal(read, 15);
    assert_string_equal(wire.out.p, "Subject: a\r\n\r\n..b\r\n.\r\n");
    assert_int_equal(lseek(s.fd, 0, SEEK_CUR), 15);
    close(s.fd);
}

static void a_message_in_memory_is_as_good(void **state)
{
    struct smtp_source s = {-1, VIEW("a"), 1}, empty = {-1, {NULL, 0}, 0};
    struct smtp_link l = {0};
    uint64_t read;

    (void)state;
    assert_int_equal(smtp_body_send(&s, &l, &read), 0);
    assert_int_equal(smtp_body_send(&empty, &l, &read), 0);
    assert_int_equal(read, 0);
    assert_string_equal(wire.out.p, "a\r\n.\r\n.\r\n");
}

static void a_message_of_another_size_is_not_ended(void **state)
{
    static const struct {
        uint64_t size;
        const char *sent;
    } cases[] = {{3, ""}, {5, "abcd"}};

    for (size_t i = 0; i < 2; i++) {
        struct smtp_source s = {.fd = file_of(VIEW("abcd")), .size = cases[i].size};
        struct smtp_link l = {0};
        uint64_t read, size;

        reset(state);
        errno = 0;
        assert_int_equal(smtp_body_measure(&s, &size), -1);
        assert_int_equal(errno, EIO);
        assert_int_equal(smtp_body_send(&s, &l, &read), -1);
        assert_int_equal(l.end, SMTP_END_NOT);
        assert_string_equal(wire.out.n ? wire.out.p : "", cases[i].sent);
        close(s.fd);
    }
}

static void a_file_that_cannot_be_read_is_told(void **state)
{
    struct smtp_source s = {.fd = open("/dev/null", O_WRONLY | O_CLOEXEC), .size = 5};
    uint64_t size;

    (void)state;
    assert_int_equal(smtp_body_measure(&s, &size), -1);
    assert_int_equal(errno, EBADF);
    close(s.fd);
}

static struct buf long_text(void)
{
    struct buf b = {0};

    while (b.n < 1000000)
        buf_add_str(&b, "\n");
    return b;
}

static void a_long_message_goes_in_pieces(void **state)
{
    struct buf text = long_text();
    struct smtp_source s = {-1, buf_view(&text), text.n};
    struct smtp_link l = {0};
    uint64_t read;

    (void)state;
    assert_int_equal(smtp_body_send(&s, &l, &read), 0);
    assert_int_equal(wire.out.n, 2 * text.n + 3);
    assert_int_equal(read, text.n);
    assert_in_range(wire.longest, 1, 65536 + 8);
    buf_free(&text);
}

static void a_broken_link_and_a_cancel_end_it(void **state)
{
    struct buf text = long_text();
    struct smtp_source s = {-1, buf_view(&text), text.n};
    struct smtp_link l = {0};
    uint64_t read;

    (void)state;
    wire.fail_at = 3;
    assert_int_equal(smtp_body_send(&s, &l, &read), -1);
    assert_int_equal(l.end, SMTP_END_CLOSED);
    assert_int_equal(read, 2 * 32768);
    reset(state);
    l.end = SMTP_END_NOT;
    wire.cancel_at = 2;
    assert_int_equal(smtp_body_send(&s, &l, &read), -1);
    assert_int_equal(l.end, SMTP_END_CANCELLED);
    assert_int_equal(wire.pieces, 1);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_file_is_sent_whole_and_ended, reset),
        cmocka_unit_test_teardown(a_message_in_memory_is_as_good, reset),
        cmocka_unit_test_teardown(a_message_of_another_size_is_not_ended, reset),
        cmocka_unit_test_teardown(a_file_that_cannot_be_read_is_told, reset),
        cmocka_unit_test_teardown(a_long_message_goes_in_pieces, reset),
        cmocka_unit_test_teardown(a_broken_link_and_a_cancel_end_it, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
