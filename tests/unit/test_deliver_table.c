/*
 * test_deliver_table.c - unit tests of spoold/deliver_table.c: names that are taken, each once, in their
 * order.
 *
 * Run by `make check`.
 */
#include "spoold/deliver_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct config two_intakes(void)
{
    struct config c = {.intake_n = 2};

    c.intake[0].name = (char *)(uintptr_t) "main";
    c.intake[1].name = (char *)(uintptr_t) "web";
    return c;
}

static struct base made(const char *name, const char *intake)
{
    struct stat st = {.st_ino = 1, .st_size = 2};
    struct base b;

    base_make(&b, view_of(name), intake, &st, &st);
    return b;
}

static void stems_are_parsed(void **state)
{
    static const struct {
        const char *tail;
        unsigned copy; /* 0: refused */
    } cases[] = {{"", 1},       {".2", 2},    {".16", 16},    {".r", 17}, {".r2", 18}, {".0", 0},
                 {".", 0},      {".x", 0},    {"2", 0},       {".2x", 0}, {".rx", 0},  {".1234", 0},
                 {".r1234", 0}, {".2.r", 17}, {".r2.r3", 19}, {".2.", 0}, {".2.x", 0}, {"..r", 0}};
    struct base b = made("x", "main");

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct base got;
        char stem[300];
        unsigned copy = 0;
        int rc;

        snprintf(stem, sizeof stem, "%s%s", b.s, cases[i].tail);
        rc = deliver_table_parse(view_of(stem), &got, &copy);
        if ((rc == 0) != (cases[i].copy != 0) || (rc == 0 && copy != cases[i].copy))
            fail_msg("\"%s\": %d, copy %u", cases[i].tail, rc, copy);
        if (rc == 0)
            assert_string_equal(got.s, b.s);
    }
    assert_int_equal(deliver_table_parse(VIEW("no base at all"), &b, &(unsigned){0}), -1);
    assert_int_equal(deliver_table_parse(VIEW(""), &b, &(unsigned){0}), -1);
}

static void each_is_there_once_and_comes_in_order(void **state)
{
    struct config c = two_intakes();
    struct base a = made("a", "main"), b = made("b", "main"), w = made("w", "web");
    struct deliver_table t = {0};
    struct deliver_item *first, *second;

    (void)state;
    first = deliver_table_add(&t, &c, 0, base_view(&a));
    second = deliver_table_add(&t, &c, 0, base_view(&b));
    assert_non_null(first);
    assert_non_null(second);
    assert_null(deliver_table_add(&t, &c, 0, base_view(&a)));
    assert_null(deliver_table_add(&t, &c, 0, base_view(&w))); /* it is the other intake's */
    assert_non_null(deliver_table_add(&t, &c, 1, base_view(&w)));
    assert_null(deliver_table_add(&t, &c, 0, VIEW("stranger")));
    assert_int_equal(t.n, 3);
    assert_int_equal(deliver_table_count(&t, 0), 2);
    assert_ptr_equal(deliver_table_take(&t), first);
    deliver_table_ready(&t, first);
    assert_ptr_equal(deliver_table_take(&t), second);
    assert_int_equal(t.ready_n, 2);
    deliver_table_remove(&t, second);
    assert_int_equal(deliver_table_count(&t, 0), 1);
    assert_non_null(deliver_table_add(&t, &c, 0, base_view(&b)));
    deliver_table_free(&t);
    assert_null(deliver_table_first(&t));
}

static void all_of_many_are_seen(void **state)
{
    struct config c = two_intakes();
    struct deliver_table t = {0};
    size_t n = 0;

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        char name[16];
        struct base b;

        snprintf(name, sizeof name, "m%u", i);
        b = made(name, "main");
        assert_non_null(deliver_table_add(&t, &c, 0, base_view(&b)));
    }
    for (struct deliver_item *i = deliver_table_first(&t); i; i = deliver_table_next(&t, i))
        n++;
    assert_int_equal(n, 5000);
    while (deliver_table_take(&t))
        n--;
    assert_int_equal(n, 0);
    deliver_table_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stems_are_parsed),
        cmocka_unit_test(each_is_there_once_and_comes_in_order),
        cmocka_unit_test(all_of_many_are_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
