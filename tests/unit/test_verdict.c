/*
 * test_verdict.c - unit tests of spoold/verdict.c: what the antispam stage found, as records tell it.
 *
 * Run by `make check`. Weights come from real settings (config_load), results are made here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spoold/config.h"
#include "spoold/verdict.h"

static void weights_are_written_shortly(void **state)
{
    static const struct {
        int64_t weight;
        const char *text;
    } cases[] = {{0, "0"},       {8000, "8"},      {-1500, "-1.5"}, {125, "0.125"},
                 {-5, "-0.005"}, {10010, "10.01"}, {999, "0.999"},  {-1000000, "-1000"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b = {0};

        verdict_add_weight(&b, cases[i].weight);
        assert_string_equal(b.p, cases[i].text);
        buf_free(&b);
    }
}

static struct config *settings(void)
{
    static const char *const set[] = {"spf.weight_fail=7.5", "rbl zen.zone=bl.example.org",
                                      "rbl zen.weight=3", "rbl zen.weight_max=4"};
    struct config_errors errs = {0};
    struct config *c = config_load(NULL, set, sizeof set / sizeof *set, &errs);

    if (!c)
        fail_msg("%s", errs.text.p);
    buf_free(&errs.text);
    return c;
}

static struct antispam_result results[] = {
    {.check = CHECK_spf,
     .result = RESULT_fail,
     .count = 1,
     .detail = {"not \"ours\"", 10},
     .props = {"smtp.mailfrom=example.org", 25}},
    {.check = CHECK_rbl, .result = RESULT_hit, .count = 2, .name = {"zen", 3}},
    {.check = CHECK_iprev, .result = RESULT_pass, .count = 1},
};

static void results_have_their_weights_and_places(void **state)
{
    struct antispam_verdict v = {.result = results, .n = 3};
    struct config *c = settings();
    struct buf b = {0};

    (void)state;
    /* 7.5, and 2 x 3 up to 4. */
    assert_int_equal(verdict_make_checks(c, &v, &b), 11500);
    assert_non_null(
        strstr(b.p, "[{\"name\":\"spf\",\"result\":\"fail\",\"weight\":7.5,"
                    "\"detail\":\"not \\\"ours\\\"\",\"props\":\"smtp.mailfrom=example.org\",\"line\":"));
    assert_non_null(strstr(b.p, "{\"name\":\"rbl:zen\",\"result\":\"hit\",\"weight\":4,\"count\":2,"));
    assert_non_null(
        strstr(b.p, "{\"name\":\"iprev\",\"result\":\"pass\",\"weight\":0,\"line\":\"default\"}]"));
    buf_free(&b);
    config_free(&c);
}

static void facts_come_last_and_may_be_left_out(void **state)
{
    struct antispam_verdict given = {
        .client = {.ip = VIEW("192.0.2.1"), .via = {VIEW("192.0.2.9")}, .via_n = 1}};
    struct facts facts = {0};
    const struct fact f = {.type = FACT_TXT, .name = VIEW("example.org"), .ttl = 5};
    struct verdict v = {
        .given = &given, .checks = VIEW("[]"), .weight = 1500, .facts = &facts, .missing = "some"};
    struct buf b = {0};
    struct json j;

    (void)state;
    assert_int_equal(facts_add(&facts, &f), 0);
    json_open(&j, &b);
    verdict_add_json(&j, &v, SIZE_MAX);
    json_close(&j);
    assert_non_null(strstr(b.p,
                           "\"client\":{\"ip\":\"192.0.2.1\",\"via\":[\"192.0.2.9\"]},\"checks\":[],"
                           "\"weight\":1.5,\"incomplete\":[\"some\"],\"facts\":{\"default\":\"missing\","));
    assert_string_equal(b.p + b.n - 2, "}}");
    buf_clear(&b);
    json_open(&j, &b);
    verdict_add_json(&j, &v, 20);
    json_close(&j);
    assert_null(strstr(b.p, "\"facts\":"));
    assert_non_null(strstr(b.p, "\"facts_cut\":true}"));
    assert_non_null(strstr(b.p, "\"checks\":[]"));
    buf_clear(&b);
    v.checks = VIEW("[{\"name\":\"a long list of checks\"}]");
    json_open(&j, &b);
    verdict_add_json(&j, &v, 20);
    json_close(&j);
    assert_null(strstr(b.p, "\"checks\":"));
    assert_non_null(strstr(b.p, "\"checks_cut\":true,\"weight\":1.5"));
    buf_clear(&b);
    v.decisions = VIEW("[7]");
    json_open(&j, &b);
    verdict_add_json(&j, &v, SIZE_MAX);
    json_close(&j);
    assert_non_null(strstr(b.p, ",\"decisions\":[7],\"incomplete\":[\"some\"],\"facts\":{"));
    buf_free(&b);
    facts_free(&facts);
}

static void what_was_not_judged_says_so(void **state)
{
    struct facts facts = {0};
    struct verdict v = {.facts = &facts, .missing = "nobody"};
    struct buf b = {0};
    struct json j;

    (void)state;
    json_open(&j, &b);
    verdict_add_json(&j, &v, SIZE_MAX);
    json_close(&j);
    assert_string_equal(b.p, "{\"v\":1,\"incomplete\":[\"nobody\"]}");
    buf_free(&b);
}

static void an_address_loses_its_local_part(void **state)
{
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"", ""},
        {"no address", "no address"},
        {"ann@example.org", "*@example.org"},
        {"From: \"Ann\" <a.b+c=d@example.org>, b@example.net",
         "From: \"Ann\" <*@example.org>, *@example.net"},
        {"\"a b\"@example.org", "*@example.org"},
        {"x \"a\\\"b\"@example.org", "x *@example.org"},
        {"odd\"@example.org", "*@example.org"},
        {"\xc3\xa4nn@example.org", "*@example.org"},
        {"@lists/names", "@lists/names"},
        {"a@b@c", "*@*@c"},
        {"ends in a@", "ends in *@"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf once = {0}, twice = {0};

        buf_add_str(&once, "");
        buf_add_str(&twice, "");
        verdict_add_nameless(&once, view_of(cases[i].text));
        verdict_add_nameless(&twice, buf_view(&once));
        assert_true(view_equal(buf_view(&once), view_of(cases[i].wanted)));
        assert_true(view_equal(buf_view(&twice), view_of(cases[i].wanted)));
        buf_free(&once);
        buf_free(&twice);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_loses_its_local_part),
        cmocka_unit_test(weights_are_written_shortly),
        cmocka_unit_test(results_have_their_weights_and_places),
        cmocka_unit_test(facts_come_last_and_may_be_left_out),
        cmocka_unit_test(what_was_not_judged_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
