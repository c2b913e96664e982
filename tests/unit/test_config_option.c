/*
 * test_config_option.c - the table of options: what is in it, and how it is found.
 *
 * Run by the unit test runner. Uses the real table; no files. What common/check_table.h
 * says of a check must be an option.
 */
#include "spoold/config_value.h"

#include "common/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_each_option_is_found_through_its_section(void **state)
{
    size_t n = 0;
    const struct config_option *o = config_value_options(&n);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        const struct config_option *k = config_value_find_section(view_of(o[i].section));

        assert_int_equal(k->group != NULL, o[i].group != NULL);
        while (k && k != &o[i])
            k = config_value_next(k);
        assert_non_null(k);
    }
}

static void test_names_that_are_nearly_right(void **state)
{
    (void)state;
    assert_string_equal(config_value_nearest("spool", VIEW("max_hel")), "max_held");
    assert_string_equal(config_value_nearest("spool", VIEW("recsan")), "rescan");
    assert_string_equal(config_value_nearest(NULL, VIEW("path")), "paths");
    assert_null(config_value_nearest("spool", VIEW("colour")));
    assert_null(config_value_nearest("spool", VIEW("root")));
    assert_null(config_value_nearest(
        NULL, VIEW("a234567890123456789012345678901234567890123456789012345678901234567890")));
}

static void test_lists_of_names(void **state)
{
    struct buf text = {0};

    (void)state;
    config_value_list_names(NULL, NULL, &text);
    assert_non_null(
        strstr(text.p, "[mime], [antispam], [dns], [gateways], [lists], [gateway], [spf], [spf_helo]"));
    assert_non_null(
        strstr(text.p,
               "[list], [profile NAME], [rbl NAME], [uribl NAME], [level low], [level medium], [level high], "
               "[filter], [deliver], [quarantine], [journal], [log], [intake NAME]"));
    buf_clear(&text);
    config_value_list_names("log", NULL, &text);
    assert_string_equal(text.p, "target, level");
    buf_clear(&text);
    config_value_list_names("log", "lev", &text);
    assert_string_equal(text.p, "target");
    buf_free(&text);
}

static const struct config_option *find(const char *section, const char *key)
{
    return config_value_find(view_of(section), view_of(key));
}

/* Sections of their own are those of [rbl NAME] and [uribl NAME] only. */
static void test_every_check_has_its_options(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CHECK__MAX; i++) {
        const struct check_about *about = check_about(i);
        const struct config_option *on = find(about->name, "enable");

        print_message("%s\n", about->name);
        assert_non_null(on);
        assert_int_equal(on->group != NULL, i == CHECK_rbl || i == CHECK_uribl);
        assert_string_equal(on->preset, on->group || about->on ? "yes" : "no");
        assert_int_equal(find(about->name, "enable_smtp_in") != NULL, about->smtp);
        assert_int_equal(find(about->name, "enable_smtp_out") != NULL, about->smtp);
    }
}

static const struct {
    const char *says, *section, *key, *preset;
    size_t offset;
    enum config_value_type type;
} rows[] = {
    {"a weight of a result", "spf", "weight_softfail", "4",
     offsetof(struct config, policy.weight[CHECK_spf][RESULT_softfail]), CONFIG_VALUE_WEIGHT},
    {"of a check with _ in its name", "null_sender", "weight_hit", "0",
     offsetof(struct config, policy.weight[CHECK_null_sender][RESULT_hit]), CONFIG_VALUE_WEIGHT},
    {"a switch of a check", "dmarc", "enable", "yes", offsetof(struct config, check_on[CHECK_dmarc]),
     CONFIG_VALUE_BOOL},
    {"one for SMTP time", "list", "enable_smtp_out", "no",
     offsetof(struct config, check_smtp_out[CHECK_list]), CONFIG_VALUE_BOOL},
    {"what only this check has", "dkim", "min_key_bits", "1024", offsetof(struct config, dkim_min_key_bits),
     CONFIG_VALUE_INT},
    {"a field of a named section", "uribl", "weight_max", "0", offsetof(struct config_uribl, weight_max),
     CONFIG_VALUE_WEIGHT},
};

static void test_rows_that_are_made_of_checks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct config_option *o = find(rows[i].section, rows[i].key);

        print_message("%s\n", rows[i].says);
        assert_non_null(o);
        assert_int_equal(o->offset, rows[i].offset);
        assert_int_equal(o->type, rows[i].type);
        assert_string_equal(o->preset, rows[i].preset);
        assert_non_null(strstr(o->requirements, "R0"));
    }
    assert_null(find("spf", "weight_hit"));
    assert_null(find("header", "weight_hit"));
    assert_null(find("header", "enable_smtp_in"));
    assert_null(find("rbl", "domains"));
}

static void test_no_option_stands_twice(void **state)
{
    size_t n = 0;
    const struct config_option *o = config_value_options(&n);

    (void)state;
    for (size_t i = 0; i < n; i++)
        assert_ptr_equal(find(o[i].section, o[i].key), &o[i]);
}

static void test_part_of_a_name_is_another_name(void **state)
{
    (void)state;
    assert_null(config_value_find(VIEW("spf"), VIEW("enabl")));
    assert_null(config_value_find(VIEW("spf"), VIEW("enable_")));
    assert_null(config_value_find(VIEW("sp"), VIEW("enable")));
    assert_null(config_value_find(VIEW(""), VIEW("enable")));
    assert_null(config_value_find_section((struct view){NULL, 0}));
}

static void test_elements_of_groups(void **state)
{
    struct config c = {.rbl_n = 2};
    static struct config_profile profile[2];
    size_t n = 0;
    const struct config_group *g = config_value_groups(&n);
    char name[] = "second";

    (void)state;
    assert_int_equal(n, 4);
    assert_string_equal(g[0].always, "main");
    assert_string_equal(g[1].section, "rbl");
    assert_null(g[1].always);
    assert_int_equal(g[1].max, CONFIG_RBL_MAX);
    c.rbl[1].name = name;
    assert_int_equal(config_value_count(&c, &g[1]), 2);
    assert_int_equal(config_value_count(&c, &g[2]), 0);
    assert_ptr_equal(config_value_element(&c, &g[1], 1), &c.rbl[1]);
    assert_string_equal(config_value_name(&c, &g[1], 1), "second");
    c.profile = profile; /* that array stands apart */
    c.profile_n = 2;
    profile[1].name = name;
    assert_true(g[3].overrides);
    assert_int_equal(config_value_count(&c, &g[3]), 2);
    assert_string_equal(config_value_name(&c, &g[3], 1), "second");
}

static void test_sections_of_two_words(void **state)
{
    (void)state;
    assert_string_equal(config_value_find_joined(VIEW("level"), VIEW("low")), "level low");
    assert_null(config_value_find_joined(VIEW("level"), VIEW("none")));
    assert_null(config_value_find_joined(VIEW("level"), VIEW("")));
    assert_null(config_value_find_joined(VIEW(""), VIEW("low")));
    assert_null(config_value_find_joined(VIEW("log"), VIEW("")));
    assert_non_null(config_value_find(VIEW("level high"), VIEW("action")));
    assert_non_null(config_value_find(VIEW("profile"), VIEW("high.action")));
    assert_non_null(config_value_find(VIEW("profile"), VIEW("filter.incoming_threshold")));
    assert_non_null(config_value_find(VIEW("profile"), VIEW("spf.weight_fail")));
    assert_null(config_value_find(VIEW("profile"), VIEW("spf.enable")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_option_is_found_through_its_section),
        cmocka_unit_test(test_names_that_are_nearly_right),
        cmocka_unit_test(test_lists_of_names),
        cmocka_unit_test(test_every_check_has_its_options),
        cmocka_unit_test(test_rows_that_are_made_of_checks),
        cmocka_unit_test(test_no_option_stands_twice),
        cmocka_unit_test(test_part_of_a_name_is_another_name),
        cmocka_unit_test(test_elements_of_groups),
        cmocka_unit_test(test_sections_of_two_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
