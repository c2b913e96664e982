/*
 * test_flow_copy.c - unit tests of spoold/flow_copy.c: where the trace field goes, and that no other byte
 * changes.
 *
 * Run by `make check`. Contents are byte strings; the copy is compared with the
 * expected bytes, put together from the original and the trace field.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/buf.h"
#include "spoold/flow_copy.h"

#include <string.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define BOM "\xef\xbb\xbf"

static const struct offset_case {
    const char *says;
    struct view first;
    size_t wanted;
    bool crlf;
} offset_cases[] = {
    {"at the very start", VIEW("Subject: x\n\n"), 0, false},
    {"CRLF is seen", VIEW("Subject: x\r\n\r\n"), 0, true},
    {"only the first line decides", VIEW("Subject: x\nTo: a\r\n"), 0, false},
    {"behind an mbox line", VIEW("From a@example.org now\nSubject: x\n"), 23, false},
    {"behind an mbox line with CRLF", VIEW("From a@example.org now\r\nSubject: x\r\n"), 24, true},
    {"From: is no mbox line", VIEW("From: a@example.org\n"), 0, false},
    {"an mbox line without an end is none", VIEW("From a@example.org"), 0, false},
    {"behind a byte order mark", VIEW(BOM "Subject: x\n"), 3, false},
    {"behind a byte order mark and an mbox line", VIEW(BOM "From a now\nSubject: x\n"), 14, false},
    {"two bytes are no byte order mark", VIEW("\xef\xbb"), 0, false},
    {"a lone CR is no line end", VIEW("a\rb"), 0, false},
    {"a line feed first", VIEW("\nbody"), 0, false},
    {"nothing", {"", 0}, 0, false},
};

static void the_place_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof offset_cases / sizeof *offset_cases; i++) {
        const struct offset_case *c = &offset_cases[i];
        bool crlf = false;
        size_t at = flow_copy_offset(c->first, &crlf);

        if (at != c->wanted || crlf != c->crlf)
            fail_msg("%s: got %zu, crlf %d", c->says, at, crlf);
    }
}

static void the_trace_field_is_one_folded_field(void **state)
{
    struct flow_trace t = {.host = "mx.example.org", .id = "n~1", .at = 1767323045};
    char to[FLOW_TRACE_MAX];

    (void)state;
    assert_true(flow_copy_trace(to, sizeof to, &t) > 0);
    assert_string_equal(
        to, "Received: by mx.example.org with spoold id n~1;\n\tFri, 2 Jan 2026 03:04:05 +0000\n");
    t.crlf = true;
    flow_copy_trace(to, sizeof to, &t);
    assert_string_equal(
        to, "Received: by mx.example.org with spoold id n~1;\r\n\tFri, 2 Jan 2026 03:04:05 +0000\r\n");
}

static void the_longest_names_fit(void **state)
{
    char host[256], id[212], to[FLOW_TRACE_MAX];
    struct flow_trace t = {.host = host, .id = id, .crlf = true};
    volatile size_t small = 100;

    (void)state;
    memset(host, 'h', sizeof host - 1);
    memset(id, 'i', sizeof id - 1);
    host[sizeof host - 1] = id[sizeof id - 1] = '\0';
    assert_true(flow_copy_trace(to, sizeof to, &t) > 0);
    assert_int_equal(flow_copy_trace(to, small, &t), 0); /* too small a place: nothing, not half a field */
}

static int file_with(struct view bytes)
{
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.p, bytes.n), bytes.n);
    return fd;
}

static void expect_copy(struct view original)
{
    struct flow_trace t = {.host = "h", .id = "i", .at = 1767323045};
    int from = file_with(original), to = memfd_create("test", MFD_CLOEXEC);
    struct buf got = {0}, wanted = {0};
    char trace[FLOW_TRACE_MAX];
    uint64_t copied = 0;
    size_t at;

    assert_int_equal(flow_copy_message(from, to, &t, &copied), 0);
    assert_int_equal(copied, original.n);
    at = flow_copy_offset((struct view){original.p, original.n < 65536 ? original.n : 65536}, &t.crlf);
    flow_copy_trace(trace, sizeof trace, &t);
    buf_add_view(&wanted, (struct view){original.p, at});
    buf_add_str(&wanted, trace);
    buf_add_view(&wanted, (struct view){original.p + at, original.n - at});
    assert_int_equal(lseek(to, 0, SEEK_SET), 0);
    assert_int_equal(buf_read_fd(&got, to, 1 << 24), 0);
    assert_int_equal(got.n, wanted.n);
    assert_memory_equal(got.p, wanted.p, wanted.n);
    buf_free(&got);
    buf_free(&wanted);
    close(from);
    close(to);
}

static void every_other_byte_stays(void **state)
{
    (void)state;
    expect_copy(VIEW("Subject: x\n\n.\n\0\377 end"));
    expect_copy(VIEW("From a b\r\nSubject: x\r\n\r\nbody\r\n"));
    expect_copy(VIEW(BOM "Subject: x\n\nbody"));
    expect_copy((struct view){"", 0});
}

/* Around the size that is read at one time. */
static void every_size_is_copied_whole(void **state)
{
    static const size_t sizes[] = {1, 65535, 65536, 65537, 131072, 200000};
    char *big = malloc(200000);

    (void)state;
    for (size_t i = 0; i < 200000; i++)
        big[i] = (char)(i * 7 % 251);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        expect_copy((struct view){big, sizes[i]});
    free(big);
}

static void errors_are_told(void **state)
{
    struct flow_trace t = {.host = "h", .id = "i"};
    int from = file_with(VIEW("Subject: x\n")), full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    uint64_t copied = 0;

    (void)state;
    assert_int_equal(flow_copy_message(-1, from, &t, &copied), -1);
    assert_int_equal(flow_copy_message(from, full, &t, &copied), -1);
    close(full);
    close(from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_place_follows_the_table), cmocka_unit_test(the_trace_field_is_one_folded_field),
        cmocka_unit_test(the_longest_names_fit),       cmocka_unit_test(every_other_byte_stays),
        cmocka_unit_test(every_size_is_copied_whole),  cmocka_unit_test(errors_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
