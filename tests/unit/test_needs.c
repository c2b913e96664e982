/*
 * test_needs.c - unit tests of common/needs.c: each question once, none that cannot be asked, and what is no
 * list of them is refused.
 *
 * Run by `make check`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/facts.h"
#include "common/xalloc.h"

#include <errno.h>
#include <stdlib.h>

static void a_question_is_asked_once(void **state)
{
    struct needs n = {0};

    (void)state;
    assert_true(needs_add(&n, FACT_A, VIEW("A.Example.")));
    assert_true(needs_add(&n, FACT_A, VIEW("a.example")));
    assert_true(needs_add(&n, FACT_MX, VIEW("a.example")));
    assert_true(needs_add(&n, FACT_A, VIEW("b.example")));
    assert_int_equal(n.n, 3);
    assert_true(view_equal(n.need[0].name, VIEW("a.example")));
    assert_int_equal(n.need[1].type, FACT_MX);
    needs_clear(&n);
    assert_int_equal(n.n, 0);
    assert_true(needs_add(&n, FACT_A, VIEW("b.example")));
    assert_int_equal(n.n, 1);
    needs_free(&n);
    assert_null(n.need);
}

static void what_cannot_be_asked_is_left_out(void **state)
{
    static const struct view names[] = {{"", 0},    {".", 1},    {"a..b", 4},
                                        {"a b ", 4}, {"a\0b", 3}, {"\xc3\xa9", 2}};
    struct needs n = {0};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_false(needs_add(&n, FACT_A, names[i]));
    assert_false(needs_add(&n, FACT_TYPE__MAX, VIEW("a.example")));
    assert_int_equal(n.n, 0);
    assert_false(n.over);
    needs_free(&n);
}

static bool add_numbered(struct needs *n, unsigned i)
{
    char *name = xasprintf("n%u.example", i);
    bool rc = needs_add(n, FACT_TXT, view_of(name));

    free(name);
    return rc;
}

static void questions_have_an_end(void **state)
{
    struct needs n = {0}, again = {0};
    struct buf packed = {0};

    (void)state;
    for (unsigned i = 0; i < NEEDS_MAX; i++)
        assert_true(add_numbered(&n, i));
    assert_true(add_numbered(&n, NEEDS_MAX - 1)); /* it is there */
    assert_false(n.over);
    assert_false(add_numbered(&n, NEEDS_MAX));
    assert_true(n.over);
    assert_int_equal(n.n, NEEDS_MAX);
    needs_pack(&packed, &n);
    assert_int_equal(needs_unpack(buf_view(&packed), &again), 0);
    assert_int_equal(again.n, NEEDS_MAX);
    assert_true(again.over);
    for (unsigned i = 0; i < NEEDS_MAX; i++)
        assert_true(view_equal(n.need[i].name, again.need[i].name) && again.need[i].type == FACT_TXT);
    needs_free(&again);
    buf_add(&packed, "\3\1z", 3);
    packed.p[2] = (char)((NEEDS_MAX + 1) & 0xff);
    packed.p[3] = (char)((NEEDS_MAX + 1) >> 8);
    assert_int_equal(needs_unpack(buf_view(&packed), &again), -1);
    needs_clear(&n);
    assert_false(n.over);
    needs_free(&n);
    buf_free(&packed);
}

static void what_is_not_written_our_way_is_refused(void **state)
{
    static const struct {
        const char *says;
        struct view bytes;
        bool good;
    } cases[] = {
        {"no question", VIEW("\0\0\0\0"), true},
        {"there were more", VIEW("\1\0\0\0"), true},
        {"two", VIEW("\0\0\2\0\0\1a\1\1a"), true},
        {"nothing", VIEW(""), false},
        {"less than a head", VIEW("\0\0\0"), false},
        {"something between no and yes", VIEW("\2\0\0\0"), false},
        {"something in the gap", VIEW("\0\1\0\0"), false},
        {"more than there are", VIEW("\0\0\3\0\0\1a\1\1a"), false},
        {"fewer than there are", VIEW("\0\0\1\0\0\1a\1\1a"), false},
        {"one twice", VIEW("\0\0\2\0\0\1a\0\1a"), false},
        {"a name that is cut", VIEW("\0\0\1\0\0\2a"), false},
        {"a name that is cut off", VIEW("\0\0\1\0\0"), false},
        {"a type beyond the table", VIEW("\0\0\1\0\6\1a"), false},
        {"the last type", VIEW("\0\0\1\0\5\1a"), true},
        {"a capital", VIEW("\0\0\1\0\0\1A"), false},
        {"a last dot", VIEW("\0\0\1\0\0\2a."), false},
        {"no name", VIEW("\0\0\1\0\0\0"), false},
        {"no name that can be asked", VIEW("\0\0\1\0\0\3a  "), false},
        {"a blank in a question", VIEW("\0\0\1\0\0\3a b"), true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct needs n = {0};
        struct buf again = {0};

        errno = 0;
        if ((needs_unpack(cases[i].bytes, &n) == 0) != cases[i].good || errno != (cases[i].good ? 0 : EPROTO))
            fail_msg("%s", cases[i].says);
        needs_pack(&again, &n);
        if (cases[i].good ? !view_equal(buf_view(&again), cases[i].bytes) : n.n || n.need)
            fail_msg("%s: other bytes", cases[i].says);
        needs_free(&n);
        buf_free(&again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_is_asked_once),
        cmocka_unit_test(what_cannot_be_asked_is_left_out),
        cmocka_unit_test(questions_have_an_end),
        cmocka_unit_test(what_is_not_written_our_way_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
