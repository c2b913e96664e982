/*
 * test_spf_match.c - mechanism by mechanism: which clients match, what is asked for, and what errors make of
 * it.
 *
 * Run by `make check`, through spf_check() over small zones of its own.
 */
#include "tests/unit/spf_world.h"

struct row {
    const char *says, *terms, *zone, *ip;
    enum check_result result;
    unsigned asked; /* questions in all; 0: not told */
};

static void check_rows(const struct row *r)
{
    for (; r->says; r++) {
        struct buf zone = {0};
        struct spf_zone z = {0};
        unsigned char ip[16];
        struct spf_question q;
        struct spf_answer a;

        buf_addf(&zone, "TXT example.org v=spf1 %s -all\n%s", r->terms, r->zone);
        z.names = spf_zone_parse(zone.p);
        spf_read_ip(r->ip, ip);
        q = spf_question_of("a@example.org", "mail.example.net", ip);
        spf_zone_check(&z, spf_check, &q, &a);
        if (a.result != r->result || (r->asked && z.asked != r->asked))
            fail_msg("%s: got %s (%s), %u questions", r->says, check_result_name(a.result), a.detail,
                     z.asked);
        json_decref(z.names);
        spf_zone_free(&z);
        buf_free(&zone);
    }
}

static void networks(void **state)
{
    static const struct row rows[] = {
        {"the first of a network", "ip4:192.0.2.128/25", "", "192.0.2.128", RESULT_pass, 1},
        {"the last of a network", "ip4:192.0.2.128/25", "", "192.0.2.255", RESULT_pass, 1},
        {"the one in front of it", "ip4:192.0.2.128/25", "", "192.0.2.127", RESULT_fail, 1},
        {"the one behind it", "ip4:192.0.2.128/25", "", "192.0.3.0", RESULT_fail, 1},
        {"one bit", "ip4:128.0.0.0/1", "", "255.1.1.1", RESULT_pass, 1},
        {"not that bit", "ip4:128.0.0.0/1", "", "127.1.1.1", RESULT_fail, 1},
        {"31 bits", "ip4:192.0.2.2/31", "", "192.0.2.3", RESULT_pass, 1},
        {"32 bits", "ip4:192.0.2.2/32", "", "192.0.2.3", RESULT_fail, 1},
        {"ip4 is not for IPv6", "ip4:0.0.0.0/0", "", "2001:db8::1", RESULT_fail, 1},
        {"ip6 is not for IPv4", "ip6:::/0", "", "192.0.2.1", RESULT_fail, 1},
        {"ip6 is not for mapped IPv4", "ip6:::ffff:192.0.2.1", "", "::ffff:192.0.2.1", RESULT_fail, 1},
        {"33 bits of IPv6", "ip6:2001:db8:8000::/33", "", "2001:db8:ffff::1", RESULT_pass, 1},
        {"127 bits of IPv6", "ip6:2001:db8::2/127", "", "2001:db8::3", RESULT_pass, 1},
        {"128 bits of IPv6", "ip6:2001:db8::2", "", "2001:db8::3", RESULT_fail, 1},
        {"loopback is like others", "", "", "127.0.0.1", RESULT_fail, 1},
        {0},
    };

    (void)state;
    check_rows(rows);
}

static void hosts(void **state)
{
    static const struct row rows[] = {
        {"a of another name", "a:m.example.org", "A m.example.org 192.0.2.1", "192.0.2.1", RESULT_pass, 2},
        {"a asks for the client's family", "a:m.example.org",
         "A m.example.org 192.0.2.1\nAAAA m.example.org ::2", "::2", RESULT_pass, 2},
        {"a of a name without answer", "a:m.example.org", "* m.example.org TIMEOUT", "192.0.2.1",
         RESULT_temperror, 2},
        {"a of a name that cannot be asked", "a:m..example.org", "", "192.0.2.1", RESULT_fail, 1},
        {"exists asks for A of any client", "exists:m.example.org", "A m.example.org 127.0.0.2", "::2",
         RESULT_pass, 2},
        {"exists with AAAA alone", "exists:m.example.org", "AAAA m.example.org ::2", "::2", RESULT_fail, 2},
        {"mx that is null", "mx", "MX example.org .", "192.0.2.1", RESULT_fail, 2},
        {"mx does not fall back to A", "mx", "A example.org 192.0.2.1", "192.0.2.1", RESULT_fail, 2},
        {"mx with a silent host and one that matches", "mx",
         "MX example.org s.example.org\nMX example.org m.example.org\nA m.example.org 192.0.2.1\n"
         "* s.example.org TIMEOUT",
         "192.0.2.1", RESULT_pass, 4},
        {"mx with a silent host and none that matches", "mx",
         "MX example.org s.example.org\nMX example.org m.example.org\nA m.example.org 192.0.2.2\n"
         "* s.example.org TIMEOUT",
         "192.0.2.1", RESULT_temperror, 4},
        {"mx hosts without an address are no void look-ups", "mx mx",
         "MX example.org 1.example.org\nMX example.org 2.example.org", "192.0.2.1", RESULT_fail, 4},
        {"a CNAME on the way", "a:w.example.org",
         "CNAME w.example.org m.example.org\nA m.example.org 192.0.2.1", "192.0.2.1", RESULT_pass, 2},
        {0},
    };

    (void)state;
    check_rows(rows);
}

static void reverse_names(void **state)
{
    static const struct row rows[] = {
        {"ptr within the domain", "ptr",
         "PTR 1.2.0.192.in-addr.arpa M.Example.ORG.\nA m.example.org 192.0.2.1", "192.0.2.1", RESULT_pass, 3},
        {"ptr that only ends like it", "ptr",
         "PTR 1.2.0.192.in-addr.arpa badexample.org\nA badexample.org 192.0.2.1", "192.0.2.1", RESULT_fail,
         2},
        {"ptr that leads elsewhere", "ptr",
         "PTR 1.2.0.192.in-addr.arpa m.example.org\nA m.example.org 192.0.2.2", "192.0.2.1", RESULT_fail, 3},
        {"ptr without an answer does not match", "ptr", "* 1.2.0.192.in-addr.arpa TIMEOUT", "192.0.2.1",
         RESULT_fail, 2},
        {"ptr whose name gives no answer does not match", "ptr",
         "PTR 1.2.0.192.in-addr.arpa m.example.org\n* m.example.org TIMEOUT", "192.0.2.1", RESULT_fail, 3},
        {"%{p} is the domain itself before others", "exists:%{p}.x.org",
         "PTR 1.2.0.192.in-addr.arpa o.net\nPTR 1.2.0.192.in-addr.arpa m.example.org\n"
         "PTR 1.2.0.192.in-addr.arpa example.org\nA o.net 192.0.2.1\nA m.example.org 192.0.2.1\n"
         "A example.org 192.0.2.1\nA example.org.x.org 1.1.1.1",
         "192.0.2.1", RESULT_pass, 6},
        {"%{p} is one within the domain before others", "exists:%{p}.x.org",
         "PTR 1.2.0.192.in-addr.arpa o.net\nPTR 1.2.0.192.in-addr.arpa m.example.org\nA o.net 192.0.2.1\n"
         "A m.example.org 192.0.2.1\nA m.example.org.x.org 1.1.1.1",
         "192.0.2.1", RESULT_pass, 5},
        {"%{p} that is not validated", "exists:%{p}.x.org",
         "PTR 1.2.0.192.in-addr.arpa m.example.org\nA unknown.x.org 1.1.1.1", "192.0.2.1", RESULT_pass, 4},
        {"%{p} without an answer", "exists:%{p}.x.org",
         "* 1.2.0.192.in-addr.arpa TIMEOUT\nA unknown.x.org 1.1.1.1", "192.0.2.1", RESULT_pass, 3},
        {0},
    };

    (void)state;
    check_rows(rows);
}

/* Names up to the limit; the last one is the client's. */
static void limits_of_hosts_and_names(void **state)
{
    static const struct {
        const char *terms, *type, *at;
        unsigned n;
        enum check_result result;
    } rows[] = {
        {"mx", "MX", "example.org", 9, RESULT_pass},
        {"mx", "MX", "example.org", 10, RESULT_pass},
        {"mx", "MX", "example.org", 11, RESULT_permerror},
        {"ptr", "PTR", "1.2.0.192.in-addr.arpa", 9, RESULT_pass},
        {"ptr", "PTR", "1.2.0.192.in-addr.arpa", 10, RESULT_pass},
        {"ptr", "PTR", "1.2.0.192.in-addr.arpa", 11, RESULT_fail},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf zone = {0};

        for (unsigned k = 1; k <= rows[i].n; k++)
            buf_addf(&zone, "%s %s %u.example.org\n", rows[i].type, rows[i].at, k);
        buf_addf(&zone, "A %u.example.org 192.0.2.1", rows[i].n);
        check_rows(
            (struct row[]){{rows[i].terms, rows[i].terms, zone.p, "192.0.2.1", rows[i].result, 0}, {0}});
        buf_free(&zone);
    }
}

struct one_fact {
    const char *name;
    bool seen;
};

static const struct fact *answer_any(void *of, enum fact_type type, struct view name)
{
    static const struct view txt = VIEW("v=spf1 a:macro%%percent%_%_space%-url-space.example.com -all");
    static const struct view address = VIEW("192.0.2.1");
    static const struct fact record = {.type = FACT_TXT, .answer = &txt, .answer_n = 1};
    static const struct fact host = {.type = FACT_A, .answer = &address, .answer_n = 1};
    static const struct fact nowhere = {.rcode = FACT_NXDOMAIN};
    struct one_fact *one = of;

    if (type == FACT_TXT)
        return &record;
    one->seen |= view_equal(name, view_of(one->name));
    return view_equal(name, view_of(one->name)) ? &host : &nowhere;
}

/* Whoever answers must know names with blanks; the evaluator asks for them. */
static void names_may_have_blanks(void **state)
{
    struct one_fact one = {.name = "macro%percent  space%20url-space.example.com"};
    const struct spf_source source = {answer_any, &one};
    unsigned char ip[16];
    struct spf_question q;
    struct spf_answer a;

    (void)state;
    spf_read_ip("192.0.2.1", ip);
    q = spf_question_of("a@example.org", "", ip);
    spf_check(&q, &source, &a);
    assert_true(one.seen);
    assert_int_equal(a.result, RESULT_pass);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks),
        cmocka_unit_test(hosts),
        cmocka_unit_test(reverse_names),
        cmocka_unit_test(limits_of_hosts_and_names),
        cmocka_unit_test(names_may_have_blanks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
