/*
 * test_scan.c - unit tests of spoold/scan.c: names first, then the walk, never beyond the room, each problem
 * said once.
 *
 * Run by `make check`. Scan tasks are run as the store does it. What is reported
 * goes to standard error, which the tests read back from a file.
 */
#include "tests/unit/depot_world.h"

#include "spoold/scan.h"

static struct scan_task *task(size_t room, uint64_t bytes)
{
    struct scan_task *t = xcalloc(1, sizeof *t);

    t->walk = true;
    t->room = room;
    t->room_bytes = bytes;
    return t;
}

/* The loop's share: the messages are let go. Returns how many there were. */
static size_t finish(struct scan_task *t)
{
    size_t n = t->claimed_n;

    for (size_t i = 0; i < n; i++)
        msg_free(&t->claimed[i]);
    scan_task_free(t);
    return n;
}

static void drop(struct world *w, unsigned from, unsigned to)
{
    char name[32];

    for (unsigned i = from; i < to; i++) {
        snprintf(name, sizeof name, "m%u", i);
        depot_world_pair(w, "incoming", name);
    }
}

static void a_walk_goes_on_where_the_room_ended(void **state)
{
    static const struct {
        size_t room;
        uint64_t bytes;
        size_t wanted;
    } cases[] = {
        {4, 1000000, 4}, {0, 1000000, 0}, /* intakes are stopped */
        {9, 1, 1},                        /* a message larger than all the room is taken, alone */
        {9, 0, 1},       {9, 2 * sizeof DEPOT_WORLD_EML - 2, 2},
        {9, 1000000, 2},
    };
    struct world *w = depot_world_plain();

    (void)state;
    drop(w, 0, 10);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scan_task *t = task(cases[i].room, cases[i].bytes);

        scan_run(&t->task, &w->d);
        assert_int_equal(t->claimed_n, cases[i].wanted);
        assert_int_equal(t->end, i == sizeof cases / sizeof *cases - 1);
        finish(t);
    }
    depot_world_expect(w, "incoming", NULL, "");
    depot_world_close(&w);
}

static void named_ones_go_first_and_the_rest_is_given_back(void **state)
{
    struct world *w = depot_world_plain();
    struct scan_task *t = task(2, 1000000);

    (void)state;
    drop(w, 0, 5);
    t->walk = false;
    t->name = xcalloc(4, sizeof *t->name);
    t->name[t->name_n++] = xstrdup("m3");
    t->name[t->name_n++] = xstrdup("not-there");
    t->name[t->name_n++] = xstrdup("m1");
    t->name[t->name_n++] = xstrdup("m0");
    scan_run(&t->task, &w->d);
    assert_int_equal(t->claimed_n, 2);
    assert_true(view_equal(t->claimed[0]->name, VIEW("m3")));
    assert_true(view_equal(t->claimed[1]->name, VIEW("m1")));
    assert_int_equal(t->name_tried, 3);
    assert_false(t->end);
    finish(t);
    depot_world_close(&w);
}

static void what_is_not_ready_is_asked_for_again(void **state)
{
    static const char *const quiet[] = {"intake main.ready=quiet:30s"};
    struct world *w = depot_world_open(quiet, 1);
    struct scan_task *t = task(400, 1000000);

    (void)state;
    drop(w, 0, SCAN_LATER_MAX);
    scan_run(&t->task, &w->d);
    assert_int_equal(t->later_n, SCAN_LATER_MAX);
    assert_false(t->later_lost);
    for (size_t i = 0; i < t->later_n; i++)
        assert_in_range(t->later[i].delay, 20000, 30001);
    finish(t);
    drop(w, SCAN_LATER_MAX, SCAN_LATER_MAX + 1);
    t = task(400, 1000000);
    scan_run(&t->task, &w->d);
    assert_int_equal(t->later_n, SCAN_LATER_MAX);
    assert_true(t->later_lost);
    finish(t);
    depot_world_close(&w);
}

/* Runs a scan that also looks for orphans; returns what was reported. The caller frees. */
static char *reported(struct world *w)
{
    struct scan_task *t = task(100, 1000000);
    int err = dup(2), to = open(depot_world_path(w, "state", "log"), O_RDWR | O_CREAT | O_TRUNC, 0600);

    assert_true(err >= 0 && to >= 0 && dup2(to, 2) == 2);
    t->orphans = true;
    scan_run(&t->task, &w->d);
    assert_int_equal(dup2(err, 2), 2);
    close(err);
    close(to);
    finish(t);
    return depot_world_read(w, "state", NULL, "log");
}

static void what_does_not_get_on_is_said_once(void **state)
{
    static const struct {
        const char *file, *text, *says;
    } cases[] = {
        {"lone.hdr", DEPOT_WORLD_HDR, "name=\"lone\" .hdr has no .eml"},
        {"half.eml", "x", "name=\"half.eml\" it has no .hdr"},
        {"letter.txt", "x", "is no part of a message pair"},
        {"temp.em_", "x", "name=\"temp.em_\""},
    };
    struct world *w = depot_world_plain();
    char *text;

    (void)state;
    depot_world_write(w, "incoming", ".running", "");
    depot_world_touch(w, "incoming", ".running", -100000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        depot_world_write(w, "incoming", cases[i].file, cases[i].text);
    text = reported(w);
    assert_string_equal(text, ""); /* still young */
    free(text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        depot_world_touch(w, "incoming", cases[i].file, -100000);
    text = reported(w);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (!strstr(text, cases[i].says))
            fail_msg("\"%s\" is not in:\n%s", cases[i].says, text);
    assert_null(strstr(text, ".running"));
    free(text);
    text = reported(w);
    assert_string_equal(text, "");
    free(text);
    depot_world_close(&w);
}

static void writing_for_too_long_is_said(void **state)
{
    struct world *w = depot_world_plain();
    char *text;

    (void)state;
    depot_world_pair(w, "incoming", "slow");
    depot_world_write(w, "incoming", "slow.hdr", "Writing\na@example.org\nb@example.net\n\n");
    depot_world_touch(w, "incoming", "slow.hdr", -100000);
    text = reported(w);
    assert_non_null(strstr(text, "still not Written"));
    free(text);
    depot_world_close(&w);
}

static void a_hostile_name_is_reported_in_one_line(void **state)
{
    struct world *w = depot_world_plain();
    char *text, *end;

    (void)state;
    assert_int_equal(mkfifo(depot_world_path(w, "incoming", "a\nevent=forged.eml"), 0600), 0);
    depot_world_write(w, "incoming", "a\nevent=forged.hdr", DEPOT_WORLD_HDR);
    text = reported(w);
    end = strchr(text, '\n');
    assert_non_null(end);
    assert_string_equal(end, "\n");
    free(text);
    depot_world_close(&w);
}

static void a_name_that_is_only_a_suffix_is_no_pair(void **state)
{
    struct world *w = depot_world_plain();
    struct scan_task *t = task(10, 1000000);

    (void)state;
    depot_world_write(w, "incoming", ".hdr", DEPOT_WORLD_HDR);
    depot_world_write(w, "incoming", ".eml", DEPOT_WORLD_EML);
    scan_run(&t->task, &w->d);
    assert_true(t->end);
    assert_int_equal(finish(t), 0);
    depot_world_close(&w);
}

static void a_folder_that_cannot_be_read_ends_the_walk(void **state)
{
    struct world *w = depot_world_plain();
    struct scan_task *t = task(10, 1000000);
    int fd = w->d.spool.intake[0].fd;

    (void)state;
    w->d.spool.intake[0].fd = -1;
    scan_run(&t->task, &w->d);
    w->d.spool.intake[0].fd = fd;
    assert_true(t->end);
    assert_int_equal(finish(t), 0);
    depot_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_goes_on_where_the_room_ended),
        cmocka_unit_test(named_ones_go_first_and_the_rest_is_given_back),
        cmocka_unit_test(what_is_not_ready_is_asked_for_again),
        cmocka_unit_test(what_does_not_get_on_is_said_once),
        cmocka_unit_test(writing_for_too_long_is_said),
        cmocka_unit_test(a_hostile_name_is_reported_in_one_line),
        cmocka_unit_test(a_name_that_is_only_a_suffix_is_no_pair),
        cmocka_unit_test(a_folder_that_cannot_be_read_ends_the_walk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
