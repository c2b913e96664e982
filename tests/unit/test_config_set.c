/*
 * test_config_set.c - settings that were written are found again, each by option and name.
 *
 * Run by the unit test runner. Pure; no files.
 */
#include "spoold/config_set.h"

#include "common/xalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct config_set_item *add(struct config_set *s, const struct config_option *o, const char *name,
                                   const char *value, unsigned lineno)
{
    const struct config_setting from = {.name = view_of(name), .value = view_of(value), .lineno = lineno};

    return config_set_add(s, o, &from);
}

static void test_each_option_and_name_has_its_own(void **state)
{
    const struct config_option *weight = config_value_find(VIEW("rbl"), VIEW("weight"));
    const struct config_option *zone = config_value_find(VIEW("rbl"), VIEW("zone"));
    struct config_set *s = config_set_new();

    (void)state;
    add(s, weight, "a", "1", 1);
    add(s, weight, "b", "2", 2);
    add(s, zone, "a", "3", 3);
    assert_string_equal(config_set_find(s, weight, VIEW("a"))->value, "1");
    assert_string_equal(config_set_find(s, weight, VIEW("b"))->value, "2");
    assert_string_equal(config_set_find(s, zone, VIEW("a"))->value, "3");
    assert_int_equal(config_set_find(s, zone, VIEW("a"))->lineno, 3);
    assert_null(config_set_find(s, zone, VIEW("b")));
    assert_null(config_set_find(s, weight, VIEW("")));
    config_set_free(&s);
    assert_null(s);
    config_set_free(&s);
}

static void test_headers_are_no_settings_and_known_by_their_file(void **state)
{
    const struct config_option *first = config_value_find_section(VIEW("rbl"));
    struct config_set *s = config_set_new();

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct config_set_item *h = add(s, first, "a", "", 10 + i);

        h->header = true;
        h->source = i;
    }
    assert_null(config_set_find(s, first, VIEW("a")));
    assert_int_equal(config_set_find_header(s, first, VIEW("a"), 0)->lineno, 10);
    assert_int_equal(config_set_find_header(s, first, VIEW("a"), 1)->lineno, 11);
    assert_null(config_set_find_header(s, first, VIEW("a"), 2));
    assert_int_equal(config_set_find_header(s, first, VIEW("a"), CONFIG_SET_NOWHERE)->lineno, 10);
    assert_null(config_set_find_header(s, first, VIEW("b"), CONFIG_SET_NOWHERE));
    add(s, first, "a", "yes", 12);
    assert_int_equal(config_set_find(s, first, VIEW("a"))->lineno, 12);
    config_set_free(&s);
}

static void test_thousands_are_found(void **state)
{
    enum { MANY = 5000 };
    const struct config_option *o = config_value_find(VIEW("rbl"), VIEW("zone"));
    struct config_set *s = config_set_new();

    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        char *name = xasprintf("n%u", i);

        add(s, o, name, name, i);
        free(name);
    }
    assert_int_equal(s->n, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        char *name = xasprintf("n%u", i);
        const struct config_set_item *found = config_set_find(s, o, view_of(name));

        assert_non_null(found);
        assert_int_equal(found->lineno, i);
        assert_ptr_equal(found, &s->item[i]);
        free(name);
    }
    assert_null(config_set_find(s, o, VIEW("n5000")));
    config_set_free(&s);
}

static void test_a_file_name_is_copied(void **state)
{
    struct config_set *s = config_set_new();
    char name[] = "m.ini";
    const char *kept = config_set_keep(s, name);

    (void)state;
    name[0] = 'x';
    config_set_keep(s, "other");
    assert_string_equal(kept, "m.ini");
    config_set_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_option_and_name_has_its_own),
        cmocka_unit_test(test_headers_are_no_settings_and_known_by_their_file),
        cmocka_unit_test(test_thousands_are_found),
        cmocka_unit_test(test_a_file_name_is_copied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
