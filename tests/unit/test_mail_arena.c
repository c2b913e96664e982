/*
 * test_mail_arena.c - pieces are zeroed, aligned and apart; what is kept for the next message stays small.
 *
 * Run by "make check". Under a sanitizer pieces lie further apart, so only bounds of
 * the memory are told here, not its exact use.
 */
#include "workers/mail/mail_arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define PIECES   300
#define CHUNKISH ((size_t)64 << 10) /* more than one chunk is */

/* Sizes around each bound of the arena: none, the alignment, a piece with its own chunk, a chunk. */
static const size_t sizes[] = {0,    1,    15,   16,    17,    48,    100,   1000,  8000,
                               8176, 8191, 8192, 8193,  9000,  32704, 32767, 32768, 32769,
                               7,    3,    2000, 65536, 65537, 24,    1};
#define SIZES (sizeof sizes / sizeof *sizes)

static bool is_all(const unsigned char *p, size_t n, int c)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != c)
            return false;
    return true;
}

/* Writes to each piece what no other has, looks at all of them at the end. */
static void fill(struct mail_arena *a)
{
    unsigned char *p[PIECES];

    for (unsigned i = 0; i < PIECES; i++) {
        size_t n = sizes[i % SIZES];

        p[i] = mail_arena_alloc(a, n);
        assert_non_null(p[i]);
        assert_int_equal((uintptr_t)p[i] % _Alignof(max_align_t), 0);
        assert_true(is_all(p[i], n, 0));
        memset(p[i], (int)(i % 255 + 1), n);
    }
    for (unsigned i = 0; i < PIECES; i++)
        assert_true(is_all(p[i], sizes[i % SIZES], (int)(i % 255 + 1)));
}

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
    struct mail_arena a = {0};

    (void)state;
    fill(&a);
    mail_arena_free(&a);
    assert_int_equal(a.bytes, 0);
    fill(&a);
    mail_arena_free(&a);
}

static void what_is_used_again_is_zeroed_again(void **state)
{
    struct mail_arena a = {0};

    (void)state;
    for (int message = 0; message < 3; message++) {
        fill(&a);
        mail_arena_clear(&a);
    }
    mail_arena_free(&a);
}

static void a_cleared_arena_keeps_one_chunk(void **state)
{
    struct mail_arena a = {0};
    void *first;

    (void)state;
    first = mail_arena_alloc(&a, 10);
    for (int message = 0; message < 3; message++) {
        mail_arena_clear(&a);
        assert_in_range(a.bytes, 1, CHUNKISH);
        assert_ptr_equal(mail_arena_alloc(&a, 10), first);
    }
    fill(&a);
    assert_true(a.bytes > CHUNKISH);
    mail_arena_clear(&a);
    assert_in_range(a.bytes, 1, CHUNKISH);
    mail_arena_free(&a);
}

static void a_large_piece_is_not_kept(void **state)
{
    struct mail_arena a = {0};

    (void)state;
    mail_arena_alloc(&a, 1u << 20);
    assert_true(a.bytes >= 1u << 20);
    mail_arena_clear(&a);
    assert_in_range(a.bytes, 0, CHUNKISH);
    mail_arena_alloc(&a, 100);
    mail_arena_alloc(&a, 1u << 20);
    mail_arena_clear(&a);
    assert_in_range(a.bytes, 1, CHUNKISH);
    mail_arena_free(&a);
}

static void large_pieces_do_not_cost_the_chunk_in_use(void **state)
{
    struct mail_arena a = {0};
    size_t large = 20000, turns = 100;

    (void)state;
    for (size_t i = 0; i < turns; i++) {
        mail_arena_alloc(&a, 16);
        mail_arena_alloc(&a, large);
    }
    assert_in_range(a.bytes, turns * large, turns * (large + 64) + CHUNKISH);
    mail_arena_free(&a);
}

static void small_pieces_cost_little_more_than_they_are(void **state)
{
    struct mail_arena a = {0};
    size_t n = 4096, turns = 1000;

    (void)state;
    for (size_t i = 0; i < turns; i++)
        mail_arena_alloc(&a, n);
    assert_in_range(a.bytes, turns * n, turns * n * 5 / 4);
    mail_arena_free(&a);
}

static void a_copy_is_the_same_with_a_nul_behind_it(void **state)
{
    struct mail_arena a = {0};
    char bytes[300];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    for (size_t n = 0; n <= sizeof bytes; n++) {
        struct view from = {bytes, n}, v = mail_arena_copy(&a, from);

        assert_ptr_not_equal(v.p, bytes);
        assert_true(view_equal(v, from));
        assert_int_equal(v.p[n], 0);
    }
    assert_int_equal(mail_arena_copy(&a, (struct view){0}).n, 0);
    mail_arena_free(&a);
}

static void an_empty_one_can_be_cleared_and_freed(void **state)
{
    struct mail_arena a = {0};

    (void)state;
    mail_arena_clear(&a);
    assert_int_equal(a.bytes, 0);
    mail_arena_free(&a);
    mail_arena_free(&a);
    assert_non_null(mail_arena_alloc(&a, 0));
    mail_arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(what_is_used_again_is_zeroed_again),
        cmocka_unit_test(a_cleared_arena_keeps_one_chunk),
        cmocka_unit_test(a_large_piece_is_not_kept),
        cmocka_unit_test(large_pieces_do_not_cost_the_chunk_in_use),
        cmocka_unit_test(small_pieces_cost_little_more_than_they_are),
        cmocka_unit_test(a_copy_is_the_same_with_a_nul_behind_it),
        cmocka_unit_test(an_empty_one_can_be_cleared_and_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
