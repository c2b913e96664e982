/*
 * test_antivirus.c - unit tests of spoold/antivirus.c: what the workers are to load, when they load anew, and
 * what the administrator is told.
 *
 * Run by `make check`. The workers are the far ends of pool_roles.h; looks at
 * the folder are tasks that the test does in the place of the store.
 */
#include "tests/unit/pool_roles.h"

#include "spoold/antivirus_part.h"
#include "spoold/watch.h"

#include <sys/wait.h>

struct bench {
    struct pool_world *w;
    struct spoold *s;
    char dir[64];
};

static void put(const struct bench *k, const char *name, const char *text)
{
    char path[128];
    FILE *to;

    snprintf(path, sizeof path, "%s/%s", k->dir, name);
    to = fopen(path, "w");
    assert_non_null(to);
    fputs(text, to);
    fclose(to);
}

/* A pool of role av whose settings are antivirus.c's; with a first set in the folder, or none. */
static struct bench bench_open(const char *setting, bool set)
{
    struct bench k = {.dir = "/tmp/spoold-antivirus-XXXXXX"};
    char folder[128];
    const char *settings[] = {folder, setting};
    size_t intakes;

    assert_non_null(mkdtemp(k.dir));
    if (set)
        put(&k, "a.ndb", "x");
    snprintf(folder, sizeof folder, "antivirus.signatures=%s", k.dir);
    k.w = pool_world_open_with((struct pool_options){.roles = FAR_AV, .load = antivirus_load}, settings,
                               setting ? 2 : 1);
    k.s = k.w->s;
    k.s->pool = k.w->pool;
    k.s->depot.cfg = k.w->cfg;
    k.s->depot.root_dir = -1;
    k.s->depot.state_dir = open(k.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    intakes = k.w->cfg->intake_n;
    k.w->cfg->intake_n = 0; /* only the one folder is watched */
    k.s->watch = watch_start(k.s);
    k.w->cfg->intake_n = intakes;
    task_list_init(&k.s->todo);
    antivirus_open(k.s);
    return k;
}

static void bench_close(struct bench *k)
{
    char command[128];

    antivirus_close(k->s);
    close(k->s->depot.state_dir);
    watch_stop(&k->s->watch);
    pool_world_close(&k->w);
    snprintf(command, sizeof command, "%s", k->dir);
    if (fork() == 0) {
        execl("/bin/rm", "rm", "-rf", command, (char *)NULL);
        _exit(1);
    }
    wait(NULL);
}

/* A look that is due now. */
static void look(struct bench *k)
{
    struct task *t;

    k->s->av.due = 0;
    antivirus_run(k->s, depot_mono_ms());
    t = task_list_take(&k->s->todo);
    assert_non_null(t);
    t->run(t, &k->s->depot);
    t->done(t, k->s);
    pool_world_turn(k->w);
}

static struct antivirus_settings asked(const struct bench *k, unsigned loader)
{
    struct antivirus_settings s;

    assert_int_equal(antivirus_unpack(buf_view(&k->w->loader[loader].settings), &s), 0);
    return s;
}

static void serve_with(struct bench *k, uint32_t flags, int64_t built)
{
    struct wire_packet p = wire_packet(WIRE_LOADED, 0);

    p.u.loaded = (struct wire_loaded){.signatures = 1, .engine = "1.4.6", .flags = flags, .built = built};
    k->w->loader[0].said_loaded = true;
    far_say(k->w, k->w->loader[0].link, &p);
    far_serve(k->w, 0);
}

static void without_signatures_the_test_set_is_asked_for(void **state)
{
    struct bench k = bench_open("antivirus.macros=yes", false);

    (void)state;
    /* The pool of this world began before the first look: the next generation tells. */
    serve_with(&k, 0, 0);
    antivirus_reload(k.s);
    look(&k);
    look(&k);
    assert_int_equal(k.w->loader_n, 2);
    assert_int_equal(asked(&k, 1).flags, ANTIVIRUS_TEST_SET | ANTIVIRUS_MACROS);
    assert_int_equal(asked(&k, 1).scan_time_ms, 10000);
    bench_close(&k);
}

static void a_new_set_is_loaded_when_it_has_settled(void **state)
{
    struct bench k = bench_open("antivirus.reload_mode=overlap", true);
    unsigned n;

    (void)state;
    serve_with(&k, 0, 0);
    antivirus_reload(k.s);
    look(&k);
    look(&k);
    n = k.w->loader_n;
    assert_int_equal(asked(&k, n - 1).flags & ANTIVIRUS_TEST_SET, 0);
    far_serve(k.w, n - 1);
    look(&k);
    look(&k);
    assert_int_equal(k.w->loader_n, n); /* nothing new */
    put(&k, "b.ndb", "x");
    look(&k);
    assert_int_equal(k.w->loader_n, n); /* it may still be written */
    put(&k, "b.ndb", "xy");
    look(&k);
    assert_int_equal(k.w->loader_n, n);
    look(&k);
    assert_int_equal(k.w->loader_n, n + 1);
    far_serve(k.w, n);
    look(&k);
    look(&k);
    assert_int_equal(k.w->loader_n, n + 1);
    bench_close(&k);
}

/* The folder of the state is the same one here: only what ends like signatures counts as such. */
static void what_was_real_once_is_never_replaced_by_the_test_set(void **state)
{
    struct bench k = bench_open("antivirus.reload_mode=drain", true);
    struct buf settings = {0};
    char path[128];
    unsigned n;
    int dir;

    (void)state;
    serve_with(&k, 0, 0);
    look(&k);
    snprintf(path, sizeof path, "%s/a.ndb", k.dir);
    assert_int_equal(unlink(path), 0);
    n = k.w->loader_n;
    for (int i = 0; i < 3; i++) {
        look(&k);
        antivirus_run(k.s, depot_mono_ms());
    }
    assert_int_equal(k.w->loader_n, n); /* what serves goes on */
    assert_non_null(strstr(k.s->alarms.text[ALARM_SIGNATURES], "holds none any more"));
    assert_int_equal(antivirus_mode(k.s), POOL_OVERLAP);
    assert_true(k.s->av.due <= depot_mono_ms() + 5000);
    antivirus_load(k.s, ROLE_AV, &settings, &dir);
    assert_int_equal(dir, -1);
    assert_int_equal(
        ((const struct antivirus_settings *)(const void *)settings.p)->flags & ANTIVIRUS_TEST_SET, 0);
    buf_free(&settings);
    put(&k, "b.ndb", "x");
    look(&k);
    look(&k);
    (void)n;
    antivirus_run(k.s, depot_mono_ms());
    assert_int_equal(k.s->alarms.since_ms[ALARM_SIGNATURES], 0);
    bench_close(&k);
}

static void a_hint_brings_the_next_look_forward(void **state)
{
    struct bench k = bench_open(NULL, true);
    int64_t now = depot_mono_ms();

    (void)state;
    assert_true(k.s->av.due > now + 3600000);
    antivirus_changed(k.s);
    assert_true(k.s->av.due <= now + 2000);
    bench_close(&k);
}

static void with_test_signatures_a_look_is_due_soon(void **state)
{
    struct bench k = bench_open(NULL, false);

    (void)state;
    assert_true(k.s->av.due <= depot_mono_ms() + 10000);
    bench_close(&k);
}

static const struct {
    const char *says;
    uint32_t flags;
    int64_t age_s;
    const char *alarm; /* NULL: none */
} ages[] = {
    {"test signatures", WIRE_LOADED_TEST, 0, "TEST SIGNATURES ONLY"},
    {"of today", 0, 100, NULL},
    {"too old", 0, 9 * 86400, "9 days old"},
};

static void old_and_test_signatures_raise_an_alarm(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
        struct bench k = bench_open(NULL, true);

        serve_with(&k, ages[i].flags, depot_wall_ms() / 1000 - ages[i].age_s);
        antivirus_run(k.s, depot_mono_ms());
        print_message("%s\n", ages[i].says);
        assert_int_equal(k.s->alarms.since_ms[ALARM_SIGNATURES] != 0, ages[i].alarm != NULL);
        if (ages[i].alarm)
            assert_non_null(strstr(k.s->alarms.text[ALARM_SIGNATURES], ages[i].alarm));
        bench_close(&k);
    }
}

static void a_message_that_could_not_be_examined_is_told_for_a_while(void **state)
{
    struct bench k = bench_open(NULL, true);

    (void)state;
    antivirus_failed(k.s, "x~1", "no room");
    antivirus_run(k.s, depot_mono_ms());
    assert_true(k.s->alarms.since_ms[ALARM_UNEXAMINED] != 0);
    antivirus_run(k.s, depot_mono_ms() + ANTIVIRUS_CALM_MS + 1000);
    assert_int_equal(k.s->alarms.since_ms[ALARM_UNEXAMINED], 0);
    bench_close(&k);
}

static void the_mode_follows_the_setting(void **state)
{
    static const struct {
        const char *setting;
        enum pool_reload wanted;
    } cases[] = {
        {"antivirus.reload_mode=overlap", POOL_OVERLAP},
        {"antivirus.reload_mode=drain", POOL_DRAIN},
        {"antivirus.reload_mode=auto", POOL_OVERLAP}, /* the far end needs no memory */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench k = bench_open(cases[i].setting, true);

        assert_int_equal(antivirus_mode(k.s), cases[i].wanted);
        bench_close(&k);
    }
}

static void a_set_that_failed_is_tried_again_while_the_old_one_serves(void **state)
{
    struct bench k = bench_open("antivirus.reload_mode=overlap", true);
    struct wire_packet failed;
    int64_t now = depot_mono_ms();
    unsigned n;

    (void)state;
    serve_with(&k, 0, 0);
    antivirus_run(k.s, now);
    assert_int_equal(k.s->av.retry_due, 0);
    antivirus_reload(k.s);
    look(&k);
    look(&k);
    n = k.w->loader_n;
    failed = wire_text(WIRE_FAILED, k.w->loader[n - 1].id, "half a file");
    far_say(k.w, k.w->loader[n - 1].link, &failed);
    antivirus_run(k.s, now);
    assert_true(k.s->av.retry_due > now);
    assert_false(k.s->av.force);
    antivirus_run(k.s, k.s->av.retry_due);
    assert_true(k.s->av.force);
    bench_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_signatures_the_test_set_is_asked_for),
        cmocka_unit_test(a_new_set_is_loaded_when_it_has_settled),
        cmocka_unit_test(what_was_real_once_is_never_replaced_by_the_test_set),
        cmocka_unit_test(a_hint_brings_the_next_look_forward),
        cmocka_unit_test(with_test_signatures_a_look_is_due_soon),
        cmocka_unit_test(old_and_test_signatures_raise_an_alarm),
        cmocka_unit_test(a_message_that_could_not_be_examined_is_told_for_a_while),
        cmocka_unit_test(the_mode_follows_the_setting),
        cmocka_unit_test(a_set_that_failed_is_tried_again_while_the_old_one_serves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
