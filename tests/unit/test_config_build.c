/*
 * test_config_build.c - the filled struct: elements of groups, defaults, and the place of each value.
 *
 * Run by the unit test runner, in a folder of its own.
 */
#include "tests/unit/config_world.h"

static const char ini[] = "[spf]\n"
                          "weight_fail = 3\n"
                          "[rbl a]\n"
                          "zone = a.example.org\n"
                          "[rbl b]\n"
                          "weight = -1\n"
                          "zone = b.example.org\n";

static const struct {
    const char *says, *section, *name, *key, *wanted;
} places[] = {
    {"a setting of the file", "spf", "", "weight_fail", "m.ini:2"},
    {"a default", "spf", "", "weight_pass", "default"},
    {"a setting of a named section", "rbl", "b", "weight", "m.ini:6"},
    {"a default of a named section stands where the section begins", "rbl", "a", "weight", "m.ini:3"},
    {"an override", "log", "", "level", "-o log.level=warn"},
    {"an override of a named section", "rbl", "a", "bitmap", "-o rbl a.bitmap=no"},
    {"a section that is not there", "rbl", "c", "weight", "default"},
    {"an option that is not there", "rbl", "a", "colour", "default"},
};

static void test_places(void **state)
{
    static const char *const override[] = {"log.level=warn", "rbl a.bitmap=no"};
    struct config_errors errs = {0};
    struct config *c = NULL;

    (void)state;
    config_world_put("m.ini", ini);
    c = config_load("m.ini", override, 2, &errs);
    assert_non_null(c);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct buf text = {0};

        print_message("%s\n", places[i].says);
        config_place_add(config_where(c, places[i].section, places[i].name, places[i].key), &text);
        assert_string_equal(text.p, places[i].wanted);
        buf_free(&text);
    }
    config_free(&c);
}

static void test_a_file_is_named_as_people_know_it(void **state)
{
    static const struct {
        const char *file;
        unsigned lineno;
        const char *name, *place;
    } table[] = {{"/etc/spoold/spoold.ini", 7, "/etc/spoold/spoold.ini", "/etc/spoold/spoold.ini:7"},
                 {"/proc/self/fd/12/etc/run.ini", 7, "etc/run.ini", "etc/run.ini:7"},
                 {"/proc/self/fd/12", 7, "/proc/self/fd/12", "/proc/self/fd/12:7"},
                 {"-o a.b=c", 0, "", "-o a.b=c"},
                 {NULL, 0, "", "default"}};

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct config_place place = {table[i].file, table[i].lineno};
        struct buf text = {0};

        config_place_add(place, &text);
        assert_string_equal(text.p, table[i].place);
        assert_string_equal(config_place_file(place), table[i].name);
        buf_free(&text);
    }
}

static void test_named_sections_have_the_defaults_and_their_order(void **state)
{
    struct config *c = config_world_load(ini);

    (void)state;
    assert_int_equal(c->rbl_n, 2);
    assert_int_equal(c->uribl_n, 0);
    assert_int_equal(c->intake_n, 1);
    assert_string_equal(c->intake[0].name, "main");
    assert_string_equal(c->rbl[0].name, "a");
    assert_int_equal(c->rbl[0].weight, 5000);
    assert_int_equal(c->rbl[1].weight, -1000);
    assert_string_equal(c->rbl[1].results, "");
    config_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_a_file_is_named_as_people_know_it),
        cmocka_unit_test(test_named_sections_have_the_defaults_and_their_order),
    };

    return cmocka_run_group_tests(tests, config_world_enter, config_world_leave);
}
