/*
 * test_roster.c - unit tests of spoold/roster.c.
 *
 * Run by `make check`. The counts decide how much is taken in and the due times
 * when held mail is tried again, so both are checked after every kind of change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "spoold/roster.h"

static struct base base_of(unsigned n)
{
    struct base b;
    char text[64];

    snprintf(text, sizeof text, "m%04u~0123456789abcdefghjkmnpqr", n);
    assert_int_equal(base_parse(&b, view_of(text)), 0);
    return b;
}

static struct roster_entry *add(struct roster *r, unsigned n, enum roster_state state, int64_t due)
{
    struct base b = base_of(n);
    struct roster_entry *e = roster_add(r, &b);

    roster_set_state(r, e, state);
    if (state != ROSTER_WORK)
        roster_set_due(r, e, due);
    return e;
}

static void an_entry_is_found_until_it_is_removed(void **state)
{
    struct roster r = {.next_due = INT64_MAX};
    struct base a = base_of(1), b = base_of(2);
    struct roster_entry *e = roster_add(&r, &a);

    (void)state;
    assert_ptr_equal(roster_find(&r, &a), e);
    assert_ptr_equal(roster_add(&r, &a), e);
    assert_null(roster_find(&r, &b));
    assert_int_equal(r.count[ROSTER_WORK], 1);
    roster_remove(&r, e);
    assert_null(roster_find(&r, &a));
    assert_int_equal(r.count[ROSTER_WORK], 0);
    roster_fini(&r);
}

static void counts_follow_the_states(void **state)
{
    struct roster r = {.next_due = INT64_MAX};
    struct roster_entry *e = add(&r, 1, ROSTER_HELD, 10);

    (void)state;
    add(&r, 2, ROSTER_WORK, 0);
    add(&r, 3, ROSTER_OFFERED, 10);
    assert_int_equal(r.count[ROSTER_WORK], 1);
    assert_int_equal(r.count[ROSTER_HELD], 1);
    assert_int_equal(r.count[ROSTER_OFFERED], 1);
    roster_set_state(&r, e, ROSTER_RESTING);
    assert_int_equal(r.count[ROSTER_HELD], 0);
    assert_int_equal(r.count[ROSTER_RESTING], 1);
    roster_remove(&r, e);
    assert_int_equal(r.count[ROSTER_RESTING], 0);
    roster_fini(&r);
}

static void due_entries_come_and_the_next_due_is_known(void **state)
{
    struct roster r = {.next_due = INT64_MAX};
    struct roster_entry *due[8];

    (void)state;
    add(&r, 1, ROSTER_HELD, 100);
    add(&r, 2, ROSTER_HELD, 200);
    add(&r, 3, ROSTER_RESTING, 50);
    add(&r, 4, ROSTER_WORK, 0); /* work is never due */
    assert_int_equal(r.next_due, 50);
    assert_int_equal(roster_take_due(&r, 49, due, 8), 0);
    assert_int_equal(roster_take_due(&r, 100, due, 8), 2);
    assert_int_equal(r.next_due, 200);
    roster_fini(&r);
}

static void no_more_than_asked_for_and_none_is_forgotten(void **state)
{
    struct roster r = {.next_due = INT64_MAX};
    struct roster_entry *due[4];
    size_t n, all = 0;

    (void)state;
    for (unsigned i = 0; i < 10; i++)
        add(&r, i, ROSTER_HELD, i);
    while ((n = roster_take_due(&r, 100, due, 4)) > 0) {
        assert_true(n <= 4);
        for (size_t i = 0; i < n; i++)
            roster_remove(&r, due[i]);
        all += n;
    }
    assert_int_equal(all, 10);
    assert_true(r.next_due == INT64_MAX);
    roster_fini(&r);
}

static void see(struct roster_entry *e, void *arg)
{
    const struct roster_entry **last = arg;

    if (*last)
        assert_true(strcmp((*last)->base.s, e->base.s) < 0);
    *last = e;
}

static void each_goes_in_order(void **state)
{
    struct roster r = {.next_due = INT64_MAX};
    const struct roster_entry *last = NULL;

    (void)state;
    for (unsigned i = 0; i < 200; i++)
        add(&r, (i * 37) % 200, ROSTER_HELD, i);
    roster_each(&r, see, &last);
    assert_string_equal(last->base.s, base_of(199).s);
    roster_fini(&r);
}

static void a_reason_is_kept_and_replaced(void **state)
{
    struct roster r = {.next_due = INT64_MAX};
    struct roster_entry *e = add(&r, 1, ROSTER_HELD, 1);

    (void)state;
    roster_set_reason(e, "first");
    roster_set_reason(e, "second");
    assert_string_equal(e->reason, "second");
    roster_set_reason(e, "");
    assert_null(e->reason);
    roster_set_reason(e, "third");
    roster_fini(&r);
}

static void every_state_has_a_name(void **state)
{
    (void)state;
    for (int s = 0; s < ROSTER_STATE__MAX; s++)
        assert_non_null(roster_state_name((enum roster_state)s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_found_until_it_is_removed),
        cmocka_unit_test(counts_follow_the_states),
        cmocka_unit_test(due_entries_come_and_the_next_due_is_known),
        cmocka_unit_test(no_more_than_asked_for_and_none_is_forgotten),
        cmocka_unit_test(each_goes_in_order),
        cmocka_unit_test(a_reason_is_kept_and_replaced),
        cmocka_unit_test(every_state_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
