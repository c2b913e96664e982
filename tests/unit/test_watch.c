/*
 * test_watch.c - unit tests of spoold/watch.c: events become names to try, and a lost one becomes a walk.
 *
 * Run by `make check`, with the kernel's inotify on real folders.
 */
#include "tests/unit/loop_world.h"

#include "spoold/watch.h"

static struct bench watched_open(const char *const *setting, size_t n)
{
    struct bench k = bench_open(setting, n);

    k.s->watch = watch_start(k.s);
    return k;
}

static void watched_close(struct bench *k)
{
    watch_stop(&k->s->watch);
    assert_null(k->s->watch);
    bench_close(k);
}

static void a_finished_file_becomes_a_hint(void **state)
{
    static const struct {
        const char *name;
        bool wanted;
    } cases[] = {
        {"x.eml", true}, {"x.hdr", true},   {"x.em_", false}, {".hdr", false},
        {".eml", false}, {"x.hdr2", false}, {"y.HDR", false}, {".running", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench k = watched_open(NULL, 0);

        depot_world_write(k.w, "incoming", cases[i].name, "x");
        watch_read(k.s->watch, k.s);
        if (k.s->intake[0].hint_n != cases[i].wanted)
            fail_msg("%s: %zu hints", cases[i].name, k.s->intake[0].hint_n);
        if (cases[i].wanted)
            assert_string_equal(k.s->intake[0].hint[0].name, "x");
        watched_close(&k);
    }
}

static void a_pair_that_is_renamed_in_is_one_hint(void **state)
{
    struct bench k = watched_open(NULL, 0);
    int in = k.s->depot.spool.intake[0].fd, from = k.s->depot.spool.quarantine.fd;

    (void)state;
    depot_world_pair(k.w, "quarantine", "x");
    assert_int_equal(renameat(from, "x.eml", in, "x.eml"), 0);
    assert_int_equal(renameat(from, "x.hdr", in, "x.hdr"), 0);
    watch_read(k.s->watch, k.s);
    assert_int_equal(k.s->intake[0].hint_n, 1);
    assert_int_equal(k.s->intake[0].hint[0].due, 0);
    watched_close(&k);
}

static void events_of_each_intake_go_to_it(void **state)
{
    static const char *const two[] = {"intake main.path=incoming", "intake fax.path=fax"};
    struct bench k = watched_open(two, 2);

    (void)state;
    depot_world_write(k.w, "fax", "f.hdr", "x");
    watch_read(k.s->watch, k.s);
    assert_int_equal(k.s->intake[0].hint_n, 0);
    assert_int_equal(k.s->intake[1].hint_n, 1);
    watched_close(&k);
}

static void a_message_that_only_stands_open_is_no_hint(void **state)
{
    struct bench k = watched_open(NULL, 0);
    int fd = openat(k.s->depot.spool.intake[0].fd, "x.eml", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    (void)state;
    assert_int_equal(write(fd, "x", 1), 1);
    watch_read(k.s->watch, k.s);
    assert_int_equal(k.s->intake[0].hint_n, 0);
    close(fd);
    watch_read(k.s->watch, k.s);
    assert_int_equal(k.s->intake[0].hint_n, 1);
    watched_close(&k);
}

static void what_comes_back_to_proc_asks_for_a_look(void **state)
{
    static const char *const stage[] = {"spool.external_stage=yes"};

    (void)state;
    for (size_t on = 0; on < 2; on++) {
        struct bench k = watched_open(stage, on);

        k.s->look_due = 12345;
        depot_world_write(k.w, "quarantine", "x", "x");
        assert_int_equal(renameat(k.s->depot.spool.quarantine.fd, "x", k.s->depot.spool.proc.fd, "x.hdr"), 0);
        watch_read(k.s->watch, k.s);
        assert_int_equal(k.s->look_due, on ? 0 : 12345);
        watched_close(&k);
    }
}

static void a_folder_that_is_moved_away_raises_the_alarm(void **state)
{
    struct bench k = watched_open(NULL, 0);
    char to[1100];

    (void)state;
    snprintf(to, sizeof to, "%s/elsewhere", k.w->root);
    assert_int_equal(rename(depot_world_path(k.w, "incoming", ""), to), 0);
    watch_read(k.s->watch, k.s);
    assert_true(k.s->alarms.since_ms[ALARM_INTAKE_GONE] != 0);
    assert_non_null(strstr(k.s->alarms.text[ALARM_INTAKE_GONE], "incoming"));
    watched_close(&k);
}

static long queue_limit(void)
{
    FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
    long n = 0;

    if (!f)
        return 0;
    if (fscanf(f, "%ld", &n) != 1)
        n = 0;
    fclose(f);
    return n;
}

static void lost_events_lead_to_a_walk(void **state)
{
    struct bench k;
    long limit = queue_limit();
    int in;

    (void)state;
    if (limit <= 0 || limit > 70000)
        skip();
    k = watched_open(NULL, 0);
    in = k.s->depot.spool.intake[0].fd;
    depot_world_write(k.w, "incoming", "a.eml", "x");
    for (long i = 0; i <= limit / 2 + 1; i++) { /* a different name each time, or they would be merged */
        renameat(in, "a.eml", in, "b.eml");
        renameat(in, "b.eml", in, "a.eml");
    }
    for (int i = 0; i < 100 && !k.s->intake[0].walk; i++)
        watch_read(k.s->watch, k.s);
    assert_true(k.s->intake[0].walk);
    watched_close(&k);
}

static void nothing_to_read_is_no_error(void **state)
{
    struct bench k = watched_open(NULL, 0);

    (void)state;
    assert_true(watch_fd(k.s->watch) >= 0);
    watch_read(k.s->watch, k.s);
    assert_true(intake_idle(k.s, 0));
    watched_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finished_file_becomes_a_hint),
        cmocka_unit_test(a_pair_that_is_renamed_in_is_one_hint),
        cmocka_unit_test(events_of_each_intake_go_to_it),
        cmocka_unit_test(a_message_that_only_stands_open_is_no_hint),
        cmocka_unit_test(what_comes_back_to_proc_asks_for_a_look),
        cmocka_unit_test(a_folder_that_is_moved_away_raises_the_alarm),
        cmocka_unit_test(lost_events_lead_to_a_walk),
        cmocka_unit_test(nothing_to_read_is_no_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
