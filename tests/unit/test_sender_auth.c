/*
 * test_sender_auth.c - unit tests of workers/antispam/sender_auth.c: who stands behind a sender's domain.
 *
 * Run by `make check`.
 */
#include "tests/unit/check_world.h"

#include "workers/antispam/sender_auth.h"

#define NOT_JUDGED RESULT__MAX

static const struct {
    const char *behaviour, *sender;
    enum check_result spf;
    const char *spf_domain;
    bool by_helo;
    enum check_result dkim;
    const char *dkim_domain[2]; /* "?": that could not be judged */
    enum check_result wanted;
    const char *how;
} cases[] = {
    {"SPF passes for the domain",
     "a@example.org",
     RESULT_pass,
     "example.org",
     false,
     RESULT_none,
     {NULL},
     RESULT_pass,
     "SPF passes"},
    {"SPF passes for another one",
     "a@example.org",
     RESULT_pass,
     "example.net",
     false,
     RESULT_none,
     {NULL},
     RESULT_fail,
     "SPF: pass, DKIM: none"},
    {"SPF of one above is not that of the domain",
     "a@sub.example.org",
     RESULT_pass,
     "example.org",
     false,
     RESULT_none,
     {NULL},
     RESULT_fail,
     "SPF: pass, DKIM: none"},
    {"SPF of HELO is no proof",
     "a@example.org",
     RESULT_pass,
     "example.org",
     true,
     RESULT_none,
     {NULL},
     RESULT_fail,
     "SPF: pass, DKIM: none"},
    {"a signature of the domain",
     "a@example.org",
     RESULT_softfail,
     "example.org",
     false,
     RESULT_pass,
     {"example.org"},
     RESULT_pass,
     "signed (DKIM) by example.org"},
    {"a signature of a domain above",
     "a@mail.example.org",
     RESULT_none,
     "",
     false,
     RESULT_pass,
     {"example.org"},
     RESULT_pass,
     "signed (DKIM) by example.org"},
    {"a signature of a domain below",
     "a@example.org",
     RESULT_none,
     "",
     false,
     RESULT_pass,
     {"mail.example.org"},
     RESULT_pass,
     "signed (DKIM) by mail.example.org"},
    {"the second signature",
     "a@example.org",
     RESULT_none,
     "",
     false,
     RESULT_pass,
     {"example.net", "example.org"},
     RESULT_pass,
     "signed (DKIM) by example.org"},
    {"a signature of somebody else",
     "a@example.org",
     RESULT_fail,
     "example.org",
     false,
     RESULT_pass,
     {"example.net"},
     RESULT_fail,
     "SPF: fail, DKIM: pass for another domain"},
    {"a public suffix is nobody's",
     "a@example.co.uk",
     RESULT_none,
     "",
     false,
     RESULT_pass,
     {"other.co.uk"},
     RESULT_fail,
     "SPF: none, DKIM: pass for another domain"},
    {"a name that ends alike",
     "a@notexample.org",
     RESULT_none,
     "",
     false,
     RESULT_pass,
     {"example.org"},
     RESULT_fail,
     "SPF: none, DKIM: pass for another domain"},
    {"a signature that does not pass",
     "a@example.org",
     RESULT_none,
     "",
     false,
     RESULT_fail,
     {"example.org"},
     RESULT_fail,
     "SPF: none, DKIM: fail"},
    {"SPF was never asked",
     "a@example.org",
     RESULT_unknown,
     "",
     false,
     RESULT_none,
     {NULL},
     RESULT_unknown,
     "SPF: unknown, DKIM: none"},
    {"... which a signature makes good",
     "a@example.org",
     RESULT_unknown,
     "",
     false,
     RESULT_pass,
     {"example.org"},
     RESULT_pass,
     "signed (DKIM) by example.org"},
    {"the DNS was silent",
     "a@example.org",
     RESULT_none,
     "",
     false,
     RESULT_temperror,
     {"?mail.example.org"},
     RESULT_temperror,
     "SPF: none, DKIM: temperror"},
    {"... about a stranger",
     "a@example.org",
     RESULT_none,
     "",
     false,
     RESULT_temperror,
     {"?example.net"},
     RESULT_fail,
     "SPF: none, DKIM: temperror for another domain"},
    {"a stranger's signature is not known",
     "a@example.org",
     RESULT_softfail,
     "example.org",
     false,
     RESULT_unknown,
     {"?example.net"},
     RESULT_fail,
     "SPF: softfail, DKIM: unknown for another domain"},
    {"unknown is more than silent",
     "a@example.org",
     RESULT_temperror,
     "",
     false,
     RESULT_unknown,
     {"?example.org"},
     RESULT_unknown,
     "SPF: temperror, DKIM: unknown"},
    {"both are switched off",
     "a@example.org",
     NOT_JUDGED,
     "",
     false,
     NOT_JUDGED,
     {NULL},
     RESULT_fail,
     "SPF: not judged, DKIM: not judged"},
    {"no domain at all",
     "",
     RESULT_pass,
     "",
     false,
     RESULT_pass,
     {""},
     RESULT_fail,
     "SPF: pass, DKIM: pass for another domain"},
};

static void add_signer(struct judge_auth *auth, const char *domain)
{
    if (domain[0] == '?')
        auth->dkim_open[auth->dkim_open_n++] = (struct judge_signer){view_of(domain + 1), auth->dkim};
    else
        auth->dkim_domain[auth->dkim_n++] = view_of(domain);
}

static void proof_is_of_the_senders_domain(void **state)
{
    struct check_world w = {0};

    (void)state;
    check_open(&w, NULL, "");
    for (size_t i = 0; i < N(cases); i++) {
        struct buf how = {0};
        enum check_result found;

        w.order.sender = view_of(cases[i].sender);
        check_message(&w, VIEW("\r\n"));
        w.j.auth.spf = cases[i].spf;
        w.j.auth.spf_domain = view_of(cases[i].spf_domain);
        w.j.auth.spf_by_helo = cases[i].by_helo;
        w.j.auth.dkim = cases[i].dkim;
        for (unsigned k = 0; k < 2 && cases[i].dkim_domain[k]; k++)
            add_signer(&w.j.auth, cases[i].dkim_domain[k]);
        found = sender_auth_find(&w.j, &how);
        if (found != cases[i].wanted || strcmp(how.p, cases[i].how) != 0)
            fail_msg("%s: %s, %s", cases[i].behaviour, check_result_name(found), how.p);
        buf_free(&how);
    }
    check_close(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(proof_is_of_the_senders_domain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
