/*
 * test_control_hold.c - unit tests of spoold/control_hold.c: hold, unhold and retry over a real socket.
 *
 * Run by `make check`. One message named x is in the roster, in the state that a
 * case names; what the verb answers is compared with the table.
 */
#include "tests/unit/control_world.h"

#include "spoold/hold.h"

enum setting { PLAIN, KEPT, TWICE, FROZEN, STOPPING };

static const struct {
    const char *says, *words;
    enum roster_state at;
    enum setting setting;
    int code;
    const char *message; /* its beginning */
    bool kept, due;      /* after it */
} cases[] = {
    {"a held one is kept", "hold|x", ROSTER_HELD, PLAIN, EXIT_OK, "", true, false},
    {"twice is once", "hold|x", ROSTER_HELD, KEPT, EXIT_OK, "", true, false},
    {"an ID is needed", "hold", ROSTER_HELD, PLAIN, EXIT_USAGE_64, "exactly one ID", false, false},
    {"and only one", "hold|x|y", ROSTER_HELD, PLAIN, EXIT_USAGE_64, "exactly one ID", false, false},
    {"one that is here", "hold|y", ROSTER_HELD, PLAIN, EXIT_FINDING, "no message with that ID", false, false},
    {"a name of two is refused", "hold|x", ROSTER_HELD, TWICE, EXIT_FINDING, "several messages", false,
     false},
    {"not while it stops", "hold|x", ROSTER_HELD, STOPPING, EXIT_TEMP_75, "spoold is stopping", false, false},
    {"a kept one is let go", "unhold|x", ROSTER_HELD, KEPT, EXIT_OK, "", false, true},
    {"one held for another reason is not", "unhold|x", ROSTER_HELD, PLAIN, EXIT_FINDING,
     "no administrator holds", false, false},
    {"nor one that is not held", "unhold|x", ROSTER_RESTING, PLAIN, EXIT_FINDING, "it is not held", false,
     false},
    {"unhold finds what is here", "unhold|y", ROSTER_HELD, PLAIN, EXIT_FINDING, "no message with that ID",
     false, false},
    {"a held one is tried", "retry|x", ROSTER_HELD, PLAIN, EXIT_OK, "", false, true},
    {"a kept one is not", "retry|x", ROSTER_HELD, KEPT, EXIT_FINDING, "an administrator holds it", true,
     false},
    {"nor one that is not held", "retry|x", ROSTER_RESTING, PLAIN, EXIT_FINDING, "it is not held", false,
     false},
    {"all held ones are tried", "retry|all", ROSTER_HELD, PLAIN, EXIT_OK, "", false, true},
    {"but no kept one", "retry|all", ROSTER_HELD, KEPT, EXIT_OK, "", true, false},
    {"not while it is frozen", "retry|all", ROSTER_HELD, FROZEN, EXIT_TEMP_75, "spoold is frozen", false,
     false},
    {"a word is needed", "retry", ROSTER_HELD, PLAIN, EXIT_USAGE_64, "exactly one ID", false, false},
};

static void answers_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct control_world c = control_world_open(NULL, 0);
        struct roster_entry *e = control_world_entry(&c, cases[i].at);
        struct control_reply r;

        if (cases[i].setting == KEPT)
            hold_keep(c.s, e, (struct control_ticket){.number = 0});
        if (cases[i].setting == TWICE)
            control_world_entry(&c, ROSTER_HELD);
        c.s->frozen = cases[i].setting == FROZEN;
        c.s->stopping = cases[i].setting == STOPPING;
        r = control_world_ask(&c, cases[i].words);
        if (r.code != cases[i].code || strncmp(r.message, cases[i].message, strlen(cases[i].message)) != 0 ||
            json_array_size(r.line) != (r.code ? 0 : 1) || roster_is_kept(e) != cases[i].kept ||
            (e->due == 0) != cases[i].due)
            fail_msg("%s: code %d, '%s', %zu lines, kept %d, due %lld", cases[i].says, r.code, r.message,
                     json_array_size(r.line), roster_is_kept(e), (long long)e->due);
        json_decref(r.line);
        control_world_close(&c);
    }
}

/* The answer is given when the order is durable: a new spoold reads it from the ledger. */
static void the_order_stands_in_the_ledger(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    struct roster_entry *e = control_world_entry(&c, ROSTER_HELD);
    struct ledger_hold h;
    struct control_reply r;

    (void)state;
    e->tries = 4;
    r = control_world_ask(&c, e->base.s);
    assert_int_equal(r.code, EXIT_USAGE_64); /* no verb */
    json_decref(r.line);
    r = control_world_ask(&c, "hold|x");
    assert_true(json_is_true(json_object_get(json_array_get(r.line, 0), "kept")));
    json_decref(r.line);
    assert_int_equal(ledger_get_hold(c.s->depot.ledger, base_view(&e->base), &h), 1);
    assert_string_equal(h.reason, ROSTER_KEPT);
    assert_int_equal(h.tries, 4);
    r = control_world_ask(&c, "unhold|x");
    json_decref(r.line);
    assert_int_equal(ledger_get_hold(c.s->depot.ledger, base_view(&e->base), &h), 1);
    assert_string_equal(h.reason, "");
    assert_int_equal(h.tries, 0);
    control_world_close(&c);
}

/* Somebody who waits for one in work is told after a while that it takes longer. */
static void who_waits_too_long_is_told(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    struct roster_entry *e = control_world_entry(&c, ROSTER_RESTING);
    struct control_reply r = {.line = json_array()};
    int fd = control_world_connect(&c);

    (void)state;
    control_world_pump(&c);
    assert_true(send(fd, "hold\0x", 7, 0) == 7);
    control_world_pump(&c);
    hold_run(c.s, depot_mono_ms());
    control_world_take(fd, &r);
    assert_false(r.closed);
    hold_run(c.s, depot_mono_ms() + HOLD_WAIT_MS);
    control_world_take(fd, &r);
    control_world_end(&r);
    assert_int_equal(r.code, EXIT_TEMP_75);
    assert_non_null(strstr(r.message, "it is in work"));
    assert_true(hold_is_wanted(c.s, &e->base));
    json_decref(r.line);
    r = control_world_ask(&c, "unhold|x");
    assert_int_equal(r.code, EXIT_OK);
    assert_false(hold_is_wanted(c.s, &e->base));
    json_decref(r.line);
    close(fd);
    control_world_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_follow_the_table),
        cmocka_unit_test(the_order_stands_in_the_ledger),
        cmocka_unit_test(who_waits_too_long_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
