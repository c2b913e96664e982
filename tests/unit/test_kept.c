/*
 * test_kept.c - state/config/HASH.ini: written whole and private, believed only when each byte is right, made
 * again when it is gone, removed when no record can name it.
 *
 * Run by `make check`. Times are set on the files; nothing waits.
 */
#include "tests/unit/depot_world.h"

#include "spoold/config_kept.h"
#include "spoold/kept.h"

#define DIR_NAME "state/config"
#define DAY      86400
#define OLD      "0123456789abcdef0123456789abcdef.ini"

static const char *own_name(const struct world *w)
{
    static char name[64];

    snprintf(name, sizeof name, "%s.ini", config_kept_hash(w->cfg));
    return name;
}

static struct world *open_world(void)
{
    static const char *const setting[] = {"journal.keep_history=2d"};
    struct world *w = depot_world_open(setting, 1);

    w->d.config_dir = world_dir(w, DIR_NAME);
    return w;
}

static void close_world(struct world **w)
{
    close((*w)->d.config_dir);
    depot_world_close(w);
}

static void expect_whole(const struct world *w)
{
    char *text = depot_world_read(w, DIR_NAME, NULL, own_name(w));
    struct stat st;

    assert_true(view_equal(view_of(text), config_kept_text(w->cfg)));
    assert_int_equal(stat(depot_world_path(w, DIR_NAME, own_name(w)), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_true(time(NULL) - st.st_mtim.tv_sec < 100);
    free(text);
}

static void the_settings_in_force_are_written_at_start(void **state)
{
    struct world *w = open_world();
    mode_t mask = umask(0);

    (void)state;
    kept_open(&w->d);
    umask(mask);
    depot_world_expect(w, DIR_NAME, NULL, own_name(w));
    expect_whole(w);
    close_world(&w);
}

static void what_is_there_is_believed_when_it_is_right(void **state)
{
    static const struct {
        const char *sentence, *text; /* NULL: the right one */
        bool same_file;
    } cases[] = {
        {"the right bytes are touched, not written", NULL, true},
        {"nothing", "", false},
        {"another text", "#spoold-config 1\n#@ override 23\njournal.keep_history=9d\n", false},
        {"more than that", "#spoold-config 1\n#@ override 23\njournal.keep_history=2d\n\n", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = open_world();
        struct stat before, after;

        depot_world_write(w, DIR_NAME, own_name(w),
                          cases[i].text ? cases[i].text : config_kept_text(w->cfg).p);
        depot_world_touch(w, DIR_NAME, own_name(w), -9 * DAY);
        assert_int_equal(stat(depot_world_path(w, DIR_NAME, own_name(w)), &before), 0);
        assert_int_equal(kept_write(&w->d, w->cfg), 0);
        assert_int_equal(stat(depot_world_path(w, DIR_NAME, own_name(w)), &after), 0);
        if ((before.st_ino == after.st_ino) != cases[i].same_file)
            fail_msg("%s", cases[i].sentence);
        expect_whole(w);
        depot_world_expect(w, DIR_NAME, NULL, own_name(w));
        close_world(&w);
    }
}

static void a_link_in_its_place_is_not_followed(void **state)
{
    struct world *w = open_world();
    char *target = xstrdup(depot_world_path(w, "state", "target"));

    (void)state;
    assert_int_equal(symlink(target, depot_world_path(w, DIR_NAME, own_name(w))), 0);
    assert_int_equal(kept_write(&w->d, w->cfg), 0);
    assert_false(depot_world_has(w, "state", "target"));
    expect_whole(w);
    free(target);
    close_world(&w);
}

static void a_failure_is_told_and_leaves_nothing(void **state)
{
    struct world *w = open_world();

    (void)state;
    assert_int_equal(mkdir(depot_world_path(w, DIR_NAME, own_name(w)), 0700), 0);
    assert_int_equal(kept_write(&w->d, w->cfg), -1);
    assert_int_equal(errno, EISDIR);
    depot_world_expect(w, DIR_NAME, NULL, "");
    close_world(&w);
}

static void tidy_all(struct world *w)
{
    while (kept_tidy(&w->d) > 0)
        ;
}

/* The journal keeps two days here, so a text is kept for five. */
static void files_go_when_no_record_can_name_them(void **state)
{
    static const struct {
        const char *sentence, *name;
        int64_t age;
        bool goes;
    } cases[] = {
        {"beyond the journal and its days of grace", OLD, 5 * DAY + 60, true},
        {"not quite", OLD, 5 * DAY - 60, false},
        {"a future one", OLD, -DAY, false},
        {"half a file of a run that died", "0123456789abcdef0123456789abcdef.tmp", 0, true},
        {"a name that is not ours", "notes.ini", 90 * DAY, false},
        {"a digit too many", "0123456789abcdef0123456789abcdef0.ini", 90 * DAY, false},
        {"a capital", "0123456789ABCDEF0123456789abcdef.ini", 90 * DAY, false},
        {"somebody's copy", OLD ".bak", 90 * DAY, false},
    };

    (void)state;
    assert_int_equal(KEPT_LONGER_MS, 3 * DAY * INT64_C(1000));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = open_world();

        kept_open(&w->d);
        depot_world_write(w, DIR_NAME, cases[i].name, "x");
        depot_world_touch(w, DIR_NAME, cases[i].name, -cases[i].age);
        depot_world_touch(w, DIR_NAME, own_name(w), -90 * DAY); /* the one in force stays at any age */
        tidy_all(w);
        if (depot_world_has(w, DIR_NAME, cases[i].name) == cases[i].goes)
            fail_msg("%s: %s", cases[i].sentence, cases[i].goes ? "it stays" : "it went");
        assert_true(depot_world_has(w, DIR_NAME, own_name(w)));
        close_world(&w);
    }
}

static void a_folder_of_that_name_is_left_alone(void **state)
{
    struct world *w = open_world();

    (void)state;
    kept_open(&w->d);
    assert_int_equal(mkdir(depot_world_path(w, DIR_NAME, OLD), 0700), 0);
    depot_world_touch(w, DIR_NAME, OLD, -90 * DAY);
    tidy_all(w);
    assert_true(depot_world_has(w, DIR_NAME, OLD));
    close_world(&w);
}

static void many_are_looked_at_in_slices(void **state)
{
    struct world *w = open_world();
    unsigned slices = 1;
    char name[64];

    (void)state;
    kept_open(&w->d);
    for (unsigned i = 0; i < 1500; i++) {
        snprintf(name, sizeof name, "%032x.ini", i);
        depot_world_write(w, DIR_NAME, name, "");
        depot_world_touch(w, DIR_NAME, name, -6 * DAY);
    }
    while (kept_tidy(&w->d) > 0)
        slices++;
    assert_int_equal(slices, 2);
    depot_world_expect(w, DIR_NAME, NULL, own_name(w));
    close_world(&w);
}

static void a_depot_that_keeps_nothing_has_nothing_to_tidy(void **state)
{
    struct world *w = depot_world_plain();

    (void)state;
    assert_int_equal(kept_tidy(&w->d), 0);
    depot_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_settings_in_force_are_written_at_start),
        cmocka_unit_test(what_is_there_is_believed_when_it_is_right),
        cmocka_unit_test(a_link_in_its_place_is_not_followed),
        cmocka_unit_test(a_failure_is_told_and_leaves_nothing),
        cmocka_unit_test(files_go_when_no_record_can_name_them),
        cmocka_unit_test(a_folder_of_that_name_is_left_alone),
        cmocka_unit_test(many_are_looked_at_in_slices),
        cmocka_unit_test(a_depot_that_keeps_nothing_has_nothing_to_tidy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
