/*
 * test_fs.c - unit tests of spoold/fs.c on the file systems that every Linux has.
 *
 * Run by `make check`. Only what cannot depend on the machine is asserted:
 * memory is never safe, an unknown kind is never safe, and a safe kind has a
 * journal and no excuse. Refusal and acceptance of real disks are tested by
 * tests/func/unsafe_filesystem_refused.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spoold/fs.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static void check(const struct fs_info *info)
{
    assert_true(info->type[0] != '\0');
    if (info->model == SPOOL_MODEL_C) {
        assert_true(info->why[0] != '\0');
    } else {
        assert_true(info->journal);
        assert_string_equal(info->why, "");
    }
}

static void memory_is_never_safe(void **state)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    struct fs_info info;

    (void)state;
    fs_probe(fd, &info);
    check(&info);
    assert_string_equal(info.type, "tmpfs");
    assert_int_equal(info.model, SPOOL_MODEL_C);
    assert_false(info.journal);
    close(fd);
}

static void an_unknown_kind_is_never_safe(void **state)
{
    int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct fs_info info;

    (void)state;
    fs_probe(fd, &info);
    check(&info);
    assert_int_equal(info.model, SPOOL_MODEL_C);
    assert_string_equal(info.type, "unknown");
    close(fd);
}

static void a_bad_descriptor_is_never_safe(void **state)
{
    struct fs_info info;
    struct fs_room room;

    (void)state;
    fs_probe(-1, &info);
    check(&info);
    assert_int_equal(info.model, SPOOL_MODEL_C);
    assert_int_equal(fs_room(-1, &room), -1);
}

static void the_working_folder_makes_sense(void **state)
{
    int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct fs_info info;
    struct fs_room room = {0};

    (void)state;
    fs_probe(fd, &info);
    check(&info);
    assert_int_equal(fs_room(fd, &room), 0);
    assert_true(room.free_bytes > 0);
    assert_true(room.free_inodes > 0);
    close(fd);
}

static void uncounted_inodes_are_not_none(void **state)
{
    int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct fs_room room = {0};

    (void)state;
    assert_int_equal(fs_room(fd, &room), 0);
    assert_true(room.free_inodes == UINT64_MAX);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_never_safe),           cmocka_unit_test(an_unknown_kind_is_never_safe),
        cmocka_unit_test(a_bad_descriptor_is_never_safe), cmocka_unit_test(the_working_folder_makes_sense),
        cmocka_unit_test(uncounted_inodes_are_not_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
