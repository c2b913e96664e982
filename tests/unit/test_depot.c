/*
 * test_depot.c - unit tests of spoold/depot.c: one batch, one flush, and the ledger never ahead of the
 * journal.
 *
 * Run by `make check`, on real files in a temporary spool.
 */
#include "tests/unit/depot_world.h"

struct step {
    struct task task;
    struct base b;
    int err, seen; /* seen: the batch was not flushed yet when the last task ran */
};

static void run_record(struct task *t, struct depot *d)
{
    struct step *s = (struct step *)t;
    struct event e = {.kind = EVENT_ACCEPTED, .at_ms = WORLD_AT, .id = s->b, .name = VIEW("x")};

    assert_int_equal(depot_record(d, &e), 0);
    spool_wait_journal(&d->spool, &s->err);
    s->seen = journal_dirty(d->journal) && d->in_txn;
}

static void run_batch(struct world *w, struct step *s, size_t n)
{
    struct task_list l;

    task_list_init(&l);
    for (size_t i = 0; i < n; i++) {
        s[i] = (struct step){.task.run = run_record, .b = world_base(w, "x")};
        task_list_add(&l, &s[i].task);
    }
    depot_run(&w->d, &l);
}

static void a_batch_is_one_transaction(void **state)
{
    struct world *w = depot_world_plain();
    struct step s[3];

    (void)state;
    run_batch(w, s, 3);
    assert_false(w->d.in_txn);
    assert_false(journal_dirty(w->d.journal));
    for (size_t i = 0; i < 3; i++) {
        assert_true(s[i].seen);
        assert_int_equal(s[i].err, 0);
        assert_int_equal(depot_world_events(w, &s[i].b), 1u << EVENT_ACCEPTED);
    }
    depot_world_close(&w);
}

static void a_ledger_without_its_files_does_not_stop_mail(void **state)
{
    struct world *w = depot_world_plain();
    struct step s[2];

    (void)state;
    run_batch(w, s, 1);
    world_lose_ledger(w);
    run_batch(w, s, 2);
    assert_int_equal(s[0].err + s[1].err, 0);
    assert_int_equal(depot_world_lines(w, "\n"), 3);
    world_settle(w);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(depot_world_events(w, &s[i].b), 1u << EVENT_ACCEPTED);
    depot_world_close(&w);
}

static void what_was_open_is_committed_at_the_end(void **state)
{
    struct world *w = depot_world_plain();
    struct base b = world_base(w, "x");
    struct event e = {.kind = EVENT_ACCEPTED, .at_ms = WORLD_AT, .id = b, .name = VIEW("x")};

    (void)state;
    assert_int_equal(depot_record(&w->d, &e), 0);
    assert_true(w->d.in_txn);
    depot_close(&w->d);
    assert_null(w->d.journal);
    assert_null(w->d.ledger);
    depot_open(&w->d, w->cfg);
    world_settle(w);
    assert_int_equal(depot_world_events(w, &b), 1u << EVENT_ACCEPTED);
    depot_world_close(&w);
}

static void the_working_folder_is_the_ledgers(void **state)
{
    struct world *w = depot_world_plain();
    struct stat here, there;

    (void)state;
    assert_int_equal(stat(".", &here), 0);
    assert_int_equal(fstat(w->d.ledger_dir, &there), 0);
    assert_true(here.st_ino == there.st_ino && here.st_dev == there.st_dev);
    depot_world_close(&w);
}

static void the_clocks_are_those_they_say(void **state)
{
    int64_t mono = depot_mono_ms(), wall = depot_wall_ms();

    (void)state;
    assert_in_range(wall / 1000, time(NULL) - 2, time(NULL) + 2);
    usleep(3000);
    assert_in_range(depot_mono_ms() - mono, 2, 60000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_one_transaction),
        cmocka_unit_test(a_ledger_without_its_files_does_not_stop_mail),
        cmocka_unit_test(what_was_open_is_committed_at_the_end),
        cmocka_unit_test(the_working_folder_is_the_ledgers),
        cmocka_unit_test(the_clocks_are_those_they_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
