/*
 * test_mail_header_limits.c - a header at each of its limits, one below and one above; and that time is
 * linear.
 *
 * Run by "make check". What a header says when it is within them stands in test_mail_header.c.
 */
#include "workers/mail/mail_header.h"

#include "common/buf.h"
#include "workers/mail/mail_limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define U MAIL_SPLIT_USUAL

static struct mail_arena arena;

/* Repeats a field, adds an end, answers what is met. */
static unsigned met_with(struct buf *b, size_t fields, const char *end, struct mail_header *h)
{
    buf_clear(b);
    for (size_t i = 0; i < fields; i++)
        buf_addf(b, "F%zu: v\n", i);
    buf_add_str(b, end);
    mail_header_parse(&arena, buf_view(b), false, U, h);
    return h->odd;
}

static void fields_are_counted(void **state)
{
    struct mail_header h;
    struct buf b = {0};

    (void)state;
    for (size_t n = 62; n <= 67; n++) {
        assert_int_equal(met_with(&b, n, "\n", &h), 0);
        assert_int_equal(h.n, n);
    }
    for (size_t n = MAIL_FIELDS_MAX - 1; n <= MAIL_FIELDS_MAX; n++) {
        assert_int_equal(met_with(&b, n, " fold\n\nbody", &h), 0);
        assert_int_equal(h.n, n);
        assert_true(view_equal(h.field[n - 1].value, VIEW("v\n fold")));
    }
    /* The further ones are passed over, but the body begins where it does. */
    for (size_t n = MAIL_FIELDS_MAX + 1; n < MAIL_FIELDS_MAX + 5; n++) {
        assert_int_equal(met_with(&b, n, " fold\n\nbody", &h), MAIL_HEADER_FIELDS_MAX);
        assert_int_equal(h.n, MAIL_FIELDS_MAX);
        assert_true(view_equal(h.field[h.n - 1].value, VIEW("v")));
        assert_true(view_equal(h.body, VIEW("body")));
        assert_int_equal(h.block.n, b.n - 5);
    }
    buf_free(&b);
    mail_arena_clear(&arena);
}

static void add_x(struct buf *b, size_t n)
{
    buf_reserve(b, n);
    memset(b->p + b->n, 'x', n);
    b->n += n;
}

static void lines_are_measured(void **state)
{
    static const char *const ends[] = {"\n\nbody", "\r\n\r\nbody", "", "\n more\n\nbody"};

    (void)state;
    for (size_t e = 0; e < sizeof ends / sizeof *ends; e++) {
        for (size_t n = MAIL_LINE_MAX - 1; n <= MAIL_LINE_MAX + 1; n++) {
            unsigned wanted = n > MAIL_LINE_MAX ? MAIL_HEADER_LINE_MAX : 0;
            struct mail_header h;
            struct buf b = {0};

            buf_add_str(&b, "A:");
            add_x(&b, n - 2);
            buf_add_str(&b, ends[e]);
            mail_header_parse(&arena, buf_view(&b), false, U, &h);
            assert_int_equal(h.odd, wanted | (ends[e][0] ? 0 : MAIL_HEADER_NO_END));
            assert_int_equal(h.n, 1);
            assert_true(h.field[0].value.n >= n - 2);
            assert_int_equal(h.body.n, ends[e][0] ? 4 : 0);
            buf_free(&b);
        }
    }
    mail_arena_clear(&arena);
}

static void a_long_line_behind_the_header_is_no_line_of_it(void **state)
{
    struct mail_header h;
    struct buf b = {0};

    (void)state;
    buf_add_str(&b, "A: b\nno field ");
    add_x(&b, 2 * MAIL_LINE_MAX);
    buf_add_str(&b, "\n\n");
    mail_header_parse(&arena, buf_view(&b), false, U, &h);
    assert_int_equal(h.odd, MAIL_HEADER_NO_FIELD);
    mail_header_parse(&arena, buf_view(&b), false, MAIL_SPLIT_SKIP, &h);
    assert_int_equal(h.odd, MAIL_HEADER_NO_FIELD | MAIL_HEADER_LINE_MAX);
    buf_free(&b);
    mail_arena_clear(&arena);
}

/* A block of exactly `n` bytes, in lines of 8 KB. */
static void make_block(struct buf *b, size_t n, const char *end)
{
    while (b->n < n) {
        size_t line = n - b->n < 2 * 8192 ? n - b->n : 8192;

        buf_add_str(b, "A: ");
        add_x(b, line - 3 - strlen(end));
        buf_add_str(b, end);
    }
}

static void the_block_is_measured(void **state)
{
    static const char *const ends[] = {"\n", "\r\n", "\r"};

    (void)state;
    for (size_t i = 0; i < 9; i++) {
        size_t n = MAIL_HEADER_MAX - 1 + i % 3, fits = n <= MAIL_HEADER_MAX;
        const char *end = ends[i / 3];
        struct mail_header h;
        struct buf b = {0};

        make_block(&b, n, end);
        assert_int_equal(b.n, n);
        buf_add_str(&b, end);
        add_x(&b, 1000);
        for (unsigned split = U; split <= MAIL_SPLIT_BLANKS; split++) {
            mail_header_parse(&arena, buf_view(&b), end[0] == '\r' && !end[1], split, &h);
            assert_int_equal(h.odd & ~(unsigned)MAIL_HEADER_BARE_CR, fits ? 0 : MAIL_HEADER_SIZE_MAX);
            assert_ptr_equal(h.body.p + h.body.n, b.p + b.n);
            if (fits) {
                assert_int_equal(h.block.n, n);
                assert_int_equal(h.body.n, 1000);
            } else {
                /* The line that goes beyond it begins the body. */
                assert_in_range(h.block.n, 1, MAIL_HEADER_MAX);
                assert_ptr_equal(h.body.p, b.p + h.block.n);
                assert_int_equal(memcmp(h.body.p, "A: x", 4), 0);
            }
        }
        buf_free(&b);
    }
    mail_arena_clear(&arena);
}

static void a_header_at_its_limit_may_have_no_end(void **state)
{
    (void)state;
    for (size_t n = MAIL_HEADER_MAX - 1; n <= MAIL_HEADER_MAX + 3; n++) {
        struct mail_header h;
        struct buf b = {0};

        make_block(&b, n, "\n");
        mail_header_parse(&arena, buf_view(&b), false, U, &h);
        assert_int_equal(h.odd, n <= MAIL_HEADER_MAX ? MAIL_HEADER_NO_END : MAIL_HEADER_SIZE_MAX);
        assert_int_equal(h.block.n + h.body.n, n);
        buf_free(&b);
    }
    mail_arena_clear(&arena);
}

static void one_endless_line_is_cut(void **state)
{
    struct mail_header h;
    struct buf b = {0};

    (void)state;
    buf_add_str(&b, "A: b\nB: ");
    add_x(&b, 4 * MAIL_HEADER_MAX);
    mail_header_parse(&arena, buf_view(&b), false, U, &h);
    assert_int_equal(h.odd, MAIL_HEADER_SIZE_MAX | MAIL_HEADER_LINE_MAX);
    assert_int_equal(h.n, 1);
    assert_int_equal(h.block.n, 5);
    assert_int_equal(h.body.n, b.n - 5);
    buf_free(&b);
    mail_arena_clear(&arena);
}

static double seconds_for(const char *pattern, size_t n, bool bare_cr, enum mail_split split)
{
    size_t step = strlen(pattern);
    struct timespec from, to;
    struct mail_header h;
    struct buf b = {0};

    while (b.n + step <= n)
        buf_add(&b, pattern, step);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    for (int i = 0; i < 20; i++) {
        mail_header_parse(&arena, buf_view(&b), bare_cr, split, &h);
        for (size_t f = 0; f < h.n; f++)
            mail_header_unfold(&arena, h.field[f].value);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    buf_free(&b);
    mail_arena_clear(&arena);
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

static void time_is_linear(void **state)
{
    static const char *const patterns[] = {"a:\n", "a:\r",     "x\n",     " \n", " ",
                                           "a",    "a: \n \n", "From \n", "\r",  ":"};

    (void)state;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        for (unsigned way = 0; way < 6; way++) {
            double one = seconds_for(patterns[i], MAIL_HEADER_MAX / 2, way & 1, way / 2);
            double two = seconds_for(patterns[i], MAIL_HEADER_MAX, way & 1, way / 2);

            if (two > 3 * one + 0.2)
                fail_msg("pattern %zu, way %u: %.3f s, twice as much: %.3f s", i, way, one, two);
        }
    }
}

/* Beyond the limit no byte is looked at, however long the message is. */
static void what_is_beyond_the_limit_costs_nothing(void **state)
{
    (void)state;
    for (int bare = 0; bare < 2; bare++) {
        double one = seconds_for("x", 2 * MAIL_HEADER_MAX, bare, U);
        double more = seconds_for("x", 64 * MAIL_HEADER_MAX, bare, U);

        if (more > 3 * one + 0.02)
            fail_msg("%.4f s, of 32 times as much: %.4f s", one, more);
    }
}

static int free_arena(void **state)
{
    (void)state;
    mail_arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_counted),
        cmocka_unit_test(lines_are_measured),
        cmocka_unit_test(a_long_line_behind_the_header_is_no_line_of_it),
        cmocka_unit_test(the_block_is_measured),
        cmocka_unit_test(a_header_at_its_limit_may_have_no_end),
        cmocka_unit_test(one_endless_line_is_cut),
        cmocka_unit_test(time_is_linear),
        cmocka_unit_test(what_is_beyond_the_limit_costs_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, free_arena);
}
