/*
 * test_rbl_settings.c - unit tests of workers/antispam/rbl_settings.c: sections [rbl NAME] and [uribl NAME].
 *
 * Run by `make check`. What the results mean for an answer is tested with rbl_zone.c.
 */
#include "tests/unit/dnslist_world.h"

#include "workers/antispam/rbl_part.h"

struct opened {
    struct buf bytes, why;
    struct settings settings;
    struct rbl_zones zones;
    int rc;
};

static void open_text(struct opened *o, const char *section, const char *text)
{
    struct dnslist_world w = {0};

    dnslist_settings(&w, text);
    *o = (struct opened){.bytes = w.bytes, .settings = w.settings};
    o->rc = rbl_zone_open_all(&o->zones, &o->settings, section, &o->why);
}

static void close_it(struct opened *o)
{
    rbl_zone_close_all(&o->zones);
    settings_free(&o->settings);
    buf_free(&o->bytes);
    buf_free(&o->why);
}

static void each_enabled_list_is_one_zone(void **state)
{
    struct opened o;

    (void)state;
    open_text(&o, "rbl",
              "rbl zen enable 1\nrbl zen zone Zen.Example.org.\nrbl zen key \nrbl zen bitmap 0\n"
              "rbl off enable 0\nrbl off zone off.example.org\nuribl dbl zone dbl.example.org\n"
              "rbl paid zone zen.example.net\nrbl paid key abcDEF\nrbl paid bitmap 1\nrbl paid results 2, 4");
    assert_int_equal(o.rc, 0);
    assert_int_equal(o.zones.n, 2);
    assert_string_equal(o.zones.zone[0].name, "zen");
    assert_string_equal(o.zones.zone[0].suffix, "zen.example.org");
    assert_false(o.zones.zone[0].bitmap);
    assert_int_equal(o.zones.zone[0].result_n, 1);
    assert_string_equal(o.zones.zone[1].zone, "zen.example.net");
    assert_string_equal(o.zones.zone[1].suffix, "abcdef.zen.example.net");
    assert_true(o.zones.zone[1].bitmap);
    assert_int_equal(o.zones.zone[1].result_n, 2);
    close_it(&o);
}

static void a_domain_list_wants_some_kinds_of_names_or_all(void **state)
{
    struct opened o;

    (void)state;
    open_text(&o, "uribl",
              "uribl a zone a.example.org\nuribl b zone b.example.org\nuribl b domains body, helo");
    assert_int_equal(o.zones.n, 2);
    assert_int_equal(o.zones.zone[0].sources, RBL_ALL);
    assert_int_equal(o.zones.zone[1].sources, RBL_BODY | RBL_HELO);
    close_it(&o);
}

static const struct {
    const char *behaviour, *section, *text, *wanted;
} mistakes[] = {
    {"no zone", "rbl", "rbl a zone ",
     "t.ini:7: rbl a.zone: is no name of a zone; accepted: a name like zen.example.org"},
    {"a zone that is none", "rbl", "rbl a zone a..b",
     "t.ini:7: rbl a.zone: a..b is no name of a zone; accepted: a name like zen.example.org"},
    {"a key that is none, which is not shown", "rbl", "rbl a zone b\nrbl a key s e",
     "t.ini:7: rbl a.key: cannot be a part of a name"},
    {"an address of 256", "rbl", "rbl a zone b\nrbl a results 127.0.0.256",
     "t.ini:7: rbl a.results: 127.0.0.256 is no result; accepted: 127.0.0.2, 127.0.0.4-127.0.0.7, "
     "127.0.1.0/24, "
     "127.0.*.3"},
    {"a bitmap without bits", "rbl", "rbl a zone b\nrbl a bitmap 1",
     "t.ini:7: rbl a.results: a bitmap needs results; accepted: numbers from 1 to 255"},
    {"a bit too many", "rbl", "rbl a zone b\nrbl a bitmap 1\nrbl a results 2 256",
     "t.ini:7: rbl a.results: 256 is no bitmap; accepted: numbers from 1 to 255"},
    {"an unknown kind of names", "uribl", "uribl a zone b\nuribl a domains body from",
     "t.ini:7: uribl a.domains: from is not known; accepted: sender helo ptr body"},
    {"no kind of names", "uribl", "uribl a zone b\nuribl a domains ,",
     "t.ini:7: uribl a.domains: nothing is to be asked; accepted: sender helo ptr body"},
};

static void mistakes_are_told_with_their_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct opened o;
        bool ok;

        open_text(&o, mistakes[i].section, mistakes[i].text);
        ok = o.rc == -1 && o.zones.n == 0 && o.why.n;
        /* Where a key stands nowhere there is no place. */
        if (!ok || !strstr(mistakes[i].wanted, o.why.p))
            fail_msg("%s: %s", mistakes[i].behaviour, o.why.n ? o.why.p : "");
        close_it(&o);
    }
}

static const struct {
    const char *results;
    bool wanted;
} words[] = {
    {"127.0.0.2", true},
    {"127.0.0.2,127.0.0.3 127.0.0.4,, ", true},
    {"127.0.0.4-127.0.0.7", true},
    {"127.0.0.7-127.0.0.7", true},
    {"127.0.0.7-127.0.0.6", false},
    {"127.0.0.4-", false},
    {"127.0.0.4-7", false},
    {"127.0.1.0/24", true},
    {"127.0.1.1/24", false},
    {"127.0.0.0/8", true},
    {"126.0.0.0/7", false},
    {"127.0.0.1/32", true},
    {"127.0.0.1/33", false},
    {"127.0.0.0/", false},
    {"127.*.*.*", true},
    {"*.0.0.2", false},
    {"127.0.0.1*", false},
    {"127.0.0*", false},
    {"127.0.**.3", false},
    {"127.0.0.*.*", false},
    {"128.0.0.1", false},
    {"127.0.0.1-128.0.0.1", false},
    {"127.0.0", false},
    {"127.0.0.", false},
    {"127.0.0.0002", false},
    {"x", false},
};

static void results_have_five_forms_and_no_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct rbl_result result[RBL_ZONE_RESULTS_MAX];
        struct rbl_zone z = {.result = result};
        struct view word;

        if (!rbl_part_read_results(&z, view_of(words[i].results), &word) != words[i].wanted)
            fail_msg("%s", words[i].results);
    }
}

static void there_are_at_most_256_results_and_64_lists(void **state)
{
    struct rbl_result result[RBL_ZONE_RESULTS_MAX];
    struct rbl_zone z = {.result = result};
    struct buf b = {0};
    struct view word;
    struct opened o;

    (void)state;
    for (unsigned i = 0; i < 256; i++)
        buf_addf(&b, "127.0.1.%u ", i);
    assert_null(rbl_part_read_results(&z, buf_view(&b), &word));
    assert_int_equal(z.result_n, 256);
    buf_add_str(&b, "127.0.0.2");
    z.result_n = 0;
    assert_non_null(rbl_part_read_results(&z, buf_view(&b), &word));
    buf_clear(&b);
    for (unsigned i = 0; i < 64; i++)
        buf_addf(&b, "%srbl l%u zone z.example.org", i ? "\n" : "", i);
    open_text(&o, "rbl", b.p);
    assert_int_equal(o.zones.n, 64);
    close_it(&o);
    buf_add_str(&b, "\nrbl more zone z.example.org");
    open_text(&o, "rbl", b.p);
    assert_int_equal(o.rc, -1);
    close_it(&o);
    buf_free(&b);
}

/* The longest address, with its dots, and the zone are 253 bytes. */
static void a_zone_leaves_room_for_an_address(void **state)
{
    struct buf b = {0};
    struct opened o;

    (void)state;
    buf_add_str(&b, "rbl a zone ");
    for (unsigned i = 0; i < 94; i++)
        buf_add_str(&b, "a.");
    buf_add_str(&b, "b"); /* 189 bytes */
    open_text(&o, "rbl", b.p);
    assert_int_equal(o.rc, 0);
    close_it(&o);
    buf_add_str(&b, "b");
    open_text(&o, "rbl", b.p);
    assert_int_equal(o.rc, -1);
    close_it(&o);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_enabled_list_is_one_zone),
        cmocka_unit_test(a_domain_list_wants_some_kinds_of_names_or_all),
        cmocka_unit_test(mistakes_are_told_with_their_place),
        cmocka_unit_test(results_have_five_forms_and_no_other),
        cmocka_unit_test(there_are_at_most_256_results_and_64_lists),
        cmocka_unit_test(a_zone_leaves_room_for_an_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
