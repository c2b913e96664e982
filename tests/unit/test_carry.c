/*
 * test_carry.c - unit tests of spoold/carry.c: whole at the target or not there, gone at the source,
 * repeatable.
 *
 * Run by `make check`. The other file system is /dev/shm, where there is one.
 */
#include "tests/unit/depot_world.h"

#include "spoold/carry.h"

static void a_file_arrives_under_its_new_name(void **state)
{
    struct world *w = depot_world_plain();
    struct spool *s = &w->d.spool;
    struct spool_dir *to = &s->class[SPOOL_CLASS_FAILED];

    (void)state;
    depot_world_write(w, "proc", "a", "content");
    assert_int_equal(carry_out(s, &s->proc, "a", to, "b"), 0);
    depot_world_expect(w, "proc", NULL, "");
    depot_world_expect(w, "quarantine/failed", NULL, "b");
    assert_int_equal(carry_out(s, &s->proc, "a", to, "b"), 0); /* it has arrived before */
    assert_int_equal(carry_out(s, &s->proc, "a", to, "c"), -1);
    assert_int_equal(errno, ENOENT);
    depot_world_close(&w);
}

static void another_file_of_that_name_is_not_replaced_by_a_rename(void **state)
{
    struct world *w = depot_world_plain();
    struct spool *s = &w->d.spool;

    (void)state;
    depot_world_write(w, "proc", "a", "new");
    depot_world_write(w, "quarantine/failed", "a", "old");
    assert_int_equal(carry_out(s, &s->proc, "a", &s->class[SPOOL_CLASS_FAILED], "a"), -1);
    assert_int_equal(errno, EEXIST);
    depot_world_expect(w, "proc", NULL, "a");
    depot_world_close(&w);
}

/* The folder says that it is on another device: then the file is copied. */
static void elsewhere_it_is_copied_and_then_removed(void **state)
{
    struct world *w = depot_world_plain();
    struct spool *s = &w->d.spool;
    struct spool_dir to = s->class[SPOOL_CLASS_FAILED];
    char *text;

    (void)state;
    to.dev++;
    depot_world_write(w, "proc", "a", "content");
    depot_world_write(w, "quarantine/failed", "b", "half of an ear");
    depot_world_write(w, "quarantine/failed", "b.tmp", "hal");
    assert_int_equal(carry_out(s, &s->proc, "a", &to, "b"), 0);
    depot_world_expect(w, "proc", NULL, "");
    depot_world_expect(w, "quarantine/failed", NULL, "b");
    text = depot_world_read(w, "quarantine/failed", NULL, "b");
    assert_string_equal(text, "content");
    free(text);
    depot_world_close(&w);
}

static void content_is_put_whole_over_what_was_there(void **state)
{
    struct world *w = depot_world_plain();
    struct buf b = {0};
    char *text;

    (void)state;
    buf_add_str(&b, "new content");
    depot_world_write(w, "quarantine/failed", "x.json", "old");
    assert_int_equal(carry_put(&w->d.spool, &w->d.spool.class[SPOOL_CLASS_FAILED], "x.json", &b), 0);
    text = depot_world_read(w, "quarantine/failed", NULL, "x.json");
    assert_string_equal(text, "new content");
    depot_world_expect(w, "quarantine/failed", NULL, "x.json");
    free(text);
    buf_free(&b);
    depot_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_arrives_under_its_new_name),
        cmocka_unit_test(another_file_of_that_name_is_not_replaced_by_a_rename),
        cmocka_unit_test(elsewhere_it_is_copied_and_then_removed),
        cmocka_unit_test(content_is_put_whole_over_what_was_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
