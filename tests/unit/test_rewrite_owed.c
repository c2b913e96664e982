/*
 * test_rewrite_owed.c - unit tests of workers/rewrite_owed.c: which line end stays, and runs of any length.
 *
 * Run by `make check`. Whole messages are in test_rewrite_field.c.
 */
#include "tests/unit/rewrite_world.h"

#include "workers/rewrite_owed.h"

static const struct {
    const char *says;
    struct rewrite_eol before, behind, wanted;
} cases[] = {
    {"CRLF before LF stays", {1, true}, {0, true}, {1, true}},
    {"CRLF behind LF comes", {0, true}, {1, true}, {1, true}},
    {"LF behind CR comes", {1, false}, {0, true}, {0, true}},
    {"LF before CR stays", {0, true}, {1, false}, {0, true}},
    {"of CRs those before stay", {2, false}, {1, false}, {2, false}},
    {"of CRLFs that before stays", {2, true}, {1, true}, {2, true}},
    {"at the top none is owed", {0, false}, {1, true}, {0, false}},
};

static void the_line_end_stays_that_more_readers_know(void **state)
{
    struct rewrite_field *f = xcalloc(1, sizeof *f);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        f->before = cases[i].before;
        f->eol = cases[i].behind;
        f->fate = REWRITE_DROP;
        rewrite_owed_settle(f);
        if (f->before.cr != cases[i].wanted.cr || f->before.lf != cases[i].wanted.lf ||
            f->fate != REWRITE_KEEP)
            fail_msg("%s", cases[i].says);
    }
    f->before = cases[2].before;
    f->eol = cases[2].behind;
    rewrite_owed_settle(f);
    assert_false(f->before.lf);
    free(f);
}

static void runs_are_counted_and_bounded(void **state)
{
    struct rewrite_field *f = xcalloc(1, sizeof *f);
    struct rewrite_out *o = xcalloc(1, sizeof *o);
    struct buf got = {0};

    (void)state;
    rewrite_out_init(o, -1, &got);
    f->out = o;
    f->before = (struct rewrite_eol){1, true};
    assert_true(rewrite_owed_hold(f, 'a', 1000, 2));
    assert_true(rewrite_owed_hold(f, 'a', 234, 2));
    assert_true(rewrite_owed_hold(f, 'b', 1, 2));
    assert_false(rewrite_owed_hold(f, 'c', 1, 2));
    rewrite_owed_put_held(f);
    rewrite_out_flush(o, (struct view){0});
    assert_int_equal(got.n, 2 + 1234 + 1);
    assert_int_equal(strncmp(got.p, "\r\naaa", 5), 0);
    assert_int_equal(strspn(got.p + 2, "a"), 1234);
    assert_string_equal(got.p + 2 + 1234, "b");
    assert_int_equal(f->held_n, 0);
    buf_free(&got);
    free(o);
    free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_line_end_stays_that_more_readers_know),
        cmocka_unit_test(runs_are_counted_and_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
