/*
 * test_entries.c - unit tests of workers/antispam/entries.c: entries by number, and where they stand.
 *
 * Run by `make check`.
 */
#include "tests/unit/check_world.h"

#include "workers/antispam/entries.h"

static void entries_keep_text_and_place(void **state)
{
    struct entries e = {0};
    struct buf b = {0};

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        char *text = xasprintf("entry %u", i), *file = xasprintf("lists/%u", i / 100);
        struct settings_item item = {.file = view_of(file), .line = i};

        assert_int_equal(entries_add(&e, view_of(text), &item), i);
        free(text);
        free(file);
    }
    entries_settle(&e);
    for (unsigned i = 0; i < 1000; i++) {
        char *wanted = xasprintf("entry %u, lists/%u:%u", i, i / 100, i);

        buf_clear(&b);
        entries_say(&e, i, &b);
        assert_string_equal(b.p, wanted);
        assert_true(view_equal(entries_text(&e, i), (struct view){wanted, strcspn(wanted, ",")}));
        free(wanted);
    }
    assert_true(e.files.n < 100); /* each name once */
    buf_free(&b);
    entries_free(&e);
    assert_int_equal(e.n, 0);
}

static void without_a_file_there_is_no_place(void **state)
{
    struct entries e = {0};
    struct buf b = {0};

    (void)state;
    entries_add(&e, VIEW("x"), &(struct settings_item){.line = 3});
    entries_add(&e, VIEW(""), &(struct settings_item){.file = VIEW("f"), .line = 4});
    entries_say(&e, 0, &b);
    assert_string_equal(b.p, "x");
    buf_clear(&b);
    entries_say_place(&(struct settings_item){.line = 3}, &b);
    assert_int_equal(b.n, 0);
    entries_say_place(&(struct settings_item){.file = VIEW("f"), .line = 3}, &b);
    assert_string_equal(b.p, "f:3: ");
    assert_int_equal(entries_text(&e, 1).n, 0);
    buf_free(&b);
    entries_free(&e);
}

static void there_is_an_end(void **state)
{
    struct entries e = {.n = ENTRIES_MAX};
    struct settings_item item = {.line = 1};

    (void)state;
    assert_int_equal(entries_add(&e, VIEW("x"), &item), ENTRIES_NONE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_keep_text_and_place),
        cmocka_unit_test(without_a_file_there_is_no_place),
        cmocka_unit_test(there_is_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
