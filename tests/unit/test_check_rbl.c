/*
 * test_check_rbl.c - unit tests of workers/antispam/check_rbl.c: the client's address in DNS lists.
 *
 * Run by `make check`. What an answer means is tested with rbl_zone.c.
 */
#include "tests/unit/dnslist_world.h"

extern const struct check_ops check_rbl;

#define LISTS                                                                                                \
    "rbl zen zone zen.example.org\nrbl paid zone bl.example.net\nrbl paid key secret\n"                      \
    "rbl off zone off.example.org\nrbl off enable 0"

static void every_list_that_is_on_is_asked(void **state)
{
    struct dnslist_world *w = dnslist_open(&check_rbl, LISTS);

    (void)state;
    dnslist_client(w, "192.0.2.1", "");
    assert_string_equal(dnslist_unfold(w), "A 1.2.0.192.zen.example.org; A 1.2.0.192.secret.bl.example.net");
    dnslist_client(w, "2001:db8::1", "");
    assert_non_null(strstr(dnslist_unfold(w),
                           "A 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
                           "secret.bl.example.net"));
    dnslist_close(&w);
}

static const struct {
    const char *behaviour, *ip, *suspended, *facts, *wanted;
} cases[] = {
    {"a hit and a miss; the key is shown to nobody", "192.0.2.1", "",
     "default nxdomain\nA 1.2.0.192.secret.bl.example.net 127.0.0.4 127.0.0.2",
     "zen: miss 192.0.2.1 is not listed by zen.example.org\n"
     "paid: hit 2 192.0.2.1 is listed by bl.example.net: 127.0.0.2, 127.0.0.4"},
    {"no answer of one, an error of the other", "192.0.2.1", "",
     "A 1.2.0.192.zen.example.org !TIMEOUT\nA 1.2.0.192.secret.bl.example.net 127.255.255.254",
     "zen: temperror 192.0.2.1 was asked about without an answer: zen.example.org\n"
     "paid: unusable 192.0.2.1 cannot be asked about: bl.example.net answers 127.255.255.254"},
    {"one is suspended, the other was never asked", "192.0.2.1", "uribl:paid rbl:zen", "",
     "zen: unusable zen.example.org is suspended: it failed its self test\n"
     "paid: unknown 192.0.2.1 was not asked about: bl.example.net"},
    {"an address that the Internet does not know", "192.168.1.1", "", "",
     "zen: skipped a private address\npaid: skipped a private address"},
    {"no address", "", "", "",
     "zen: skipped the client's address is not known\npaid: skipped the client's address is not known"},
};

static void every_case_gets_its_results(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dnslist_world *w = dnslist_open(&check_rbl, LISTS);
        const char *got;

        w->order.suspended = view_of(cases[i].suspended);
        dnslist_facts(w, cases[i].facts);
        dnslist_client(w, cases[i].ip, "");
        got = dnslist_judge(w);
        if (strcmp(got, cases[i].wanted) != 0)
            fail_msg("%s: %s", cases[i].behaviour, got);
        dnslist_close(&w);
    }
}

static void nothing_is_asked_in_vain(void **state)
{
    struct dnslist_world *w = dnslist_open(&check_rbl, LISTS);

    (void)state;
    dnslist_client(w, "10.0.0.1", "");
    assert_string_equal(dnslist_unfold(w), "");
    dnslist_client(w, "192.0.2.1", "");
    w->order.suspended = VIEW("rbl:zen rbl:paid");
    assert_string_equal(dnslist_unfold(w), "");
    dnslist_close(&w);
}

static void without_lists_there_is_no_result(void **state)
{
    struct dnslist_world *w = dnslist_open(&check_rbl, "");

    (void)state;
    dnslist_client(w, "192.0.2.1", "");
    assert_string_equal(dnslist_unfold(w), "");
    assert_string_equal(dnslist_judge(w), "");
    dnslist_close(&w);
}

static void bad_settings_are_refused(void **state)
{
    struct dnslist_world w = {0};

    (void)state;
    dnslist_settings(&w, "rbl a zone z.example.org\nrbl a results rubbish");
    assert_null(check_rbl.open(&w.settings, &w.text));
    assert_non_null(strstr(w.text.p, "t.ini:7: rbl a.results: rubbish is no result"));
    settings_free(&w.settings);
    buf_free(&w.bytes);
    buf_free(&w.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_list_that_is_on_is_asked), cmocka_unit_test(every_case_gets_its_results),
        cmocka_unit_test(nothing_is_asked_in_vain),       cmocka_unit_test(without_lists_there_is_no_result),
        cmocka_unit_test(bad_settings_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
