/*
 * test_dns.c - unit tests of common/dns.c: packets come out as they went in, within their limits, and what is
 * none is refused at the first item that is wrong.
 *
 * Run by `make check`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/dns.h"
#include "common/xalloc.h"

#include <stdlib.h>

static void questions_come_as_they_were_asked(void **state)
{
    const struct dns_question asked[] = {{7, FACT_A, VIEW("a.example")}, {UINT32_MAX, FACT_CNAME, VIEW("b")}};
    struct buf packet = {0};
    struct dns_reader r;
    struct dns_question q;

    (void)state;
    dns_begin(&packet, DNS_RESOLVE);
    assert_true(dns_is_empty(&packet));
    assert_true(dns_add_question(&packet, &asked[0]));
    assert_false(dns_is_empty(&packet));
    assert_true(dns_add_question(&packet, &asked[1]));
    assert_int_equal(dns_read(&r, buf_view(&packet)), -1); /* not ended yet */
    dns_end(&packet);
    assert_int_equal(dns_read(&r, buf_view(&packet)), 0);
    assert_int_equal(r.type, DNS_RESOLVE);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(dns_next_question(&r, &q), 1);
        assert_true(q.id == asked[i].id && q.type == asked[i].type && view_equal(q.name, asked[i].name));
    }
    assert_int_equal(dns_next_question(&r, &q), 0);
    assert_int_equal(dns_next_question(&r, &q), 0);
    buf_free(&packet);
}

static void answers_come_as_they_were_given(void **state)
{
    struct view given[] = {VIEW("192.0.2.1"), VIEW("192.0.2.2")}, answer[FACTS_ANSWERS_MAX];
    const struct fact facts[] = {
        {.type = FACT_A, .name = VIEW("a.example"), .answer = given, .answer_n = 2, .ttl = 60, .at = 5},
        {.type = FACT_MX, .rcode = FACT_TIMEOUT, .name = VIEW("b.example")}};
    struct buf packet = {0};
    struct dns_reader r;
    struct fact f;
    uint32_t id = 0;

    (void)state;
    dns_begin(&packet, DNS_ANSWER);
    assert_true(dns_add_answer(&packet, 9, &facts[0]));
    assert_true(dns_add_answer(&packet, 8, &facts[1]));
    dns_end(&packet);
    assert_int_equal(dns_read(&r, buf_view(&packet)), 0);
    assert_int_equal(dns_next_answer(&r, &id, &f, answer), 1);
    assert_int_equal(id, 9);
    assert_true(f.answer_n == 2 && f.ttl == 60 && f.at == 5 && view_equal(f.answer[1], given[1]));
    assert_int_equal(dns_next_answer(&r, &id, &f, answer), 1);
    assert_true(id == 8 && f.rcode == FACT_TIMEOUT && view_equal(f.name, facts[1].name));
    assert_int_equal(dns_next_answer(&r, &id, &f, answer), 0);
    buf_free(&packet);
}

static void packets_without_items_come(void **state)
{
    static const enum dns_type types[] = {DNS_FLUSH, DNS_ASK};
    struct dns_reader r;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct buf packet = {0};
        struct dns_question q;

        dns_begin(&packet, types[i]);
        dns_end(&packet);
        assert_int_equal(dns_read(&r, buf_view(&packet)), 0);
        assert_int_equal(r.type, types[i]);
        assert_int_equal(dns_next_question(&r, &q), -1);
        buf_add_char(&packet, 0);
        assert_int_equal(dns_read(&r, buf_view(&packet)), -1);
        buf_free(&packet);
    }
}

/* 1: it comes back; 0: refused; -1: another text comes. */
static int state_comes(struct view json)
{
    struct buf packet = {0};
    struct dns_reader r;
    struct view got;
    int rc = 0;

    dns_begin(&packet, DNS_STATE);
    dns_add_state(&packet, json);
    dns_end(&packet);
    assert_int_equal(dns_read(&r, buf_view(&packet)), 0);
    rc = dns_next_state(&r, &got);
    if (rc == 1 && !view_equal(got, json))
        rc = view_equal(got, VIEW("{}")) ? -1 : -2;
    else if (rc == -1)
        rc = 0;
    buf_free(&packet);
    return rc;
}

static void states_are_one_line(void **state)
{
    char *text = xcalloc(1, DNS_STATE_MAX + 1);

    (void)state;
    assert_int_equal(state_comes(VIEW("{\"a\":\"~\"}")), 1);
    assert_int_equal(state_comes(VIEW("{\n}")), 0);
    assert_int_equal(state_comes(VIEW("{\x7f}")), 0);
    assert_int_equal(state_comes(VIEW("\xc3\xa9")), 0);
    assert_int_equal(state_comes(VIEW("a\0b")), 0);
    assert_int_equal(state_comes(VIEW("")), 0);
    memset(text, 'x', DNS_STATE_MAX + 1);
    assert_int_equal(state_comes((struct view){text, DNS_STATE_MAX}), 1);
    assert_int_equal(state_comes((struct view){text, DNS_STATE_MAX + 1}), -1);
    free(text);
}

static void packets_are_full_at_some_point(void **state)
{
    struct view given[FACTS_ANSWERS_MAX];
    struct fact big = {.type = FACT_TXT, .name = VIEW("a"), .answer = given, .answer_n = FACTS_ANSWERS_MAX};
    const struct fact none = {.type = FACT_A, .rcode = FACT_NXDOMAIN, .name = VIEW("a")};
    char *text = xcalloc(1, FACTS_ANSWER_MAX);
    struct buf packet = {0};
    unsigned n = 0;
    size_t before;

    (void)state;
    for (unsigned i = 0; i < FACTS_ANSWERS_MAX; i++)
        given[i] = (struct view){text, FACTS_ANSWER_MAX};
    dns_begin(&packet, DNS_ANSWER);
    assert_true(dns_add_answer(&packet, 1, &big)); /* the first one always fits */
    before = packet.n;
    assert_false(dns_add_answer(&packet, 2, &big));
    assert_int_equal(packet.n, before);
    while (dns_add_answer(&packet, 3, &none))
        n++;
    assert_true(packet.n <= DNS_PACKET_MAX && packet.n + 21 > DNS_PACKET_MAX && n > 100);
    buf_clear(&packet);
    dns_begin(&packet, DNS_RESOLVE);
    for (n = 0; dns_add_question(&packet, &(struct dns_question){n, FACT_A, VIEW("a")});)
        n++;
    assert_int_equal(n, DNS_QUESTIONS_MAX);
    buf_free(&packet);
    free(text);
}

/* How many items are read before the end, or before what is broken (negative, less one). */
static int items_in(struct view bytes)
{
    struct view answer[FACTS_ANSWERS_MAX], json;
    struct dns_question q;
    struct dns_reader r;
    struct fact f;
    uint32_t id;
    int n = 0, rc = 1;

    if (dns_read(&r, bytes) < 0)
        return -100;
    while (rc == 1) {
        rc = r.type == DNS_RESOLVE  ? dns_next_question(&r, &q)
             : r.type == DNS_ANSWER ? dns_next_answer(&r, &id, &f, answer)
             : r.type == DNS_STATE  ? dns_next_state(&r, &json)
                                    : 0;
        n += rc == 1;
    }
    return rc < 0 ? -n - 1 : n;
}

static void what_is_no_packet_is_refused(void **state)
{
    static const struct {
        const char *says;
        struct view bytes;
        int items;
    } cases[] = {
        {"one question", VIEW("DNS1\1\0\1\0\1\0\0\0\0\1a"), 1},
        {"nothing", VIEW(""), -100},
        {"half a head", VIEW("DNS1\3\0\0"), -100},
        {"another mark", VIEW("DNS2\3\0\0\0"), -100},
        {"no type", VIEW("DNS1\0\0\0\0"), -100},
        {"a type beyond the table", VIEW("DNS1\6\0\0\0"), -100},
        {"no question", VIEW("DNS1\1\0\0\0"), -100},
        {"no answer", VIEW("DNS1\2\0\0\0"), -100},
        {"no state", VIEW("DNS1\5\0\0\0"), -100},
        {"two states", VIEW("DNS1\5\0\2\0\2\0\0\0{}\2\0\0\0{}"), -100},
        {"one state", VIEW("DNS1\5\0\1\0\2\0\0\0{}"), 1},
        {"a state and more", VIEW("DNS1\5\0\1\0\2\0\0\0{}x"), -1},
        {"a state that is cut", VIEW("DNS1\5\0\1\0\3\0\0\0{}"), -1},
        {"a FLUSH with items", VIEW("DNS1\3\0\1\0"), -100},
        {"more questions than there may be", VIEW("DNS1\1\0\311\0"), -100},
        {"fewer questions than it says", VIEW("DNS1\1\0\2\0\1\0\0\0\0\1a"), -2},
        {"more questions than it says", VIEW("DNS1\1\0\1\0\1\0\0\0\0\1a\1\0\0\0\0\1a"), -2},
        {"a name that is cut", VIEW("DNS1\1\0\1\0\1\0\0\0\0\2a"), -1},
        {"no name", VIEW("DNS1\1\0\1\0\1\0\0\0\0\0"), -1},
        {"a name that is not clean", VIEW("DNS1\1\0\1\0\1\0\0\0\0\1A"), -1},
        {"a name that cannot be asked", VIEW("DNS1\1\0\1\0\1\0\0\0\0\1 "), -1},
        {"a question of no type", VIEW("DNS1\1\0\1\0\1\0\0\0\6\1a"), -1},
        {"half an id", VIEW("DNS1\1\0\1\0\1\0"), -1},
        {"an answer", VIEW("DNS1\2\0\1\0\1\0\0\0\0\1\1\0\0\0\0\0\0\0\0\0\0\0\0\0a"), 1},
        {"an answer that is cut", VIEW("DNS1\2\0\1\0\1\0\0\0\0\1\1\0\0\0\0\0\0\0\0\0\0\0\0\0"), -1},
        {"an answer and more", VIEW("DNS1\2\0\1\0\1\0\0\0\0\1\1\0\0\0\0\0\0\0\0\0\0\0\0\0ax"), -2},
        {"an id without an answer", VIEW("DNS1\2\0\1\0\1\0\0\0"), -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (items_in(cases[i].bytes) != cases[i].items)
            fail_msg("%s: %d", cases[i].says, items_in(cases[i].bytes));
}

static void readers_hold_on_to_their_type(void **state)
{
    struct view answer[FACTS_ANSWERS_MAX], json;
    struct dns_question q;
    struct dns_reader r;
    struct fact f;
    uint32_t id;

    (void)state;
    assert_int_equal(dns_read(&r, VIEW("DNS1\1\0\1\0\1\0\0\0\0\1a")), 0);
    assert_int_equal(dns_next_answer(&r, &id, &f, answer), -1);
    assert_int_equal(dns_next_state(&r, &json), -1);
    assert_int_equal(dns_next_question(&r, &q), 1);
}

static void the_largest_packet_is_read(void **state)
{
    char *bytes = xcalloc(1, DNS_PACKET_MAX + 1);
    struct dns_reader r;

    (void)state;
    memcpy(bytes, "DNS1\2\0\1\0", 8);
    assert_int_equal(dns_read(&r, (struct view){bytes, DNS_PACKET_MAX}), 0);
    assert_int_equal(dns_read(&r, (struct view){bytes, DNS_PACKET_MAX + 1}), -1);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_come_as_they_were_asked),
        cmocka_unit_test(answers_come_as_they_were_given),
        cmocka_unit_test(packets_without_items_come),
        cmocka_unit_test(states_are_one_line),
        cmocka_unit_test(packets_are_full_at_some_point),
        cmocka_unit_test(what_is_no_packet_is_refused),
        cmocka_unit_test(readers_hold_on_to_their_type),
        cmocka_unit_test(the_largest_packet_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
