/*
 * test_check_uribl.c - unit tests of workers/antispam/check_uribl.c: names of a message in DNS lists of
 * domains.
 *
 * Run by `make check`. Which names are taken is tested with uribl_names.c, what an answer means with
 * rbl_zone.c.
 */
#include "tests/unit/dnslist_world.h"

#include <stdio.h>

extern const struct check_ops check_uribl;

#define LISTS                                                                                                \
    "uribl dbl zone dbl.example.org\n"                                                                       \
    "uribl links zone l.example.org\nuribl links domains body\nuribl links key k"
#define TEXT "Subject: x\r\n\r\nhttp://www.a1.a1/ http://192.0.2.9/ x@a2.info\r\n"

static struct dnslist_world *open_with(const char *settings, const char *message)
{
    struct dnslist_world *w = dnslist_open(&check_uribl, settings);

    w->j.mail = judge_mail_open(&w->a, view_of(message));
    judge_mail_begin(&w->j);
    w->j.sender.domain = VIEW("m.example.net");
    dnslist_client(w, "192.0.2.1", "");
    return w;
}

static void close_with(struct dnslist_world **w)
{
    judge_mail_close((*w)->j.mail);
    judge_mail_free(&(*w)->a.mail);
    dnslist_close(w);
}

static void names_are_asked_of_those_lists_that_want_them(void **state)
{
    struct dnslist_world *w = open_with(LISTS, TEXT);

    (void)state;
    dnslist_facts(w, "PTR 1.2.0.192.in-addr.arpa h.example.com");
    check_uribl.ask(&w->j, w->state);
    assert_string_equal(dnslist_needs(w),
                        "A example.net.dbl.example.org; A example.com.dbl.example.org; "
                        "A 9.2.0.192.dbl.example.org; A a1.a1.dbl.example.org; A a2.info.dbl.example.org; "
                        "A 9.2.0.192.k.l.example.org; A a1.a1.k.l.example.org; A a2.info.k.l.example.org");
    assert_string_equal(dnslist_unfold(w), "A example.net.dbl.example.org; A example.com.dbl.example.org");
    w->order.suspended = VIEW("uribl:dbl");
    assert_string_equal(dnslist_unfold(w), "");
    close_with(&w);
}

#define NO  "default nxdomain\n"
#define PTR "PTR 1.2.0.192.in-addr.arpa !NXDOMAIN\n"

static const struct {
    const char *behaviour, *suspended, *facts, *wanted;
} cases[] = {
    {"hits of several names add up", "",
     NO "A example.net.dbl.example.org 127.0.1.2\nA a1.a1.dbl.example.org 127.0.1.2 127.0.1.5",
     "dbl: hit 3 example.net (sender) is listed by dbl.example.org: 127.0.1.2; "
     "a1.a1 (link) is listed by dbl.example.org: 127.0.1.2, 127.0.1.5\n"
     "links: miss 3 names are not listed by l.example.org"},
    {"a list that has no addresses", "", NO "A 9.2.0.192.dbl.example.org 127.0.1.255",
     "dbl: miss 4 names are not listed by dbl.example.org\nlinks: miss 3 names are not listed by "
     "l.example.org"},
    {"an address that is listed", "", NO "A 9.2.0.192.k.l.example.org 127.0.0.2",
     "dbl: miss 4 names are not listed by dbl.example.org\n"
     "links: hit 1 192.0.2.9 (link) is listed by l.example.org: 127.0.0.2"},
    {"no answer for one of them", "", NO "A a1.a1.dbl.example.org !TIMEOUT",
     "dbl: temperror a1.a1 (link) was asked about without an answer: dbl.example.org\n"
     "links: miss 3 names are not listed by l.example.org"},
    {"suspended", "uribl:dbl", NO,
     "dbl: unusable dbl.example.org is suspended: it failed its self test\n"
     "links: miss 3 names are not listed by l.example.org"},
    {"the reverse name was never asked for", "",
     "A example.net.dbl.example.org !NXDOMAIN\nA a1.a1.dbl.example.org !NXDOMAIN\n"
     "A 9.2.0.192.dbl.example.org !NXDOMAIN\nA a2.info.dbl.example.org !NXDOMAIN\n"
     "A a1.a1.k.l.example.org !NXDOMAIN\nA 9.2.0.192.k.l.example.org !NXDOMAIN\n"
     "A a2.info.k.l.example.org !NXDOMAIN",
     "dbl: unknown the client's reverse name was not asked about: dbl.example.org\n"
     "links: miss 3 names are not listed by l.example.org"},
};

static void every_case_gets_its_results(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dnslist_world *w = open_with(LISTS, TEXT);
        const char *got;

        w->order.suspended = view_of(cases[i].suspended);
        dnslist_facts(w, cases[i].facts);
        got = dnslist_judge(w);
        if (strcmp(got, cases[i].wanted) != 0)
            fail_msg("%s: %s", cases[i].behaviour, got);
        close_with(&w);
    }
}

static void a_name_of_two_kinds_says_so(void **state)
{
    struct dnslist_world *w =
        open_with("uribl d zone d.example.org", "Subject: x\r\n\r\nhttp://a.example.net/\r\n");

    (void)state;
    dnslist_facts(w, NO PTR "A example.net.d.example.org 127.0.0.2");
    assert_string_equal(dnslist_judge(w),
                        "d: hit 1 example.net (sender, link) is listed by d.example.org: 127.0.0.2");
    close_with(&w);
}

static void a_message_without_names_is_a_miss(void **state)
{
    struct dnslist_world *w =
        open_with("uribl d zone d.example.org\nuribl d domains body", "Subject: x\r\n\r\nno\r\n");

    (void)state;
    assert_string_equal(dnslist_judge(w), "d: miss no names to ask d.example.org about");
    close_with(&w);
}

/* Questions of one run over a message with 60 links. */
static unsigned count_questions(unsigned lists, const char *max_urls, unsigned *names)
{
    struct buf settings = {0}, message = {0};
    struct dnslist_world *w;
    unsigned n;

    buf_addf(&settings, "antispam - max_urls %s", max_urls);
    for (unsigned i = 0; i < lists; i++)
        buf_addf(&settings, "\nuribl l%u zone l%u.example.org\nuribl l%u domains body", i, i, i);
    buf_add_str(&message, "Subject: x\r\n\r\n");
    for (unsigned i = 0; i < 60; i++)
        buf_addf(&message, "http://a%u.a%u/\r\n", i, i);
    w = open_with(settings.p, message.p);
    dnslist_facts(w, NO);
    w->j.sender.domain = VIEW("");
    sscanf(dnslist_judge(w), "l0: miss %u", names);
    w->facts.otherwise = FACTS_MISSING;
    check_uribl.ask(&w->j, w->state);
    n = w->a.needs.n;
    close_with(&w);
    buf_free(&settings);
    buf_free(&message);
    return n;
}

static void questions_are_bounded(void **state)
{
    unsigned names = 0;

    (void)state;
    /* The client's reverse name is asked for, too. */
    assert_int_equal(count_questions(1, "50", &names), 51);
    assert_int_equal(names, 50);
    assert_int_equal(count_questions(6, "50", &names), 301);
    assert_int_equal(count_questions(7, "50", &names), 295);
    assert_int_equal(names, 42);
    assert_int_equal(count_questions(64, "50", &names), 257);
    assert_int_equal(count_questions(2, "3", &names), 7);
}

static void more_names_than_are_asked_about_are_told(void **state)
{
    struct dnslist_world *w =
        open_with("antispam - max_urls 1\nuribl d zone d.example.org\nuribl d domains body", TEXT);

    (void)state;
    w->j.sender.domain = VIEW("");
    dnslist_facts(w, NO);
    assert_string_equal(dnslist_judge(w),
                        "d: miss 1 name is not listed by d.example.org; there were more than were "
                        "asked about");
    close_with(&w);
}

static void bad_settings_are_refused(void **state)
{
    struct dnslist_world w = {0};

    (void)state;
    dnslist_settings(&w, "uribl a zone z.example.org\nuribl a domains rubbish");
    assert_null(check_uribl.open(&w.settings, &w.text));
    assert_non_null(strstr(w.text.p, "t.ini:7: uribl a.domains: rubbish is not known"));
    settings_free(&w.settings);
    buf_free(&w.bytes);
    buf_free(&w.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_asked_of_those_lists_that_want_them),
        cmocka_unit_test(every_case_gets_its_results),
        cmocka_unit_test(a_name_of_two_kinds_says_so),
        cmocka_unit_test(a_message_without_names_is_a_miss),
        cmocka_unit_test(questions_are_bounded),
        cmocka_unit_test(more_names_than_are_asked_about_are_told),
        cmocka_unit_test(bad_settings_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
