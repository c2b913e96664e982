/*
 * test_control_metrics.c - unit tests of spoold/control_metrics.c: the numbers are there, all of them,
 * always.
 *
 * Run by `make check`, over a real socket.
 */
#include "tests/unit/control_world.h"

static void both_lines_have_what_they_are_for(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    const json_t *first, *second, *alarm;
    struct control_reply r;

    (void)state;
    c.s->counts.event[EVENT_ACCEPTED] = 7;
    c.s->counts.class[SPOOL_CLASS_POISON] = 2;
    alarm_raise(&c.s->alarms, ALARM_NO_ROOM, "no room");
    control_world_entry(&c, ROSTER_HELD);
    r = control_world_ask(&c, "metrics");
    assert_int_equal(r.code, EXIT_OK);
    assert_int_equal(json_array_size(r.line), 2);
    first = json_array_get(r.line, 0);
    second = json_array_get(r.line, 1);
    alarm = json_object_get(second, "alarm");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(first, "counts"), "accepted")), 7);
    assert_int_equal(json_integer_value(json_object_get(first, "held")), 1);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(second, "quarantined"), "poison")),
                     2);
    assert_int_equal(json_object_size(json_object_get(second, "quarantined")), SPOOL_CLASS__MAX);
    assert_int_equal(json_object_size(alarm), ALARM_KIND__MAX);
    assert_true(json_is_true(json_object_get(alarm, "no_room")));
    assert_true(json_is_false(json_object_get(alarm, "frozen")));
    json_decref(r.line);
    control_world_close(&c);
}

static void a_stopped_intake_is_not_open(void **state)
{
    struct control_world c = control_world_open(NULL, 0);

    (void)state;
    for (int stopped = 0; stopped < 2; stopped++) {
        struct control_reply r;

        c.s->no_room = stopped;
        r = control_world_ask(&c, "metrics");
        assert_int_equal(json_is_true(json_object_get(json_array_get(r.line, 1), "open")), !stopped);
        json_decref(r.line);
    }
    control_world_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_lines_have_what_they_are_for),
        cmocka_unit_test(a_stopped_intake_is_not_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
