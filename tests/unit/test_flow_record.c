/*
 * test_flow_record.c - unit tests of spoold/flow_record.c: which lines stand in the journal, for whom, and
 * that they do.
 *
 * Run by `make check`. The journal's text is read back. A line may stand twice,
 * but "accepted" is not repeated when the ledger knows it, and a hold ends with
 * the message.
 */
#include "tests/unit/depot_world.h"

#include "spoold/flow_quarantine.h"

#include <signal.h>
#include <sys/resource.h>

static void every_recipient_stands_in_one_line(void **state)
{
    static const struct {
        enum msg_fate fate;
        size_t copies;
        const char *line[3];
    } cases[] = {
        {MSG_FATE_QUARANTINE,
         1,
         {"\"event\":\"delivered\"", "\"to\":[\"1@example.net\"]",
          "\"to\":[\"2@example.net\",\"3@example.net\"]"}},
        {MSG_FATE_DROP, 2, {"\"copy\":2", "\"event\":\"discarded\"", "\"to\":[\"3@example.net\"]"}},
        {MSG_FATE_QUARANTINE,
         0,
         {"\"event\":\"quarantined\"", "\"class\":\"virus\"", "\"reason\":\"a reason\""}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = depot_world_plain();
        struct msg *m = depot_world_decided(w, "x", cases[i].fate, cases[i].copies);

        msg_set_reason(m, "a reason");
        assert_int_equal(flow_record(&w->d, m), 0);
        depot_world_flush(w);
        assert_int_equal(m->err, 0);
        for (size_t n = 0; n < 3; n++)
            if (depot_world_lines(w, cases[i].line[n]) < 1)
                fail_msg("case %zu: %s is not in the journal", i, cases[i].line[n]);
        assert_int_equal(depot_world_lines(w, "\n"), 2 + cases[i].copies);
        msg_free(&m);
        depot_world_close(&w);
    }
}

static void a_redirected_copy_is_about_whom_it_was_for(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_decided(w, "x", MSG_FATE_DROP, 2);

    (void)state;
    msg_set_reason(m, "of the rest");
    m->copy[1].redirect = xstrdup("t@example.org");
    assert_int_equal(flow_record(&w->d, m), 0);
    depot_world_flush(w);
    assert_int_equal(depot_world_lines(w, "\"to\":[\"2@example.net\"]"), 1);
    assert_int_equal(depot_world_lines(w, "\"reason\":\"redirected to t@example.org\""), 1);
    assert_int_equal(depot_world_lines(w, "\"reason\":\"of the rest\""), 2);
    /* After a restart that finds the original gone nothing is written again. */
    m->recorded = true;
    assert_int_equal(flow_record(&w->d, m), 0);
    assert_int_equal(depot_world_lines(w, "\n"), 4);
    msg_free(&m);
    depot_world_close(&w);
}

static void a_sent_message_has_no_line_but_its_copies(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_decided(w, "x", MSG_FATE_SEND, 2);

    (void)state;
    assert_int_equal(flow_record(&w->d, m), 0);
    depot_world_flush(w);
    assert_int_equal(depot_world_events(w, &m->base), 1u << EVENT_ACCEPTED | 1u << EVENT_DELIVERED);
    assert_int_equal(depot_world_lines(w, "\"event\":\"delivered\""), 2);
    msg_free(&m);
    depot_world_close(&w);
}

static void accepted_says_who_brought_it(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_claim(w, "odd \"name\"");

    (void)state;
    msg_set_reason(m, "not of this line");
    for (int i = 0; i < 2; i++)
        assert_int_equal(flow_record_accepted(&w->d, m), 0);
    depot_world_flush(w);
    assert_int_equal(depot_world_lines(w, "\n"), 1);
    assert_int_equal(depot_world_lines(w, "\"name\":\"odd \\\"name\\\"\""), 1);
    assert_int_equal(depot_world_lines(w, "\"client\":\"192.0.2.1\""), 1);
    assert_int_equal(depot_world_lines(w, "not of this line"), 0);
    msg_free(&m);
    depot_world_close(&w);
}

static void after_a_restart_the_ledger_is_asked(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_claim(w, "x");

    (void)state;
    assert_int_equal(flow_record_accepted(&w->d, m), 0);
    depot_world_flush(w);
    m->accepted = false;
    m->recovered = true;
    assert_int_equal(flow_record_accepted(&w->d, m), 0);
    assert_true(m->accepted);
    assert_int_equal(depot_world_lines(w, "\n"), 1);
    msg_free(&m);
    depot_world_close(&w);
}

static void the_hold_ends_with_the_message(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_decided(w, "x", MSG_FATE_SEND, 1);
    struct ledger_hold h = {.id = m->base, .next_ms = 5};

    (void)state;
    depot_begin(&w->d);
    assert_int_equal(ledger_put_hold(w->d.ledger, &h), 0);
    depot_world_flush(w);
    assert_int_equal(flow_record(&w->d, m), 0);
    depot_world_flush(w);
    assert_int_equal(ledger_get_hold(w->d.ledger, base_view(&m->base), &h), 0);
    msg_free(&m);
    depot_world_close(&w);
}

static void a_journal_that_takes_nothing_stops_the_step(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_decided(w, "x", MSG_FATE_DROP, 0);
    struct rlimit none, old;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &none);
    assert_int_equal(flow_record(&w->d, m), -1);
    assert_int_equal(m->err, EFBIG);
    assert_false(m->accepted);
    assert_int_equal(depot_world_prepare(&w->d, m), -1);
    setrlimit(RLIMIT_FSIZE, &old);
    depot_world_expect(w, "proc", &m->base, "@.eml @.hdr.w1");
    m->err = 0;
    assert_int_equal(flow_record(&w->d, m), 0);
    depot_world_flush(w);
    assert_int_equal(m->err, 0);
    assert_int_equal(depot_world_events(w, &m->base), 1u << EVENT_ACCEPTED | 1u << EVENT_DISCARDED);
    msg_free(&m);
    depot_world_close(&w);
}

/* The worst that worker-av may tell: the line stays short, the entry's own record has all of it. */
static void a_long_list_of_parts_is_cut_in_the_journal_only(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_decided(w, "x", MSG_FATE_QUARANTINE, 0);
    char name[PARTS_NAME_MAX];
    struct buf record = {0};
    struct journal_reader *r;
    struct journal_place place;
    struct event e;
    size_t shown = 0;
    json_t *j;

    (void)state;
    memset(name, '"', sizeof name);
    m->hashed = true;
    m->parts.odd = oddity_bit(ODDITY_TYPES);
    for (unsigned i = 0; i < PARTS_LISTED_MAX + 5; i++)
        parts_add(&m->parts, &(struct parts_item){.size = i}, VIEW("a/b"), (struct view){name, sizeof name});
    assert_int_equal(flow_record(&w->d, m), 0);
    depot_world_flush(w);
    r = journal_reader_open(w->d.journal_dir, NULL);
    while (journal_reader_next(r, &e, &place) == 1) {
        if (e.kind != EVENT_ACCEPTED) {
            assert_int_equal(e.record.n, 0); /* once */
            continue;
        }
        assert_true(e.record.n > 10000 && e.record.n < 14000);
        j = json_loadb(e.record.p, e.record.n, 0, NULL);
        shown = json_array_size(json_object_get(j, "parts"));
        assert_int_equal(shown + (size_t)json_integer_value(json_object_get(j, "parts_more")),
                         PARTS_LISTED_MAX + 5);
        assert_true(json_is_true(json_object_get(j, "ambiguous")));
        json_decref(j);
    }
    journal_reader_close(&r);
    assert_true(shown > 10 && shown < 30);
    flow_quarantine_record(m, &record);
    j = json_loadb(record.p, record.n, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(j, "parts")), PARTS_LISTED_MAX);
    assert_int_equal(json_integer_value(json_object_get(j, "parts_more")), 5);
    json_decref(j);
    buf_free(&record);
    msg_free(&m);
    depot_world_close(&w);
}

/* Durable before the commit, whoever hands it over and whatever happens later. */
static void the_decision_stands_in_the_line_accepted(void **state)
{
    static const char *const settings[] = {"intake main.deliver=smtp:127.0.0.1:25", "spool.max_hops=100"};

    (void)state;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        struct world *w = depot_world_open(&settings[i], 1);
        struct msg *m = depot_world_decided(w, "x", MSG_FATE_SEND, 1);

        parts_add(&m->parts, &(struct parts_item){.size = 1}, VIEW("a/b"), VIEW("n"));
        assert_int_equal(flow_record_accepted(&w->d, m), 0);
        depot_world_flush(w);
        assert_int_equal(depot_world_lines(w, "\"parts\":[{\"type\":\"a/b\""), 1);
        assert_int_equal(flow_record(&w->d, m), 0);
        depot_world_flush(w);
        assert_int_equal(depot_world_lines(w, "\"event\":\"delivered\""), i == 1);
        assert_int_equal(depot_world_lines(w, "\"parts\":[{\"type\":\"a/b\""), 1);
        msg_free(&m);
        depot_world_close(&w);
    }
}

/* After a crash before the commit another decision may be made: the last record counts. */
static void a_new_decision_is_written_again(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_decided(w, "x", MSG_FATE_SEND, 1);

    (void)state;
    assert_int_equal(flow_record_accepted(&w->d, m), 0);
    depot_world_flush(w);
    m->accepted = false;
    m->recovered = true;
    m->fate = MSG_FATE_QUARANTINE;
    assert_int_equal(flow_record_accepted(&w->d, m), 0);
    depot_world_flush(w);
    assert_int_equal(depot_world_lines(w, "\"fate\":\"send\""), 1);
    assert_int_equal(depot_world_lines(w, "\"fate\":\"quarantine\""), 1);
    assert_int_equal(depot_world_events(w, &m->base), 1u << EVENT_ACCEPTED);
    msg_free(&m);
    depot_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_recipient_stands_in_one_line),
        cmocka_unit_test(a_redirected_copy_is_about_whom_it_was_for),
        cmocka_unit_test(a_sent_message_has_no_line_but_its_copies),
        cmocka_unit_test(accepted_says_who_brought_it),
        cmocka_unit_test(after_a_restart_the_ledger_is_asked),
        cmocka_unit_test(the_hold_ends_with_the_message),
        cmocka_unit_test(a_long_list_of_parts_is_cut_in_the_journal_only),
        cmocka_unit_test(the_decision_stands_in_the_line_accepted),
        cmocka_unit_test(a_new_decision_is_written_again),
        cmocka_unit_test(a_journal_that_takes_nothing_stops_the_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
