/*
 * test_check_iprev.c - unit tests of workers/antispam/check_iprev.c: names of an address that lead back to
 * it.
 *
 * Run by `make check`. No DNS: the facts stand in the cases.
 */
#include "tests/unit/dnslist_world.h"

extern const struct check_ops check_iprev;

#define PTR4 "PTR 1.2.0.192.in-addr.arpa "
#define PTR6 "PTR 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa "

static const struct {
    const char *behaviour, *ip, *facts, *wanted;
} cases[] = {
    {"the name leads back", "192.0.2.1", PTR4 "mail.example.org\nA mail.example.org 192.0.2.7 192.0.2.1",
     "pass mail.example.org leads back to 192.0.2.1"},
    {"IPv6, by AAAA, however it is written", "2001:db8::1",
     PTR6 "mail.example.org\nAAAA mail.example.org 2001:db8:0:0::1",
     "pass mail.example.org leads back to 2001:db8::1"},
    {"an A record says nothing of an IPv6 address", "2001:db8::1",
     "default nxdomain\n" PTR6 "m.example.org\nA m.example.org 192.0.2.1",
     "fail m.example.org does not lead back to 2001:db8::1"},
    {"one of several leads back", "192.0.2.1",
     PTR4 "a.example.org b.example.org\nA a.example.org !NXDOMAIN\nA b.example.org 192.0.2.1",
     "pass b.example.org leads back to 192.0.2.1"},
    {"through a CNAME", "192.0.2.1",
     PTR4 "a.example.org\nCNAME a.example.org b.example.net\nA b.example.net 192.0.2.1",
     "pass a.example.org leads back to 192.0.2.1"},
    {"a delegation below /24 (RFC 2317)", "192.0.2.1",
     "CNAME 1.2.0.192.in-addr.arpa 1.0-7.2.0.192.in-addr.arpa\n"
     "PTR 1.0-7.2.0.192.in-addr.arpa a.example.org\nA a.example.org 192.0.2.1",
     "pass a.example.org leads back to 192.0.2.1"},
    {"none leads back", "192.0.2.1", PTR4 "a.example.org\nA a.example.org 192.0.2.2",
     "fail a.example.org does not lead back to 192.0.2.1"},
    {"neither of two leads back", "192.0.2.1", PTR4 "a.example.org b.example.org\ndefault nxdomain",
     "fail a.example.org and no other name leads back to 192.0.2.1"},
    {"the fifth name counts", "192.0.2.1",
     "default nxdomain\n" PTR4 "a.example b.example c.example d.example e.example\nA e.example 192.0.2.1",
     "pass e.example leads back to 192.0.2.1"},
    {"the sixth does not", "192.0.2.1",
     "default nxdomain\n" PTR4 "a.example b.example c.example d.example e.example f.example\n"
     "A f.example 192.0.2.1",
     "fail a.example and no other name leads back to 192.0.2.1"},
    {"no name", "192.0.2.1", PTR4 "!NXDOMAIN", "none there is no name of 192.0.2.1"},
    {"an empty answer", "192.0.2.1", "PTR 1.2.0.192.in-addr.arpa", "none there is no name of 192.0.2.1"},
    {"the server of the reverse zone fails", "192.0.2.1", PTR4 "!SERVFAIL",
     "temperror the DNS did not say the name of 192.0.2.1"},
    {"... is silent", "192.0.2.1", PTR4 "!TIMEOUT", "temperror the DNS did not say the name of 192.0.2.1"},
    {"the server of the name is silent", "192.0.2.1", PTR4 "a.example.org\nA a.example.org !TIMEOUT",
     "temperror a.example.org was asked for without an answer: it may lead back to 192.0.2.1"},
    {"a pass is one, whatever else failed", "192.0.2.1",
     PTR4 "a.example.org b.example.org\nA a.example.org !TIMEOUT\nA b.example.org 192.0.2.1",
     "pass b.example.org leads back to 192.0.2.1"},
    {"what was never asked is unknown", "192.0.2.1", "",
     "unknown it was not asked for all names of 192.0.2.1"},
    {"... and of a name, too", "192.0.2.1", PTR4 "a.example.org",
     "unknown a.example.org it was not asked for all names of 192.0.2.1"},
    {"no client", "", "", "skipped the client's address is not known"},
    {"10/8", "10.1.2.3", "", "skipped a private address"},
    {"172.16/12, its last address", "172.31.255.255", "default nxdomain", "skipped a private address"},
    {"the one behind it", "172.32.0.0", "default nxdomain", "none there is no name of 172.32.0.0"},
    {"192.168/16", "192.168.0.1", "", "skipped a private address"},
    {"loopback", "127.0.0.1", "", "skipped an address of this machine"},
    {"loopback of IPv6", "::1", "", "skipped an address of this machine"},
    {"its neighbour", "::2", "default nxdomain", "none there is no name of ::2"},
    {"link-local", "169.254.3.4", "", "skipped a link-local address"},
    {"link-local of IPv6", "febf::1", "", "skipped a link-local address"},
    {"unique local", "fdff::1", "", "skipped a private address"},
    {"before them", "fbff::1", "default nxdomain", "none there is no name of fbff::1"},
    {"carriers", "100.127.255.255", "", "skipped an address of a provider's own network"},
    {"multicast", "224.0.0.1", "", "skipped no address of a client"},
    {"IPv4 within IPv6 is IPv4", "::ffff:10.0.0.1", "", "skipped a private address"},
};

static void every_case_gets_its_result(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dnslist_world *w = dnslist_open(&check_iprev, "");
        const char *got;

        dnslist_facts(w, cases[i].facts);
        dnslist_client(w, cases[i].ip, "");
        got = dnslist_judge(w);
        if (strcmp(got, cases[i].wanted) != 0)
            fail_msg("%s: %s", cases[i].behaviour, got);
        dnslist_close(&w);
    }
}

static void the_name_is_told_to_others_where_it_passes(void **state)
{
    struct dnslist_world *w = dnslist_open(&check_iprev, "");

    (void)state;
    dnslist_client(w, "192.0.2.1", "");
    dnslist_facts(w, PTR4 "Mail.Example.ORG.\nA mail.example.org 192.0.2.1");
    dnslist_judge(w);
    assert_int_equal(w->j.auth.iprev, RESULT_pass);
    assert_true(view_equal(w->j.auth.client_name, VIEW("mail.example.org")));
    assert_true(view_equal(w->a.verdict.result[0].props, VIEW("policy.iprev=192.0.2.1")));
    dnslist_close(&w);

    w = dnslist_open(&check_iprev, "");
    dnslist_client(w, "2001:db8::1", "");
    dnslist_facts(w, "default nxdomain\n" PTR6 "mail.example.org");
    dnslist_judge(w);
    assert_int_equal(w->j.auth.iprev, RESULT_fail);
    assert_int_equal(w->j.auth.client_name.n, 0);
    assert_true(view_equal(w->a.verdict.result[0].props, VIEW("policy.iprev=\"2001:db8::1\"")));
    dnslist_close(&w);
}

static void a_round_names_all_that_is_missing(void **state)
{
    struct dnslist_world *w = dnslist_open(&check_iprev, "");

    (void)state;
    dnslist_client(w, "192.0.2.1", "");
    assert_string_equal(dnslist_unfold(w), "PTR 1.2.0.192.in-addr.arpa");
    dnslist_facts(w, PTR4 "a.example.org b.example.org");
    assert_string_equal(dnslist_unfold(w), "A a.example.org; A b.example.org");
    dnslist_facts(w, "A a.example.org 192.0.2.9\nA b.example.org !NXDOMAIN");
    assert_string_equal(dnslist_unfold(w), "");
    dnslist_client(w, "10.0.0.1", "");
    assert_string_equal(dnslist_unfold(w), "");
    dnslist_close(&w);
}

static void a_client_of_ours_is_skipped_but_not_one_behind_a_gateway(void **state)
{
    struct dnslist_world *w = dnslist_open(&check_iprev, "");

    (void)state;
    dnslist_client(w, "192.0.2.1", "");
    w->j.local = true;
    assert_string_equal(dnslist_judge(w), "skipped an address in site.networks");
    w->j.client.via_n = 1;
    assert_string_equal(dnslist_judge(w), "unknown it was not asked for all names of 192.0.2.1");
    dnslist_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_gets_its_result),
        cmocka_unit_test(the_name_is_told_to_others_where_it_passes),
        cmocka_unit_test(a_round_names_all_that_is_missing),
        cmocka_unit_test(a_client_of_ours_is_skipped_but_not_one_behind_a_gateway),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
