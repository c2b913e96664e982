/*
 * test_control_state.c - unit tests of spoold/control_state.c: status and queue say what the loop knows, as
 * JSON.
 *
 * Run by `make check`. The answers are asked for over a real socket, so that
 * packets and end line are checked too.
 */
#include "tests/unit/control_world.h"

static const char *str(const json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));

    return s ? s : "(none)";
}

static int64_t num(const json_t *j, const char *key)
{
    const json_t *v = json_object_get(j, key);

    return json_is_integer(v) ? json_integer_value(v) : -1;
}

static void the_state_is_the_worst_that_holds(void **state)
{
    static const struct {
        size_t at;
        const char *state, *reason;
    } cases[] = {
        {SIZE_MAX, "running", ""},
        {offsetof(struct spoold, no_room), "intake stopped", "the disk is nearly full"},
        {offsetof(struct spoold, stalled), "intake stopped", "the disk does not answer"},
        {offsetof(struct spoold, stopping), "stopping", "spoold is stopping"},
    };
    struct control_world c = control_world_open(NULL, 0);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct control_reply r;
        const json_t *j;

        if (cases[i].at != SIZE_MAX)
            *(bool *)((char *)c.s + cases[i].at) = true;
        r = control_world_ask(&c, "status");
        j = json_array_get(r.line, 0);
        assert_string_equal(str(j, "state"), cases[i].state);
        assert_string_equal(str(j, "reason"), cases[i].reason);
        json_decref(r.line);
    }
    control_world_close(&c);
}

static void status_counts_what_there_is(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    struct control_reply r;
    const json_t *j, *alarms;

    (void)state;
    control_world_entry(&c, ROSTER_HELD);
    control_world_entry(&c, ROSTER_HELD);
    control_world_entry(&c, ROSTER_OFFERED);
    control_world_entry(&c, ROSTER_RESTING);
    c.s->bytes_in_flight = 4711;
    c.s->counts.event[EVENT_DISCARDED] = 5;
    c.s->counts.copies = 6;
    alarm_raise(&c.s->alarms, ALARM_NO_ROOM, "a \"quoted\" one\n");
    alarm_raise(&c.s->alarms, ALARM_LEDGER, "another");
    snprintf(c.s->facts.fs_type, sizeof c.s->facts.fs_type, "ext4");
    r = control_world_ask(&c, "status");
    assert_int_equal(r.code, EXIT_OK);
    assert_int_equal(json_array_size(r.line), 1);
    j = json_array_get(r.line, 0);
    assert_int_equal(num(j, "held"), 2);
    assert_int_equal(num(j, "offered"), 1);
    assert_int_equal(num(j, "resting"), 1);
    assert_int_equal(num(j, "in_flight"), 0);
    assert_int_equal(num(j, "in_flight_bytes"), 4711);
    assert_int_equal(num(j, "pid"), getpid());
    assert_int_equal(num(json_object_get(j, "counts"), "discarded"), 5);
    assert_int_equal(num(json_object_get(j, "counts"), "copies"), 6);
    assert_string_equal(str(json_object_get(j, "filesystem"), "type"), "ext4");
    assert_string_equal(str(json_object_get(j, "filesystem"), "model"), "A");
    alarms = json_object_get(j, "alarms");
    assert_int_equal(json_array_size(alarms), 2);
    assert_string_equal(str(json_array_get(alarms, 0), "text"), "a \"quoted\" one\n");
    json_decref(r.line);
    control_world_close(&c);
}

static void every_intake_is_listed(void **state)
{
    static const char *const two[] = {"intake main.path=incoming", "intake fax.path=fax",
                                      "intake fax.ready=quiet:5s"};
    struct control_world c = control_world_open(two, 3);
    struct control_reply r = control_world_ask(&c, "status");
    const json_t *in = json_object_get(json_array_get(r.line, 0), "intakes");

    (void)state;
    assert_int_equal(json_array_size(in), 2);
    assert_string_equal(str(json_array_get(in, 0), "ready"), "rename");
    assert_string_equal(str(json_array_get(in, 1), "name"), "fax");
    assert_string_equal(str(json_array_get(in, 1), "ready"), "quiet");
    json_decref(r.line);
    control_world_close(&c);
}

static void the_queue_shows_whom_and_why(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    struct roster_entry *held = control_world_entry(&c, ROSTER_HELD);
    struct control_reply r;
    struct msg *m;
    const json_t *work, *wait;
    bool first;

    (void)state;
    roster_set_reason(held, "no <answer>");
    m = loop_world_claim(c.w, c.s, "x");
    flow_start(c.s, m);
    task_list_init(&c.s->todo); /* it stays where it is */
    r = control_world_ask(&c, "queue");
    assert_int_equal(json_array_size(r.line), 2);
    first = strcmp(str(json_array_get(r.line, 0), "state"), "in work") == 0;
    work = json_array_get(r.line, first ? 0 : 1);
    wait = json_array_get(r.line, first ? 1 : 0);
    assert_string_equal(str(work, "id"), m->base.s);
    assert_string_equal(str(work, "step"), "lock");
    assert_string_equal(str(work, "from"), "a@example.org");
    assert_int_equal(json_array_size(json_object_get(work, "to")), 3);
    assert_int_equal(num(work, "to_count"), 3);
    assert_string_equal(str(wait, "state"), "held");
    assert_string_equal(str(wait, "reason"), "no <answer>");
    assert_non_null(json_object_get(wait, "next"));
    json_decref(r.line);
    control_world_close(&c);
}

static void the_queue_can_be_cut(void **state)
{
    static const struct {
        const char *words;
        size_t wanted;
    } cases[] = {
        {"queue", 1000},         {"queue|limit=7", 7},          {"queue|held=yes", 600},
        {"queue|held=no", 1000}, {"queue|limit=5|held=yes", 5}, {"queue|limit=1200", 1200},
    };
    struct control_world c = control_world_open(NULL, 0);

    (void)state;
    for (int i = 0; i < 600; i++) {
        control_world_entry(&c, ROSTER_HELD);
        control_world_entry(&c, ROSTER_OFFERED);
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct control_reply r = control_world_ask(&c, cases[i].words);

        if (r.code != EXIT_OK || r.torn || json_array_size(r.line) != cases[i].wanted)
            fail_msg("%s: %zu lines, code %d", cases[i].words, json_array_size(r.line), r.code);
        json_decref(r.line);
    }
    control_world_close(&c);
}

static void many_recipients_are_counted_but_not_all_shown(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    struct roster_entry *e = control_world_entry(&c, ROSTER_WORK);
    struct envelope_error err;
    struct buf raw = {0};
    struct control_reply r;
    const json_t *j;

    (void)state;
    buf_add_str(&raw, "Written\na@example.org\n");
    for (int i = 0; i < 500; i++)
        buf_addf(&raw, "%sr%d@example.net", i ? "," : "", i);
    buf_add_str(&raw, "\n\n");
    e->msg = msg_new(&e->base);
    assert_int_equal(envelope_parse(&e->msg->env, &raw, &err), 0);
    r = control_world_ask(&c, "queue");
    j = json_array_get(r.line, 0);
    assert_int_equal(num(j, "to_count"), 500);
    assert_int_equal(json_array_size(json_object_get(j, "to")), 100);
    json_decref(r.line);
    control_world_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_state_is_the_worst_that_holds),
        cmocka_unit_test(status_counts_what_there_is),
        cmocka_unit_test(every_intake_is_listed),
        cmocka_unit_test(the_queue_shows_whom_and_why),
        cmocka_unit_test(the_queue_can_be_cut),
        cmocka_unit_test(many_recipients_are_counted_but_not_all_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
