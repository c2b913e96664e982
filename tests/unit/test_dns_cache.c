/*
 * test_dns_cache.c - unit tests of workers/dns/dns_cache.c: what is kept, how long, and what goes first.
 *
 * Run by `make check`. The clock is a number that the test gives.
 */
#include "workers/dns/dns_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct view answers[FACTS_ANSWERS_MAX];

static struct fact fact_of(const char *name, enum fact_type type, const struct view *answer)
{
    return (struct fact){.type = type,
                         .name = view_of(name),
                         .answer = answer,
                         .answer_n = answer != NULL,
                         .ttl = 60,
                         .at = 1700000000000};
}

static bool has(struct dns_cache *c, const char *name, int64_t now)
{
    const struct fact asked = {.type = FACT_A, .name = view_of(name)};
    struct fact f;

    return dns_cache_get(c, &asked, now, &f, answers);
}

static void put(struct dns_cache *c, const char *name, int64_t now, int64_t lives)
{
    const struct view ip = VIEW("192.0.2.1");
    const struct fact f = fact_of(name, FACT_A, &ip);

    dns_cache_put(c, &f, now, lives);
}

static void what_was_put_in_comes_out(void **state)
{
    struct dns_cache *c = dns_cache_new(10, 10000, 1);
    const struct view ip = VIEW("192.0.2.1");
    const struct fact f = fact_of("a.example", FACT_A, &ip), txt = {.type = FACT_TXT, .name = f.name};
    struct fact got;

    (void)state;
    assert_false(dns_cache_get(c, &f, 0, &got, answers));
    dns_cache_put(c, &f, 0, 1000);
    assert_true(dns_cache_get(c, &f, 500, &got, answers));
    assert_true(view_equal(got.name, f.name) && got.type == FACT_A && got.rcode == FACT_NOERROR);
    assert_int_equal(got.answer_n, 1);
    assert_true(view_equal(got.answer[0], ip));
    assert_int_equal(got.ttl, 60);
    assert_true(got.at == f.at);
    assert_false(dns_cache_get(c, &txt, 500, &got, answers));
    dns_cache_free(&c);
    assert_null(c);
}

static void it_holds_until_its_time_is_over(void **state)
{
    struct dns_cache *c = dns_cache_new(10, 10000, 1);
    struct dns_cache_counts n;

    (void)state;
    put(c, "a.example", 100, 1000);
    assert_true(has(c, "a.example", 1099));
    assert_false(has(c, "a.example", 1100));
    dns_cache_count(c, &n);
    assert_int_equal(n.names, 0);
    assert_int_equal(n.bytes, 0);
    assert_int_equal(n.hits, 1);
    assert_int_equal(n.misses, 1);
    put(c, "b.example", 100, 0);
    assert_false(has(c, "b.example", 100));
    dns_cache_free(&c);
}

static void there_is_none_is_kept_as_well(void **state)
{
    struct dns_cache *c = dns_cache_new(10, 10000, 1);
    struct fact f = fact_of("a.example", FACT_A, NULL), got;

    (void)state;
    f.rcode = FACT_NXDOMAIN;
    dns_cache_put(c, &f, 0, 1000);
    assert_true(dns_cache_get(c, &f, 0, &got, answers));
    assert_int_equal(got.rcode, FACT_NXDOMAIN);
    assert_int_equal(got.answer_n, 0);
    dns_cache_free(&c);
}

static void a_new_answer_takes_the_place_of_the_old(void **state)
{
    struct dns_cache *c = dns_cache_new(10, 10000, 1);
    const struct view ip = VIEW("192.0.2.9");
    const struct fact f = fact_of("a.example", FACT_A, &ip);
    struct dns_cache_counts n;
    struct fact got;

    (void)state;
    put(c, "a.example", 0, 1000);
    dns_cache_put(c, &f, 500, 1000);
    dns_cache_count(c, &n);
    assert_int_equal(n.names, 1);
    assert_true(dns_cache_get(c, &f, 1400, &got, answers));
    assert_true(view_equal(got.answer[0], ip));
    dns_cache_put(c, &f, 500, 0);
    assert_false(has(c, "a.example", 500));
    dns_cache_free(&c);
}

static void what_was_not_asked_for_longest_goes_first(void **state)
{
    struct dns_cache *c = dns_cache_new(3, 10000, 1);
    struct dns_cache_counts n;

    (void)state;
    put(c, "a.example", 0, 1000);
    put(c, "b.example", 0, 1000);
    put(c, "c.example", 0, 1000);
    assert_true(has(c, "a.example", 1));
    put(c, "d.example", 1, 1000);
    assert_true(has(c, "a.example", 1));
    assert_false(has(c, "b.example", 1));
    assert_true(has(c, "c.example", 1) && has(c, "d.example", 1));
    dns_cache_count(c, &n);
    assert_int_equal(n.names, 3);
    assert_int_equal(n.evicted, 1);
    dns_cache_free(&c);
}

static void what_is_over_goes_before_what_holds(void **state)
{
    struct dns_cache *c = dns_cache_new(3, 10000, 1);
    struct dns_cache_counts n;

    (void)state;
    put(c, "a.example", 0, 10);
    put(c, "b.example", 0, 1000);
    put(c, "c.example", 0, 1000);
    put(c, "d.example", 20, 1000);
    assert_true(has(c, "b.example", 20) && has(c, "c.example", 20) && has(c, "d.example", 20));
    dns_cache_count(c, &n);
    assert_int_equal(n.evicted, 0);
    dns_cache_free(&c);
}

static void its_bytes_are_bounded(void **state)
{
    struct dns_cache *c = dns_cache_new(100000, 20000, 1);
    struct dns_cache_counts n;
    char name[30];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "n%d.example", i);
        put(c, name, 0, 1000);
        dns_cache_count(c, &n);
        assert_true(n.bytes <= 20000 && n.names > 0);
    }
    assert_true(n.names > 50 && n.names < 400);
    assert_true(has(c, "n999.example", 0));
    dns_cache_free(&c);
    c = dns_cache_new(100, 50, 1);
    put(c, "a.example", 0, 1000);
    assert_false(has(c, "a.example", 0));
    dns_cache_free(&c);
    c = dns_cache_new(0, 5000, 1);
    put(c, "a.example", 0, 1000);
    assert_false(has(c, "a.example", 0));
    dns_cache_free(&c);
}

static void thousands_are_found_again(void **state)
{
    struct dns_cache *c = dns_cache_new(20000, 1 << 24, 0x123456789abcdef);
    char name[30];

    (void)state;
    for (int i = 0; i < 20000; i++) {
        snprintf(name, sizeof name, "n%d.example", i);
        put(c, name, 0, 1000);
    }
    for (int i = 0; i < 20000; i++) {
        snprintf(name, sizeof name, "n%d.example", i);
        if (!has(c, name, 0))
            fail_msg("%s is lost", name);
    }
    dns_cache_flush(c);
    assert_false(has(c, "n5.example", 0));
    put(c, "n5.example", 0, 1000);
    assert_true(has(c, "n5.example", 0));
    dns_cache_free(&c);
    dns_cache_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_in_comes_out),
        cmocka_unit_test(it_holds_until_its_time_is_over),
        cmocka_unit_test(there_is_none_is_kept_as_well),
        cmocka_unit_test(a_new_answer_takes_the_place_of_the_old),
        cmocka_unit_test(what_was_not_asked_for_longest_goes_first),
        cmocka_unit_test(what_is_over_goes_before_what_holds),
        cmocka_unit_test(its_bytes_are_bounded),
        cmocka_unit_test(thousands_are_found_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
