/*
 * test_av_seen.c - unit tests of workers/av/av_seen.c: who may say that a part was clean, and until when.
 *
 * Run by `make check`. What hostile children try: test_av_seen_hostile.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/seen_world.h"

/* ---- whose word counts, and how long ---- */

static void what_one_child_has_seen_all_others_know(void **state)
{
    struct child one, two, later;

    (void)state;
    open_tables(8);
    one = start(0);
    two = start(5);
    assert_false(knows(&two, hash_of(1), 0));
    learn(&one, hash_of(1), 0);
    assert_true(knows(&one, hash_of(1), 0));
    assert_true(knows(&two, hash_of(1), 0));
    later = start(7);
    assert_true(knows(&later, hash_of(1), 0));
    learn(&later, hash_of(2), 0);
    assert_true(knows(&one, hash_of(2), 0)); /* in a table that came to life after this child */
    end(&one);
    end(&two);
    end(&later);
}

static void the_word_of_a_child_ends_with_it(void **state)
{
    struct child one, two;

    (void)state;
    open_tables(2);
    one = start(0);
    two = start(1);
    for (unsigned i = 0; i < 3; i++) {
        learn(&one, hash_of(1), 0);
        learn(&two, hash_of(2), 0);
        assert_true(knows(&two, hash_of(1), 0));
        end(&one);
        assert_false(knows(&two, hash_of(1), 0));
        assert_true(knows(&two, hash_of(2), 0));
        one = start(0); /* the same slot: it inherits nothing */
        assert_false(knows(&one, hash_of(1), 0));
        assert_true(knows(&one, hash_of(2), 0));
    }
    end(&one);
    end(&two);
}

static void before_its_canary_a_child_knows_nothing_and_says_nothing(void **state)
{
    struct child one, new;

    (void)state;
    open_tables(2);
    one = start(0);
    learn(&one, hash_of(1), 0);
    new = start_before_canary(1);
    assert_false(knows(&new, hash_of(1), 0));
    learn(&new, hash_of(2), 0);
    ask(&new, (struct order){.run = do_use});
    assert_true(knows(&new, hash_of(1), 0));
    assert_false(knows(&new, hash_of(2), 0));
    end(&one);
    end(&new);
}

static void new_signatures_know_nothing_of_the_old(void **state)
{
    struct child one;

    (void)state;
    open_tables(2);
    one = start(0);
    learn(&one, hash_of(1), 0);
    open_tables(2);
    assert_true(knows(&one, hash_of(1), 0)); /* of the generation before, which goes on */
    kill(one.pid, SIGKILL);
    waitpid(one.pid, NULL, 0);
    close(one.link);
    one = start(0);
    assert_false(knows(&one, hash_of(1), 0));
    end(&one);
}

/* ---- keys ---- */

static void another_kind_of_scan_is_not_known(void **state)
{
    static const unsigned kinds[] = {0, 1, 2, 3, 0x80, 0x10000, 0xffffffff};
    const size_t n = sizeof kinds / sizeof *kinds;
    struct child c;

    (void)state;
    open_tables(1);
    c = start(0);
    for (size_t i = 0; i < n; i++) {
        learn(&c, hash_of(i), kinds[i]);
        for (size_t k = 0; k < n; k++)
            if (knows(&c, hash_of(i), kinds[k]) != (k == i))
                fail_msg("added as %x, asked as %x", kinds[i], kinds[k]);
    }
    end(&c);
}

static void every_bit_of_the_hash_counts(void **state)
{
    struct child c;

    (void)state;
    open_tables(1);
    c = start(0);
    learn(&c, hash_of(1), 0);
    for (unsigned bit = 0; bit < 256; bit++) {
        struct hash h = hash_of(1);

        h.word[bit / 64] ^= (uint64_t)1 << bit % 64;
        ask(&c, (struct order){.run = do_open_sets, .hash = h});
        if (knows(&c, h, 0))
            fail_msg("bit %u may be either", bit);
    }
    ask(&c, (struct order){.run = do_open_sets, .hash = hash_of(1)});
    assert_true(knows(&c, hash_of(1), 0));
    end(&c);
}

static void a_hash_of_zeros_is_not_that_of_an_empty_place(void **state)
{
    struct child c;

    (void)state;
    open_tables(1);
    c = start(0);
    ask(&c, (struct order){.run = do_open_sets});
    assert_false(knows(&c, (struct hash){{0}}, 0));
    learn(&c, (struct hash){{0}}, 0);
    assert_false(knows(&c, (struct hash){{0}}, 0));
    assert_false(knows(&c, (struct hash){{5}}, 5)); /* zeros once the kind is mixed in */
    end(&c);
}

static void a_full_set_forgets_the_oldest(void **state)
{
    struct child c;

    (void)state;
    open_tables(1);
    c = start(0);
    for (uint64_t i = 1; i <= WAYS; i++)
        learn(&c, crowded(i, i, i), 0);
    for (uint64_t i = 1; i <= WAYS; i++)
        learn(&c, crowded(WAYS, WAYS, WAYS), 0); /* again: that takes no place */
    for (uint64_t i = 1; i <= WAYS; i++)
        assert_true(knows(&c, crowded(i, i, i), 0));
    for (uint64_t i = WAYS + 1; i <= 3 * WAYS + 2; i++) {
        learn(&c, crowded(i, i, i), 0);
        for (uint64_t k = 1; k <= i; k++)
            assert_int_equal(knows(&c, crowded(k, k, k), 0), k + WAYS > i);
    }
    end(&c);
}

static void a_table_holds_thousands_of_parts(void **state)
{
    struct child c;
    long n;

    (void)state;
    open_tables(1);
    c = start(0);
    ask(&c, (struct order){.run = do_fill, .n = 4000});
    n = ask(&c, (struct order){.run = do_count, .n = 4000});
    assert_in_range(n, 3950, 4000);
    ask(&c, (struct order){.run = do_fill, .hash = {{4000}}, .n = 4 * KEYS_MAX});
    n = ask(&c, (struct order){.run = do_count, .hash = {{4000}}, .n = 4 * KEYS_MAX});
    assert_in_range(n, KEYS_MAX * 9 / 10, KEYS_MAX);
    end(&c);
}

/* ---- costs ---- */

static void memory_is_taken_for_what_is_written_only(void **state)
{
    struct child c[4];
    long blocks;

    (void)state;
    open_tables(AV_SEEN_SLOTS_MAX);
    look_at_files(&blocks);
    assert_int_equal(blocks, 0);
    for (unsigned i = 0; i < 4; i++)
        c[i] = start(i);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(ask(&c[i], (struct order){.run = do_count, .n = 5000}), 0);
    look_at_files(&blocks);
    assert_int_equal(blocks, (PAGE + 4 * TAGS) / 512); /* the board, and the tags of each */
    ask(&c[0], (struct order){.run = do_fill, .n = 1});
    look_at_files(&blocks);
    assert_int_equal(blocks, (PAGE + 4 * TAGS + PAGE) / 512);
    for (unsigned i = 1; i < 4; i++)
        end(&c[i]);
    end(&c[0]);
    c[0] = start(0);
    assert_int_equal(ask(&c[0], (struct order){.run = do_count, .n = 5000}), 0);
    look_at_files(&blocks);
    assert_int_equal(blocks, (PAGE + TAGS) / 512); /* nothing for those that have ended */
    end(&c[0]);
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Some hundred nanoseconds; the limit is for slow machines and sanitizers. */
static void looking_into_64_full_tables_is_cheap(void **state)
{
    struct child c[64];
    double begun;
    unsigned found = 0;

    (void)state;
    open_tables(AV_SEEN_SLOTS_MAX);
    for (unsigned i = 0; i < 64; i++) {
        c[i] = start(i);
        ask(&c[i], (struct order){.run = do_fill, .hash = {{(uint64_t)i * 20000}}, .n = 20000});
    }
    av_seen_use();
    begun = seconds();
    for (uint64_t i = 0; i < 100000; i++)
        found += has(hash_of(10000000 + i), 0);
    assert_int_equal(found, 0);
    if (seconds() - begun > 2.0)
        fail_msg("%.0f ns for a look", (seconds() - begun) * 1e4);
    if (getenv("TIMES"))
        printf("%.0f ns for a look\n", (seconds() - begun) * 1e4);
    for (unsigned i = 0; i < 64; i++)
        end(&c[i]);
}

/* ---- without ---- */

static void nothing_is_remembered_without_tables(void)
{
    av_seen_use();
    av_seen_born(0);
    add(hash_of(1), 0);
    assert_false(has(hash_of(1), 0));
    av_seen_ended(0);
    av_seen_ended(AV_SEEN_SLOTS_MAX);
    av_seen_close();
}

static void where_there_are_no_tables_everything_goes_on(void **state)
{
    struct rlimit old, few = {.rlim_cur = AV_SEEN_SLOTS_MAX + 30};
    struct buf why = {0};
    long blocks;

    (void)state;
    nothing_is_remembered_without_tables();
    open_tables(0);
    nothing_is_remembered_without_tables();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    few.rlim_max = old.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_int_equal(av_seen_open(AV_SEEN_SLOTS_MAX, &why), -1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_string_equal(why.p, "the memory for them cannot be made: Too many open files");
    assert_int_equal(look_at_files(&blocks), 0);
    nothing_is_remembered_without_tables();
    buf_free(&why);
}

/* Half of the files were made when one could not be. */
static void a_shortage_in_the_middle_leaves_nothing_behind(void **state)
{
    struct rlimit old, little;
    struct buf why = {0};
    long blocks, maps = do_mappings(NULL);

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    little = (struct rlimit){.rlim_cur = 4096, .rlim_max = old.rlim_max}; /* for the board, for no table */
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    assert_int_equal(av_seen_open(4, &why), -1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_string_equal(why.p, "the memory for them cannot be made: File too large");
    assert_int_equal(look_at_files(&blocks), 0);
    assert_int_equal(do_mappings(NULL), maps);
    nothing_is_remembered_without_tables();
    buf_free(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_one_child_has_seen_all_others_know),
        TEST(the_word_of_a_child_ends_with_it),
        TEST(before_its_canary_a_child_knows_nothing_and_says_nothing),
        TEST(new_signatures_know_nothing_of_the_old),
        TEST(another_kind_of_scan_is_not_known),
        TEST(every_bit_of_the_hash_counts),
        TEST(a_hash_of_zeros_is_not_that_of_an_empty_place),
        TEST(a_full_set_forgets_the_oldest),
        TEST(a_table_holds_thousands_of_parts),
        TEST(memory_is_taken_for_what_is_written_only),
        TEST(looking_into_64_full_tables_is_cheap),
        TEST(where_there_are_no_tables_everything_goes_on),
        TEST(a_shortage_in_the_middle_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
