/*
 * test_rdns.c - unit tests of workers/antispam/rdns.c: names made of addresses, and addresses in answers.
 *
 * Run by `make check`. The way back from a name is tested with check_iprev.
 */
#include "tests/unit/dnslist_world.h"

static const struct {
    const char *behaviour, *ip, *wanted;
} reversed[] = {
    {"IPv4", "192.0.2.1", "1.2.0.192."},
    {"one, two and three digits", "1.20.255.0", "0.255.20.1."},
    {"IPv6 by nibbles (RFC 5782, 2.4)", "2001:db8:1:2:3:4:567:89ab",
     "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2."},
    {"IPv4 within IPv6 is IPv4", "::ffff:192.0.2.1", "1.2.0.192."},
};

static void addresses_are_reversed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof reversed / sizeof *reversed; i++) {
        char text[RDNS_REVERSE_MAX + 1];
        unsigned char ip[16];

        assert_true(rdns_parse(view_of(reversed[i].ip), ip));
        if (rdns_reverse(ip, text) != strlen(reversed[i].wanted) || strcmp(text, reversed[i].wanted) != 0)
            fail_msg("%s: %s", reversed[i].behaviour, text);
    }
}

static const struct {
    struct view text;
    bool wanted;
} addresses[] = {
    {VIEW("192.0.2.1"), true},
    {VIEW("2001:db8::1"), true},
    {VIEW("::"), true},
    {VIEW(""), false},
    {VIEW("192.0.2"), false},
    {VIEW("192.0.2.256"), false},
    {VIEW("192.0.2.1 "), false},
    {VIEW("192.0.2.1\0"), false},
    {VIEW("[192.0.2.1]"), false},
    {VIEW("fe80::1%eth0"), false},
    {VIEW("2001:0db8:0000:0000:0000:0000:192.0.2.1000000000000"), false},
};

static void only_addresses_are_taken_for_some(void **state)
{
    unsigned char ip[16];

    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
        if (rdns_parse(addresses[i].text, ip) != addresses[i].wanted)
            fail_msg("%.*s", (int)addresses[i].text.n, addresses[i].text.p);
}

static void an_address_is_shown_in_its_shortest_form(void **state)
{
    static const char *const same[][2] = {{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
                                          {"::ffff:192.0.2.1", "192.0.2.1"}};
    char text[RDNS_TEXT_MAX];
    unsigned char ip[16];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_true(rdns_parse(view_of(same[i][0]), ip));
        assert_string_equal(rdns_text(ip, text), same[i][1]);
    }
}

static void an_answer_is_found_among_others(void **state)
{
    const struct view answer[] = {VIEW("rubbish"), VIEW("192.0.2.2"), VIEW("192.0.2.1")};
    struct fact f = {.answer = answer, .answer_n = 3};
    unsigned char ip[16];

    (void)state;
    assert_true(rdns_parse(VIEW("192.0.2.1"), ip));
    assert_true(rdns_has(&f, ip));
    f.answer_n = 2;
    assert_false(rdns_has(&f, ip));
}

static const struct {
    const char *name;
    bool wanted;
} hosts[] = {
    {"a.example.org", true},
    {"xn--nxa.example.org", true},
    {"a_b.example.org", true},
    {"1.example.org", true},
    {"a.b2", true},
    {"a.2b", true},
    {"a.2", false},
    {"localhost", false},
    {"192.0.2.1", false},
    {"a.example!", false},
    {"A.example", false},
    {"", false},
};

static void a_host_has_two_labels_and_ends_in_no_number(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (rdns_is_host_name(view_of(hosts[i].name)) != hosts[i].wanted)
            fail_msg("%s", hosts[i].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_reversed),
        cmocka_unit_test(only_addresses_are_taken_for_some),
        cmocka_unit_test(an_address_is_shown_in_its_shortest_form),
        cmocka_unit_test(an_answer_is_found_among_others),
        cmocka_unit_test(a_host_has_two_labels_and_ends_in_no_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
