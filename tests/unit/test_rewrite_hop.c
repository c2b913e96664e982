/*
 * test_rewrite_hop.c - unit tests of workers/rewrite_hop.c: counts stop at the greatest number.
 *
 * Run by `make check`. What counts as a Received: field is in test_rewrite_field.c,
 * where whole messages are read.
 */
#include "tests/unit/rewrite_world.h"

#include "workers/rewrite_hop.h"

static void add_field(struct rewrite_hop *h, const char *text)
{
    rewrite_hop_begin(h);
    rewrite_hop_add(h, view_of(text));
}

static void counts_stop_at_the_greatest_number(void **state)
{
    struct rewrite_hop h = {.host = VIEW(HOST), .hops = UINT32_MAX - 1, .own = UINT32_MAX};

    (void)state;
    add_field(&h, "Received: by " HOST " with spoold id 1");
    assert_int_equal(h.hops, UINT32_MAX);
    assert_int_equal(h.own, UINT32_MAX);
    add_field(&h, "Received: x");
    assert_int_equal(h.hops, UINT32_MAX);
}

static void without_a_host_none_is_own(void **state)
{
    struct rewrite_hop h = {0};

    (void)state;
    add_field(&h, "Received: by  with spoold id 1");
    assert_int_equal(h.hops, 1);
    assert_int_equal(h.own, 0);
}

static void a_field_counts_once(void **state)
{
    struct rewrite_hop h = {.host = VIEW(HOST)};

    (void)state;
    add_field(&h, "Received: by " HOST " with spoold id 1 Received: by " HOST " with spoold id 2");
    assert_int_equal(h.hops, 1);
    assert_int_equal(h.own, 1);
    assert_int_equal(h.at, REWRITE_HOP_OFF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_stop_at_the_greatest_number),
        cmocka_unit_test(without_a_host_none_is_own),
        cmocka_unit_test(a_field_counts_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
