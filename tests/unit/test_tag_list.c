/*
 * test_tag_list.c - lists of tags: what is one, and what each reader of them gets.
 *
 * Run by "make check". Each case is a list and what comes out of it, one tag after the other.
 */
#include "workers/antispam/tag_list.h"

#include "common/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct one {
    const char *name, *list, *wanted; /* "name=value|", "!|" for what is no tag */
};
static const struct one lists[] = {
    {"one tag", "v=1", "v=1|"},
    {"two, and one end more", "v=1; a=b;", "v=1|a=b|"},
    {"blanks around everything", " v \t=\r\n 1 ; \r\n\ta\t=  b \r\n", "v=1|a=b|"},
    {"an empty value", "p=;", "p=|"},
    {"blanks within a value stay", "h=from : to", "h=from : to|"},
    {"= within a value", "b=AA==", "b=AA==|"},
    {"nothing", "", ""},
    {"blanks only", " \r\n", ""},
    {"an empty tag", "v=1;;a=b", "v=1|!|a=b|"},
    {"an empty tag of blanks", "v=1; ;a=b", "v=1|!|a=b|"},
    {"no =", "v=1;x;a=b", "v=1|!|a=b|"},
    {"no name", "=1", "!|"},
    {"a name with a blank in it", "v v=1", "!|"},
    {"a name that begins with a digit", "1v=1", "!|"},
    {"a name with digits and _", "v_1=1", "v_1=1|"},
    {"other bytes in a name", "v-=1;v\xc3\xa4=1", "!|!|"},
    {"control bytes in a value", "v=\001;a=\x7f;b=c", "!|!|b=c|"},
    {"8-bit in a value", "n=\xc3\xa4;v=1", "!|v=1|"},
    {"names differ in case", "V=1;v=2", "V=1|v=2|"},
};

static void each_tag(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct tag_list l = {view_of(lists[i].list)};
        struct buf got = {0};
        struct tag t;
        int n;

        buf_add_str(&got, "");
        while ((n = tag_list_next(&l, &t)) != 0) {
            if (n > 0) {
                buf_add_view(&got, t.name);
                buf_add_char(&got, '=');
                buf_add_view(&got, t.value);
            } else {
                buf_add_char(&got, '!');
            }
            buf_add_char(&got, '|');
        }
        if (!view_equal(buf_view(&got), view_of(lists[i].wanted)))
            fail_msg("%s: %s", lists[i].name, got.p);
        buf_free(&got);
    }
}

static void a_nul_is_no_end(void **state)
{
    struct tag_list l = {VIEW("v=1\0;a=b")};
    struct tag t;

    (void)state;
    assert_int_equal(tag_list_next(&l, &t), -1);
    assert_int_equal(tag_list_next(&l, &t), 1);
    assert_true(view_equal(t.name, VIEW("a")));
}

static void find(void **state)
{
    struct view v = VIEW("old");

    (void)state;
    assert_true(tag_list_find(VIEW("x;p=1;p=2"), "p", &v));
    assert_true(view_equal(v, VIEW("1")));
    assert_false(tag_list_find(VIEW("P=1"), "p", &v));
    assert_true(view_equal(v, VIEW("1")));
}

static void words(void **state)
{
    struct view rest = VIEW("From : to:: x:"), word;
    static const char *const wanted[] = {"From", "to", "", "x"};
    unsigned n = 0;

    (void)state;
    while (tag_list_word(&rest, &word)) {
        assert_true(n < 4 && view_equal(word, view_of(wanted[n])));
        n++;
    }
    assert_int_equal(n, 4);
    assert_int_equal(tag_list_count(VIEW("From : to:FROM:from2"), "from"), 2);
    assert_int_equal(tag_list_count(VIEW(""), "from"), 0);
}

static void numbers(void **state)
{
    static const struct {
        const char *text;
        bool is;
        uint64_t value;
    } cases[] = {{"0", true, 0}, {"007", true, 7}, {"999", true, 999}, {"1000", false, 0},
                 {"", false, 0}, {"-1", false, 0}, {"1 2", false, 0},  {"0x1", false, 0}};
    uint64_t n;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (tag_list_number(view_of(cases[i].text), 3, &n) != cases[i].is ||
            (cases[i].is && n != cases[i].value))
            fail_msg("%s", cases[i].text);
    }
    assert_true(tag_list_number(VIEW("999999999999999999"), 18, &n));
    assert_true(n == UINT64_C(999999999999999999));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_tag), cmocka_unit_test(a_nul_is_no_end), cmocka_unit_test(find),
        cmocka_unit_test(words),    cmocka_unit_test(numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
