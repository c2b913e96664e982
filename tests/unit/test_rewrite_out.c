/*
 * test_rewrite_out.c - unit tests of workers/rewrite_out.c: every byte once and in order, and errors that
 * stick.
 *
 * Run by `make check`. Writes to memfds and pipes only.
 */
#include "tests/unit/rewrite_world.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct rewrite_out *new_out(int fd, struct buf *memory)
{
    struct rewrite_out *o = xcalloc(1, sizeof *o);

    rewrite_out_init(o, fd, memory);
    return o;
}

/* A mixture of small and large pieces; `to` gets what is wanted. */
static void fill(struct rewrite_out *o, struct buf *to)
{
    static const size_t sizes[] = {1, 0, 65535, 1, 65536, 70000, 3, 200000, 65537, 5};
    static char big[200000];

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        memset(big, (int)('a' + i), sizes[i]);
        if (i % 3)
            rewrite_out_add(o, (struct view){big, sizes[i]});
        else
            rewrite_out_fill(o, (char)('a' + i), sizes[i]);
        buf_add(to, big, sizes[i]);
    }
    rewrite_out_flush(o, VIEW("end"));
    buf_add_str(to, "end");
}

static void memory_gets_every_byte_in_order(void **state)
{
    struct buf got = {0}, wanted = {0};
    struct rewrite_out *o = new_out(-1, &got);

    (void)state;
    fill(o, &wanted);
    assert_true(view_equal(buf_view(&got), buf_view(&wanted)));
    assert_int_equal(o->total, wanted.n);
    assert_int_equal(o->err, 0);
    buf_free(&got);
    buf_free(&wanted);
    free(o);
}

/* A pipe whose reader is slow takes a write in parts. */
static void short_writes_are_continued(void **state)
{
    struct buf got = {0}, wanted = {0};
    int fds[2];
    pid_t pid;
    struct rewrite_out *o;

    (void)state;
    assert_int_equal(pipe(fds), 0);
    o = new_out(fds[1], NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        fill(o, &wanted);
        _exit(o->err);
    }
    close(fds[1]);
    assert_int_equal(buf_read_fd(&got, fds[0], 10000000), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    o->fd = -1;
    o->memory = &(struct buf){0};
    fill(o, &wanted);
    assert_true(view_equal(buf_view(&got), buf_view(&wanted)));
    buf_free(o->memory);
    buf_free(&got);
    buf_free(&wanted);
    close(fds[0]);
    free(o);
}

static void an_error_sticks(void **state)
{
    struct buf wanted = {0};
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct rewrite_out *o = new_out(fd, NULL);

    (void)state;
    assert_true(fd >= 0);
    fill(o, &wanted);
    assert_int_equal(o->err, ENOSPC);
    assert_int_equal(o->total, wanted.n);
    o->fd = -1;
    rewrite_out_flush(o, VIEW("more"));
    assert_int_equal(o->err, ENOSPC);
    buf_free(&wanted);
    close(fd);
    free(o);
}

static void a_descriptor_that_is_none_is_an_error(void **state)
{
    struct rewrite_out *o = new_out(-1, NULL);

    (void)state;
    rewrite_out_add(o, VIEW("x"));
    rewrite_out_flush(o, (struct view){0});
    assert_int_equal(o->err, EBADF);
    free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_gets_every_byte_in_order),
        cmocka_unit_test(short_writes_are_continued),
        cmocka_unit_test(an_error_sticks),
        cmocka_unit_test(a_descriptor_that_is_none_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
