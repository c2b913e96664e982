/*
 * test_spf_libspf2.c - libspf2 behind the gate: how much of the suites it gets right, and what never reaches
 * it.
 *
 * Run by `make check`. The figures that the decision in spf_libspf2.c stands on are printed and must not
 * fall.
 */
#include "tests/unit/spf_world.h"

#include "workers/antispam/spf_libspf2.h"

struct tally {
    unsigned run, right, same, rounds;
};

static void compare(struct spf_zone *z, const struct spf_case *c, void *of)
{
    struct tally *t = of;
    struct spf_question q;
    struct spf_answer a, own;
    unsigned char ip[16];

    spf_read_ip(c->host, ip);
    q = spf_question_of(c->sender, c->helo, ip);
    spf_zone_check(z, spf_check, &q, &own);
    spf_zone_check(z, spf_libspf2_check, &q, &a);
    t->run++;
    t->same += a.result == own.result;
    t->right += spf_case_is_right(c, a.result);
    t->rounds += z->rounds;
    assert_true(a.lookups <= SPF_LOOKUPS_MAX + 1 && a.voids <= SPF_VOIDS_MAX + 1);
}

/* `wrong`: so many are known to be; more must not be. */
static void run_suite(const char *file, const char *error, unsigned wrong)
{
    json_t *suite = spf_suite_open(file);
    struct tally t = {0};

    if (!suite)
        skip();
    spf_suite_each(suite, error, compare, &t);
    json_decref(suite);
    print_message("%s: libspf2 %u of %u right, %u as our own\n", file, t.right, t.run, t.same);
    assert_true(t.run > 50);
    assert_true(t.run - t.right <= wrong);
}

static void rfc7208_does_not_fall(void **state)
{
    (void)state;
    run_suite("rfc7208.json", "error.", 3);
}

static void rfc4408_does_not_fall(void **state)
{
    (void)state;
    run_suite("rfc4408.json", "error.", 3);
}

static void stalwart_does_not_fall(void **state)
{
    (void)state;
    run_suite("stalwart.json", "_dns_error", 8);
}

static void ask(const char *zone, const char *sender, const char *ip, struct spf_zone *z,
                struct spf_answer *a)
{
    unsigned char bytes[16];
    struct spf_question q;

    spf_read_ip(ip, bytes);
    q = spf_question_of(sender, "mail.example.net", bytes);
    q.explain = true;
    z->names = spf_zone_parse(zone);
    spf_zone_check(z, spf_libspf2_check, &q, a);
    json_decref(z->names);
    spf_zone_free(z);
}

static void expect(const char *says, const char *zone, const char *sender, const char *ip,
                   enum check_result result, const char *detail)
{
    struct spf_zone z = {0};
    struct spf_answer a;

    ask(zone, sender, ip, &z, &a);
    if (a.result != result || strcmp(a.detail, detail) != 0)
        fail_msg("%s: got %s, \"%s\"", says, check_result_name(a.result), a.detail);
    assert_string_equal(a.explanation, "");
}

#define ORG "TXT example.org v=spf1 "

static void the_gate_holds(void **state)
{
    static const struct {
        const char *says, *zone, *sender, *ip;
        enum check_result result;
        const char *detail;
    } rows[] = {
        {"what is right is asked of the library", ORG "a:m.example.org -all\nA m.example.org 192.0.2.1",
         "a@example.org", "192.0.2.1", RESULT_pass, "libspf2: pass"},
        {"a term that is none", ORG "a:org -all", "a@example.org", "192.0.2.1", RESULT_permerror,
         "libspf2: permerror, syntax"},
        {"two records", ORG "-all\n" ORG "-all", "a@example.org", "192.0.2.1", RESULT_permerror,
         "libspf2: permerror, more than one SPF record"},
        {"a redirect in front", ORG "redirect=x.example.org ip4:192.0.2.1", "a@example.org", "192.0.2.1",
         RESULT_pass, "libspf2: pass"},
        {"no prefix at all", ORG "ip4:1.1.1.1/0 -all", "a@example.org", "192.0.2.1", RESULT_pass,
         "libspf2: pass"},
        {"no prefix at all of a name", ORG "a:m.example.org/0 -all\nA m.example.org 1.1.1.1", "a@example.org",
         "192.0.2.1", RESULT_pass, "libspf2: pass"},
        {"no prefix for the other family", ORG "a:m.example.org/24//0 -all\nA m.example.org 192.0.2.9",
         "a@example.org", "192.0.2.1", RESULT_pass, "libspf2: pass"},
        {"a loopback client passes in the library without a look", ORG "-all", "a@example.org", "127.0.0.9",
         RESULT_fail, "-all"},
        {"and that of IPv6", ORG "-all", "a@example.org", "::1", RESULT_fail, "-all"},
        {"a sender with strange bytes (CVE-2021-33912)", ORG "exists:%{L}.x.org -all", "\377\377@example.org",
         "192.0.2.1", RESULT_fail, "-all"},
        {"an explanation (CVE-2023-42118)",
         ORG "-all exp=why.example.org\nTXT why.example.org %{d}%{d}%{d}%{d}%{d}%{d}%{d}%{d}%{d}abc",
         "a@example.org", "192.0.2.1", RESULT_fail, "libspf2: fail"},
        {"a domain without a record", "A example.org 192.0.2.1", "a@example.org", "192.0.2.1", RESULT_none,
         "libspf2: none"},
        {"a silent server", "* example.org TIMEOUT", "a@example.org", "192.0.2.1", RESULT_temperror,
         "libspf2: temperror"},
        {"includes without end", ORG "include:example.org", "a@example.org", "192.0.2.1", RESULT_permerror,
         "libspf2: permerror"},
        {"three void look-ups", ORG "a:1.example.org a:2.example.org a:3.example.org ?all", "a@example.org",
         "192.0.2.1", RESULT_permerror, "libspf2: permerror, too many look-ups without an answer"},
        {"one more than ten look-ups over two includes",
         ORG "include:0.example.org include:0.example.org a:x.example.org ?all\nA x.example.org 1.1.1.1\n"
             "TXT 0.example.org v=spf1 a:x.example.org a:x.example.org a:x.example.org a:x.example.org",
         "a@example.org", "192.0.2.1", RESULT_permerror, "libspf2: permerror, too many look-ups"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(rows[i].says, rows[i].zone, rows[i].sender, rows[i].ip, rows[i].result, rows[i].detail);
}

/* One term, many macros: the second path of CVE-2023-42118 has one of 3,600 bytes. */
static void terms_have_a_limit(void **state)
{
    (void)state;
    for (unsigned n = SPF_LIBSPF2_TERM_MAX - 1; n <= SPF_LIBSPF2_TERM_MAX + 1; n++) {
        struct buf zone = {0};
        size_t start;

        buf_add_str(&zone, ORG);
        start = zone.n;
        buf_add_str(&zone, "+exists:");
        buf_add_str(&zone, "%{d}%{i}%{l}%{h}%{d}%{i}%{l}%{h}%{d}%{i}%{l}%{h}");
        while (zone.n - start < n - 4)
            buf_add_char(&zone, zone.n % 50 ? 'x' : '.');
        buf_add_str(&zone, ".org -all");
        expect("a long term", zone.p, "a@example.org", "192.0.2.1", RESULT_fail,
               n > SPF_LIBSPF2_TERM_MAX ? "-all" : "libspf2: fail");
        buf_free(&zone);
    }
}

/* Whatever a record is made of: the library gets none that it forgets the end of. */
static void no_record_is_too_long_for_it(void **state)
{
    static const struct {
        const char *term, *ip;
        bool counts; /* it is of the client's family */
    } rows[] = {
        {"ip4:1.1.1.1", "192.0.2.1", true},    {"ip4:1.1.1.0/24", "192.0.2.1", true},
        {"ip6:::1", "192.0.2.1", false},       {"ip6:::1", "2001:db8::1", true},
        {"ip4:1.1.1.1", "2001:db8::1", false}, {"ip6:2001:db8:ffff:ffff:ffff:ffff::/99", "2001:db8::1", true},
        {"x=y", "192.0.2.1", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned refused = 0;

        for (unsigned n = 0; n < 80; n++) {
            struct spf_zone z = {0};
            struct buf zone = {0};
            struct spf_answer a;

            buf_add_str(&zone, ORG);
            for (unsigned k = 0; k < n; k++)
                buf_addf(&zone, "%s ", rows[i].term);
            buf_add_str(&zone, "-all");
            ask(zone.p, "a@example.org", rows[i].ip, &z, &a);
            assert_int_equal(a.result, RESULT_fail);
            refused += strcmp(a.detail, "-all") == 0;
            buf_free(&zone);
        }
        assert_true(rows[i].counts ? refused > 0 && refused < 70 : refused == 0);
    }
}

/* Up to ten terms with names of each length. */
static void names_are_counted_as_well(void **state)
{
    (void)state;
    for (unsigned terms = 1; terms <= 10; terms++) {
        for (unsigned n = 1; n <= 60; n += 3) {
            struct spf_zone z = {0};
            struct buf zone = {0};
            struct spf_answer a;

            buf_add_str(&zone, ORG);
            for (unsigned k = 0; k < terms; k++)
                buf_addf(&zone, "a:%0*u.%%{d}.example.org ", (int)n, 0);
            buf_addf(&zone, "-all\nA %0*u.example.org.example.org 1.1.1.1", (int)n, 0);
            ask(zone.p, "a@example.org", "192.0.2.1", &z, &a);
            assert_int_equal(a.result, RESULT_fail);
            buf_free(&zone);
        }
    }
}

static void our_own_look_ahead_names_the_needs(void **state)
{
    struct spf_zone z = {0};
    struct spf_answer a;

    (void)state;
    ask(ORG
        "include:a.example.org include:b.example.org mx -all\nTXT a.example.org v=spf1 a:x.example.org ?all\n"
        "TXT b.example.org v=spf1 a:x.example.org ?all\nA x.example.org 1.1.1.1\n"
        "MX example.org m.example.org\nA m.example.org 192.0.2.1",
        "a@example.org", "192.0.2.1", &z, &a);
    assert_int_equal(a.result, RESULT_pass);
    assert_int_equal(z.rounds, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc7208_does_not_fall),     cmocka_unit_test(rfc4408_does_not_fall),
        cmocka_unit_test(stalwart_does_not_fall),    cmocka_unit_test(the_gate_holds),
        cmocka_unit_test(terms_have_a_limit),        cmocka_unit_test(no_record_is_too_long_for_it),
        cmocka_unit_test(names_are_counted_as_well), cmocka_unit_test(our_own_look_ahead_names_the_needs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
