/*
 * test_sealed.c - unit tests of common/sealed.c: memory that travels by descriptor.
 *
 * Run by `make check`. Whatever is not sealed could change or shrink under its
 * reader, who would then act on two versions of it or end with SIGBUS.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/wire_world.h"

#include <errno.h>
#include <sys/mman.h>

static void blob_is_read_as_it_was_written(void **state)
{
    struct buf got = {0};
    int fd = sealed_blob(VIEW("edits\0of a message"));

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
    buf_add_str(&got, "before:");
    assert_int_equal(sealed_read(fd, SEALED_BLOB_MAX, &got), 0);
    assert_true(view_equal(buf_view(&got), VIEW("before:edits\0of a message")));
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
    close(fd);
    buf_free(&got);
}

static void empty_blob_is_a_blob(void **state)
{
    struct buf got = {0};
    int fd = sealed_blob((struct view){NULL, 0});

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(sealed_read(fd, SEALED_BLOB_MAX, &got), 0);
    assert_int_equal(got.n, 0);
    close(fd);
    buf_free(&got);
}

static void blob_can_not_be_changed(void **state)
{
    int fd = sealed_blob(VIEW("fixed"));

    (void)state;
    assert_int_equal(pwrite(fd, "x", 1, 0), -1);
    assert_int_equal(ftruncate(fd, 0), -1);
    assert_int_equal(ftruncate(fd, 100), -1);
    assert_ptr_equal(mmap(NULL, 5, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL), -1);
    close(fd);
}

static void size_of_a_blob_has_its_limit(void **state)
{
    static const struct {
        size_t size, max;
        int wanted;
    } cases[] = {{100, 100, 0}, {101, 100, -1}, {1, 0, -1}, {0, 0, 0}, {70000, 69999, -1}, {70000, 70000, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *bytes = calloc(1, cases[i].size + 1);
        struct buf got = {0};
        int fd = sealed_blob((struct view){bytes, cases[i].size});

        assert_int_equal(sealed_read(fd, cases[i].max, &got), cases[i].wanted);
        if (cases[i].wanted < 0)
            assert_int_equal(errno, EFBIG);
        assert_int_equal(got.n, cases[i].wanted == 0 ? cases[i].size : 0);
        close(fd);
        buf_free(&got);
        free(bytes);
    }
}

static int open_kind(int kind)
{
    int ends[2] = {-1, -1};
    int fd = kind == 3 ? -1 : memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (kind < 3 && write(fd, "1234", 4) != 4)
        return -1;
    if (kind == 1)
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW);
    if (kind == 2)
        fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK);
    if (kind == 3 && pipe(ends) == 0) {
        close(ends[1]);
        return ends[0];
    }
    if (kind > 3) {
        close(fd);
        fd = open(kind == 4 ? "/dev/null" : kind == 5 ? "/" : "/proc/self/status", O_RDONLY | O_CLOEXEC);
    }
    return fd;
}

static void what_is_not_sealed_is_no_blob(void **state)
{
    static const char *const says[] = {
        "a memfd without seals",
        "one that can shrink",
        "one that can be written",
        "a pipe",
        "a device",
        "a folder",
        "a file that is no memory",
    };

    (void)state;
    for (int kind = 0; kind < 7; kind++) {
        struct buf got = {0};
        int fd = open_kind(kind);

        assert_true(fd >= 0);
        errno = 0;
        if (sealed_read(fd, SEALED_BLOB_MAX, &got) != -1 || errno != EPROTO || got.n)
            fail_msg("%s was taken (errno %d)", says[kind], errno);
        close(fd);
        buf_free(&got);
    }
    assert_int_equal(sealed_read(-1, SEALED_BLOB_MAX, &(struct buf){0}), -1);
}

static void crumb_page_is_shared(void **state)
{
    int fd = sealed_crumb_open();
    struct sealed_crumb *writer = sealed_crumb_map(fd, true), *reader = sealed_crumb_map(fd, false);

    (void)state;
    assert_non_null(writer);
    assert_non_null(reader);
    assert_int_equal(reader->job, 0);
    assert_int_equal(reader->phase, SEALED_PHASE_NONE);
    writer->job = 77;
    writer->phase = SEALED_PHASE_WRITING;
    assert_int_equal(reader->job, 77);
    assert_int_equal(reader->phase, SEALED_PHASE_WRITING);
    sealed_crumb_unmap(&writer);
    sealed_crumb_unmap(&reader);
    assert_null(reader);
    sealed_crumb_unmap(&reader);
    close(fd);
}

static void crumb_page_keeps_its_size(void **state)
{
    int fd = sealed_crumb_open();

    (void)state;
    assert_int_equal(ftruncate(fd, 0), -1);
    assert_int_equal(ftruncate(fd, SEALED_CRUMB_SIZE + 1), -1);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
    close(fd);
}

static void only_a_sealed_page_is_mapped(void **state)
{
    int loose = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int blob = sealed_blob(VIEW("four"));

    (void)state;
    assert_int_equal(ftruncate(loose, SEALED_CRUMB_SIZE), 0);
    assert_null(sealed_crumb_map(loose, false));
    assert_int_equal(errno, EPROTO);
    assert_null(sealed_crumb_map(blob, false));
    assert_int_equal(errno, EPROTO);
    close(loose);
    close(blob);
}

static void every_phase_has_a_name(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < SEALED_PHASE__MAX; i++)
        assert_true(strcmp(sealed_phase_name(i), "?") != 0);
    assert_string_equal(sealed_phase_name(SEALED_PHASE_READING), "reading");
    assert_string_equal(sealed_phase_name(SEALED_PHASE_SCANNING), "scanning");
    assert_string_equal(sealed_phase_name(SEALED_PHASE__MAX), "?");
    assert_string_equal(sealed_phase_name(0xffffffff), "?");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(blob_is_read_as_it_was_written), TEST(empty_blob_is_a_blob),
        TEST(blob_can_not_be_changed),        TEST(size_of_a_blob_has_its_limit),
        TEST(what_is_not_sealed_is_no_blob),  TEST(crumb_page_is_shared),
        TEST(crumb_page_keeps_its_size),      TEST(only_a_sealed_page_is_mapped),
        TEST(every_phase_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
