/*
 * test_query_events.c - unit tests of spoold/query_events.c: each event once, in order, from any place.
 *
 * Run by `make check`. The journal is written as spoold writes it; answers are
 * taken run after run, as the control server does.
 */
#include "tests/unit/query_world.h"

#include "common/log.h"

static void say(struct world *w, unsigned n)
{
    while (n-- > 0) {
        struct base b = world_base(w, "x");

        world_say(w, EVENT_ACCEPTED, &b);
    }
    world_settle(w);
}

/* The place that the last line names; the events before it are counted. */
static size_t events_of(const struct answer *a, char *next, size_t size)
{
    size_t n = json_array_size(a->line);

    assert_int_equal(a->code, EXIT_OK);
    assert_true(n > 0);
    snprintf(next, size, "events|after=%s", answer_str(a, n - 1, "next"));
    for (size_t i = 0; i + 1 < n; i++)
        assert_string_equal(answer_str(a, i, "event"), "accepted");
    return n - 1;
}

static void the_last_ones_then_what_follows(void **state)
{
    static const struct {
        const char *says, *words;
        size_t wanted;
    } cases[] = {
        {"none", "events|last=0", 0},
        {"a few", "events|last=3", 3},
        {"as many as there are", "events|last=5", 5},
        {"more than there are", "events|last=1000", 5},
    };
    struct world *w = world_open(NULL);
    unsigned all = 5;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char next[200];
        struct answer a;
        size_t got;

        say(w, i == 0 ? 5 : 0);
        a = world_ask(w, cases[i].words);
        got = events_of(&a, next, sizeof next);
        if (got != (cases[i].wanted == 5 && all > 5 && i == 3 ? all : cases[i].wanted))
            fail_msg("%s: %zu", cases[i].says, got);
        answer_free(&a);
        a = world_ask(w, next);
        assert_int_equal(events_of(&a, next, sizeof next), 0);
        answer_free(&a);
        say(w, 2);
        all += 2;
        a = world_ask(w, next);
        assert_int_equal(events_of(&a, next, sizeof next), 2);
        answer_free(&a);
    }
    world_close(&w);
}

/* Lines of very different length: looking back must find the whole number all the same. */
static void long_lines_make_it_look_further_back(void **state)
{
    static char reason[20000];
    struct world *w = world_open(NULL);
    struct answer a;
    char next[200];

    (void)state;
    memset(reason, 'x', sizeof reason - 1);
    for (int i = 0; i < 20; i++) {
        struct base b = world_base(w, "x");
        struct event e = world_event(w, EVENT_ACCEPTED, &b);

        e.reason = view_of(i % 2 ? reason : "short");
        world_record(w, &e);
    }
    world_settle(w);
    a = world_ask(w, "events|last=15");
    assert_int_equal(events_of(&a, next, sizeof next), 15);
    answer_free(&a);
    world_close(&w);
}

static void a_line_too_long_for_a_packet_is_cut(void **state)
{
    static char name[100000];
    struct world *w = world_open(NULL);
    struct base b = world_base(w, "x");
    struct event e = world_event(w, EVENT_ACCEPTED, &b);
    struct view rcpt = {name, sizeof name};
    struct answer a;

    (void)state;
    memset(name, 'a', sizeof name);
    e.rcpt = &rcpt;
    e.rcpt_n = 1;
    world_record(w, &e);
    world_settle(w);
    a = world_ask(w, "events|after=");
    assert_int_equal(json_array_size(a.line), 2);
    assert_string_equal(answer_str(&a, 0, "id"), b.s);
    assert_int_equal(answer_int(&a, 0, "to_count"), 1);
    answer_free(&a);
    world_close(&w);
}

/* Many are given in parts, and nobody is skipped or shown twice. */
static void many_come_in_parts(void **state)
{
    struct world *w = world_open(NULL);
    char next[200] = "events|after=";
    size_t sum = 0;
    unsigned parts = 0;
    bool more = true;

    (void)state;
    say(w, 4500);
    while (more) {
        struct answer a = world_ask(w, next);

        sum += events_of(&a, next, sizeof next);
        more = answer_bool(&a, json_array_size(a.line) - 1, "more");
        assert_true(a.runs > 1);
        answer_free(&a);
        parts++;
    }
    assert_int_equal(sum, 4500);
    assert_int_equal(parts, 3);
    world_close(&w);
}

static void nonsense_is_refused(void **state)
{
    static const char *const words[] = {"events",
                                        "events|last=x",
                                        "events|last=",
                                        "events|last=1001",
                                        "events|last=-1",
                                        "events|last=5|x",
                                        "events|after=2026-01-02",
                                        "events|after=2026-01-02:",
                                        "events|after=2026-01-02:x",
                                        "events|after=../../lock:0",
                                        "events|after=2026-01-02a:0",
                                        "events|after=2026-01-02bb:0",
                                        "events|after=2026-01-02:99999999999999999999"};
    struct world *w = world_open(NULL);

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct answer a = world_ask(w, words[i]);

        if (a.code != EXIT_USAGE_64)
            fail_msg("%s: code %d", words[i], a.code);
        answer_free(&a);
    }
    world_close(&w);
}

/* Days that were removed, places in the middle of a line or behind the end: whole lines only, no error. */
static void a_place_that_does_not_fit_is_no_error(void **state)
{
    static const char *const words[] = {"events|after=2001-01-01:5", "events|after=2999-01-02z:7",
                                        "events|after=2001-01-01b:0"};
    struct world *w = world_open(NULL);
    char next[200];

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct answer a = world_ask(w, words[i]); /* no journal at all */

        assert_int_equal(events_of(&a, next, sizeof next), 0);
        answer_free(&a);
    }
    say(w, 3);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct answer a = world_ask(w, words[i]);

        assert_int_equal(events_of(&a, next, sizeof next), i == 1 ? 0 : 3);
        answer_free(&a);
    }
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_ones_then_what_follows),
        cmocka_unit_test(long_lines_make_it_look_further_back),
        cmocka_unit_test(a_line_too_long_for_a_packet_is_cut),
        cmocka_unit_test(many_come_in_parts),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(a_place_that_does_not_fit_is_no_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
