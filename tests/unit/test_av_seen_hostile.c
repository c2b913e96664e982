/*
 * test_av_seen_hostile.c - unit tests of workers/av/av_seen.c: what a child that is not ours any more can do
 * to others.
 *
 * Run by `make check`. Nothing is locked down here: the tables must hold by themselves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/seen_world.h"

/* ---- orders ---- */

/* How many mappings of tables can be written, or made so: all but its own are tried. */
static long do_writable(const struct order *o)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    struct mapping m;
    long n = 0;

    (void)o;
    while (maps && next_mapping(maps, &m))
        n += m.writable || mprotect(m.at, m.size, PROT_READ | PROT_WRITE) == 0 || errno != EACCES;
    if (maps)
        fclose(maps);
    return maps ? n : -1;
}

/* The control: its own (n) can be taken away and given back. */
static long do_protect_own(const struct order *o)
{
    struct mapping m = find_mapping(o->n, true);

    return m.at && mprotect(m.at, m.size, PROT_READ) == 0 &&
           mprotect(m.at, m.size, PROT_READ | PROT_WRITE) == 0;
}

static long do_scribble(const struct order *o)
{
    struct mapping m = find_mapping(o->n, true);

    for (size_t i = 0; i + 8 <= m.size; i += 8)
        *(uint64_t *)(m.at + i) = scatter(o->how + i);
    return m.at != NULL;
}

/* The signal that ends whoever writes behind the end of its own table (n), made larger; 0: it went well. */
static long do_reach_out(const struct order *o)
{
    struct mapping m = find_mapping(o->n, true);
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        char *p = mremap(m.at, m.size, 4 * m.size, MREMAP_MAYMOVE);

        signal(SIGBUS, SIG_DFL);
        signal(SIGSEGV, SIG_DFL);
        if (p == MAP_FAILED)
            _exit(1);
        *(volatile char *)(p + m.size) = 1;
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static long do_descriptors(const struct order *o)
{
    long blocks;

    (void)o;
    return look_at_files(&blocks);
}

/* Eight keys for seven places, over and over: each time one is written over another. */
static long do_churn(const struct order *o)
{
    for (uint64_t i = 0; i < o->n; i++)
        add(crowded(i % 8 + 1, i % 8 + 1, i % 8 + 1), 0);
    return 0;
}

/* ---- tests ---- */

static void a_child_can_write_its_own_table_only(void **state)
{
    struct child c[3];

    (void)state;
    open_tables(4);
    for (unsigned i = 0; i < 3; i++)
        c[i] = start(i + 1);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(ask(&c[i], (struct order){.run = do_mappings}), 4 + 1 + 1); /* board, own */
        assert_int_equal(ask(&c[i], (struct order){.run = do_writable}), 1);
        assert_true(ask(&c[i], (struct order){.run = do_protect_own, .n = i + 1}));
        assert_int_equal(ask(&c[i], (struct order){.run = do_reach_out, .n = i + 1}), SIGBUS);
    }
    for (unsigned i = 0; i < 3; i++)
        end(&c[i]);
}

static void a_child_keeps_no_descriptor(void **state)
{
    struct child c;
    long blocks;

    (void)state;
    open_tables(AV_SEEN_SLOTS_MAX);
    assert_int_equal(look_at_files(&blocks), AV_SEEN_SLOTS_MAX + 1); /* the loader's, for those to come */
    c = start(3);
    assert_int_equal(ask(&c, (struct order){.run = do_descriptors}), 0);
    end(&c);
    av_seen_close();
    assert_int_equal(look_at_files(&blocks), 0);
}

static void what_a_hostile_table_holds_matches_nothing(void **state)
{
    struct child bad, good;

    (void)state;
    open_tables(2);
    bad = start(0);
    good = start(1);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(ask(&bad, (struct order){.run = do_scribble, .n = 0, .how = i * 1000000}));
        assert_int_equal(ask(&good, (struct order){.run = do_count, .n = 20000}), 0);
    }
    end(&bad);
    end(&good);
}

/* A place holds for a moment the first words of one key and the last ones of another. */
static void halves_of_two_parts_are_not_a_third(void **state)
{
    struct child c;
    unsigned whole = 0;

    (void)state;
    open_tables(1);
    c = start(0);
    av_seen_use();
    order(&c, (struct order){.run = do_churn, .n = 4000000});
    for (uint64_t i = 0; i < 3000000; i++) {
        uint64_t a = i % 8 + 1, b = (i + 1) % 8 + 1;

        if (has(crowded(a, b, b), 0) || has(crowded(a, a, b), 0))
            fail_msg("found after %u looks what nobody added", (unsigned)i);
        whole += has(crowded(a, a, a), 0);
    }
    assert_true(whole > 0);
    hear(&c);
    end(&c);
}

/* Even what a hostile one wrote into every byte. */
static void nothing_that_was_written_outlives_the_child(void **state)
{
    struct child bad, good;
    long blocks;

    (void)state;
    open_tables(1);
    bad = start(0);
    assert_true(ask(&bad, (struct order){.run = do_scribble, .n = 0}));
    look_at_files(&blocks);
    assert_true(blocks * 512 >= TAGS + SETS * 256);
    end(&bad);
    look_at_files(&blocks);
    assert_int_equal(blocks, PAGE / 512); /* the board */
    good = start(0);
    for (uint64_t i = 0; i < 200; i++) {
        assert_true(ask(&good, (struct order){.run = do_open_sets, .hash = hash_of(i)}));
        assert_false(knows(&good, hash_of(i), 0));
    }
    end(&good);
}

static void a_child_without_a_slot_listens_only(void **state)
{
    struct child one, odd;

    (void)state;
    open_tables(2);
    one = start(0);
    odd = start(2);
    learn(&one, hash_of(1), 0);
    learn(&odd, hash_of(2), 0);
    assert_true(knows(&odd, hash_of(1), 0));
    assert_false(knows(&odd, hash_of(2), 0));
    assert_int_equal(ask(&odd, (struct order){.run = do_writable}), 0);
    end(&odd);
    assert_true(knows(&one, hash_of(1), 0));
    end(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_child_can_write_its_own_table_only),        TEST(a_child_keeps_no_descriptor),
        TEST(what_a_hostile_table_holds_matches_nothing),  TEST(halves_of_two_parts_are_not_a_third),
        TEST(nothing_that_was_written_outlives_the_child), TEST(a_child_without_a_slot_listens_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
