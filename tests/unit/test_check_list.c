/*
 * test_check_list.c - unit tests of workers/antispam/check_list.c: own lists of addresses and senders.
 *
 * Run by `make check`.
 */
#include "tests/unit/check_world.h"

#include "workers/antispam/check_list.h"

extern const struct check_ops check_list;

#define BLACK   "blacklist 192.0.2.0/24\n"
#define WHITE   "whitelist 198.51.100.7\n"
#define BLOCKED "blocked_senders bad@example.net\nblocked_senders .example.com\n"
#define TRUSTED "trusted_senders example.org\n"

static const struct {
    const char *behaviour, *entries, *ip, *sender;
    enum check_result spf;
    const char *wanted;
} cases[] = {
    {"no lists, no results", "", "192.0.2.1", "a@example.org", RESULT_pass, ""},
    {"a client in the blacklist", BLACK, "192.0.2.1", "", RESULT_none,
     "blacklist: hit 192.0.2.0/24, lists/blacklist:1"},
    {"a client that is not", BLACK, "192.0.3.1", "", RESULT_none, "blacklist: miss"},
    {"no client", BLACK WHITE, "", "", RESULT_none,
     "blacklist: miss no address of a client is known\nwhitelist: miss no address of a client is known"},
    {"a client in the whitelist", WHITE, "198.51.100.7", "", RESULT_none,
     "whitelist: hit 198.51.100.7, lists/whitelist:1"},
    {"in both", BLACK "whitelist 192.0.2.1", "192.0.2.1", "", RESULT_none,
     "blacklist: hit 192.0.2.0/24, lists/blacklist:1\nwhitelist: hit 192.0.2.1, lists/whitelist:2"},
    {"a blocked address", BLOCKED, "", "Bad@Example.net", RESULT_pass,
     "blocked: hit bad@example.net, lists/blocked_senders:1"},
    {"another one of that domain", BLOCKED, "", "good@example.net", RESULT_none, "blocked: miss"},
    {"a blocked domain, and below", BLOCKED, "", "a@b.example.com", RESULT_none,
     "blocked: hit .example.com, lists/blocked_senders:2"},
    {"the null sender is nobody", BLOCKED TRUSTED, "", "", RESULT_pass, "blocked: miss\ntrusted: miss"},
    {"a trusted sender with proof", TRUSTED, "", "a@example.org", RESULT_pass,
     "trusted: hit example.org, lists/trusted_senders:1; SPF passes"},
    {"... and without", TRUSTED, "", "a@example.org", RESULT_softfail,
     "trusted: miss example.org, lists/trusted_senders:1; SPF: softfail, DKIM: not judged: does not count "
     "without "
     "proof"},
    {"... that was not asked for", TRUSTED, "", "a@example.org", RESULT_unknown,
     "trusted: unknown example.org, lists/trusted_senders:1; SPF: unknown, DKIM: not judged"},
    {"... that the DNS did not give", TRUSTED, "", "a@example.org", RESULT_temperror,
     "trusted: miss example.org, lists/trusted_senders:1; SPF: temperror, DKIM: not judged: does not count "
     "without "
     "proof"},
    {"somebody else is not trusted", TRUSTED, "", "a@example.net", RESULT_pass, "trusted: miss"},
};

static void lists_are_looked_through(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        struct check_world w = {0};
        const char *said;

        check_open(&w, &check_list, cases[i].entries);
        w.order.sender = view_of(cases[i].sender);
        check_message(&w, VIEW("\r\n"));
        check_client(&w, cases[i].ip);
        w.j.auth.spf = cases[i].spf;
        w.j.auth.spf_domain = w.j.sender.domain;
        said = check_judge(&w);
        if (strcmp(said, cases[i].wanted) != 0)
            fail_msg("%s: %s", cases[i].behaviour, said);
        assert_int_equal(check_list_is_whitelisted(&w.j, w.state), strstr(said, "whitelist: hit") != NULL);
        check_close(&w);
    }
}

/* A network that holds a gateway, and mail that came through it. */
static void the_client_counts_not_the_gateway(void **state)
{
    struct check_world w = {0};

    (void)state;
    check_open(&w, &check_list, BLACK WHITE);
    w.order.ip = VIEW("192.0.2.1");
    check_message(&w, VIEW("\r\n"));
    check_client(&w, "198.51.100.7");
    w.j.client.via[w.j.client.via_n++] = w.order.ip;
    assert_string_equal(check_judge(&w), "blacklist: miss\nwhitelist: hit 198.51.100.7, lists/whitelist:2");
    check_close(&w);
}

static void a_check_that_is_off_whitelists_nobody(void **state)
{
    struct check_world w = {0};

    (void)state;
    check_open(&w, NULL, "");
    check_message(&w, VIEW("\r\n"));
    check_client(&w, "198.51.100.7");
    assert_false(check_list_is_whitelisted(&w.j, NULL));
    check_close(&w);
}

static const struct {
    const char *behaviour, *sender, *rcpt[3];
    bool wanted;
} domains[] = {
    {"one domain", "a@example.org", {"b@example.org"}, true},
    {"in any case", "a@example.org", {"b@Example.ORG", "c@example.org."}, true},
    {"one recipient elsewhere", "a@example.org", {"b@example.org", "c@example.net"}, false},
    {"a domain below is another one", "a@example.org", {"b@sub.example.org"}, false},
    {"no recipients", "a@example.org", {NULL}, false},
    {"the null sender", "", {"b@example.org"}, false},
    {"... and a recipient without domain", "", {"postmaster"}, false},
    {"a recipient without domain", "a@example.org", {"postmaster"}, false},
    {"an empty one", "a@example.org", {""}, false},
};

static void intra_domain_is_by_the_envelope(void **state)
{
    struct check_world w = {0};

    (void)state;
    check_open(&w, NULL, "");
    for (size_t i = 0; i < N(domains); i++) {
        struct view rcpt[3];

        w.order.rcpt_n = 0;
        w.order.rcpt = rcpt;
        while (w.order.rcpt_n < 3 && domains[i].rcpt[w.order.rcpt_n]) {
            rcpt[w.order.rcpt_n] = view_of(domains[i].rcpt[w.order.rcpt_n]);
            w.order.rcpt_n++;
        }
        w.order.sender = view_of(domains[i].sender);
        check_message(&w, VIEW("From: a@example.org\r\n\r\n"));
        if (check_list_is_intra_domain(&w.j, NULL) != domains[i].wanted)
            fail_msg("%s", domains[i].behaviour);
    }
    check_close(&w);
}

static void wrong_entries_are_told(void **state)
{
    static const char *const wrong[][2] = {
        {BLACK "blacklist x", "lists/blacklist:2: \"x\": this is no address; accepted: "},
        {"whitelist 192.0.2.1/24", "lists/whitelist:1: \"192.0.2.1/24\": the address has bits beyond"},
        {"blocked_senders *@example.org", "lists/blocked_senders:1: \"*@example.org\": \"*\" cannot be used"},
        {TRUSTED "trusted_senders a b@x",
         "lists/trusted_senders:2: \"a b@x\": this is no address of a sender"},
    };

    (void)state;
    for (size_t i = 0; i < N(wrong); i++) {
        char *why = check_why(&check_list, wrong[i][0]);

        if (strncmp(why, wrong[i][1], strlen(wrong[i][1])) != 0)
            fail_msg("%s", why);
        free(why);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_looked_through),
        cmocka_unit_test(the_client_counts_not_the_gateway),
        cmocka_unit_test(a_check_that_is_off_whitelists_nobody),
        cmocka_unit_test(intra_domain_is_by_the_envelope),
        cmocka_unit_test(wrong_entries_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
