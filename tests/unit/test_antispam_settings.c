/*
 * test_antispam_settings.c - what the workers are told of the configuration, read back as they read it.
 *
 * Run by the unit test runner, in a folder of its own.
 */
#include "spoold/antispam_settings.h"

#include "common/check.h"
#include "common/settings.h"
#include "tests/unit/config_world.h"

static const char ini[] = "[antispam]\n"
                          "budget = 1500ms\n" /* 2 */
                          "skip_authenticated = no\n"
                          "[spf]\n"
                          "engine = libspf2\n"
                          "weight_fail = 3\n"
                          "[dkim]\n"
                          "max_size = 2M\n"
                          "[site]\n"
                          "hostname = mx.example.org\n"
                          "domains = @lists/domains\n"
                          "[gateways]\n"
                          "trust = 192.0.2.1, 2001:db8::/32\n" /* 13 */
                          "[lists]\n"
                          "body_rules = @lists/body\n"
                          "[rbl zen]\n"
                          "zone = zen.example.org\n" /* 17 */
                          "key = k3y\n"
                          "weight = 6\n"
                          "dns_server = 127.0.0.1:5353\n"
                          "[rbl other]\n"
                          "zone = other.example.org\n"
                          "bitmap = yes\n"
                          "results = 4\n"
                          "[uribl dbl]\n"
                          "zone = dbl.example.org\n"
                          "domains = body\n"
                          "[dns]\n"
                          "servers = 127.0.0.1:5300\n"
                          "timeout = 250ms\n";

static struct config *load(void)
{
    config_world_put("lists/domains", "example.org\n# more\n.example.net\n");
    config_world_put("lists/body", "cheap 2 contains cheap # watches\n");
    return config_world_load(ini);
}

static const struct {
    const char *says, *section, *name, *key, *value; /* value: NULL: there is no such item */
    unsigned line;                                   /* 0: a default */
} antispam[] = {
    {"a time is in ms", "antispam", "", "budget", "1500", 2},
    {"a switch is a digit", "antispam", "", "skip_authenticated", "0", 3},
    {"a default has no place", "antispam", "", "max_urls", "50", 0},
    {"a word stays a word", "spf", "", "engine", "libspf2", 5},
    {"a check's switch", "dmarc", "", "enable", "1", 0},
    {"a size is in bytes", "dkim", "", "max_size", "2097152", 8},
    {"the site", "site", "", "hostname", "mx.example.org", 10},
    {"a list's zone", "rbl", "zen", "zone", "zen.example.org", 17},
    {"another one's", "rbl", "other", "bitmap", "1", 23},
    {"a default of a section is its place", "rbl", "other", "self_test", "1", 21},
    {"a list of domains", "uribl", "dbl", "domains", "body", 27},
    {"weights stay here", "spf", "", "weight_fail", NULL, 0},
    {"those of lists, too", "rbl", "zen", "weight", NULL, 0},
    {"and the most of them", "rbl", "zen", "weight_max", NULL, 0},
    {"how the DNS is asked is nothing to it", "dns", "", "servers", NULL, 0},
    {"nor are the other settings", "paths", "", "root", NULL, 0},
    {"nor intakes", "intake", "main", "path", NULL, 0},
    {"the name of a list file is not told", "gateways", "", "trust", NULL, 0},
};

static void assert_item(const struct settings *s, size_t i)
{
    const struct settings_item *item =
        settings_find(s, antispam[i].section, view_of(antispam[i].name), antispam[i].key);

    print_message("%s\n", antispam[i].says);
    assert_int_equal(item != NULL, antispam[i].value != NULL);
    if (!item)
        return;
    assert_true(view_equal(item->value, view_of(antispam[i].value)));
    assert_int_equal(item->line, antispam[i].line);
    assert_true(view_equal(item->file, antispam[i].line ? VIEW("m.ini") : VIEW("")));
}

static void test_what_worker_antispam_is_told(void **state)
{
    struct config *c = load();
    struct buf bytes = {0};
    struct settings s;

    (void)state;
    antispam_settings_pack(c, &bytes);
    assert_int_equal(settings_open(&s, buf_view(&bytes)), 0);
    for (size_t i = 0; i < sizeof antispam / sizeof *antispam; i++)
        assert_item(&s, i);
    /* A new check comes along without an edit. */
    for (unsigned i = 0; i < CHECK__MAX; i++)
        if (i != CHECK_rbl && i != CHECK_uribl)
            assert_true(settings_bool(&s, check_about(i)->name, "enable", !check_about(i)->on) ==
                        check_about(i)->on);
    settings_free(&s);
    buf_free(&bytes);
    config_free(&c);
}

static const struct {
    const char *name, *value, *file;
    unsigned line;
} entries[] = {
    {"domains", "example.org", "lists/domains", 1},
    {"domains", ".example.net", "lists/domains", 3},
    {"gateways", "192.0.2.1", "m.ini", 13},
    {"gateways", "2001:db8::/32", "m.ini", 13},
    {"body_rules", "cheap 2 contains cheap # watches", "lists/body", 1},
};

/* [list] has settings of its own under the same word. */
static const struct settings_item *next_entry(const struct settings *s, size_t *at)
{
    const struct settings_item *item = settings_next(s, "list", NULL, at);

    while (item && item->key.n)
        item = settings_next(s, "list", NULL, at);
    return item;
}

static void test_entries_of_all_lists(void **state)
{
    struct config *c = load();
    struct buf bytes = {0};
    struct settings s;
    size_t at = 0;

    (void)state;
    antispam_settings_pack(c, &bytes);
    assert_int_equal(settings_open(&s, buf_view(&bytes)), 0);
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        const struct settings_item *item = next_entry(&s, &at);

        assert_non_null(item);
        assert_true(view_equal(item->name, view_of(entries[i].name)));
        assert_int_equal(item->key.n, 0);
        assert_true(view_equal(item->value, view_of(entries[i].value)));
        assert_true(view_equal(item->file, view_of(entries[i].file)));
        assert_int_equal(item->line, entries[i].line);
    }
    assert_null(next_entry(&s, &at));
    settings_free(&s);
    buf_free(&bytes);
    config_free(&c);
}

static void test_what_worker_dns_is_told(void **state)
{
    struct config *c = load();
    struct buf bytes = {0};
    struct settings s;

    (void)state;
    dns_settings_pack(c, &bytes);
    assert_int_equal(settings_open(&s, buf_view(&bytes)), 0);
    assert_int_equal(settings_int(&s, "dns", "timeout", 0), 250);
    assert_int_equal(settings_int(&s, "dns", "max_ttl", 0), 86400000);
    assert_int_equal(settings_bool(&s, "dns", "enable", false), true);
    assert_true(view_equal(settings_text(&s, "dns", "servers"), VIEW("127.0.0.1:5300")));
    assert_true(view_equal(settings_named_text(&s, "rbl", VIEW("zen"), "key"), VIEW("k3y")));
    assert_true(
        view_equal(settings_named_text(&s, "rbl", VIEW("zen"), "dns_server"), VIEW("127.0.0.1:5353")));
    assert_true(view_equal(settings_named_text(&s, "uribl", VIEW("dbl"), "zone"), VIEW("dbl.example.org")));
    assert_null(settings_find(&s, "rbl", VIEW("zen"), "weight"));
    assert_null(settings_find(&s, "rbl", VIEW("zen"), "results"));
    assert_null(settings_find(&s, "spf", VIEW(""), "enable"));
    assert_null(settings_find(&s, "antispam", VIEW(""), "budget"));
    assert_null(next_entry(&s, &(size_t){0}));
    settings_free(&s);
    buf_free(&bytes);
    config_free(&c);
}

/* A reload that changes weights alone needs no other worker. */
static void test_weights_change_nothing(void **state)
{
    static const char *const override[] = {"spf.weight_fail=7", "dmarc.weight_fail=-1"};
    struct config_errors errs = {0};
    struct config *a = config_load(NULL, NULL, 0, &errs), *b = config_load(NULL, override, 2, &errs);
    struct buf x = {0}, y = {0};

    (void)state;
    antispam_settings_pack(a, &x);
    antispam_settings_pack(b, &y);
    assert_true(view_equal(buf_view(&x), buf_view(&y)));
    config_free(&a);
    config_free(&b);
    buf_free(&x);
    buf_free(&y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_worker_antispam_is_told),
        cmocka_unit_test(test_entries_of_all_lists),
        cmocka_unit_test(test_what_worker_dns_is_told),
        cmocka_unit_test(test_weights_change_nothing),
    };

    return cmocka_run_group_tests(tests, config_world_enter, config_world_leave);
}
