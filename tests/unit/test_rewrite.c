/*
 * test_rewrite.c - unit tests of workers/rewrite.c: files in and out, digest, chunk borders, errors of the
 * disk.
 *
 * Run by `make check`. Messages are memfds; the digest is compared with one made
 * apart. What is removed has its own tests (test_rewrite_field.c).
 */
#include "tests/unit/rewrite_world.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int memory_file(struct view v)
{
    struct buf b = {(char *)(uintptr_t)v.p, v.n, 0};
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(buf_write_fd(&b, fd), 0);
    return fd;
}

struct world {
    struct rewrite *rw;
    struct buf edits;
    struct rewrite_io io;
    struct rewrite_result r;
};

static struct world open_world(struct view message)
{
    struct world w = {.rw = xcalloc(1, sizeof *w.rw), .edits = world_edits(1)};

    w.io = (struct rewrite_io){
        .in = memory_file(message), .out = memory_file((struct view){0}), .size = message.n};
    w.io.digest = sha256_open();
    assert_int_equal(rewrite_open(w.rw, buf_view(&w.edits)), 0);
    return w;
}

static void close_world(struct world *w)
{
    sha256_free(&w->io.digest);
    close(w->io.in);
    close(w->io.out);
    buf_free(&w->edits);
    free(w->rw);
}

static void check_digest(const struct world *w, struct view message)
{
    unsigned char sum[SHA256_SIZE];

    assert_int_equal(sha256_begin(w->io.digest), 0);
    assert_int_equal(sha256_add(w->io.digest, message.p, message.n), 0);
    assert_int_equal(sha256_end(w->io.digest, sum), 0);
    assert_memory_equal(sum, w->r.sha256, sizeof sum);
}

/* The same through files and through memory; `size` is what the message is said to have. */
static void check_files(struct view message, uint64_t size)
{
    struct world w = open_world(message);
    struct rewrite_result r = {0};
    struct buf wanted = world_rewrite(message, 1, 4096, &r), got = {0};

    w.io.size = size;
    assert_int_equal(rewrite_run(w.rw, &w.io, &w.r), 0);
    lseek(w.io.out, 0, SEEK_SET);
    assert_int_equal(buf_read_fd(&got, w.io.out, 100000000), 0);
    assert_true(view_equal(buf_view(&got), buf_view(&wanted)));
    assert_int_equal(w.r.in_size, message.n);
    assert_int_equal(w.r.out_size, got.n);
    assert_int_equal(w.r.removed, r.removed);
    assert_int_equal(w.r.hops, r.hops);
    assert_int_equal(lseek(w.io.in, 0, SEEK_CUR), message.n);
    check_digest(&w, message);
    buf_free(&wanted);
    buf_free(&got);
    close_world(&w);
}

static void files_give_what_memory_gives(void **state)
{
    static const size_t fillers[] = {0, 1, 65400, 65535, 65536, 65537, 131072, 300000};
    static char filler[300000];

    (void)state;
    memset(filler, 'y', sizeof filler);
    for (size_t i = 0; i < sizeof fillers / sizeof *fillers; i++)
        for (int in_header = 0; in_header < 2; in_header++) {
            struct buf b = {0};

            buf_add_str(&b, in_header ? "Received: x\r\nSubject: " : "Received: x\r\nX-Spoold-A: f\r\n\r\n");
            buf_add(&b, filler, fillers[i]);
            buf_add_str(&b, "\r\nX-Spoold-B: g\r\n\r\nend");
            check_files(buf_view(&b), b.n);
            check_files(buf_view(&b), 0);
            check_files(buf_view(&b), 100);
            buf_free(&b);
        }
    check_files((struct view){"", 0}, 0);
}

/* The name, its end and the empty line stand at every place around the border of a chunk. */
static void a_chunk_border_at_every_place_changes_nothing(void **state)
{
    static const char tail[] = "\r\nX-Spoold-A: f\r\n g\r\nTo: b\r\n\r\nX-Spoold-B: body\r\n";
    static char head[REWRITE_CHUNK];

    (void)state;
    memset(head, 'y', sizeof head);
    memcpy(head, "S: ", 3);
    for (size_t before = REWRITE_CHUNK - sizeof tail; before <= REWRITE_CHUNK; before++) {
        struct buf b = {0};

        buf_add(&b, head, before);
        buf_add_str(&b, tail);
        check_files(buf_view(&b), b.n);
        buf_free(&b);
    }
}

static void a_broken_list_is_refused_before_anything_is_written(void **state)
{
    struct rewrite *rw = xcalloc(1, sizeof *rw);

    (void)state;
    errno = 0;
    assert_int_equal(rewrite_open(rw, VIEW("\x01\xff")), -1);
    assert_int_equal(errno, EINVAL);
    free(rw);
}

static void errors_of_the_disk_are_told(void **state)
{
    static char text[200000];
    struct view message = {text, sizeof text};
    struct world w = open_world(message);
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC), in = w.io.in, out = w.io.out;

    (void)state;
    w.io.out = full;
    assert_int_equal(rewrite_run(w.rw, &w.io, &w.r), -1);
    assert_int_equal(errno, ENOSPC);
    w.io.out = out;
    w.io.in = full;
    assert_int_equal(rewrite_run(w.rw, &w.io, &w.r), -1);
    assert_int_equal(errno, EBADF);
    w.io.in = in;
    assert_int_equal(rewrite_run(w.rw, &w.io, &w.r), 0);
    check_digest(&w, message);
    close(full);
    close_world(&w);
}

/* A small message is written at its end only: that error must be told as well. */
static void the_last_write_is_looked_at(void **state)
{
    struct world w = open_world(VIEW("To: b\n"));
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC), out = w.io.out;

    (void)state;
    w.io.out = full;
    assert_int_equal(rewrite_run(w.rw, &w.io, &w.r), -1);
    assert_int_equal(errno, ENOSPC);
    w.io.out = out;
    close(full);
    close_world(&w);
}

static void the_greatest_size_of_a_file_is_an_error_like_others(void **state)
{
    static char text[200000];
    struct world w = open_world((struct view){text, sizeof text});
    int status = 0;
    pid_t pid = fork();

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit most = {100000, 100000};

        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &most);
        _exit(rewrite_run(w.rw, &w.io, &w.r) == -1 && errno == EFBIG ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close_world(&w);
}

static bool count_calls(const void *arg)
{
    unsigned *const *n = arg;

    return ++**n == 2;
}

static void a_large_message_can_be_cancelled(void **state)
{
    size_t size = 3 * REWRITE_CANCEL_EACH;
    char *text = xcalloc(size, 1);
    struct world w = open_world((struct view){text, size});
    unsigned n = 0, *arg = &n;

    (void)state;
    w.io.cancelled = count_calls;
    w.io.arg = &arg;
    assert_int_equal(rewrite_run(w.rw, &w.io, &w.r), -1);
    assert_int_equal(errno, ECANCELED);
    assert_int_equal(n, 2);
    assert_int_equal(w.r.in_size, 2 * REWRITE_CANCEL_EACH);
    close_world(&w);
    free(text);
}

static void a_small_message_is_not_asked_about(void **state)
{
    struct world w = open_world(VIEW("To: b\n\nx"));
    unsigned n = 1, *arg = &n;

    (void)state;
    w.io.cancelled = count_calls;
    w.io.arg = &arg;
    assert_int_equal(rewrite_run(w.rw, &w.io, &w.r), 0);
    assert_int_equal(n, 1);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_give_what_memory_gives),
        cmocka_unit_test(a_chunk_border_at_every_place_changes_nothing),
        cmocka_unit_test(a_broken_list_is_refused_before_anything_is_written),
        cmocka_unit_test(errors_of_the_disk_are_told),
        cmocka_unit_test(the_last_write_is_looked_at),
        cmocka_unit_test(the_greatest_size_of_a_file_is_an_error_like_others),
        cmocka_unit_test(a_large_message_can_be_cancelled),
        cmocka_unit_test(a_small_message_is_not_asked_about),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
