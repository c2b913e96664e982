/*
 * test_check_helo.c - unit tests of workers/antispam/check_helo.c: names that clients give themselves.
 *
 * Run by `make check`. The site is example.org, its host mx.example.org; no DNS: the facts stand in the
 * cases.
 */
#include "tests/unit/dnslist_world.h"

extern const struct check_ops check_helo;

#define SITE "site - hostname MX.example.org\nlist domains - example.org\nlist domains - .lan.example.org"
#define NO   "default nxdomain\n"
#define PTR  "PTR 1.2.0.192.in-addr.arpa "

static const struct {
    const char *behaviour, *ip, *helo, *facts, *wanted;
} cases[] = {
    {"the name leads to the client", "192.0.2.1", "a.example.net", NO "A a.example.net 192.0.2.1",
     "pass a.example.net leads to the client's address, or is its reverse name"},
    {"in capitals and with its dot", "192.0.2.1", "A.EXAMPLE.net.", NO "A a.example.net 192.0.2.1",
     "pass A.EXAMPLE.net. leads to the client's address, or is its reverse name"},
    {"the name leads to an IPv6 client", "2001:db8::1", "a.example.net", NO "AAAA a.example.net 2001:db8::1",
     "pass a.example.net leads to the client's address, or is its reverse name"},
    {"the reverse name, without an address of its own", "192.0.2.1", "a.example.net", NO PTR "a.example.net",
     "pass a.example.net leads to the client's address, or is its reverse name"},
    {"the name leads elsewhere", "192.0.2.1", "a.example.net", NO "A a.example.net 192.0.2.2",
     "neutral a.example.net leads to other addresses than the client's"},
    {"the name has addresses of the other kind only", "192.0.2.1", "a.example.net",
     NO "A a.example.net !NOERROR\nAAAA a.example.net 2001:db8::1",
     "neutral a.example.net leads to other addresses than the client's"},
    {"the name leads nowhere", "192.0.2.1", "a.example.net", NO, "fail a.example.net leads to no address"},
    {"an underscore is looked up", "192.0.2.1", "my_pc.example.net", NO "A my_pc.example.net 192.0.2.1",
     "pass my_pc.example.net leads to the client's address, or is its reverse name"},
    {"the server of the name is silent", "192.0.2.1", "a.example.net", NO "A a.example.net !TIMEOUT",
     "temperror a.example.net was asked for without an answer"},
    {"the server of the reverse name fails, which it may be", "192.0.2.1", "a.example.net",
     NO PTR "!SERVFAIL", "temperror a.example.net was asked for without an answer"},
    {"... which does not matter where the name leads to the client", "192.0.2.1", "a.example.net",
     NO PTR "!SERVFAIL\nA a.example.net 192.0.2.1",
     "pass a.example.net leads to the client's address, or is its reverse name"},
    {"what was never asked is unknown", "192.0.2.1", "a.example.net", "",
     "unknown a.example.net was not asked for"},
    {"... the other kind of address, too", "192.0.2.1", "a.example.net",
     "A a.example.net !NOERROR\n" PTR "!NXDOMAIN", "unknown a.example.net was not asked for"},
    {"a name that is not there has no address of the other kind", "192.0.2.1", "a.example.net",
     "A a.example.net !NXDOMAIN\n" PTR "!NXDOMAIN", "fail a.example.net leads to no address"},
    {"... which servers say of IPv6 where there is IPv4", "2001:db8::1", "a.example.net",
     "AAAA a.example.net !NXDOMAIN\nA a.example.net 192.0.2.1\n"
     "PTR 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa !NXDOMAIN",
     "neutral a.example.net leads to other addresses than the client's"},
    {"the client's address in brackets", "192.0.2.1", "[192.0.2.1]", "",
     "pass [192.0.2.1] is the client's address"},
    {"another one", "192.0.2.1", "[192.0.2.2]", "", "fail [192.0.2.2] is not the client's address"},
    {"IPv6 in brackets", "2001:db8::1", "[IPv6:2001:DB8:0::1]", "",
     "pass [IPv6:2001:DB8:0::1] is the client's address"},
    {"without its tag", "2001:db8::1", "[2001:db8::1]", "", "pass [2001:db8::1] is the client's address"},
    {"an address without brackets is no name", "192.0.2.1", "192.0.2.1", NO,
     "fail 192.0.2.1 is no name of a host"},
    {"empty brackets", "192.0.2.1", "[]", "", "fail [] is no name of a host"},
    {"one bracket", "192.0.2.1", "[", "", "fail [ is no name of a host"},
    {"no address in brackets", "192.0.2.1", "[a.example.net]", "",
     "fail [a.example.net] is no name of a host"},
    {"no dot", "192.0.2.1", "localhost", NO, "fail localhost is no name of a host"},
    {"a dot at the end only", "192.0.2.1", "localhost.", NO, "fail localhost. is no name of a host"},
    {"blanks", "192.0.2.1", "a b.example.net", NO, "fail a b.example.net is no name of a host"},
    {"an empty label", "192.0.2.1", "a..example.net", NO, "fail a..example.net is no name of a host"},
    {"other characters", "192.0.2.1", "a!b.example.net", NO, "fail a!b.example.net is no name of a host"},
    {"no HELO", "192.0.2.1", "", "", "none the client gave no name"},
    {"no client", "", "a.example.net", "", "skipped the client's address is not known"},
    {"a private client", "10.0.0.1", "pc", "", "skipped a private address"},
    {"our host's name, given by a stranger", "192.0.2.1", "mx.example.org", NO "A mx.example.org 192.0.2.9",
     "fail mx.example.org is a name of ours, and the client is none of ours"},
    {"our domain", "192.0.2.1", "EXAMPLE.ORG", NO,
     "fail EXAMPLE.ORG is a name of ours, and the client is none of ours"},
    {"below a domain with a dot", "192.0.2.1", "pc.lan.example.org", NO,
     "fail pc.lan.example.org is a name of ours, and the client is none of ours"},
    {"below one without it any name is as good as others", "192.0.2.1", "www.example.org",
     NO "A www.example.org 192.0.2.9", "neutral www.example.org leads to other addresses than the client's"},
    {"our domain, when the DNS says that the client has it", "192.0.2.1", "example.org",
     NO "A example.org 192.0.2.1", "pass example.org leads to the client's address, or is its reverse name"},
    {"our domain, when the DNS does not say", "192.0.2.1", "example.org", NO "A example.org !TIMEOUT",
     "temperror example.org was asked for without an answer"},
};

static void every_case_gets_its_result(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dnslist_world *w = dnslist_open(&check_helo, SITE);
        const char *got;

        dnslist_facts(w, cases[i].facts);
        dnslist_client(w, cases[i].ip, cases[i].helo);
        got = dnslist_judge(w);
        if (strcmp(got, cases[i].wanted) != 0)
            fail_msg("%s: %s", cases[i].behaviour, got);
        dnslist_close(&w);
    }
}

static void a_name_that_is_not_there_needs_no_other_round(void **state)
{
    struct dnslist_world *w = dnslist_open(&check_helo, SITE);

    (void)state;
    dnslist_client(w, "192.0.2.1", "a.example.net");
    dnslist_facts(w, "A a.example.net !NXDOMAIN\n" PTR "b.example.net");
    assert_string_equal(dnslist_unfold(w), "");
    dnslist_close(&w);
}

static void a_round_names_all_that_is_missing(void **state)
{
    struct dnslist_world *w = dnslist_open(&check_helo, SITE);

    (void)state;
    dnslist_client(w, "192.0.2.1", "a.example.net");
    assert_string_equal(dnslist_unfold(w), "A a.example.net; PTR 1.2.0.192.in-addr.arpa");
    dnslist_facts(w, "A a.example.net !NOERROR\n" PTR "b.example.net");
    assert_string_equal(dnslist_unfold(w), "AAAA a.example.net");
    dnslist_client(w, "192.0.2.1", "[192.0.2.1]");
    assert_string_equal(dnslist_unfold(w), "");
    dnslist_client(w, "192.0.2.1", "");
    assert_string_equal(dnslist_unfold(w), "");
    dnslist_close(&w);
}

/* The name of 253 bytes is asked for, that of 254 is none. */
static void a_name_too_long_is_none(void **state)
{
    struct dnslist_world *w = dnslist_open(&check_helo, SITE);
    struct buf b = {0};

    (void)state;
    for (unsigned i = 0; i < 125; i++)
        buf_add_str(&b, "a.");
    buf_add_str(&b, "net");
    assert_int_equal(b.n, 253);
    dnslist_client(w, "192.0.2.1", b.p);
    dnslist_facts(w, "default nxdomain");
    assert_non_null(strstr(dnslist_judge(w), " leads to no address"));
    buf_add_str(&b, "s");
    dnslist_client(w, "192.0.2.1", b.p);
    assert_non_null(strstr(dnslist_judge(w), " is no name of a host"));
    buf_free(&b);
    dnslist_close(&w);
}

static void without_a_hostname_no_empty_name_is_ours(void **state)
{
    struct dnslist_world *w = dnslist_open(&check_helo, "");

    (void)state;
    dnslist_client(w, "192.0.2.1", "example.org");
    dnslist_facts(w, "default nxdomain");
    assert_string_equal(dnslist_judge(w), "fail example.org leads to no address");
    dnslist_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_gets_its_result),
        cmocka_unit_test(a_name_that_is_not_there_needs_no_other_round),
        cmocka_unit_test(a_round_names_all_that_is_missing),
        cmocka_unit_test(a_name_too_long_is_none),
        cmocka_unit_test(without_a_hostname_no_empty_name_is_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
