/*
 * test_check_forged_local.c - unit tests of workers/antispam/check_forged_local.c: strangers with our names.
 *
 * Run by `make check`. Our domains are example.org, and all of .lan.example.net.
 */
#include "tests/unit/check_world.h"

extern const struct check_ops check_forged_local;

static const struct {
    const char *behaviour, *sender;
    enum { STRANGER, AUTHENTICATED, LOCAL } client;
    enum check_result spf;
    const char *wanted;
} cases[] = {
    {"somebody else's name", "a@example.com", STRANGER, RESULT_fail, "miss"},
    {"our name, by a stranger", "a@example.org", STRANGER, RESULT_none,
     "hit example.org is ours; SPF: none, DKIM: not judged"},
    {"below one of ours", "a@pc.lan.example.net", STRANGER, RESULT_softfail,
     "hit pc.lan.example.net is ours; SPF: softfail, DKIM: not judged"},
    {"below one that is ours alone", "a@pc.example.org", STRANGER, RESULT_none, "miss"},
    {"a stranger with the right to it", "a@example.org", STRANGER, RESULT_pass,
     "miss example.org is ours; SPF passes"},
    {"authenticated", "a@example.org", AUTHENTICATED, RESULT_fail,
     "miss example.org is ours; the client is authenticated"},
    {"in our networks", "a@example.org", LOCAL, RESULT_fail,
     "miss example.org is ours; the client is in site.networks"},
    {"not asked for", "a@example.org", STRANGER, RESULT_unknown,
     "unknown example.org is ours; SPF: unknown, DKIM: not judged"},
    {"the DNS is silent", "a@example.org", STRANGER, RESULT_temperror,
     "temperror example.org is ours; SPF: temperror, DKIM: not judged"},
    {"the null sender", "", STRANGER, RESULT_none, "miss"},
    {"a sender without domain", "root", STRANGER, RESULT_none, "miss"},
};

static void our_names_are_ours(void **state)
{
    struct check_world w = {0};

    (void)state;
    check_open(&w, &check_forged_local, "domains example.org\ndomains .lan.example.net");
    for (size_t i = 0; i < N(cases); i++) {
        w.order.sender = view_of(cases[i].sender);
        check_message(&w, VIEW("From: a@example.org\r\n\r\n"));
        w.j.authenticated = cases[i].client == AUTHENTICATED;
        w.j.local = cases[i].client == LOCAL;
        w.j.outgoing = w.j.authenticated || w.j.local;
        w.j.auth.spf = cases[i].spf;
        w.j.auth.spf_domain = w.j.sender.domain;
        if (strcmp(check_judge(&w), cases[i].wanted) != 0)
            fail_msg("%s: %s", cases[i].behaviour, w.text.p);
    }
    check_close(&w);
}

static void without_domains_nothing_is_ours(void **state)
{
    struct check_world w = {0};

    (void)state;
    check_open(&w, &check_forged_local, "");
    w.order.sender = VIEW("a@example.org");
    check_message(&w, VIEW("\r\n"));
    assert_string_equal(check_judge(&w), "miss");
    check_close(&w);
}

static void wrong_entries_are_told(void **state)
{
    char *why = check_why(&check_forged_local, "domains example..org");

    (void)state;
    assert_memory_equal(why, "lists/domains:1: \"example..org\": ", 33);
    free(why);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_names_are_ours),
        cmocka_unit_test(without_domains_nothing_is_ours),
        cmocka_unit_test(wrong_entries_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
