/*
 * test_dns_query.c - unit tests of workers/dns/dns_query.c: what a question looks like, and what answers it.
 *
 * Run by `make check`. What is compared are bytes: the answer of somebody who guessed must not pass.
 */
#include "workers/dns/dns_query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const unsigned char wanted[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01"
                                      "\x01"
                                      "a\x07"
                                      "example\x00\x00\x10\x00\x01"
                                      "\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00";

static void a_question_has_head_name_type_and_edns(void **state)
{
    struct dns_query q;

    (void)state;
    assert_true(dns_query_make(&q, FACT_TXT, VIEW("a.example"), true));
    dns_query_set_id(&q, 0x1234);
    assert_int_equal(dns_query_id(&q), 0x1234);
    assert_int_equal(q.n, sizeof wanted - 1);
    assert_memory_equal(q.bytes, wanted, q.n);
    assert_int_equal(q.question_n, 15);
    assert_true(dns_query_make(&q, FACT_TXT, VIEW("a.example"), false));
    assert_int_equal(q.n, sizeof wanted - 1 - DNS_QUERY_EXTRA);
    assert_int_equal(q.bytes[11], 0);
}

static void each_type_has_its_number(void **state)
{
    static const unsigned numbers[FACT_TYPE__MAX] = {1, 28, 15, 16, 12, 5};

    (void)state;
    for (unsigned i = 0; i < FACT_TYPE__MAX; i++)
        assert_int_equal(dns_query_type((enum fact_type)i), numbers[i]);
    assert_int_equal(dns_query_type(FACT_TYPE__MAX), 0);
}

static void what_is_no_name_is_no_question(void **state)
{
    static char label[65], whole[FACTS_NAME_MAX + 2];
    struct dns_query q;

    (void)state;
    memset(label, 'x', 64);
    memset(whole, 'y', sizeof whole);
    for (unsigned i = 63; i < sizeof whole - 1; i += 64)
        whole[i] = '.';
    assert_true(dns_query_make(&q, FACT_A, (struct view){label, 63}, true));
    assert_false(dns_query_make(&q, FACT_A, (struct view){label, 64}, true));
    assert_true(dns_query_make(&q, FACT_A, (struct view){whole, FACTS_NAME_MAX}, true));
    assert_int_equal(q.n, DNS_QUERY_MAX);
    assert_false(dns_query_make(&q, FACT_A, (struct view){whole, FACTS_NAME_MAX + 1}, true));
    assert_false(dns_query_make(&q, FACT_A, VIEW(""), true));
    assert_false(dns_query_make(&q, FACT_A, VIEW("a..b"), true));
    assert_false(dns_query_make(&q, FACT_A, VIEW("a."), true));
}

/* 20 letters: that 40 times none changes is not to be feared. */
static void letters_get_a_case_by_chance(void **state)
{
    struct dns_random r = {0};
    struct dns_query plain, q;
    unsigned upper = 0, lower = 0;

    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        dns_query_make(&plain, FACT_A, VIEW("abcdefghij.klmnopqrst-0123.example"), true);
        q = plain;
        dns_query_mix_case(&q, &r);
        assert_int_equal(dns_query_match(&plain, (struct view){(char *)q.bytes, q.n}), DNS_MATCH_NOT);
        q.bytes[2] |= 0x80;
        assert_int_not_equal(dns_query_match(&plain, (struct view){(char *)q.bytes, q.n}), DNS_MATCH_NOT);
        assert_int_equal(q.bytes[13] | 0x20, 'a');
        upper += q.bytes[13] == 'A';
        lower += q.bytes[13] == 'a';
    }
    assert_true(upper > 0 && lower > 0);
}

static const struct {
    const char *behaviour;
    unsigned at, value; /* a byte of the question that comes back as an answer */
    size_t n;           /* 0: all */
    enum dns_match match;
} cases[] = {
    {"it comes back as it went", 3, 0x80, 0, DNS_MATCH_SAME},
    {"without what is behind the question", 3, 0x80, 27, DNS_MATCH_SAME},
    {"the question is not whole", 3, 0x80, 26, DNS_MATCH_NOT},
    {"another number", 1, 0x35, 0, DNS_MATCH_NOT},
    {"another number, in front", 0, 0x13, 0, DNS_MATCH_NOT},
    {"a question, not an answer", 2, 0x01, 0, DNS_MATCH_NOT},
    {"another kind of message", 2, 0xa1, 0, DNS_MATCH_NOT},
    {"another letter", 13, 'b', 0, DNS_MATCH_NOT},
    {"another case", 13, 'A', 0, DNS_MATCH_CASE},
    {"a length that differs by the bit of the case", 12, 0x21, 0, DNS_MATCH_NOT},
    {"another type", 24, 1, 0, DNS_MATCH_NOT},
    {"another class", 26, 3, 0, DNS_MATCH_NOT},
    {"no question", 5, 0, 0, DNS_MATCH_NOT},
    {"two questions", 5, 2, 0, DNS_MATCH_NOT},
    {"256 questions", 4, 1, 0, DNS_MATCH_NOT},
    {"an empty packet", 3, 0x80, 1, DNS_MATCH_NOT},
    {"11 bytes", 3, 0x80, 11, DNS_MATCH_NOT},
};

static void only_what_answers_it_matches(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char p[sizeof wanted];
        struct dns_query q;
        enum dns_match got;

        dns_query_make(&q, FACT_TXT, VIEW("a.example"), true);
        dns_query_set_id(&q, 0x1234);
        memcpy(p, q.bytes, q.n);
        p[2] |= 0x80;
        p[cases[i].at] = (unsigned char)cases[i].value;
        got = dns_query_match(&q, (struct view){(char *)p, cases[i].n ? cases[i].n : q.n});
        if (got != cases[i].match)
            fail_msg("%s: %d", cases[i].behaviour, (int)got);
    }
}

static void who_does_not_understand_need_not_repeat_it(void **state)
{
    char head[12] = {0x12, 0x34, (char)0x81, (char)0x81};
    struct dns_query q;

    (void)state;
    dns_query_make(&q, FACT_TXT, VIEW("a.example"), true);
    dns_query_set_id(&q, 0x1234);
    assert_int_equal(dns_query_match(&q, (struct view){head, 12}), DNS_MATCH_SAME);
    head[3] = (char)0x80;
    assert_int_equal(dns_query_match(&q, (struct view){head, 12}), DNS_MATCH_NOT);
}

static void random_bytes_differ(void **state)
{
    struct dns_random r = {0};
    unsigned char a[600], b[600];

    (void)state;
    dns_random_take(&r, a, sizeof a);
    dns_random_take(&r, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_has_head_name_type_and_edns),
        cmocka_unit_test(each_type_has_its_number),
        cmocka_unit_test(what_is_no_name_is_no_question),
        cmocka_unit_test(letters_get_a_case_by_chance),
        cmocka_unit_test(only_what_answers_it_matches),
        cmocka_unit_test(who_does_not_understand_need_not_repeat_it),
        cmocka_unit_test(random_bytes_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
