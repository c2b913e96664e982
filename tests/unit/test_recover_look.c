/*
 * test_recover_look.c - unit tests of spoold/recover_look.c: what a look at proc starts, keeps waiting, or
 * only reports.
 *
 * Run by `make check`. Each state is put into proc by hand, one look is taken,
 * and then either the roster is compared or the flow runs to its end with the
 * store inside the loop. The rows themselves are test_recover.c's, the repairs
 * test_recover_repair.c's.
 */
#include "tests/unit/loop_world.h"

/* As after the start: no look was taken yet. */
static struct bench fresh_open(const char *const *setting, size_t n)
{
    struct bench k = bench_open(setting, n);

    k.s->recovered = false;
    return k;
}

static void put_state(struct bench *k, const struct base *b, const char *const *suffix)
{
    for (; *suffix; suffix++)
        depot_world_put(k->w, "proc", b, *suffix,
                        strstr(*suffix, ".hdr") ? DEPOT_WORLD_HDR : DEPOT_WORLD_EML);
}

/* Only the look itself; what it starts is queued. */
static void look(struct bench *k)
{
    recover_look(k->s);
    assert_true(k->s->looking);
    assert_int_equal(loop_world_turn(k->s), 1);
    if (k->s->looking) /* there was something to repair */
        loop_world_turn(k->s);
    assert_false(k->s->looking);
}

static void whatever_was_under_way_comes_to_its_one_end(void **state)
{
    static const struct {
        const char *says, *suffix[6], *outgoing, *virus;
    } cases[] = {
        {"interrupted attempt", {".eml", ".hdr.w1", ".1.eml.out"}, "@.eml @.hdr", ""},
        {"committed", {".eml", ".hdr.send", ".1.eml.out", ".1.hdr.out"}, "@.eml @.hdr", ""},
        {"two copies, one envelope out", {".eml", ".hdr.send", ".2.hdr.out"}, "@.2.hdr", ""},
        {"published, originals left", {".eml", ".hdr.send"}, "", ""},
        {"content unlinked", {".hdr.send"}, "", ""},
        {"quarantine", {".eml", ".hdr.q-virus", ".json.out"}, "", "@.eml @.hdr @.json"},
        {"quarantine, record moved", {".hdr.q-virus", ".json.out"}, "", "@.hdr @.json"},
        {"copies and quarantine",
         {".eml", ".hdr.q-virus", ".json.out", ".1.eml.out", ".1.hdr.out"},
         "@.eml @.hdr",
         "@.eml @.hdr @.json"},
        {"discard", {".eml", ".hdr.drop"}, "", ""},
        {"discard with a copy", {".eml", ".hdr.drop", ".1.hdr.out"}, "@.hdr", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench k = fresh_open(NULL, 0);
        struct base b = world_base(k.w, "x");

        print_message("  %s\n", cases[i].says);
        put_state(&k, &b, cases[i].suffix);
        look(&k);
        assert_int_equal(k.s->roster.count[ROSTER_WORK], 1);
        loop_world_run_out(k.s);
        depot_world_expect(k.w, "proc", &b, "");
        depot_world_expect(k.w, "outgoing", &b, cases[i].outgoing);
        depot_world_expect(k.w, "quarantine/virus", &b, cases[i].virus);
        assert_int_equal(k.s->roster.count[ROSTER_WORK], 0);
        assert_int_equal(k.s->bytes_in_flight, 0);
        assert_true(k.s->recovered);
        bench_close(&k);
    }
}

static void the_attempt_is_counted_in_the_name(void **state)
{
    static const struct {
        const char *suffix;
        const char *wanted, *poison, *outgoing;
    } cases[] = {
        {".hdr.w1", "@.eml @.hdr.w2", "", "@.eml @.hdr"},
        {".hdr.w2", "@.eml @.hdr.w3", "", "@.eml @.hdr"},
        {".hdr.w3", "@.eml @.hdr.w3", "@.eml @.hdr @.json", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench k = fresh_open(NULL, 0);
        struct base b = world_base(k.w, "x");

        put_state(&k, &b, (const char *const[]){".eml", cases[i].suffix, NULL});
        look(&k);
        loop_world_turn(k.s);
        depot_world_expect(k.w, "proc", &b, cases[i].wanted);
        loop_world_run_out(k.s);
        depot_world_expect(k.w, "quarantine/poison", &b, cases[i].poison);
        depot_world_expect(k.w, "outgoing", &b, cases[i].outgoing);
        bench_close(&k);
    }
}

static void an_attempt_that_ended_by_the_disk_is_not_counted(void **state)
{
    struct bench k = fresh_open(NULL, 0);
    struct base b = world_base(k.w, "x");
    struct roster_entry *e;

    (void)state;
    put_state(&k, &b, (const char *const[]){".eml", ".hdr.w3", NULL});
    e = roster_add(&k.s->roster, &b);
    e->keep_attempt = true;
    roster_set_state(&k.s->roster, e, ROSTER_RESTING);
    roster_set_due(&k.s->roster, e, INT64_MAX);
    look(&k);
    loop_world_turn(k.s);
    depot_world_expect(k.w, "proc", &b, "@.eml @.hdr.w3");
    loop_world_run_out(k.s);
    depot_world_expect(k.w, "outgoing", &b, "@.eml @.hdr");
    bench_close(&k);
}

static void what_the_roster_knows_is_left_alone(void **state)
{
    static const enum roster_state known[] = {ROSTER_WORK, ROSTER_HELD, ROSTER_OFFERED, ROSTER_RESTING};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct bench k = fresh_open(NULL, 0);
        struct base b = world_base(k.w, "x");
        struct roster_entry *e = roster_add(&k.s->roster, &b);

        put_state(&k, &b, (const char *const[]){".eml", ".hdr.w1", NULL});
        roster_set_state(&k.s->roster, e, known[i]);
        e->due = depot_mono_ms() + 60000;
        look(&k);
        assert_null(k.s->todo.first);
        assert_ptr_equal(roster_find(&k.s->roster, &b), e);
        depot_world_expect(k.w, "proc", &b, "@.eml @.hdr.w1");
        bench_close(&k);
    }
}

static void remember_hold(struct bench *k, const struct base *b, int64_t next_ms)
{
    struct ledger_hold h = {.id = *b, .since_ms = depot_wall_ms() - 7000, .next_ms = next_ms, .tries = 4};

    snprintf(h.reason, sizeof h.reason, "no name server");
    depot_begin(&k->s->depot);
    ledger_put_hold(k->s->depot.ledger, &h);
    ledger_commit(k->s->depot.ledger);
    k->s->depot.in_txn = false;
}

static void a_hold_goes_on_where_the_ledger_says(void **state)
{
    static const struct {
        const char *says;
        int64_t in_ms, low, high;
    } cases[] = {
        {"its time", 100000, 99000, 100000},
        {"time is over: now", -5000, 0, 0},
        {"the clock was set back: hold_longest", INT64_C(86400000), 899000, 900000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench k = fresh_open(NULL, 0);
        struct base b = world_base(k.w, "x");
        struct roster_entry *e;
        int64_t wait;

        put_state(&k, &b, (const char *const[]){".eml", ".hdr.h2", NULL});
        remember_hold(&k, &b, depot_wall_ms() + cases[i].in_ms);
        look(&k);
        e = roster_find(&k.s->roster, &b);
        assert_non_null(e);
        assert_int_equal(e->state, ROSTER_HELD);
        assert_true(e->attempt == 2 && e->tries == 4);
        assert_string_equal(e->reason, "no name server");
        wait = e->due - depot_mono_ms();
        if (wait > cases[i].high || wait < cases[i].low - 1000)
            fail_msg("%s: %lld ms", cases[i].says, (long long)wait);
        assert_in_range(depot_wall_ms() - e->first_ms, 7000, 9000);
        bench_close(&k);
    }
}

static void holds_without_a_ledger_are_spread(void **state)
{
    struct bench k = fresh_open(NULL, 0);
    int64_t last = 0;

    (void)state;
    for (int i = 0; i < 5; i++) {
        struct base b = world_base(k.w, "x");

        put_state(&k, &b, (const char *const[]){".eml", ".hdr.h0", NULL});
    }
    look(&k);
    assert_int_equal(k.s->roster.count[ROSTER_HELD], 5);
    k.s->recovered = true;
    last = depot_mono_ms() + 20;
    assert_in_range(k.s->roster.next_due, 1, last);
    bench_close(&k);
}

static void nothing_is_taken_in_before_the_repairs_are_done(void **state)
{
    struct bench k = fresh_open(NULL, 0);
    struct base b = world_base(k.w, "x");

    (void)state;
    put_state(&k, &b, (const char *const[]){".1.eml.out", ".1.hdr.out", NULL});
    for (int i = 0; i < 2; i++) {
        look(&k);
        assert_false(k.s->recovered);
        assert_true(k.s->look_due <= depot_mono_ms() + 20);
    }
    look(&k);
    assert_true(k.s->recovered);
    assert_true(k.s->look_due > depot_mono_ms() + 1000);
    bench_close(&k);
}

static void a_list_with_holes_is_not_acted_upon(void **state)
{
    struct bench k = fresh_open(NULL, 0);
    struct base b = world_base(k.w, "x");
    int fd = k.s->depot.spool.proc.fd;

    (void)state;
    put_state(&k, &b, (const char *const[]){".eml", ".hdr.w1", NULL});
    k.s->depot.spool.proc.fd = -1;
    look(&k);
    k.s->depot.spool.proc.fd = fd;
    assert_null(k.s->todo.first);
    assert_false(k.s->recovered);
    bench_close(&k);
}

static void what_spoold_never_makes_is_reported_and_stays(void **state)
{
    static const char *const cases[][4] = {
        {".eml", ".hdr.w1", ".hdr.send", NULL},
        {".eml", ".hdr.keep", NULL},
        {".eml", ".hdr.q-other", NULL},
        {".odd", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench k = fresh_open(NULL, 0);
        struct base b = world_base(k.w, "x");

        put_state(&k, &b, cases[i]);
        look(&k);
        assert_true(k.s->alarms.since_ms[ALARM_STRANGE_STATE] != 0);
        assert_null(k.s->todo.first);
        for (size_t n = 0; cases[i][n]; n++) {
            char name[MSG_NAME_MAX];

            snprintf(name, sizeof name, "%s%s", b.s, cases[i][n]);
            assert_true(depot_world_has(k.w, "proc", name));
        }
        bench_close(&k);
    }
}

static void a_message_of_an_unknown_intake_stays_in_proc(void **state)
{
    static const char *const suffix[] = {".hdr.w1", ".hdr.h1", ".hdr.send"};
    struct stat eml = {.st_ino = 5}, hdr = {.st_ino = 6};
    struct base b;

    (void)state;
    base_make(&b, VIEW("x"), "gone", &eml, &hdr);
    for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++) {
        struct bench k = fresh_open(NULL, 0);

        put_state(&k, &b, (const char *const[]){".eml", suffix[i], NULL});
        look(&k);
        assert_true(k.s->alarms.since_ms[ALARM_STRANGE_STATE] != 0);
        assert_null(k.s->todo.first);
        assert_null(roster_find(&k.s->roster, &b));
        bench_close(&k);
    }
}

static void an_offered_message_waits_for_its_window(void **state)
{
    static const char *const stage[] = {"spool.external_stage=yes", "spool.external_window=7s"};
    struct bench k = fresh_open(stage, 2);
    struct base b = world_base(k.w, "x");
    const struct roster_entry *e;

    (void)state;
    put_state(&k, &b, (const char *const[]){".eml", ".hdr", NULL});
    look(&k);
    e = roster_find(&k.s->roster, &b);
    assert_non_null(e);
    assert_int_equal(e->state, ROSTER_OFFERED);
    assert_in_range(e->due - depot_mono_ms(), 6000, 7000);
    bench_close(&k);
}

static void what_another_program_has_is_waited_for(void **state)
{
    static const char *const stage[] = {"spool.external_stage=yes"};
    static const char *const cases[][3] = {{".eml", NULL}, {".eml", ".hdr.theirs", NULL}, {".hdr", NULL}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct bench k = fresh_open(stage, 1);
        struct base b = world_base(k.w, "x");
        const struct roster_entry *e;

        put_state(&k, &b, cases[i]);
        look(&k);
        e = roster_find(&k.s->roster, &b);
        assert_non_null(e);
        assert_int_equal(e->state, ROSTER_RESTING);
        assert_int_equal(k.s->alarms.since_ms[ALARM_STRANGE_STATE], 0);
        bench_close(&k);
    }
}

static void a_pair_put_there_by_hand_is_claimed_in_place(void **state)
{
    struct bench k = fresh_open(NULL, 0);

    (void)state;
    depot_world_pair(k.w, "proc", "by hand");
    depot_world_write(k.w, "proc", "letter.txt", "left alone");
    depot_world_write(k.w, "proc", "half.hdr", DEPOT_WORLD_HDR);
    look(&k);
    assert_int_equal(k.s->roster.count[ROSTER_WORK], 1);
    loop_world_run_out(k.s);
    depot_world_expect(k.w, "proc", NULL, "half.hdr letter.txt");
    bench_close(&k);
}

static void a_base_belongs_to_the_intake_it_names(void **state)
{
    static const char *const two[] = {"intake main.path=incoming", "intake fax-2.path=fax"};
    struct bench k = fresh_open(two, 2);
    struct stat st = {.st_ino = 5};
    struct base b;

    (void)state;
    base_make(&b, VIEW("x"), NULL, &st, &st);
    assert_string_equal(k.s->cfg->intake[recover_intake(k.s->cfg, &b)].name, "main");
    base_make(&b, VIEW("x"), "fax-2", &st, &st);
    assert_string_equal(k.s->cfg->intake[recover_intake(k.s->cfg, &b)].name, "fax-2");
    base_make(&b, VIEW("x"), "fax", &st, &st);
    assert_true(recover_intake(k.s->cfg, &b) == SIZE_MAX);
    bench_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_was_under_way_comes_to_its_one_end),
        cmocka_unit_test(the_attempt_is_counted_in_the_name),
        cmocka_unit_test(an_attempt_that_ended_by_the_disk_is_not_counted),
        cmocka_unit_test(what_the_roster_knows_is_left_alone),
        cmocka_unit_test(a_hold_goes_on_where_the_ledger_says),
        cmocka_unit_test(holds_without_a_ledger_are_spread),
        cmocka_unit_test(nothing_is_taken_in_before_the_repairs_are_done),
        cmocka_unit_test(a_list_with_holes_is_not_acted_upon),
        cmocka_unit_test(what_spoold_never_makes_is_reported_and_stays),
        cmocka_unit_test(a_message_of_an_unknown_intake_stays_in_proc),
        cmocka_unit_test(an_offered_message_waits_for_its_window),
        cmocka_unit_test(what_another_program_has_is_waited_for),
        cmocka_unit_test(a_pair_put_there_by_hand_is_claimed_in_place),
        cmocka_unit_test(a_base_belongs_to_the_intake_it_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
