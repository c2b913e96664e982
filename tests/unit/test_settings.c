/*
 * test_settings.c - unit tests of common/settings.c: what is packed is found by section, name and key, and
 * lengths that lie are refused.
 *
 * Run by `make check`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/settings.h"
#include "common/xalloc.h"

#include <errno.h>
#include <stdlib.h>

static void add(struct buf *to, const char *section, const char *name, const char *key, const char *value)
{
    const struct settings_item i = {.section = view_of(section),
                                    .name = view_of(name),
                                    .key = view_of(key),
                                    .value = view_of(value),
                                    .file = VIEW("spoold.ini"),
                                    .line = (uint32_t)to->n};

    settings_add(to, &i);
}

static void fill(struct buf *to)
{
    add(to, "antispam", "", "enable", "1");
    add(to, "antispam", "", "budget", "20000");
    add(to, "rbl", "zen", "weight", "-1500");
    add(to, "rbl", "other", "weight", "7");
    add(to, "rbl", "zen", "zone", "zen.example.org");
    add(to, "list", "blacklist", "", "a.example");
    add(to, "list", "whitelist", "", "b.example");
    add(to, "list", "blacklist", "", "c.example");
    add(to, "antispam", "", "budget", "1");
}

static void settings_are_found(void **state)
{
    struct buf packed = {0};
    struct settings s;

    (void)state;
    fill(&packed);
    assert_int_equal(settings_open(&s, buf_view(&packed)), 0);
    assert_int_equal(s.n, 9);
    assert_true(settings_bool(&s, "antispam", "enable", false));
    assert_int_equal(settings_int(&s, "antispam", "budget", 3), 20000); /* the first of two */
    assert_int_equal(settings_named_int(&s, "rbl", VIEW("zen"), "weight", 0), -1500);
    assert_int_equal(settings_named_int(&s, "rbl", VIEW("other"), "weight", 0), 7);
    assert_true(view_equal(settings_named_text(&s, "rbl", VIEW("zen"), "zone"), VIEW("zen.example.org")));
    assert_true(view_equal(settings_text(&s, "antispam", "budget"), VIEW("20000")));
    assert_null(settings_find(&s, "rbl", VIEW(""), "weight"));
    assert_null(settings_find(&s, "rblz", VIEW("en"), "weight"));
    assert_null(settings_find(&s, "rbl", VIEW("zen"), "Weight"));
    assert_int_equal(settings_int(&s, "antispam", "none", 3), 3);
    assert_int_equal(settings_named_int(&s, "rbl", VIEW("none"), "weight", 5), 5);
    assert_int_equal(settings_text(&s, "antispam", "none").n, 0);
    assert_int_equal(settings_find(&s, "antispam", VIEW(""), "enable")->line, 0);
    assert_true(view_equal(settings_find(&s, "rbl", VIEW("zen"), "zone")->file, VIEW("spoold.ini")));
    settings_free(&s);
    buf_free(&packed);
}

static void a_value_that_is_no_number_is_the_preset(void **state)
{
    static const struct {
        const char *value;
        int64_t wanted; /* -5: the preset */
        int is;         /* as BOOL; -1: the preset */
    } cases[] = {
        {"0", 0, 0},
        {"1", 1, 1},
        {"-1", -1, -1},
        {"2", 2, -1},
        {"01", 1, -1},
        {"9223372036854775807", INT64_MAX, -1},
        {"9223372036854775808", -5, -1},
        {"-9223372036854775808", INT64_MIN, -1},
        {"-9223372036854775809", -5, -1},
        {"99999999999999999999", -5, -1},
        {"", -5, -1},
        {"-", -5, -1},
        {"--1", -5, -1},
        {"+1", -5, -1},
        {" 1", -5, -1},
        {"1s", -5, -1},
        {"0x1", -5, -1},
        {"yes", -5, -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf packed = {0};
        struct settings s;
        bool yes, no;

        add(&packed, "a", "", "b", cases[i].value);
        assert_int_equal(settings_open(&s, buf_view(&packed)), 0);
        yes = settings_bool(&s, "a", "b", true);
        no = settings_bool(&s, "a", "b", false);
        if (settings_int(&s, "a", "b", -5) != cases[i].wanted || yes != (cases[i].is != 0) ||
            no != (cases[i].is == 1))
            fail_msg("'%s': %lld", cases[i].value, (long long)settings_int(&s, "a", "b", -5));
        settings_free(&s);
        buf_free(&packed);
    }
}

static void sections_are_walked_in_their_order(void **state)
{
    struct buf packed = {0};
    struct settings s;
    size_t at = 0;

    (void)state;
    fill(&packed);
    assert_int_equal(settings_open(&s, buf_view(&packed)), 0);
    assert_true(view_equal(settings_next(&s, "list", "blacklist", &at)->value, VIEW("a.example")));
    assert_true(view_equal(settings_next(&s, "list", "blacklist", &at)->value, VIEW("c.example")));
    assert_null(settings_next(&s, "list", "blacklist", &at));
    assert_null(settings_next(&s, "list", "blacklist", &at));
    at = 0;
    for (unsigned i = 0; i < 3; i++)
        assert_true(view_equal(settings_next(&s, "rbl", NULL, &at)->section, VIEW("rbl")));
    assert_null(settings_next(&s, "rbl", NULL, &at));
    at = 0;
    assert_null(settings_next(&s, "rbl", "", &at));
    settings_free(&s);
    buf_free(&packed);
}

static void any_number_is_found(void **state)
{
    struct buf packed = {0};
    struct settings s;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        char *text = xasprintf("%u", i);

        add(&packed, "rbl", text, "weight", text);
        free(text);
    }
    assert_int_equal(settings_open(&s, buf_view(&packed)), 0);
    for (unsigned i = 0; i < 1000; i++) {
        char *text = xasprintf("%u", i);

        assert_int_equal(settings_named_int(&s, "rbl", view_of(text), "weight", -1), i);
        free(text);
    }
    settings_free(&s);
    buf_free(&packed);
}

static void no_settings_are_some(void **state)
{
    struct settings s, zeroed = {0};

    (void)state;
    assert_int_equal(settings_open(&s, VIEW("")), 0);
    assert_int_equal(s.n, 0);
    assert_int_equal(settings_int(&s, "a", "b", 4), 4);
    settings_free(&s);
    assert_null(settings_find(&zeroed, "a", VIEW(""), "b"));
}

static void bytes_that_are_cut_are_refused(void **state)
{
    struct buf packed = {0}, ends = {0};
    struct settings s;

    (void)state;
    fill(&packed);
    /* Where an item ends, there are settings; anywhere else there are none. */
    for (size_t n = 1; n < packed.n; n++) {
        errno = 0;
        if (settings_open(&s, (struct view){packed.p, n}) == 0)
            buf_add_char(&ends, (char)s.n);
        else
            assert_int_equal(errno, EPROTO);
        settings_free(&s);
    }
    assert_int_equal(ends.n, 8);
    assert_memory_equal(ends.p, "\1\2\3\4\5\6\7\10", 8);
    packed.p[11] = 1; /* 16 MB of value */
    assert_int_equal(settings_open(&s, buf_view(&packed)), -1);
    buf_free(&ends);
    buf_free(&packed);
}

static void too_many_bytes_are_refused(void **state)
{
    struct settings_item i = {.value = {xcalloc(1, SETTINGS_MAX), SETTINGS_MAX - 16}};
    struct buf packed = {0};
    struct settings s;

    (void)state;
    settings_add(&packed, &i);
    assert_int_equal(packed.n, SETTINGS_MAX);
    assert_int_equal(settings_open(&s, buf_view(&packed)), 0);
    assert_int_equal(s.item->value.n, SETTINGS_MAX - 16);
    settings_free(&s);
    i.value.n++;
    buf_clear(&packed);
    settings_add(&packed, &i);
    errno = 0;
    assert_int_equal(settings_open(&s, buf_view(&packed)), -1);
    assert_int_equal(errno, EPROTO);
    buf_free(&packed);
    free((void *)(uintptr_t)i.value.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_found),
        cmocka_unit_test(a_value_that_is_no_number_is_the_preset),
        cmocka_unit_test(sections_are_walked_in_their_order),
        cmocka_unit_test(any_number_is_found),
        cmocka_unit_test(no_settings_are_some),
        cmocka_unit_test(bytes_that_are_cut_are_refused),
        cmocka_unit_test(too_many_bytes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
