/*
 * test_weigh.c - what each kind of result is worth, and the place that says so.
 *
 * Run by the unit test runner, in a folder of its own.
 */
#include "spoold/weigh.h"

#include "tests/unit/config_world.h"

static const char ini[] = "[spf]\n"                    /* 1 */
                          "weight_softfail = 4.5\n"    /* 2 */
                          "[dmarc]\n"                  /* 3 */
                          "enable = no\n"              /* 4 */
                          "[rbl zen]\n"                /* 5 */
                          "zone = zen.example.org\n"   /* 6 */
                          "weight = 6\n"               /* 7 */
                          "weight_max = 10\n"          /* 8 */
                          "[rbl white]\n"              /* 9 */
                          "zone = white.example.org\n" /* 10 */
                          "weight = -2\n"              /* 11 */
                          "weight_max = 5\n"           /* 12 */
                          "[rbl plain]\n"              /* 13 */
                          "zone = plain.example.org\n" /* 14 */
                          "[rbl off]\n"                /* 15 */
                          "zone = off.example.org\n"   /* 16 */
                          "enable = no\n"              /* 17 */
                          "[uribl dbl]\n"              /* 18 */
                          "zone = dbl.example.org\n"   /* 19 */
                          "weight = 1.125\n"           /* 20 */
                          "[lists]\n"                  /* 21 */
                          "header_rules = @lists/header\n"
                          "body_rules = @lists/body\n"
                          "blacklist = @lists/nets\n" /* 24 */
                          "blocked_senders = @lists/senders\n"
                          "[site]\n"
                          "domains = example.org\n";

static const struct {
    const char *says;
    enum check check;
    const char *name;
    enum check_result result;
    uint32_t count;
    int64_t weight;
    const char *place;
    bool remark;
} table[] = {
    {"a weight that is set", CHECK_spf, "", RESULT_softfail, 1, 4500, "m.ini:2", false},
    {"a default weight", CHECK_spf, "", RESULT_fail, 1, 8000, "default", false},
    {"a default weight of nothing", CHECK_spf, "", RESULT_pass, 1, 0, "default", false},
    {"a result that has no weight", CHECK_spf, "", RESULT_unknown, 1, 0, "default", false},
    {"a count does not matter to it", CHECK_spf, "", RESULT_softfail, 3, 4500, "m.ini:2", false},
    {"a check that is off", CHECK_dmarc, "", RESULT_fail, 1, 0, "m.ini:4", true},
    {"a check without weights", CHECK_gateway, "", RESULT_pass, 1, 0, "default", false},
    {"a hit in a list", CHECK_rbl, "zen", RESULT_hit, 1, 6000, "m.ini:7", false},
    {"no count is one", CHECK_rbl, "zen", RESULT_hit, 0, 6000, "m.ini:7", false},
    {"two hits reach the limit", CHECK_rbl, "zen", RESULT_hit, 2, 10000, "m.ini:7", false},
    {"no hit", CHECK_rbl, "zen", RESULT_miss, 1, 0, "m.ini:7", false},
    {"a list that cannot be used", CHECK_rbl, "zen", RESULT_unusable, 1, 0, "m.ini:7", false},
    {"a hit in a list of good ones", CHECK_rbl, "white", RESULT_hit, 2, -4000, "m.ini:11", false},
    {"the limit goes both ways", CHECK_rbl, "white", RESULT_hit, 3, -5000, "m.ini:11", false},
    {"a default weight stands where the section begins", CHECK_rbl, "plain", RESULT_hit, 1, 5000, "m.ini:13",
     false},
    {"without a limit", CHECK_rbl, "plain", RESULT_hit, 1000, 5000000, "m.ini:13", false},
    {"the largest count", CHECK_rbl, "plain", RESULT_hit, UINT32_MAX, 5000LL * UINT32_MAX, "m.ini:13", false},
    {"a list that is off", CHECK_rbl, "off", RESULT_hit, 1, 0, "m.ini:17", true},
    {"a list that is not configured", CHECK_rbl, "gone", RESULT_hit, 1, 0, "default", true},
    {"the name of the other kind of list", CHECK_rbl, "dbl", RESULT_hit, 1, 0, "default", true},
    {"a list of domains", CHECK_uribl, "dbl", RESULT_hit, 4, 4500, "m.ini:20", false},
    {"a rule for a header", CHECK_header, "cheap", RESULT_hit, 1, 2500, "lists/header:2", false},
    {"a rule that does not hit", CHECK_header, "cheap", RESULT_miss, 1, 0, "lists/header:2", false},
    {"a rule counts once", CHECK_body, "cheap", RESULT_hit, 7, -1000, "lists/body:1", false},
    {"a rule that is not there", CHECK_body, "dear", RESULT_hit, 1, 0, "default", true},
    {"an own list weighs nothing", CHECK_list, "blacklist", RESULT_hit, 1, 0, "m.ini:24", false},
    {"a list of senders", CHECK_list, "blocked", RESULT_hit, 1, 0, "m.ini:25", false},
    {"a check of many that was left out", CHECK_rbl, "", RESULT_skipped, 1, 0, "default", false},
    {"rules that were left out", CHECK_body, "", RESULT_skipped, 1, 0, "default", false},
    {"an own list of another name", CHECK_list, "other", RESULT_hit, 1, 0, "default", false},
    {"no check at all", CHECK__MAX, "", RESULT_hit, 1, 0, "default", true},
    {"no result at all", CHECK_spf, "", RESULT__MAX, 1, 0, "default", true},
};

static void put_lists(void)
{
    config_world_put("lists/header", "# ours\ncheap 2.5 contains Subject: cheap\n");
    config_world_put("lists/body", "cheap -1 contains cheap\nother 3 contains x\n");
    config_world_put("lists/nets", "192.0.2.1\n");
    config_world_put("lists/senders", "example.org\n");
}

static void test_weights_and_places(void **state)
{
    struct config *c = NULL;

    (void)state;
    put_lists();
    c = config_world_load(ini);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct antispam_result r = {.check = table[i].check,
                                          .result = table[i].result,
                                          .count = table[i].count,
                                          .name = view_of(table[i].name)};
        struct weighed w;

        weigh_result(c, &c->policy, &r, &w);
        print_message("%s: %lld %.*s\n", table[i].says, (long long)w.weight, (int)w.place.n, w.place.p);
        assert_int_equal(w.weight, table[i].weight);
        assert_int_equal(weigh_weight(c, &c->policy, &r), table[i].weight);
        assert_true(view_equal(w.place, view_of(table[i].place)));
        assert_int_equal(w.remark != NULL, table[i].remark);
    }
    config_free(&c);
}

static void test_the_sum_is_that_of_each(void **state)
{
    struct antispam_result all[sizeof table / sizeof *table];
    struct antispam_verdict v = {.result = all};
    struct config *c = NULL;
    int64_t sum = 0;

    (void)state;
    put_lists();
    c = config_world_load(ini);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct antispam_result r = {.check = table[i].check,
                                          .result = table[i].result,
                                          .count = table[i].count,
                                          .name = view_of(table[i].name)};
        struct antispam_result copy = r;
        const struct antispam_verdict one = {.result = &copy, .n = 1};

        if (weigh_sum(c, &c->policy, &one) != table[i].weight)
            fail_msg("%s: %lld", table[i].says, (long long)weigh_sum(c, &c->policy, &one));
        all[v.n++] = r;
        sum += table[i].weight;
    }
    assert_int_equal(weigh_sum(c, &c->policy, &v), sum);
    config_free(&c);
}

/* A place of more than WEIGH_PLACE_MAX bytes keeps its end, where the line is. */
static void test_a_long_place_keeps_its_end(void **state)
{
    struct buf value = {0};
    struct config_errors errs = {0};
    struct config *c = NULL;
    struct weighed w;

    (void)state;
    buf_add_str(&value, "rbl a.description=");
    for (int i = 0; i < 300; i++)
        buf_add_char(&value, 'x');
    c = config_load(NULL, (const char *const[]){"spf.weight_fail=0.125", "rbl a.zone=a.example.org", value.p},
                    3, &errs);
    weigh_result(c, &c->policy, &(struct antispam_result){.check = CHECK_spf, .result = RESULT_fail}, &w);
    assert_int_equal(w.weight, 125);
    assert_true(view_equal(w.place, VIEW("-o spf.weight_fail=0.125")));
    config_free(&c);
    buf_clear(&value);
    buf_add_str(&value, "./");
    for (int i = 0; i < WEIGH_PLACE_MAX / 2; i++)
        buf_add_str(&value, "./");
    buf_add_str(&value, "m.ini");
    config_world_put("m.ini", "[spf]\nweight_fail = 1\n");
    c = config_load(value.p, NULL, 0, &errs);
    weigh_result(c, &c->policy, &(struct antispam_result){.check = CHECK_spf, .result = RESULT_fail}, &w);
    assert_int_equal(w.place.n, WEIGH_PLACE_MAX);
    assert_true(view_ends_with(w.place, VIEW("./m.ini:2")));
    config_free(&c);
    buf_free(&value);
    buf_free(&errs.text);
}

static void test_ten_thousand_rules(void **state)
{
    struct buf text = {0};
    struct config *c = NULL;

    (void)state;
    for (int i = 0; i < 10000; i++)
        buf_addf(&text, "r%d %d contains x\n", i * 7919 % 10000, i % 1000);
    put_lists();
    config_world_put("lists/body", text.p);
    c = config_world_load(ini);
    for (int i = 0; i < 10000; i += 11) {
        char *name = xasprintf("r%d", i * 7919 % 10000);
        const struct antispam_result r = {.check = CHECK_body, .result = RESULT_hit, .name = view_of(name)};
        struct weighed w;

        weigh_result(c, &c->policy, &r, &w);
        assert_int_equal(w.weight, i % 1000 * 1000);
        free(name);
    }
    config_free(&c);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights_and_places),
        cmocka_unit_test(test_the_sum_is_that_of_each),
        cmocka_unit_test(test_a_long_place_keeps_its_end),
        cmocka_unit_test(test_ten_thousand_rules),
    };

    return cmocka_run_group_tests(tests, config_world_enter, config_world_leave);
}
