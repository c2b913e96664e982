/*
 * test_config_profile.c - unit tests of spoold/config_profile.c, and of how levels and profiles are read:
 * what a profile inherits, which words allow a key, and mistakes with their lines.
 *
 * Run by `make check`, in a folder of its own.
 */
#include "spoold/config_profile.h"

#include "common/check.h"
#include "spoold/decide.h"

#include "tests/unit/config_world.h"

static void a_profile_is_what_everybody_has_and_its_own(void **state)
{
    struct config *c = config_world_load("[profile a]\nlow.threshold = 7.5\n"
                                         "[level low]\nthreshold = 9\naction = tag\ntext = \"one \"\n"
                                         "[profile b]\nlow.text = \"\"\nspf.weight_fail = 2\n"
                                         "[spf]\nweight_softfail = 6\n");
    const struct config_policy *a = &c->profile[0].policy, *b = &c->profile[1].policy;

    (void)state;
    assert_int_equal(c->profile_n, 2);
    assert_int_equal(c->policy.level[1].threshold, 9000);
    assert_string_equal(c->policy.level[1].text, "one ");
    assert_int_equal(a->level[1].threshold, 7500);
    assert_string_equal(a->level[1].text, "one ");
    assert_int_equal(a->level[1].action, c->policy.level[1].action);
    assert_int_equal(b->level[1].threshold, 9000);
    assert_string_equal(b->level[1].text, "");
    assert_int_equal(b->weight[CHECK_spf][RESULT_fail], 2000);
    assert_int_equal(b->weight[CHECK_spf][RESULT_softfail], 6000);
    assert_int_equal(a->weight[CHECK_spf][RESULT_fail], 8000);
    config_free(&c);
}

static void defaults_lose_no_mail(void **state)
{
    struct config *c = config_world_load("");

    (void)state;
    assert_int_equal(c->policy.level[1].threshold, 10000);
    assert_int_equal(c->policy.level[2].threshold, 20000);
    assert_int_equal(c->policy.level[3].threshold, 30000);
    assert_int_equal(c->policy.incoming_threshold, 30000);
    assert_int_equal(c->policy.outgoing_threshold, 30000);
    /* Else the action of level high, which begins there, too, would never count. */
    assert_int_equal(c->policy.threshold_action, DECIDE_DELIVER);
    assert_int_equal(c->policy.outgoing_threshold_action, DECIDE_DELIVER);
    assert_int_equal(c->policy.level[3].action, DECIDE_QUARANTINE);
    assert_int_equal(c->policy.level[3].outgoing_action, DECIDE_QUARANTINE);
    assert_int_equal(c->policy.blacklist_action, DECIDE_QUARANTINE);
    assert_int_equal(c->policy.blocked_action, DECIDE_QUARANTINE);
    assert_int_equal(c->profile_n, 0);
    config_free(&c);
}

static const struct {
    const char *words, *key;
    bool allowed;
} allowed[] = {
    {"high.action", "high.action", true},
    {"high.action", "high.actio", false},
    {"low.* high.action", "high.action", true},
    {"low.*,high.action", "high.action", true},
    {"low.*", "low.text", true},
    {"low.*", "high.text", false},
    {"", "low.text", false},
    {"  ,  ", "low.text", false},
    {"*", "low.text", false},
    {"l*", "low.text", true},
};

static void words_allow_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (config_profile_allows(allowed[i].words, allowed[i].key) != allowed[i].allowed)
            fail_msg("\"%s\" and %s", allowed[i].words, allowed[i].key);
}

static const struct {
    const char *ini, *complaint;
} mistakes[] = {
    {"[level none]\n", "m.ini:1: [level none] is not a known section; accepted: [paths]"},
    {"[level lo]\n", "m.ini:1: [level lo] is not a known section, did you mean level low?"},
    {"[level]\n", "m.ini:1: [level] is not a known section"},
    {"[level low x]\n", "m.ini:1: "},
    {"[level low]\nthreshhold = 4\n",
     "m.ini:2: threshhold is not an option of [level low], did you mean threshold?"},
    {"[level low]\nthreshold = 0\n", "m.ini:2: threshold: \"0\" is too small"},
    {"[level low]\naction = drop\n", "m.ini:2: action: \"drop\""},
    {"[level low]\naction = tag\n[level low]\ntext = x\n",
     "m.ini:3: the section stands twice, first in line 1"},
    {"[level  low]\naction = tag\n[level low]\naction = tag\n", "m.ini:"},
    {"[level medium]\nthreshold = 9\n",
     "m.ini:2: [level medium] threshold (9) is less than [level low] threshold (10); accepted: at least as "
     "much"},
    {"[level low]\nthreshold = 20.5\n",
     "m.ini:2: [level medium] threshold (20) is less than [level low] threshold (20.5)"},
    {"[profile a]\nhigh.threshold = 9\n",
     "m.ini:2: [profile a] high.threshold (9) is less than [profile a] medium.threshold (20)"},
    {"[profile a]\nlow.threshold = 90\n", "m.ini:2: [profile a] medium.threshold (20) is less than"},
    {"[level medium]\nthreshold = 25\n[profile a]\nlow.threshold = 26\n",
     "m.ini:4: [profile a] medium.threshold (25) is less than"},
    {"[level high]\naction = redirect\n", "m.ini:2: [level high] action is redirect, but [level high] "
                                          "redirect is empty; accepted: user@example.org"},
    {"[profile a]\nlow.outgoing_action = redirect\n",
     "m.ini:2: [profile a] low.outgoing_action is redirect, but [profile a] low.redirect is empty"},
    {"[level low]\naction = redirect\nredirect = a@example.org\n[profile a]\nlow.redirect =\n",
     "m.ini:5: [profile a] low.action is redirect, but [profile a] low.redirect is empty"},
    {"[level high]\nredirect = example.org\n", "m.ini:2: [level high] redirect (example.org) is no address"},
    {"[level high]\nredirect = @example.org\n", "m.ini:2: [level high] redirect ("},
    {"[level high]\nredirect = a b@example.org\n", "m.ini:2: [level high] redirect ("},
    {"[filter]\nblacklist_action = redirect\n",
     "m.ini:2: [filter] blacklist_action is redirect, but [level high] redirect is empty"},
    {"[profile a]\nfilter.blocked_action = redirect\n",
     "m.ini:2: [profile a] filter.blocked_action is redirect, but [profile a] high.redirect is empty"},
    {"[profile a]\nlow.text = x\nlow.redirect = example.org\n",
     "m.ini:3: [profile a] low.redirect (example.org) is no address"},
    {"[level low]\nredirect = a,b@example.org\n", "m.ini:2: [level low] redirect (a,b@example.org) is no"},
    {"[level low]\nredirect = '\"a@example.org'\n", "m.ini:2: [level low] redirect ("},
    {"[filter]\nallow_override = low.* high.actions\n", "m.ini:2: allow_override: high.actions is no key"},
    {"[filter]\nallow_override = none.*\n", "m.ini:2: allow_override: none.* is no key"},
    {"[profile]\nlow.text = x\n", "m.ini:1: [profile] needs a name"},
    {"[profile a]\nlow.test = x\n",
     "m.ini:2: low.test is not an option of [profile], did you mean low.text?; accepted: low.threshold, "},
    {"[profile a]\nspf.enable = no\n",
     "m.ini:2: spf.enable is not an option of [profile]; accepted: low.threshold, "},
    {"[profile a]\nthreshold = 3\n", "filter.blocked_action, and the weights of checks, as spf.weight_fail"},
    {"[profile a]\nlow.text = x\nlow.text = y\n", "m.ini:3: low.text is set twice, first at m.ini:2"},
    {"[spf]\nlow.text = x\n", "m.ini:2: low.text is not an option of [spf]"},
};

static void mistakes_have_their_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct config_errors errs = {0};

        if (config_world_try(mistakes[i].ini, &errs) || !strstr(errs.text.p, mistakes[i].complaint))
            fail_msg("%s: %s", mistakes[i].ini, errs.text.p ? errs.text.p : "no complaint");
        buf_free(&errs.text);
    }
}

static void from_the_command_line(void **state)
{
    const char *const given[] = {"level low.threshold=3.5", "profile a.low.action=junk",
                                 "profile a.filter.incoming_threshold=4"};
    struct config_errors errs = {0};
    struct config *c = config_load(NULL, given, 3, &errs);

    (void)state;
    assert_non_null(c);
    assert_int_equal(c->policy.level[1].threshold, 3500);
    assert_int_equal(c->profile[0].policy.level[1].threshold, 3500);
    assert_int_equal(c->profile[0].policy.incoming_threshold, 4000);
    assert_int_equal(c->profile[0].policy.level[1].action, 3);
    config_free(&c);
    buf_free(&errs.text);
}

static void too_many_profiles(void **state)
{
    struct buf text = {0};
    struct config_errors errs = {0};

    (void)state;
    for (int i = 0; i < CONFIG_PROFILE_MAX; i++)
        buf_addf(&text, "[profile p%d]\n", i);
    {
        struct config *c = config_world_load(text.p);

        assert_int_equal(c->profile_n, CONFIG_PROFILE_MAX);
        assert_string_equal(c->profile[CONFIG_PROFILE_MAX - 1].policy.level[3].text, "[SPAM?] ");
        config_free(&c);
    }
    buf_add_str(&text, "[profile one-more]\n");
    assert_null(config_world_try(text.p, &errs));
    assert_non_null(strstr(errs.text.p, "m.ini:1001: [profile one-more] is one too many"));
    buf_free(&errs.text);
    buf_free(&text);
}

/* What is printed loads again into the same. */
static void printed_and_read_again(void **state)
{
    struct config *c = config_world_load("[profile a]\nlow.threshold = 7.5\nlow.text = \" x \"\n[profile b]\n"
                                         "[level high]\naction = discard\n"),
                  *again;
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);

    (void)state;
    config_print(c, CONFIG_FORMAT_INI, f);
    fclose(f);
    assert_non_null(strstr(text, "\n[profile a]\n"));
    assert_non_null(strstr(text, "\nlow.text = \" x \"\n"));
    assert_null(strstr(text, "\nhigh.threshold"));
    again = config_world_load(text);
    assert_int_equal(again->profile_n, 2);
    assert_int_equal(again->profile[0].policy.level[1].threshold, 7500);
    assert_string_equal(again->profile[0].policy.level[1].text, " x ");
    assert_int_equal(again->profile[1].policy.level[3].action, c->policy.level[3].action);
    free(text);
    config_free(&c);
    config_free(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_is_what_everybody_has_and_its_own),
        cmocka_unit_test(defaults_lose_no_mail),
        cmocka_unit_test(words_allow_keys),
        cmocka_unit_test(mistakes_have_their_line),
        cmocka_unit_test(from_the_command_line),
        cmocka_unit_test(too_many_profiles),
        cmocka_unit_test(printed_and_read_again),
    };

    return cmocka_run_group_tests(tests, config_world_enter, config_world_leave);
}
