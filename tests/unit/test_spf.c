/*
 * test_spf.c - the evaluator is right on every test of the SPF suites, in few rounds, within its limits.
 *
 * Run by `make check`. The suites are those of openspf (corpus/spf); each test runs in rounds as the stage
 * does: what is missing is named, then it is there. What the suites do not ask is asked in tables here, over
 * zones of their own.
 */
#include "tests/unit/spf_world.h"

struct tally {
    unsigned run, wrong, rounds, most;
};

static void expect_right(struct spf_zone *z, const struct spf_case *c, void *of)
{
    struct tally *t = of;
    unsigned char ip[16];
    struct spf_question q;
    struct spf_answer a;
    const char *wanted = c->explanation && strcmp(c->explanation, "DEFAULT") != 0 ? c->explanation : "";
    bool right;

    spf_read_ip(c->host, ip);
    q = spf_question_of(c->sender, c->helo, ip);
    q.explain = true;
    spf_zone_check(z, spf_check, &q, &a);
    t->run++;
    t->rounds += z->rounds;
    t->most = z->rounds > t->most ? z->rounds : t->most;
    right = spf_case_is_right(c, a.result) && (!c->explanation || strcmp(a.explanation, wanted) == 0);
    t->wrong += !right;
    if (!right)
        print_error("%s (%s, %s): got %s (%s) \"%s\"\n", c->name, c->sender, c->host,
                    check_result_name(a.result), a.detail, a.explanation);
}

static void run_suite(const char *file, unsigned least)
{
    json_t *suite = spf_suite_open(file);
    struct tally t = {0};

    if (!suite)
        skip();
    spf_suite_each(suite, "error.", expect_right, &t);
    json_decref(suite);
    print_message("%s: %u of %u right, %u rounds, at most %u\n", file, t.run - t.wrong, t.run, t.rounds,
                  t.most);
    assert_true(t.run >= least);
    assert_int_equal(t.wrong, 0);
}

static void all_of_rfc7208(void **state)
{
    (void)state;
    run_suite("rfc7208.json", 100);
}

static void all_of_rfc4408(void **state)
{
    (void)state;
    run_suite("rfc4408.json", 100);
}

/* Where mail-auth and RFC 7208 part ways, we are with the RFC. */
static const struct {
    const char *sender, *ip;
    enum check_result ours;
    const char *why;
} known_differences[] = {
    {"sender@ok.test.org", "172.168.0.1", RESULT_permerror, "ten void look-ups, two are the limit (4.6.4)"},
    {"sender@mx.test.org", "10.0.0.8", RESULT_permerror,
     "eleven MX hosts: permerror whichever it is (4.6.4)"},
    {"sender@ip6.test.org", "167.1.2.3", RESULT_fail, "exists asks for A, never for AAAA (5.7)"},
    {"sender@test.org", "10.1.2.3", RESULT_fail, "ip6 does not match a client of IPv4 (5.6)"},
    {"strong-bad@email.example.com", "2001:db8::cb01", RESULT_fail,
     "exists asks for A, never for AAAA (5.7)"},
};

static void expect_known(struct spf_zone *z, const struct spf_case *c, void *of)
{
    struct tally *t = of;
    unsigned char ip[16];
    struct spf_question q;
    struct spf_answer a;

    spf_read_ip(c->host, ip);
    q = spf_question_of(c->sender, c->helo, ip);
    spf_zone_check(z, spf_check, &q, &a);
    t->run++;
    if (spf_case_is_right(c, a.result))
        return;
    for (size_t i = 0; i < sizeof known_differences / sizeof *known_differences; i++) {
        if (strcmp(c->sender, known_differences[i].sender) == 0 &&
            strcmp(c->host, known_differences[i].ip) == 0 && a.result == known_differences[i].ours) {
            t->wrong++;
            return;
        }
    }
    fail_msg("%s (%s, %s): got %s (%s), pyspf %s", c->name, c->sender, c->host, check_result_name(a.result),
             a.detail, json_string_value(c->pyspf));
}

static void other_suite_differs_only_where_known(void **state)
{
    json_t *suite = spf_suite_open("stalwart.json");
    struct tally t = {0};

    (void)state;
    if (!suite)
        skip();
    spf_suite_each(suite, "_dns_error", expect_known, &t);
    json_decref(suite);
    print_message("stalwart.json: %u of %u as there, %u otherwise for reasons\n", t.run - t.wrong, t.run,
                  t.wrong);
    assert_true(t.run >= 50);
}

/* ---- tables ---- */

struct row {
    const char *says, *zone, *sender, *ip;
    enum check_result result;
    const char *detail; /* "": not told */
    unsigned rounds;    /* at most; 0: not told */
    unsigned lookups, voids;
};

static void check_row(const struct row *r)
{
    struct spf_zone z = {.names = spf_zone_parse(r->zone)};
    unsigned char ip[16];
    struct spf_question q;
    struct spf_answer a;

    spf_read_ip(r->ip, ip);
    q = spf_question_of(r->sender, "mail.example.net", ip);
    spf_zone_check(&z, spf_check, &q, &a);
    if (a.result != r->result || (r->detail[0] && strcmp(a.detail, r->detail) != 0))
        fail_msg("%s: got %s, \"%s\"", r->says, check_result_name(a.result), a.detail);
    if (a.lookups != r->lookups || a.voids != r->voids)
        fail_msg("%s: counted %u look-ups, %u void", r->says, a.lookups, a.voids);
    if (r->rounds && z.rounds > r->rounds)
        fail_msg("%s: took %u rounds, wanted %u", r->says, z.rounds, r->rounds);
    json_decref(z.names);
    spf_zone_free(&z);
}

static void check_rows(const struct row *r)
{
    for (; r->says; r++)
        check_row(r);
}

#define ORG "TXT example.org v=spf1 "

static void details_say_where(void **state)
{
    static const struct row rows[] = {
        {"a domain without a record", "A example.org 192.0.2.1", "a@example.org", "192.0.2.1", RESULT_none,
         "example.org has no SPF record", 1, 0, 0},
        {"a domain that is none", "", "a@localhost", "192.0.2.1", RESULT_none,
         "no domain that could have a record", 0, 0, 0},
        {"an address for a domain", "", "a@[192.0.2.1]", "192.0.2.1", RESULT_none,
         "no domain that could have a record", 0, 0, 0},
        {"the term that matches", ORG "ip4:192.0.2.0/24 -all", "a@example.org", "192.0.2.1", RESULT_pass,
         "ip4:192.0.2.0/24", 1, 0, 0},
        {"its qualifier, too", ORG "~all", "a@example.org.", "192.0.2.1", RESULT_softfail, "~all", 1, 0, 0},
        {"a client of IPv4 that came as IPv6", ORG "ip4:192.0.2.1 -all", "a@example.org", "::ffff:192.0.2.1",
         RESULT_pass, "ip4:192.0.2.1", 1, 0, 0},
        {"no term matches", ORG "ip4:192.0.2.2", "a@example.org", "192.0.2.1", RESULT_neutral,
         "no term matches", 1, 0, 0},
        {"within an include",
         ORG "include:a.example.org\nTXT a.example.org v=spf1 ?ip4:1.1.1.1 ip4:192.0.2.1", "a@example.org",
         "192.0.2.1", RESULT_pass, "include:a.example.org: ip4:192.0.2.1", 2, 1, 0},
        {"behind a redirect", ORG "redirect=a.example.org\nTXT a.example.org v=spf1 -all", "a@example.org",
         "192.0.2.1", RESULT_fail, "redirect=a.example.org: -all", 2, 1, 0},
        {"a redirect within an include",
         ORG "include:%{d1r}.a.example.org\nTXT example.a.example.org v=spf1 redirect=b.example.org\n"
             "TXT b.example.org v=spf1 all",
         "a@example.org", "192.0.2.1", RESULT_pass,
         "include:%{d1r}.a.example.org: redirect=b.example.org: all", 3, 2, 0},
        {"a mistake within an include", ORG "include:a.example.org\nTXT a.example.org v=spf1 ip4:1 -all",
         "a@example.org", "192.0.2.1", RESULT_permerror, "include:a.example.org: permerror, syntax: ip4:1", 2,
         1, 0},
        {"an include without a record", ORG "include:a.example.org -all", "a@example.org", "192.0.2.1",
         RESULT_permerror, "permerror, a.example.org has no SPF record", 2, 1, 0},
        {"two records", ORG "-all\n" ORG "~all", "a@example.org", "192.0.2.1", RESULT_permerror,
         "permerror, example.org has more than one SPF record", 1, 0, 0},
        {"no answer", ORG "mx -all\n* example.org TIMEOUT", "a@example.org", "192.0.2.1", RESULT_temperror,
         "temperror, no answer for MX of example.org", 2, 1, 0},
        {"bytes that nobody should see", ORG "\033[31m", "a@example.org", "192.0.2.1", RESULT_permerror,
         "permerror, syntax: ?[31m", 1, 0, 0},
        {0},
    };

    (void)state;
    check_rows(rows);
}

/* A record of n terms "a:N.example.org"; the first `has` of those names have another address. */
static void add_terms(struct buf *b, unsigned n, unsigned has, const char *kind)
{
    buf_add_str(b, ORG);
    for (unsigned i = 0; i < n; i++)
        buf_addf(b, "%s:%u.example.org ", kind, i);
    buf_add_str(b, "-all");
    for (unsigned i = 0; i < has; i++)
        buf_addf(b, "\nA %u.example.org 198.51.100.1", i);
}

static void limits_are_exact(void **state)
{
    static const struct {
        const char *says;
        unsigned terms, has;
        enum check_result result;
        unsigned lookups, voids;
    } rows[] = {
        {"nine look-ups", 9, 9, RESULT_fail, 9, 0},
        {"ten look-ups", 10, 10, RESULT_fail, 10, 0},
        {"eleven look-ups", 11, 11, RESULT_permerror, 10, 0},
        {"one void", 3, 2, RESULT_fail, 3, 1},
        {"two void", 4, 2, RESULT_fail, 4, 2},
        {"three void", 5, 2, RESULT_permerror, 5, 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf zone = {0};

        add_terms(&zone, rows[i].terms, rows[i].has, "a");
        check_row(&(struct row){rows[i].says, zone.p, "a@example.org", "192.0.2.1", rows[i].result, "", 2,
                                rows[i].lookups, rows[i].voids});
        buf_free(&zone);
    }
}

/* What libspf2 does wrong: each include begins to count anew. */
static void includes_do_not_count_anew(void **state)
{
    struct buf zone = {0};

    (void)state;
    buf_add_str(&zone, ORG "include:0.example.org include:1.example.org -all");
    for (unsigned i = 0; i < 2; i++)
        buf_addf(&zone,
                 "\nTXT %u.example.org v=spf1 a:x.example.org a:x.example.org a:x.example.org "
                 "a:x.example.org",
                 i);
    buf_add_str(&zone, "\nA x.example.org 198.51.100.1");
    check_row(&(struct row){"ten", zone.p, "a@example.org", "192.0.2.1", RESULT_fail, "-all", 3, 10, 0});
    buf_clear(&zone);
    buf_add_str(&zone, ORG "include:0.example.org include:1.example.org a -all"
                           "\nTXT 0.example.org v=spf1 a:x.example.org a:x.example.org a:x.example.org"
                           " a:x.example.org\nTXT 1.example.org v=spf1 redirect=0.example.org"
                           "\nA x.example.org 198.51.100.1");
    check_row(&(struct row){"one more than ten", zone.p, "a@example.org", "192.0.2.1", RESULT_permerror,
                            "include:1.example.org: redirect=0.example.org: permerror, too many look-ups", 0,
                            10, 0});
    buf_free(&zone);
}

static void circles_end(void **state)
{
    static const struct row rows[] = {
        {"a record that includes itself", ORG "include:example.org", "a@example.org", "192.0.2.1",
         RESULT_permerror, "", 1, 10, 0},
        {"a redirect to itself", ORG "redirect=example.org", "a@example.org", "192.0.2.1", RESULT_permerror,
         "", 1, 10, 0},
        {"ten includes deep is no circle yet",
         ORG
         "include:0.example.org -all\nTXT 0.example.org v=spf1 include:1.example.org\n"
         "TXT 1.example.org v=spf1 include:2.example.org\nTXT 2.example.org v=spf1 include:3.example.org\n"
         "TXT 3.example.org v=spf1 include:4.example.org\nTXT 4.example.org v=spf1 include:5.example.org\n"
         "TXT 5.example.org v=spf1 include:6.example.org\nTXT 6.example.org v=spf1 include:7.example.org\n"
         "TXT 7.example.org v=spf1 include:8.example.org\nTXT 8.example.org v=spf1 include:9.example.org\n"
         "TXT 9.example.org v=spf1 all",
         "a@example.org", "192.0.2.1", RESULT_pass, "", 11, 10, 0},
        {0},
    };

    (void)state;
    check_rows(rows);
}

static void few_rounds_are_enough(void **state)
{
    static const struct row rows[] = {
        {"a tree of three levels takes its depth and one more",
         ORG "include:a.example.org include:b.example.org mx a:c.example.org exists:d.example.org -all\n"
             "TXT a.example.org v=spf1 include:a1.example.org include:a2.example.org ip4:1.1.1.1 ~all\n"
             "TXT b.example.org v=spf1 a:b1.example.org ip4:1.1.1.2 ?all\n"
             "TXT a1.example.org v=spf1 ip4:1.1.1.3\nTXT a2.example.org v=spf1 ip6:2001:db8::/32 -all\n"
             "A b1.example.org 1.1.1.4\nMX example.org m1.example.org\nMX example.org m2.example.org\n"
             "A m1.example.org 1.1.1.5\nA m2.example.org 192.0.2.1",
         "a@example.org", "192.0.2.1", RESULT_pass, "mx", 3, 6, 0},
        {"terms of one record are asked for at once",
         ORG
         "a:a.example.org a:b.example.org exists:%{i}.example.org ptr:c.example.org redirect=d.example.org\n"
         "A a.example.org 1.1.1.1\nA b.example.org 1.1.1.1\nA d.example.org 1.1.1.1\n"
         "PTR 1.2.0.192.in-addr.arpa c.example.org\nTXT d.example.org v=spf1 -all",
         "a@example.org", "192.0.2.1", RESULT_fail, "", 3, 5, 1},
        {"all hosts of an mx at once",
         ORG
         "mx -all\nMX example.org 1.example.org\nMX example.org 2.example.org\nMX example.org 3.example.org\n"
         "A 1.example.org 1.1.1.1\nA 2.example.org 1.1.1.1\nA 3.example.org 192.0.2.1",
         "a@example.org", "192.0.2.1", RESULT_pass, "mx", 3, 1, 0},
        {0},
    };

    (void)state;
    check_rows(rows);
}

/* As far as it is known the client passes, but what stands in front of that is not known. */
static void nothing_is_said_before_all_on_the_way_is_known(void **state)
{
    struct view txt = VIEW("v=spf1 -exists:x.example.org ip4:192.0.2.1 include:never.example.org");
    const struct fact f = {.type = FACT_TXT, .name = VIEW("example.org"), .answer = &txt, .answer_n = 1};
    struct spf_zone z = {0};
    const struct spf_source source = {spf_zone_fact, &z};
    struct spf_question q;
    struct spf_answer a;
    unsigned char ip[16];

    (void)state;
    spf_read_ip("192.0.2.1", ip);
    q = spf_question_of("a@example.org", "", ip);
    assert_int_equal(facts_add(&z.facts, &f), 0);
    spf_check(&q, &source, &a);
    assert_int_equal(a.result, RESULT_unknown);
    assert_string_equal(a.detail, "");
    /* What stands behind the match is not asked for. */
    assert_int_equal(z.needs.n, 1);
    assert_int_equal(z.needs.need[0].type, FACT_A);
    assert_true(view_equal(z.needs.need[0].name, VIEW("x.example.org")));
    spf_zone_free(&z);
}

static void without_an_address_there_is_none(void **state)
{
    struct spf_zone z = {0};
    const struct spf_source source = {spf_zone_fact, &z};
    struct spf_question q = spf_question_of("a@example.org", "", NULL);
    struct spf_answer a;

    (void)state;
    spf_check(&q, &source, &a);
    assert_int_equal(a.result, RESULT_none);
    assert_string_equal(a.detail, "the client's address is not known");
    assert_int_equal(z.needs.n, 0);
}

static void senders_have_a_limit(void **state)
{
    static char local[SPF_SENDER_MAX];
    struct spf_zone z = {0};
    const struct spf_source source = {spf_zone_fact, &z};
    unsigned char ip[16] = {0};
    struct spf_question q = spf_question_of("a@example.org", "", ip);
    struct spf_answer a;

    (void)state;
    memset(local, 'x', sizeof local);
    for (size_t over = 0; over < 2; over++) {
        q.local = (struct view){local, SPF_SENDER_MAX - q.domain.n + over};
        spf_check(&q, &source, &a);
        assert_int_equal(a.result, over ? RESULT_none : RESULT_unknown);
    }
    spf_zone_free(&z);
}

/* Without a wish for it the explanation is not even asked for. */
static void explanations_are_for_tests_only(void **state)
{
    struct spf_zone z = {.names = spf_zone_parse(ORG "-all exp=why.example.org\n"
                                                     "TXT why.example.org Go away, %{i}")};
    unsigned char ip[16];
    struct spf_question q;
    struct spf_answer a;

    (void)state;
    spf_read_ip("192.0.2.1", ip);
    q = spf_question_of("a@example.org", "", ip);
    for (unsigned wish = 0; wish < 2; wish++) {
        q.explain = wish;
        spf_zone_check(&z, spf_check, &q, &a);
        assert_int_equal(a.result, RESULT_fail);
        assert_int_equal(z.asked, 1 + wish);
        assert_string_equal(a.explanation, wish ? "Go away, 192.0.2.1" : "");
        assert_string_equal(a.detail, "-all");
    }
    json_decref(z.names);
    spf_zone_free(&z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_rfc7208),
        cmocka_unit_test(all_of_rfc4408),
        cmocka_unit_test(other_suite_differs_only_where_known),
        cmocka_unit_test(details_say_where),
        cmocka_unit_test(limits_are_exact),
        cmocka_unit_test(includes_do_not_count_anew),
        cmocka_unit_test(circles_end),
        cmocka_unit_test(few_rounds_are_enough),
        cmocka_unit_test(nothing_is_said_before_all_on_the_way_is_known),
        cmocka_unit_test(without_an_address_there_is_none),
        cmocka_unit_test(senders_have_a_limit),
        cmocka_unit_test(explanations_are_for_tests_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
