/*
 * test_judge.c - unit tests of workers/antispam/judge.c and judge_mail.c: rounds, with all checks as they
 * are.
 *
 * Run by `make check`. Facts are made here; what each check finds has tests of its own. The corpus is read
 * where it is, its messages named on the way in tests/func.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "workers/antispam/judge.h"

#define MAIL                                                                                                 \
    "Received: from h.example.net (h.example.net [198.51.100.9]) by mx.example.org; Thu, 1 Jan 2026 "        \
    "00:00:00 +0000\r\n"                                                                                     \
    "From: Ann <ann@example.org>\r\nTo: bob@example.net\r\nSubject: =?utf-8?q?h=C3=A9llo?=\r\n"              \
    "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: "                                                   \
    "<1@example.org>\r\n\r\nhttp://www.example.com/x\r\n"

struct world {
    struct antispam *a;
    struct buf settings, answer;
    struct antispam_order order;
    struct antispam_answer given;
};

static void set(struct world *w, const char *section, const char *name, const char *key, const char *value)
{
    const struct settings_item i = {.section = view_of(section),
                                    .name = view_of(name),
                                    .key = view_of(key),
                                    .value = view_of(value),
                                    .file = VIEW("t.ini"),
                                    .line = 1};

    settings_add(&w->settings, &i);
}

static void world_open(struct world *w)
{
    struct buf why = {0};

    mail_html_load();
    w->a = judge_open(buf_view(&w->settings), &why);
    if (!w->a)
        fail_msg("%s", why.p);
    w->order = (struct antispam_order){.now = 1767225600000,
                                       .sender = VIEW("ann@example.org"),
                                       .ip = VIEW("192.0.2.1"),
                                       .helo = VIEW("mail.example.org")};
}

static void world_close(struct world *w)
{
    antispam_free_answer(&w->given);
    facts_free(&w->order.facts);
    judge_free(&w->a);
    buf_free(&w->settings);
    buf_free(&w->answer);
}

/* One round as the role does it. */
static void ask(struct world *w)
{
    antispam_free_answer(&w->given);
    buf_clear(&w->answer);
    if (judge_unfold(w->a, &w->order, &w->answer))
        judge_message(w->a, &w->order, VIEW(MAIL), &w->answer);
    assert_int_equal(antispam_unpack_answer(buf_view(&w->answer), &w->given), 0);
}

static bool is_needed(const struct world *w, enum fact_type type, const char *name)
{
    for (unsigned i = 0; i < w->given.needs.n; i++)
        if (w->given.needs.need[i].type == type && view_equal(w->given.needs.need[i].name, view_of(name)))
            return true;
    return false;
}

static const struct antispam_result *result_of(const struct world *w, const char *name)
{
    for (unsigned i = 0; i < w->given.verdict.n; i++) {
        struct buf b = {0};
        bool same;

        antispam_add_name(&b, &w->given.verdict.result[i]);
        same = view_equal(buf_view(&b), view_of(name));
        buf_free(&b);
        if (same)
            return &w->given.verdict.result[i];
    }
    return NULL;
}

static void must_be(const struct world *w, const char *name, enum check_result wanted)
{
    const struct antispam_result *r = result_of(w, name);

    if (!r || r->result != wanted)
        fail_msg("%s is %s, wanted %s", name, r ? check_result_name(r->result) : "missing",
                 check_result_name(wanted));
}

static void add(struct world *w, enum fact_type type, const char *name, const char *answer)
{
    const struct view one = view_of(answer);
    const struct fact f = {.type = type, .name = view_of(name), .answer = &one, .answer_n = 1, .ttl = 60};

    assert_int_equal(facts_add(&w->order.facts, &f), 0);
}

static void the_first_round_names_what_matters(void **state)
{
    struct world w = {0};

    (void)state;
    set(&w, "rbl", "zen", "zone", "bl.example.net");
    set(&w, "uribl", "dbl", "zone", "dbl.example.net");
    world_open(&w);
    ask(&w);
    assert_int_equal(w.given.kind, ANTISPAM_NEEDS);
    assert_true(is_needed(&w, FACT_TXT, "example.org"));
    assert_true(is_needed(&w, FACT_TXT, "mail.example.org"));
    assert_true(is_needed(&w, FACT_TXT, "_dmarc.example.org"));
    assert_true(is_needed(&w, FACT_PTR, "1.2.0.192.in-addr.arpa"));
    assert_true(is_needed(&w, FACT_A, "1.2.0.192.bl.example.net"));
    assert_true(is_needed(&w, FACT_A, "example.com.dbl.example.net"));
    assert_true(w.given.crumbs.n > 0);
    world_close(&w);
}

static void facts_are_unfolded_until_it_can_be_judged(void **state)
{
    struct world w = {0};
    struct buf crumbs = {0};

    (void)state;
    set(&w, "rbl", "zen", "zone", "bl.example.net");
    world_open(&w);
    ask(&w);
    buf_add_view(&crumbs, w.given.crumbs);
    w.order.crumbs = buf_view(&crumbs);
    w.order.facts.otherwise = FACTS_MISSING;
    add(&w, FACT_TXT, "example.org", "v=spf1 include:inner.example.org -all");
    ask(&w);
    assert_int_equal(w.given.kind, ANTISPAM_NEEDS);
    assert_true(is_needed(&w, FACT_TXT, "inner.example.org"));
    assert_false(is_needed(&w, FACT_TXT, "example.org"));
    add(&w, FACT_TXT, "inner.example.org", "v=spf1 ip4:192.0.2.1 -all");
    add(&w, FACT_A, "1.2.0.192.bl.example.net", "127.0.0.2");
    w.order.facts.otherwise = FACTS_NXDOMAIN;
    ask(&w);
    assert_int_equal(w.given.kind, ANTISPAM_VERDICT);
    must_be(&w, "spf", RESULT_pass);
    must_be(&w, "dkim", RESULT_none);
    must_be(&w, "rbl:zen", RESULT_hit);
    must_be(&w, "gateway", RESULT_miss);
    assert_true(view_equal(w.given.verdict.client.ip, VIEW("192.0.2.1")));
    assert_true(view_equal(w.given.verdict.from_domain, VIEW("example.org")));
    world_close(&w);
    buf_free(&crumbs);
}

static void the_last_round_judges_whatever_is_missing(void **state)
{
    struct world w = {0};

    (void)state;
    set(&w, "rbl", "zen", "zone", "bl.example.net");
    set(&w, "rbl", "sick", "zone", "sick.example.net");
    world_open(&w);
    w.order.flags = ANTISPAM_FINAL | ANTISPAM_REPLAY;
    w.order.suspended = VIEW("uribl:zen rbl:sick");
    ask(&w);
    assert_int_equal(w.given.kind, ANTISPAM_VERDICT);
    must_be(&w, "spf", RESULT_unknown);
    must_be(&w, "iprev", RESULT_unknown);
    must_be(&w, "rbl:zen", RESULT_unknown);
    must_be(&w, "rbl:sick", RESULT_unusable);
    world_close(&w);
}

static void a_time_out_is_a_temperror(void **state)
{
    const struct fact f = {.type = FACT_TXT, .rcode = FACT_TIMEOUT, .name = VIEW("example.org")};
    struct world w = {0};

    (void)state;
    world_open(&w);
    w.order.facts.otherwise = FACTS_NXDOMAIN;
    assert_int_equal(facts_add(&w.order.facts, &f), 0);
    ask(&w);
    must_be(&w, "spf", RESULT_temperror);
    world_close(&w);
}

static void some_are_not_judged(void **state)
{
    static const struct {
        const char *says, *section, *key, *value;
        uint32_t flags;
        enum check_result spf;
    } cases[] = {
        {"an authenticated sender", "antispam", "skip_authenticated", "1", ANTISPAM_AUTHENTICATED,
         RESULT_skipped},
        {"unless that is off", "antispam", "skip_authenticated", "0", ANTISPAM_AUTHENTICATED, RESULT_none},
        {"a whitelisted client", "list", "whitelist", "192.0.2.0/24", 0, RESULT_skipped},
        {"another one", "list", "whitelist", "192.0.3.0/24", 0, RESULT_none},
        {"a check that is off says nothing", "spf", "enable", "0", 0, RESULT__MAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w = {0};
        const struct antispam_result *r;
        bool list = strcmp(cases[i].section, "list") == 0;

        set(&w, cases[i].section, list ? cases[i].key : "", list ? "" : cases[i].key, cases[i].value);
        world_open(&w);
        w.order.flags = cases[i].flags;
        w.order.facts.otherwise = FACTS_NXDOMAIN;
        ask(&w);
        assert_int_equal(w.given.kind, ANTISPAM_VERDICT);
        r = result_of(&w, "spf");
        if ((r ? r->result : RESULT__MAX) != cases[i].spf)
            fail_msg("%s: spf %s", cases[i].says, r ? check_result_name(r->result) : "missing");
        world_close(&w);
    }
}

static void the_same_order_has_the_same_answer(void **state)
{
    struct world w = {0};
    struct buf first = {0};

    (void)state;
    world_open(&w);
    w.order.facts.otherwise = FACTS_NXDOMAIN;
    ask(&w);
    buf_add_view(&first, buf_view(&w.answer));
    for (unsigned i = 0; i < 3; i++) {
        ask(&w);
        assert_true(view_equal(buf_view(&first), buf_view(&w.answer)));
    }
    buf_free(&first);
    world_close(&w);
}

static void crumbs_that_are_none_are_no_client(void **state)
{
    struct world w = {0};

    (void)state;
    world_open(&w);
    w.order.crumbs = VIEW("rubbish");
    w.order.flags = ANTISPAM_FINAL;
    w.order.facts.otherwise = FACTS_NXDOMAIN;
    ask(&w);
    assert_int_equal(w.given.kind, ANTISPAM_VERDICT);
    assert_int_equal(w.given.verdict.client.ip.n, 0);
    must_be(&w, "spf", RESULT_none);
    world_close(&w);
}

static void bad_settings_are_refused(void **state)
{
    struct world w = {0};
    struct buf why = {0};

    (void)state;
    assert_null(judge_open(VIEW("rubbish"), &why));
    assert_true(why.n > 0);
    buf_clear(&why);
    set(&w, "list", "blacklist", "", "not an address");
    assert_null(judge_open(buf_view(&w.settings), &why));
    assert_non_null(strstr(why.p, "t.ini:1: "));
    buf_free(&why);
    buf_free(&w.settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_round_names_what_matters),
        cmocka_unit_test(facts_are_unfolded_until_it_can_be_judged),
        cmocka_unit_test(the_last_round_judges_whatever_is_missing),
        cmocka_unit_test(a_time_out_is_a_temperror),
        cmocka_unit_test(some_are_not_judged),
        cmocka_unit_test(the_same_order_has_the_same_answer),
        cmocka_unit_test(crumbs_that_are_none_are_no_client),
        cmocka_unit_test(bad_settings_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
