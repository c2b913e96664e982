/*
 * test_rewrite_edit.c - unit tests of workers/rewrite_edit.c: the table of prefixes and the new fields.
 *
 * Run by `make check`. A walk over the table is compared with trying every prefix.
 */
#include "tests/unit/rewrite_world.h"

static struct buf pack_prefixes(const char *const *names)
{
    struct buf b = {0};

    for (; *names; names++)
        assert_int_equal(edit_pack(&b, EDIT_REMOVE_PREFIX, view_of(*names), (struct view){0}), 0);
    return b;
}

static bool walk(const struct rewrite_edits *e, const char *name)
{
    struct rewrite_walk w = rewrite_edit_walk(e);
    enum rewrite_match m = REWRITE_MAYBE;

    for (; *name && m == REWRITE_MAYBE; name++)
        m = rewrite_edit_step(e, &w, *name);
    return m == REWRITE_HIT;
}

static bool try_each(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strncasecmp(*names, name, strlen(*names)) == 0)
            return true;
    return false;
}

static void a_walk_finds_what_trying_each_prefix_finds(void **state)
{
    static const char *const names[] = {"X-Spoold-", "x-spam", "X-Spam-Level", "Auth", "B",
                                        "x_a",       "X-A",    "X[",           NULL};
    static const char *const tries[] = {
        "X-SPOOLD-A", "X-Spoold", "x-Spam-", "X-Spa", "X-Spamming", "Authentic", "Aut", "b",  "Bcc",
        "C",          "",         "X_A",     "X_B",   "x-a",        "X-b",       "X[",  "X{", "x"};
    struct rewrite_edits *e = xcalloc(1, sizeof *e);
    struct buf b = pack_prefixes(names);

    (void)state;
    assert_int_equal(rewrite_edit_load(e, buf_view(&b)), 0);
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
        if (walk(e, tries[i]) != try_each(names, tries[i]))
            fail_msg("%s: found is %d", tries[i], walk(e, tries[i]));
    buf_free(&b);
    free(e);
}

static void no_prefix_matches_nothing(void **state)
{
    struct rewrite_edits *e = xcalloc(1, sizeof *e);

    (void)state;
    assert_int_equal(rewrite_edit_load(e, (struct view){0}), 0);
    assert_false(walk(e, "X-Spoold-A"));
    assert_false(e->prepends);
    free(e);
}

static void lists_that_are_none_are_refused(void **state)
{
    struct rewrite_edits *e = xcalloc(1, sizeof *e);
    static const enum edit_op once[] = {EDIT_COUNT_OWN, EDIT_SUBJECT, EDIT_REMOVE_AR};
    struct buf many = {0};

    (void)state;
    for (unsigned i = 0; i < EDIT_MAX; i++)
        edit_pack(&many, EDIT_PREPEND, VIEW("A"), VIEW("b"));
    assert_int_equal(rewrite_edit_load(e, buf_view(&many)), 0);
    edit_pack(&many, EDIT_PREPEND, VIEW("A"), VIEW("b"));
    assert_int_equal(rewrite_edit_load(e, buf_view(&many)), -1);
    for (size_t i = 0; i < sizeof once / sizeof *once; i++) {
        struct buf two = {0};

        edit_pack(&two, once[i], (struct view){0}, VIEW("a"));
        assert_int_equal(rewrite_edit_load(e, buf_view(&two)), 0);
        edit_pack(&two, once[i], (struct view){0}, VIEW("b"));
        assert_int_equal(rewrite_edit_load(e, buf_view(&two)), -1);
        buf_free(&two);
    }
    assert_int_equal(rewrite_edit_load(e, VIEW("nonsense")), -1);
    buf_free(&many);
    free(e);
}

static void new_fields_have_the_line_end_of_the_message(void **state)
{
    static const char *const wanted[] = {"A: 1\nB: 2\n\t3\nC: \n", "A: 1\r\nB: 2\r\n\t3\r\nC: \r\n"};
    struct rewrite_edits *e = xcalloc(1, sizeof *e);
    struct rewrite_out *o = xcalloc(1, sizeof *o);
    struct buf b = {0};

    (void)state;
    edit_pack(&b, EDIT_PREPEND, VIEW("A"), VIEW("1"));
    edit_pack(&b, EDIT_REMOVE_PREFIX, VIEW("X"), (struct view){0});
    edit_pack(&b, EDIT_PREPEND, VIEW("B"), VIEW("2\n\t3"));
    edit_pack(&b, EDIT_PREPEND, VIEW("C"), (struct view){0});
    assert_int_equal(rewrite_edit_load(e, buf_view(&b)), 0);
    assert_true(e->prepends);
    for (size_t crlf = 0; crlf < 2; crlf++) {
        struct buf got = {0};

        rewrite_out_init(o, -1, &got);
        rewrite_edit_prepend(e, crlf, o);
        rewrite_out_flush(o, (struct view){0});
        assert_string_equal(got.p, wanted[crlf]);
        buf_free(&got);
    }
    buf_free(&b);
    free(o);
    free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_finds_what_trying_each_prefix_finds),
        cmocka_unit_test(no_prefix_matches_nothing),
        cmocka_unit_test(lists_that_are_none_are_refused),
        cmocka_unit_test(new_fields_have_the_line_end_of_the_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
