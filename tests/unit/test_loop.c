/*
 * test_loop.c - unit tests of spoold/loop.c: the room there is, why there is none, and a whole run from start
 * to stop.
 *
 * Run by `make check`. The loop runs as with --once or until a signal that was
 * sent before; the store works inside it.
 */
#include "tests/unit/loop_world.h"

#include "spoold/control_server.h"
#include "spoold/loop.h"
#include "spoold/watch.h"

#include <signal.h>

/* With all that wakes the loop: clients and folders too. */
static struct bench whole_open(const char *const *setting, size_t n)
{
    struct bench k = bench_open(setting, n);

    k.s->recovered = false;
    control_open(k.s);
    k.s->watch = watch_start(k.s);
    return k;
}

static void whole_close(struct bench *k)
{
    watch_stop(&k->s->watch);
    control_close(k->s);
    bench_close(k);
}

static void the_room_is_what_the_settings_leave(void **state)
{
    static const struct {
        const char *says;
        size_t work, offered, held;
        uint64_t bytes;
        size_t wanted;
    } cases[] = {
        {"all of it", 0, 0, 0, 0, 10},
        {"less what is in work and offered", 3, 4, 0, 0, 3},
        {"held ones take none", 0, 0, 4, 0, 10},
        {"too many of those stop it", 0, 0, 5, 0, 0},
        {"none left", 6, 4, 0, 0, 0},
        {"more than allowed, by resting ones that came back", 12, 0, 0, 0, 0},
        {"a byte of room is room", 0, 0, 0, 999, 10},
        {"no byte is none", 0, 0, 0, 1000, 0},
        {"more than allowed, by one large message", 1, 0, 0, 5000, 0},
    };
    struct config cfg = {.max_in_flight = 10, .max_bytes_in_flight = 1000, .max_held = 5};
    struct spoold *s = xcalloc(1, sizeof *s);

    (void)state;
    s->cfg = &cfg;
    s->recovered = true;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        s->roster.count[ROSTER_WORK] = cases[i].work;
        s->roster.count[ROSTER_OFFERED] = cases[i].offered;
        s->roster.count[ROSTER_HELD] = cases[i].held;
        s->bytes_in_flight = cases[i].bytes;
        if (spoold_room(s) != cases[i].wanted)
            fail_msg("%s: %zu", cases[i].says, spoold_room(s));
    }
    free(s);
}

static void each_reason_to_stop_is_told(void **state)
{
    struct config cfg = {.max_in_flight = 10, .max_bytes_in_flight = 1000, .max_held = 5};
    struct spoold *s = xcalloc(1, sizeof *s);

    (void)state;
    s->cfg = &cfg;
    assert_non_null(strstr(spoold_stop_reason(s), "starting"));
    s->recovered = true;
    assert_null(spoold_stop_reason(s));
    s->roster.count[ROSTER_HELD] = 5;
    assert_non_null(strstr(spoold_stop_reason(s), "held"));
    s->no_room = true;
    assert_non_null(strstr(spoold_stop_reason(s), "full"));
    s->stalled = true;
    assert_non_null(strstr(spoold_stop_reason(s), "disk does not answer"));
    s->stopping = true;
    assert_non_null(strstr(spoold_stop_reason(s), "stopping"));
    assert_int_equal(spoold_room(s), 0);
    free(s);
}

static void drop(struct bench *k, int from, int to)
{
    char name[32];

    for (int i = from; i < to; i++) {
        snprintf(name, sizeof name, "m%d", i);
        depot_world_pair(k->w, "incoming", name);
    }
}

static size_t count(struct bench *k, const char *dir, const char *suffix)
{
    DIR *d = opendir(depot_world_path(k->w, dir, ""));
    const struct dirent *e;
    size_t n = 0;

    assert_non_null(d);
    while ((e = readdir(d)))
        n += view_ends_with(view_of(e->d_name), view_of(suffix));
    closedir(d);
    return n;
}

static void once_works_off_what_is_there(void **state)
{
    static const char *const small[] = {"spool.max_in_flight=2"};
    struct bench k = whole_open(small, 1);
    struct base b = world_base(k.w, "interrupted");

    (void)state;
    drop(&k, 0, 5);
    depot_world_pair(k.w, "incoming", "unfinished");
    depot_world_write(k.w, "incoming", "unfinished.hdr", "Writing\na@example.org\nb@example.net\n\n");
    depot_world_put(k.w, "proc", &b, ".eml", DEPOT_WORLD_EML);
    depot_world_put(k.w, "proc", &b, ".hdr.w1", DEPOT_WORLD_HDR);
    k.s->once = true;
    loop_run(k.s);
    assert_int_equal(count(&k, "outgoing", ".hdr"), 6);
    assert_int_equal(count(&k, "outgoing", ".eml"), 6);
    depot_world_expect(k.w, "proc", &b, "");
    assert_true(depot_world_has(k.w, "incoming", "unfinished.eml"));
    assert_int_equal(k.s->roster.count[ROSTER_WORK], 0);
    assert_int_equal(k.s->bytes_in_flight, 0);
    assert_int_equal(depot_world_lines(k.w, "\"event\":\"delivered\""), 6);
    whole_close(&k);
}

static void once_with_all_held_ends_too(void **state)
{
    struct bench k = whole_open(NULL, 0);

    (void)state;
    drop(&k, 0, 3);
    k.s->once = k.s->hold_all = true;
    loop_run(k.s);
    assert_int_equal(count(&k, "outgoing", ".hdr"), 0);
    assert_int_equal(count(&k, "proc", ".hdr.h0"), 3);
    assert_int_equal(k.s->roster.count[ROSTER_HELD], 3);
    whole_close(&k);
}

static void a_signal_stops_it_in_order(void **state)
{
    static const int signals[] = {SIGTERM, SIGINT};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bench k = whole_open(NULL, 0);
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, signals[i]);
        assert_int_equal(sigprocmask(SIG_BLOCK, &set, NULL), 0);
        drop(&k, 0, 1);
        assert_int_equal(kill(getpid(), signals[i]), 0);
        loop_run(k.s);
        assert_true(k.s->stopping);
        assert_int_equal(k.s->roster.count[ROSTER_WORK], 0);
        /* Taken in or not: nothing is between the folders. */
        assert_int_equal(count(&k, "incoming", ".hdr") + count(&k, "outgoing", ".hdr"), 1);
        whole_close(&k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_room_is_what_the_settings_leave), cmocka_unit_test(each_reason_to_stop_is_told),
        cmocka_unit_test(once_works_off_what_is_there),        cmocka_unit_test(once_with_all_held_ends_too),
        cmocka_unit_test(a_signal_stops_it_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
