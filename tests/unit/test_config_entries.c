/*
 * test_config_entries.c - lists from files and in line: what is kept of them, and every complaint.
 *
 * Run by the unit test runner, in a folder of its own.
 */
#include "spoold/config_entries.h"

#include "tests/unit/config_world.h"

static void assert_entry(const struct config_list *l, size_t i, const char *text, unsigned lineno)
{
    assert_true(i < l->n);
    assert_true(view_equal(config_entries_text(l, i), view_of(text)));
    assert_int_equal(l->entry[i].lineno, lineno);
}

static void test_words_stand_in_line(void **state)
{
    struct config *c = config_world_load("[site]\ndomains = example.org,example.net\t.example.com\n"
                                         "networks = \" ,192.0.2.0/24  2001:db8::/32, \"\n");

    (void)state;
    assert_int_equal(c->site_domains.n, 3);
    assert_entry(&c->site_domains, 0, "example.org", 2);
    assert_entry(&c->site_domains, 1, "example.net", 2);
    assert_entry(&c->site_domains, 2, ".example.com", 2);
    assert_string_equal(c->site_domains.file, "m.ini");
    assert_int_equal(c->site_networks.n, 2);
    assert_entry(&c->site_networks, 1, "2001:db8::/32", 3);
    assert_int_equal(c->gateways_trust.n, 0);
    config_free(&c);
}

static void test_a_file_is_found_beside_the_settings(void **state)
{
    struct config *c = NULL;

    (void)state;
    config_world_put("lists/nets", "# ours\n192.0.2.1\n\n 198.51.100.0-198.51.100.9 # old\r\n");
    c = config_world_load("[gateways]\ntrust = @lists/nets\n[lists]\nwhitelist = @lists/nets\n");
    assert_int_equal(c->gateways_trust.n, 2);
    assert_entry(&c->gateways_trust, 0, "192.0.2.1", 2);
    assert_entry(&c->gateways_trust, 1, "198.51.100.0-198.51.100.9", 4);
    assert_string_equal(c->gateways_trust.file, "lists/nets");
    assert_int_equal(c->lists_whitelist.n, 2);
    assert_string_equal(c->lists_whitelist.text, "@lists/nets");
    config_free(&c);
    /* Another folder of lists, and settings in another folder. */
    c = config_world_load("[paths]\nlists = ./lists/../lists\n[gateways]\ntrust = @lists/nets\n");
    assert_string_equal(c->gateways_trust.path, "./lists/../lists/nets");
    config_free(&c);
    c = config_load("lists/../m.ini", NULL, 0, &(struct config_errors){0});
    assert_non_null(c);
    assert_string_equal(c->gateways_trust.path, "lists/.././lists/../lists/nets");
    config_free(&c);
}

static void test_rules_have_names_and_weights(void **state)
{
    struct config *c = NULL;
    const struct config_list *l = NULL;

    (void)state;
    config_world_put("lists/body", "zz 1 contains last # not a comment\n# a comment\n"
                                   "aa -2.5 regex a+(b|c)\nmm 0.125 wildcard *x?\n");
    c = config_world_load("[lists]\nbody_rules = @lists/body\n");
    l = &c->lists_body_rules;
    assert_int_equal(l->n, 3);
    assert_entry(l, 0, "zz 1 contains last # not a comment", 1);
    assert_int_equal(config_entries_find_rule(l, VIEW("aa"))->weight, -2500);
    assert_int_equal(config_entries_find_rule(l, VIEW("aa"))->lineno, 3);
    assert_int_equal(config_entries_find_rule(l, VIEW("mm"))->weight, 125);
    assert_int_equal(config_entries_find_rule(l, VIEW("zz"))->weight, 1000);
    assert_null(config_entries_find_rule(l, VIEW("z")));
    assert_null(config_entries_find_rule(l, VIEW("zzz")));
    assert_null(config_entries_find_rule(l, VIEW("")));
    assert_null(config_entries_find_rule(&c->lists_header_rules, VIEW("aa")));
    config_free(&c);
}

static const struct {
    const char *says, *file, *text, *ini, *complaint;
    unsigned n;
} bad[] = {
    {"a network that is none", "lists/nets", "192.0.2.1\n192.0.2.0/33\n",
     "[lists]\nblacklist = @lists/nets\n", "lists/nets:2: this is no length of a network; accepted: ", 1},
    {"a domain where a network is asked for", "lists/nets", "example.org\n",
     "[site]\nnetworks = @lists/nets\n", "lists/nets:1: this is no address; accepted: ", 1},
    {"a sender that is none", "lists/senders", "\n\nuser@\n", "[lists]\nblocked_senders = @lists/senders\n",
     "lists/senders:3: this is no ", 1},
    {"an address where a domain is asked for", "lists/domains", "user@example.org\n",
     "[site]\ndomains = @lists/domains\n", "lists/domains:1: this is an address", 1},
    {"every entry of a file is looked at", "lists/nets", "a\n192.0.2.1\nb\n",
     "[lists]\nwhitelist = @lists/nets\n", "lists/nets:3: ", 2},
    {"a rule without a field", "lists/header", "a 1 contains x\n", "[lists]\nheader_rules = @lists/header\n",
     "lists/header:1: ", 1},
    {"a weight that is none", "lists/body", "a much contains x\n", "[lists]\nbody_rules = @lists/body\n",
     "lists/body:1: this is no weight", 1},
    {"an expression that cannot be compiled", "lists/body", "b 1 contains x\na 1 regex (x\n",
     "[lists]\nbody_rules = @lists/body\n", "lists/body:2: ", 1},
    {"a name twice", "lists/body", "a 1 contains x\nb 1 contains x\na 1 contains y\n",
     "[lists]\nbody_rules = @lists/body\n",
     "lists/body:3: the rule a stands twice, first in line 1; accepted: each name once", 1},
    {"a file that is not there", "lists/nets", "", "[lists]\nblacklist = @lists/absent\n",
     "lists/absent: cannot read the list file: No such file", 1},
};

static void test_every_complaint_has_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct config_errors errs = {0};

        config_world_put(bad[i].file, bad[i].text);
        assert_null(config_world_try(bad[i].ini, &errs));
        print_message("%s:\n    %s", bad[i].says, errs.text.p);
        assert_non_null(strstr(errs.text.p, bad[i].complaint));
        assert_int_equal(errs.n, bad[i].n);
        buf_free(&errs.text);
    }
}

static void test_a_name_may_stand_in_both_lists_of_rules(void **state)
{
    struct config *c = NULL;

    (void)state;
    config_world_put("lists/body", "a 1 contains x\n");
    config_world_put("lists/header", "a 2 contains Subject: x\n");
    c = config_world_load("[lists]\nbody_rules = @lists/body\nheader_rules = @lists/header\n");
    assert_int_equal(config_entries_find_rule(&c->lists_body_rules, VIEW("a"))->weight, 1000);
    assert_int_equal(config_entries_find_rule(&c->lists_header_rules, VIEW("a"))->weight, 2000);
    config_free(&c);
}

static const struct {
    const char *says, *section, *key, *text, *why; /* why: NULL: it is well */
} values[] = {
    {"nothing", "lists", "blacklist", "", NULL},
    {"a file", "lists", "blacklist", "@lists/x", NULL},
    {"a file with a point in front", "lists", "blacklist", "@lists/.x", NULL},
    {"no file", "lists", "blacklist", "@lists/", "names no list file"},
    {"the folder", "lists", "blacklist", "@lists/.", "names no list file"},
    {"the folder above", "lists", "blacklist", "@lists/..", "names no list file"},
    {"a folder in it", "lists", "blacklist", "@lists/a/b", "names no list file"},
    {"a file elsewhere, where words may stand", "gateways", "trust", "@/etc/hosts", "names no list file"},
    {"words that are right", "gateways", "trust", "192.0.2.1,192.0.2.2", NULL},
    {"the second word is wrong", "gateways", "trust", "192.0.2.1 x", "\"x\": this is no address"},
    {"words in a list of files", "lists", "trusted_senders", "user@example.org", "names no list file"},
};

static void test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const struct config_option *o = config_value_find(view_of(values[i].section), view_of(values[i].key));
        struct buf why = {0};

        print_message("%s\n", values[i].says);
        assert_int_equal(config_entries_check(o, view_of(values[i].text), &why), values[i].why ? -1 : 0);
        if (values[i].why)
            assert_non_null(strstr(why.p, values[i].why));
        buf_free(&why);
    }
}

/* 255 bytes of a file's name. */
static void test_the_longest_name(void **state)
{
    const struct config_option *o = config_value_find(VIEW("lists"), VIEW("blacklist"));
    struct buf text = {0}, why = {0};

    (void)state;
    buf_add_str(&text, "@lists/");
    for (int i = 0; i < 255; i++)
        buf_add_char(&text, 'x');
    assert_int_equal(config_entries_check(o, buf_view(&text), &why), 0);
    buf_add_char(&text, 'x');
    assert_int_equal(config_entries_check(o, buf_view(&text), &why), -1);
    buf_free(&text);
    buf_free(&why);
}

static void test_names_on_the_way_to_a_worker(void **state)
{
    (void)state;
    assert_true(view_equal(config_entries_name(config_value_find(VIEW("gateways"), VIEW("trust"))),
                           VIEW("gateways")));
    assert_true(view_equal(config_entries_name(config_value_find(VIEW("lists"), VIEW("body_rules"))),
                           VIEW("body_rules")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_stand_in_line),
        cmocka_unit_test(test_a_file_is_found_beside_the_settings),
        cmocka_unit_test(test_rules_have_names_and_weights),
        cmocka_unit_test(test_every_complaint_has_its_place),
        cmocka_unit_test(test_a_name_may_stand_in_both_lists_of_rules),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_the_longest_name),
        cmocka_unit_test(test_names_on_the_way_to_a_worker),
    };

    return cmocka_run_group_tests(tests, config_world_enter, config_world_leave);
}
