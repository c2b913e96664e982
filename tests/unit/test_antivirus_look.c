/*
 * test_antivirus_look.c - unit tests of spoold/antivirus_look.c: which files of a folder are signatures, and
 * what counts as another set.
 *
 * Run by `make check`. Files in a folder of its own.
 */
#include "tests/unit/depot_world.h"

#include "spoold/antivirus_part.h"

#include <utime.h>

struct folder {
    struct world *w;
    char path[300];
};

static struct folder folder_open(void)
{
    struct folder f = {.w = depot_world_open(NULL, 0)};

    snprintf(f.path, sizeof f.path, "%s/signatures", f.w->root);
    assert_int_equal(mkdir(f.path, 0700), 0);
    f.w->cfg->av_signatures = (free(f.w->cfg->av_signatures), xstrdup(f.path));
    return f;
}

static struct antivirus_look look(const struct folder *f)
{
    struct antivirus_look l;
    int dir = antivirus_look(&f->w->d, f->w->cfg, &l);

    assert_true((dir >= 0) == l.readable);
    if (dir >= 0)
        close(dir);
    return l;
}

static void only_files_of_signatures_count(void **state)
{
    struct folder f = folder_open();
    char path[400];

    (void)state;
    assert_int_equal(look(&f).files, 0);
    depot_world_write(f.w, "signatures", "freshclam.dat", "x");
    depot_world_write(f.w, "signatures", "daily.cvd.tmp", "x");
    depot_world_write(f.w, "signatures", "mirrors.txt", "x");
    assert_int_equal(look(&f).files, 0);
    depot_world_write(f.w, "signatures", "daily.cvd", "x");
    depot_world_write(f.w, "signatures", "own.ndb", "x");
    snprintf(path, sizeof path, "%s/folder.hdb", f.path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(look(&f).files, 2);
    assert_true(look(&f).newest_s > 1600000000);
    depot_world_close(&f.w);
}

static void each_change_of_the_set_shows(void **state)
{
    struct folder f = folder_open();
    struct utimbuf old = {.actime = 1600000000, .modtime = 1600000000};
    uint64_t before;
    char path[400], other[400];

    (void)state;
    depot_world_write(f.w, "signatures", "a.ndb", "x");
    depot_world_write(f.w, "signatures", "notes", "x");
    before = look(&f).print;
    depot_world_write(f.w, "signatures", "notes", "more");
    assert_true(look(&f).print == before);
    depot_world_write(f.w, "signatures", "b.ndb", "x");
    assert_true(look(&f).print != before);
    before = look(&f).print;
    depot_world_write(f.w, "signatures", "b.ndb", "xy");
    assert_true(look(&f).print != before);
    before = look(&f).print;
    snprintf(path, sizeof path, "%s/b.ndb", f.path);
    assert_int_equal(utime(path, &old), 0);
    assert_true(look(&f).print != before);
    before = look(&f).print;
    snprintf(other, sizeof other, "%s/c.ndb", f.path);
    assert_int_equal(rename(path, other), 0);
    assert_true(look(&f).print != before);
    depot_world_close(&f.w);
}

static void a_folder_that_cannot_be_opened_is_told(void **state)
{
    struct folder f = folder_open();
    struct antivirus_look l;

    (void)state;
    assert_int_equal(rmdir(f.path), 0);
    l = look(&f);
    assert_false(l.readable);
    assert_int_equal(l.err, ENOENT);
    assert_int_equal(l.files, 0);
    depot_world_close(&f.w);
}

static void a_relative_folder_lies_below_the_root(void **state)
{
    struct folder f = folder_open();

    (void)state;
    depot_world_write(f.w, "signatures", "a.ndb", "x");
    f.w->cfg->av_signatures = (free(f.w->cfg->av_signatures), xstrdup("signatures"));
    f.w->d.root_dir = open(f.w->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(look(&f).files, 1);
    close(f.w->d.root_dir);
    depot_world_close(&f.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_files_of_signatures_count),
        cmocka_unit_test(each_change_of_the_set_shows),
        cmocka_unit_test(a_folder_that_cannot_be_opened_is_told),
        cmocka_unit_test(a_relative_folder_lies_below_the_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
