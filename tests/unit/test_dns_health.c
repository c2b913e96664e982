/*
 * test_dns_health.c - unit tests of workers/dns/dns_health.c: who is late, when it is tried again, who goes
 * first.
 *
 * Run by `make check`. The clock is a number that the test gives.
 */
#include "workers/dns/dns_health.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct dns_list three = {.server = {2, 0, 1}, .n = 3};

static unsigned first(const struct dns_health *h, uint32_t out)
{
    unsigned order[DNS_SERVERS_LIST_MAX] = {99};

    return dns_health_order(h, &three, out, order) ? order[0] : 99;
}

static void a_silent_server_goes_behind_the_others(void **state)
{
    struct dns_health h[3] = {0};
    unsigned order[DNS_SERVERS_LIST_MAX];

    (void)state;
    assert_int_equal(first(h, 0), 0);
    dns_health_timed_out(&h[2], 1000, 2000);
    assert_true(h[2].late);
    assert_int_equal(dns_health_order(h, &three, 0, order), 2);
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 2);
    dns_health_answered(&h[2], 2000, 2010);
    assert_false(h[2].late);
    assert_int_equal(dns_health_order(h, &three, 0, order), 3);
}

static void where_all_are_late_all_are_asked(void **state)
{
    struct dns_health h[3] = {0};
    unsigned order[DNS_SERVERS_LIST_MAX];

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        dns_health_broke(&h[i], 1000);
    assert_int_equal(dns_health_order(h, &three, 0, order), 3);
    assert_int_equal(order[0], 0);
    assert_int_equal(h[0].errors, 1);
}

static void who_gave_nothing_of_use_is_left_out(void **state)
{
    struct dns_health h[3] = {0};
    unsigned order[DNS_SERVERS_LIST_MAX];

    (void)state;
    assert_int_equal(first(h, 1), 1);
    assert_int_equal(dns_health_order(h, &three, 7, order), 0);
    /* The one that is left is late: it is asked all the same. */
    dns_health_broke(&h[1], 1000);
    assert_int_equal(first(h, 3), 2);
}

/* Its answer to a later question says that it lives. */
static void a_slow_name_is_not_the_server_s_fault(void **state)
{
    struct dns_health h = {0};

    (void)state;
    dns_health_answered(&h, 1400, 1500);
    dns_health_timed_out(&h, 1000, 2000);
    assert_false(h.late);
    assert_int_equal(h.timeouts, 1);
    dns_health_timed_out(&h, 1500, 2500);
    assert_false(h.late);
    dns_health_timed_out(&h, 1501, 2501);
    assert_true(h.late);
}

static void a_late_one_is_tried_again_less_and_less(void **state)
{
    struct dns_health h = {0};
    int64_t now = 1000, before = 1000;

    (void)state;
    assert_false(dns_health_probe(&h, now));
    dns_health_timed_out(&h, 0, now);
    assert_true(dns_health_probe(&h, now)); /* at once: it may have been one packet */
    assert_false(dns_health_probe(&h, now + DNS_HEALTH_PROBE_MS - 1));
    assert_true(dns_health_probe(&h, now + DNS_HEALTH_PROBE_MS));
    assert_false(dns_health_probe(&h, now + 3 * DNS_HEALTH_PROBE_MS - 1));
    for (now = 2000; now < 1000000; now++)
        if (dns_health_probe(&h, now)) {
            assert_true(now - before <= DNS_HEALTH_PROBE_MS_MAX + 1000);
            before = now;
        }
    assert_true(now - before <= DNS_HEALTH_PROBE_MS_MAX);
    dns_health_timed_out(&h, 0, now); /* that of a probe changes nothing */
    assert_false(dns_health_probe(&h, before + DNS_HEALTH_PROBE_MS_MAX - 1));
    dns_health_answered(&h, now, now + 7);
    assert_false(dns_health_probe(&h, now + 100000));
    assert_int_equal(h.took_ms, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_server_goes_behind_the_others),
        cmocka_unit_test(where_all_are_late_all_are_asked),
        cmocka_unit_test(who_gave_nothing_of_use_is_left_out),
        cmocka_unit_test(a_slow_name_is_not_the_server_s_fault),
        cmocka_unit_test(a_late_one_is_tried_again_less_and_less),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
