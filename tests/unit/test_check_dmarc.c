/*
 * test_check_dmarc.c - the check dmarc: which record counts, what is aligned, and what is told.
 *
 * Run by "make check". What SPF and DKIM found is given, as the checks before this one would leave it.
 */
#include "auth_world.h"

extern const struct check_ops check_dmarc;

#define NONE RESULT__MAX /* not judged */

struct one {
    const char *name, *from;         /* the header */
    const char *record, *org_record; /* of _dmarc.mail.example.org and _dmarc.example.org; "!": no answer,
                                        "?": never asked, NULL: there is none */
    enum check_result spf;
    const char *spf_domain;
    const char *dkim_domain; /* that passes, or "?" and one that could not be judged; NULL: none */
    enum check_result dkim;
    enum check_result result;
    const char *detail;
};
#define FROM "From: a@mail.example.org\r\n"
#define SIX                                                                                                  \
    "From: b@example.net\r\nFrom: b@example.net\r\nFrom: b@example.net\r\n"                                  \
    "From: b@example.net\r\nFrom: b@example.net\r\n"
#define REJECT "v=DMARC1; p=reject"
static const struct one ones[] = {
    {"nothing passes", FROM, REJECT, NULL, RESULT_none, "", NULL, RESULT_none, RESULT_fail,
     "policy reject; SPF none; no DKIM pass"},
    {"SPF passes, of the same domain", FROM, REJECT, NULL, RESULT_pass, "mail.example.org", NULL, RESULT_none,
     RESULT_pass, "policy reject; SPF pass for mail.example.org; no DKIM pass"},
    {"SPF passes, of the same organisation", FROM, REJECT, NULL, RESULT_pass, "bounce.example.org", NULL,
     RESULT_none, RESULT_pass, "SPF pass for bounce.example.org; no"},
    {"... which is not enough where it must be strict", FROM, REJECT "; aspf=s", NULL, RESULT_pass,
     "bounce.example.org", NULL, RESULT_none, RESULT_fail, "SPF pass for bounce.example.org is not aligned"},
    {"... and strict is met by the same domain", FROM, REJECT "; aspf=s", NULL, RESULT_pass,
     "mail.example.org", NULL, RESULT_none, RESULT_pass, "SPF pass for mail.example.org; no"},
    {"SPF passes for somebody else", FROM, REJECT, NULL, RESULT_pass, "example.net", NULL, RESULT_none,
     RESULT_fail, "policy reject; SPF pass for example.net is not aligned; no DKIM pass"},
    {"SPF fails for the same domain", FROM, REJECT, NULL, RESULT_fail, "mail.example.org", NULL, RESULT_none,
     RESULT_fail, "SPF fail; no DKIM pass"},
    {"DKIM passes", FROM, REJECT, NULL, RESULT_fail, "", "example.org", RESULT_pass, RESULT_pass,
     "SPF fail; DKIM pass for example.org"},
    {"DKIM that must be strict", FROM, REJECT "; adkim=s", NULL, RESULT_none, "", "example.org", RESULT_pass,
     RESULT_fail, "DKIM pass for example.org is not aligned"},
    {"DKIM of somebody else", FROM, REJECT, NULL, RESULT_none, "", "example.net", RESULT_pass, RESULT_fail,
     "DKIM pass for example.net is not aligned"},
    {"the record of the organisation", FROM, NULL, "v=DMARC1; p=quarantine", RESULT_none, "", NULL,
     RESULT_none, RESULT_fail, "policy quarantine;"},
    {"its policy for subdomains", FROM, NULL, "v=DMARC1; p=reject; sp=none", RESULT_none, "", NULL,
     RESULT_none, RESULT_fail, "policy none;"},
    {"sp= does not count for the domain itself", "From: a@example.org\r\n", NULL,
     "v=DMARC1; p=reject; sp=none", RESULT_none, "", NULL, RESULT_none, RESULT_fail, "policy reject;"},
    {"a record that is none does not hide that of the organisation", FROM, "v=spf1 -all", REJECT, RESULT_none,
     "", NULL, RESULT_none, RESULT_fail, "policy reject;"},
    {"pct is told", FROM, REJECT "; pct=20", NULL, RESULT_none, "", NULL, RESULT_none, RESULT_fail,
     "policy reject (pct 20);"},
    {"no record", FROM, NULL, NULL, RESULT_pass, "mail.example.org", NULL, RESULT_none, RESULT_none,
     "no DMARC record"},
    {"two records are none", FROM, REJECT "|" REJECT, REJECT, RESULT_none, "", NULL, RESULT_none, RESULT_none,
     "several"},
    {"a broken record", FROM, "v=DMARC1; p=x", REJECT, RESULT_none, "", NULL, RESULT_none, RESULT_permerror,
     "broken"},
    {"no answer", FROM, "!", REJECT, RESULT_none, "", NULL, RESULT_none, RESULT_temperror, "did not give"},
    {"no answer for the organisation", FROM, NULL, "!", RESULT_none, "", NULL, RESULT_none, RESULT_temperror,
     "did not give"},
    {"no answer for the organisation does not matter here", FROM, REJECT, "!", RESULT_none, "", NULL,
     RESULT_none, RESULT_fail, "policy"},
    {"never asked", FROM, "?", REJECT, RESULT_none, "", NULL, RESULT_none, RESULT_unknown, "never asked"},
    {"SPF may still pass", FROM, REJECT, NULL, RESULT_temperror, "mail.example.org", NULL, RESULT_none,
     RESULT_temperror, "SPF temperror"},
    {"... but it would not help", FROM, REJECT, NULL, RESULT_temperror, "example.net", NULL, RESULT_none,
     RESULT_fail, "SPF temperror"},
    {"DKIM may still pass", FROM, REJECT, NULL, RESULT_fail, "", "?example.org", RESULT_temperror,
     RESULT_temperror, "no DKIM pass"},
    {"... but that of a stranger would not help", FROM, REJECT, NULL, RESULT_fail, "", "?example.net",
     RESULT_temperror, RESULT_fail, "no DKIM pass"},
    {"... nor one that is not strict enough", FROM, REJECT "; adkim=s", NULL, RESULT_fail, "", "?example.org",
     RESULT_temperror, RESULT_fail, "no DKIM pass"},
    {"DKIM is not known", FROM, REJECT, NULL, RESULT_fail, "", "?mail.example.org", RESULT_unknown,
     RESULT_unknown, "no DKIM pass"},
    {"... that of a stranger", FROM, REJECT, NULL, RESULT_fail, "", "?example.net", RESULT_unknown,
     RESULT_fail, "no DKIM pass"},
    {"SPF of a stranger is not known", FROM, REJECT, NULL, RESULT_unknown, "example.net", NULL, RESULT_none,
     RESULT_fail, "SPF unknown"},
    {"one that passes is enough", FROM, REJECT, NULL, RESULT_temperror, "mail.example.org", "example.org",
     RESULT_pass, RESULT_pass, "DKIM pass"},
    {"SPF is not known", FROM, REJECT, NULL, RESULT_unknown, "mail.example.org", NULL, RESULT_none,
     RESULT_unknown, "SPF unknown"},
    {"neither was judged", FROM, REJECT, NULL, NONE, "", NULL, NONE, RESULT_none,
     "SPF not judged; DKIM not judged"},
    {"SPF alone was judged", FROM, REJECT, NULL, RESULT_fail, "", NULL, NONE, RESULT_fail,
     "SPF fail; DKIM not judged"},
    {"no From", "To: a@example.org\r\n", REJECT, NULL, RESULT_none, "", NULL, RESULT_none, RESULT_permerror,
     "no From"},
    {"two From fields", FROM FROM, REJECT, NULL, RESULT_none, "", NULL, RESULT_none, RESULT_fail,
     "policy reject; SPF none; no DKIM pass; there are 2 From fields"},
    {"fail beats pass", "From: a@mail.example.org, b@example.net\r\n", REJECT, NULL, RESULT_pass,
     "example.net", NULL, RESULT_none, RESULT_fail, "; the worst of 2 domains in From"},
    {"... in the other order", "From: b@example.net, a@mail.example.org\r\n", REJECT, NULL, RESULT_pass,
     "example.net", NULL, RESULT_none, RESULT_fail, "; the worst of 2 domains in From"},
    {"... in another field", "From: b@example.net\r\n" FROM, REJECT, NULL, RESULT_pass, "example.net", NULL,
     RESULT_none, RESULT_fail, "; the worst of 2 domains in From; there are 2 From fields"},
    {"... in the sixth one", SIX FROM, REJECT, NULL, RESULT_pass, "example.net", NULL, RESULT_none,
     RESULT_fail, "; the worst of 2 domains in From; there are 6 From fields"},
    {"a quote that is open ends with its field", "From: \"x\r\nFrom: a@mail.example.org\r\nFrom: y\"\r\n",
     REJECT, NULL, RESULT_none, "", NULL, RESULT_none, RESULT_fail, "policy reject"},
    {"the strictest of the policies that fail", "From: b@example.net, a@mail.example.org\r\n",
     "v=DMARC1; p=quarantine", NULL, RESULT_none, "", NULL, RESULT_none, RESULT_fail, "policy quarantine"},
    {"none beats pass", "From: a@mail.example.org, b@example.com\r\n", REJECT, NULL, RESULT_pass,
     "mail.example.org", NULL, RESULT_none, RESULT_none, "no DMARC record"},
    {"four domains", "From: a@mail.example.org, b@a.example.org, b@b.example.org, b@c.example.org\r\n",
     REJECT, REJECT, RESULT_pass, "example.org", NULL, RESULT_none, RESULT_pass, "the worst of 4 domains"},
    {"a fifth one is not looked at, and no pass",
     "From: a@mail.example.org, b@a.example.org, b@b.example.org, b@c.example.org, b@d.example.org\r\n",
     REJECT, REJECT, RESULT_pass, "example.org", NULL, RESULT_none, RESULT_fail, "more than the 4 domains"},
    {"a last dot", "From: <a@mail.example.org.>\r\n", REJECT, NULL, RESULT_none, "", NULL, RESULT_none,
     RESULT_fail, "policy reject"},
    {"a semicolon", "From: <a@mail.example.org>;\r\n", REJECT, NULL, RESULT_none, "", NULL, RESULT_none,
     RESULT_fail, "policy reject"},
    {"a name with a comma that is not quoted", "From: A, B <a@mail.example.org>\r\n", REJECT, NULL,
     RESULT_none, "", NULL, RESULT_none, RESULT_fail, "policy reject"},
    {"letters of full width and an ideographic dot", "From: a@\uff4d\uff41\uff49\uff4c.example\u3002org\r\n",
     REJECT, NULL, RESULT_none, "", NULL, RESULT_none, RESULT_fail, "policy reject"},
    {"an IDN in UTF-8", "From: a@b\u00fccher.example\r\n", REJECT, NULL, RESULT_none, "", NULL, RESULT_none,
     RESULT_fail, "policy quarantine"},
    {"a domain that is none", "From: a@mail..example.org\r\n", REJECT, NULL, RESULT_none, "", NULL,
     RESULT_none, RESULT_permerror, "no domain can be read"},
    {"... beside one", "From: a@mail..example.org, b@mail.example.org\r\n", REJECT, NULL, RESULT_none, "",
     NULL, RESULT_none, RESULT_fail, "also names what is no domain"},
    {"two of one domain", "From: a@mail.example.org, b@MAIL.example.org\r\n", REJECT, NULL, RESULT_none, "",
     NULL, RESULT_none, RESULT_fail, "policy reject"},
    {"a group without members", "From: nobody:;\r\n", REJECT, NULL, RESULT_none, "", NULL, RESULT_none,
     RESULT_none, "names no domain"},
    {"an address literal", "From: a@[192.0.2.1]\r\n", NULL, NULL, RESULT_none, "", NULL, RESULT_none,
     RESULT_none, "no"},
    {"capitals", "From: a@Mail.EXAMPLE.org\r\n", REJECT, NULL, RESULT_pass, "mail.example.org", NULL,
     RESULT_none, RESULT_pass, "SPF pass"},
};

static void add(struct auth_world *w, const char *name, const char *record)
{
    if (!record)
        auth_rcode(w, name, FACT_NXDOMAIN);
    else if (record[0] == '!')
        auth_rcode(w, name, FACT_SERVFAIL);
    else if (record[0] != '?')
        auth_txt(w, name, record);
}

static void look_at_one(const struct one *o)
{
    const struct antispam_result *r;
    struct auth_world w = {0};
    struct buf message = {0};

    buf_addf(&message, "%s\r\nx\r\n", o->from);
    auth_open(&w, buf_view(&message));
    add(&w, "_dmarc.mail.example.org", o->record);
    add(&w, "_dmarc.example.org", o->org_record);
    add(&w, "_dmarc.example.net", "v=DMARC1; p=none");
    add(&w, "_dmarc.xn--bcher-kva.example", "v=DMARC1; p=quarantine");
    w.facts.otherwise = o->record && o->record[0] == '?' ? w.facts.otherwise : FACTS_NXDOMAIN;
    w.j.auth.spf = o->spf;
    w.j.auth.spf_domain = view_of(o->spf_domain);
    w.j.auth.dkim = o->dkim;
    if (o->dkim_domain && o->dkim_domain[0] == '?')
        w.j.auth.dkim_open[w.j.auth.dkim_open_n++] =
            (struct judge_signer){view_of(o->dkim_domain + 1), o->dkim};
    else if (o->dkim_domain)
        w.j.auth.dkim_domain[w.j.auth.dkim_n++] = view_of(o->dkim_domain);
    r = auth_judge(&w, &check_dmarc, VIEW(""));
    if (r->result != o->result || !strstr(r->detail.p, o->detail))
        fail_msg("%s: %s: %s", o->name, check_result_name(r->result), r->detail.p);
    assert_int_equal(w.j.auth.dmarc, o->result);
    auth_close(&w);
    buf_free(&message);
}

static void each_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ones / sizeof *ones; i++)
        look_at_one(&ones[i]);
}

static void both_names_are_asked_for_at_once(void **state)
{
    static const struct {
        const char *from;
        const char *name[2];
    } cases[] = {
        {FROM, {"_dmarc.mail.example.org", "_dmarc.example.org"}},
        {"From: a@example.org\r\n", {"_dmarc.example.org", NULL}},
        {"From: a@Mail.Example.co.uk\r\n", {"_dmarc.mail.example.co.uk", "_dmarc.example.co.uk"}},
        {FROM FROM, {"_dmarc.mail.example.org", "_dmarc.example.org"}},
        {"From: a@example.org, b@example.net\r\n", {"_dmarc.example.org", "_dmarc.example.net"}},
        {"From: x\r\n", {NULL, NULL}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct auth_world w = {0};
        struct buf message = {0};
        unsigned n = (cases[i].name[0] != NULL) + (cases[i].name[1] != NULL);

        buf_addf(&message, "%s\r\n", cases[i].from);
        auth_open(&w, buf_view(&message));
        check_dmarc.ask(&w.j, NULL);
        assert_int_equal(w.a.needs.n, n);
        for (unsigned k = 0; k < n; k++) {
            assert_int_equal(w.a.needs.need[k].type, FACT_TXT);
            assert_true(view_equal(w.a.needs.need[k].name, view_of(cases[i].name[k])));
        }
        auth_close(&w);
        buf_free(&message);
    }
}

static void a_strangers_pass_does_not_hide_that_ours_may_pass_yet(void **state)
{
    struct auth_world w = {0};

    (void)state;
    auth_open(&w, VIEW(FROM "\r\n"));
    auth_txt(&w, "_dmarc.mail.example.org", REJECT);
    w.facts.otherwise = FACTS_NXDOMAIN;
    w.j.auth.dkim = RESULT_pass;
    w.j.auth.dkim_domain[w.j.auth.dkim_n++] = VIEW("example.net");
    w.j.auth.dkim_open[w.j.auth.dkim_open_n++] = (struct judge_signer){VIEW("example.org"), RESULT_temperror};
    assert_int_equal(auth_judge(&w, &check_dmarc, VIEW(""))->result, RESULT_temperror);
    auth_close(&w);
}

static void the_property_is_the_domain_of_from(void **state)
{
    struct auth_world w = {0};

    (void)state;
    auth_open(&w, VIEW("From: a@Mail.Example.ORG\r\n\r\n"));
    w.facts.otherwise = FACTS_NXDOMAIN;
    assert_string_equal(auth_judge(&w, &check_dmarc, VIEW(""))->props.p, "header.from=mail.example.org");
    auth_close(&w);
}

/* "_dmarc." must fit before it. */
static void a_name_that_is_too_long(void **state)
{
    (void)state;
    for (int more = -1; more <= 1; more++) {
        struct auth_world w = {0};
        struct buf message = {0};
        size_t begin;

        buf_add_str(&message, "From: a@");
        begin = message.n;
        while (message.n - begin < (size_t)(FACTS_NAME_MAX - 7 - 10 + more))
            buf_add_char(&message, (message.n - begin) % 50 == 49 ? '.' : 'a');
        buf_add_str(&message, "a.tooo.org\r\n\r\n");
        auth_open(&w, buf_view(&message));
        check_dmarc.ask(&w.j, NULL);
        assert_int_equal(w.a.needs.n, more > 0 ? 1 : 2);
        w.facts.otherwise = FACTS_NXDOMAIN;
        assert_int_equal(auth_judge(&w, &check_dmarc, VIEW(""))->result, RESULT_none);
        auth_close(&w);
        buf_free(&message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case),
        cmocka_unit_test(both_names_are_asked_for_at_once),
        cmocka_unit_test(a_strangers_pass_does_not_hide_that_ours_may_pass_yet),
        cmocka_unit_test(the_property_is_the_domain_of_from),
        cmocka_unit_test(a_name_that_is_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
