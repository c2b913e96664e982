/*
 * test_intake.c - unit tests of spoold/intake.c: hints are tried in time, nothing is forgotten when there are
 * too many.
 *
 * Run by `make check`, with the store inside the loop and real folders.
 */
#include "tests/unit/loop_world.h"

static const char *const two[] = {"intake main.path=incoming", "intake fax.path=fax",
                                  "spool.max_in_flight=3"};

static void a_name_is_hinted_once_and_the_earlier_time_wins(void **state)
{
    struct bench k = bench_open(NULL, 0);
    const struct intake *in = &k.s->intake[0];

    (void)state;
    assert_true(intake_idle(k.s, 0));
    intake_hint(k.s, 0, VIEW("x"), 5000);
    intake_hint(k.s, 0, VIEW("y"), 0);
    intake_hint(k.s, 0, VIEW("x"), 9000);
    assert_int_equal(in->hint_n, 2);
    assert_in_range(in->hint[0].due - depot_mono_ms(), 4000, 5000);
    intake_hint(k.s, 0, VIEW("x"), 0);
    assert_int_equal(in->hint[0].due, 0);
    assert_false(intake_idle(k.s, 0));
    bench_close(&k);
}

static void a_full_table_leads_to_a_walk(void **state)
{
    struct bench k = bench_open(NULL, 0);
    char name[32];

    (void)state;
    depot_world_pair(k.w, "incoming", "unheard");
    for (int i = 0; i < INTAKE_HINTS_MAX; i++) {
        snprintf(name, sizeof name, "n%d", i);
        intake_hint(k.s, 0, view_of(name), 0);
    }
    assert_false(k.s->intake[0].walk);
    intake_hint(k.s, 0, VIEW("unheard"), 0);
    assert_true(k.s->intake[0].walk);
    assert_int_equal(k.s->intake[0].hint_n, INTAKE_HINTS_MAX);
    intake_run(k.s, depot_mono_ms());
    loop_world_run_out(k.s);
    depot_world_expect(k.w, "incoming", NULL, "");
    assert_true(intake_idle(k.s, 0));
    bench_close(&k);
}

static void a_walk_that_is_asked_for_during_a_walk_comes_after_it(void **state)
{
    struct bench k = bench_open(NULL, 0);

    (void)state;
    intake_walk(k.s, 0);
    intake_run(k.s, depot_mono_ms());
    assert_true(k.s->intake[0].busy);
    intake_walk(k.s, 0);
    loop_world_turn(k.s);
    assert_true(k.s->intake[0].walk);
    assert_false(k.s->intake[0].again);
    intake_run(k.s, depot_mono_ms());
    loop_world_turn(k.s);
    assert_true(intake_idle(k.s, 0));
    bench_close(&k);
}

static void a_hint_waits_for_its_time(void **state)
{
    struct bench k = bench_open(NULL, 0);
    int64_t now = depot_mono_ms();

    (void)state;
    depot_world_pair(k.w, "incoming", "x");
    intake_hint(k.s, 0, VIEW("x"), 5000);
    assert_in_range(intake_run(k.s, now), now + 4900, now + 6000);
    assert_null(k.s->todo.first);
    assert_true(intake_run(k.s, now + 6000) == INT64_MAX);
    loop_world_run_out(k.s);
    depot_world_expect(k.w, "incoming", NULL, "");
    assert_true(intake_run(k.s, now + 6000) == INT64_MAX);
    bench_close(&k);
}

static void intakes_take_turns_and_one_scans_at_a_time(void **state)
{
    struct bench k = bench_open(two, 3);

    (void)state;
    intake_walk(k.s, 0);
    intake_walk(k.s, 1);
    intake_run(k.s, 0);
    assert_true(k.s->intake[0].busy);
    assert_int_equal(k.s->todo.n, 1);
    intake_run(k.s, 0);
    assert_int_equal(k.s->todo.n, 1);
    loop_world_turn(k.s);
    intake_walk(k.s, 0);
    intake_run(k.s, 0);
    assert_true(k.s->intake[1].busy);
    loop_world_turn(k.s);
    intake_run(k.s, 0);
    assert_true(k.s->intake[0].busy);
    loop_world_turn(k.s);
    bench_close(&k);
}

static void no_more_is_claimed_than_there_is_room(void **state)
{
    struct bench k = bench_open(two, 3);
    char name[32];

    (void)state;
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "m%d", i);
        depot_world_pair(k.w, "incoming", name);
        intake_hint(k.s, 0, view_of(name), 0);
    }
    intake_run(k.s, depot_mono_ms());
    loop_world_turn(k.s);
    assert_int_equal(k.s->roster.count[ROSTER_WORK], 3);
    assert_int_equal(spoold_room(k.s), 0);
    assert_int_equal(k.s->intake[0].hint_n, 2); /* what was not tried is not forgotten */
    loop_world_run_out(k.s);
    intake_run(k.s, depot_mono_ms());
    loop_world_run_out(k.s);
    depot_world_expect(k.w, "incoming", NULL, "");
    bench_close(&k);
}

static void a_message_of_another_intake_goes_to_its_own_outlet(void **state)
{
    struct bench k = bench_open(two, 3);
    struct dirent **e = NULL;
    int n;

    (void)state;
    depot_world_pair(k.w, "fax", "x");
    depot_world_pair(k.w, "incoming", "x");
    for (size_t i = 0; i < 2; i++) {
        intake_walk(k.s, i);
        intake_run(k.s, depot_mono_ms());
        loop_world_run_out(k.s);
    }
    n = scandir(depot_world_path(k.w, "outgoing1", ""), &e, NULL, depot_world_order);
    assert_int_equal(n, 4); /* . and .. and the pair */
    assert_ptr_equal(strstr(e[2]->d_name, "x~fax~"), e[2]->d_name);
    while (n--)
        free(e[n]);
    free(e);
    bench_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_hinted_once_and_the_earlier_time_wins),
        cmocka_unit_test(a_full_table_leads_to_a_walk),
        cmocka_unit_test(a_walk_that_is_asked_for_during_a_walk_comes_after_it),
        cmocka_unit_test(a_hint_waits_for_its_time),
        cmocka_unit_test(intakes_take_turns_and_one_scans_at_a_time),
        cmocka_unit_test(no_more_is_claimed_than_there_is_room),
        cmocka_unit_test(a_message_of_another_intake_goes_to_its_own_outlet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
