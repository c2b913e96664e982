/*
 * test_edit.c - unit tests of common/edit.c: what may stand in an edit, and that broken blobs are refused.
 *
 * Run by `make check`. Both directions are held against the same table: what
 * cannot be packed is also refused when somebody else packed it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/edit.h"

#include <errno.h>

#define NONE                                                                                                 \
    {                                                                                                        \
        "", 0                                                                                                \
    }

static const struct edit_case {
    const char *says;
    unsigned op;
    struct view name, value;
    bool good;
} edit_cases[] = {
    {"a field", EDIT_PREPEND, VIEW("X-A"), VIEW("text"), true},
    {"a field without text", EDIT_PREPEND, VIEW("X-A"), NONE, true},
    {"a fold with a blank", EDIT_PREPEND, VIEW("X-A"), VIEW("a\n b"), true},
    {"a fold with a tab", EDIT_PREPEND, VIEW("X-A"), VIEW("a\n\tb\n c"), true},
    {"a fold at the begin", EDIT_PREPEND, VIEW("X-A"), VIEW("\n b"), true},
    {"tabs", EDIT_PREPEND, VIEW("X-A"), VIEW("a\tb"), true},
    {"UTF-8 of 2, 3 and 4 bytes", EDIT_PREPEND, VIEW("X-A"), VIEW("\xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xa8"),
     true},
    {"every mark in a name", EDIT_PREPEND, VIEW("!\"#$%&'()*+,-./;<=>?@[\\]^_`{|}~"), VIEW("a"), true},
    {"a prefix", EDIT_REMOVE_PREFIX, VIEW("X-"), NONE, true},
    {"a host", EDIT_COUNT_OWN, NONE, VIEW("mx.example.org"), true},
    {"text of a subject", EDIT_SUBJECT, NONE, VIEW("[SPAM?] "), true},
    {"text that is not ASCII", EDIT_SUBJECT, NONE, VIEW("\xc3\xa4"), true},
    {"an authserv-id", EDIT_REMOVE_AR, NONE, VIEW("mx.example.org"), true},

    {"a line feed without a blank", EDIT_PREPEND, VIEW("X-A"), VIEW("a\nb"), false},
    {"a line feed at the end", EDIT_PREPEND, VIEW("X-A"), VIEW("a\n"), false},
    {"an empty line", EDIT_PREPEND, VIEW("X-A"), VIEW("a\n\n b"), false},
    {"a line of blanks", EDIT_PREPEND, VIEW("X-A"), VIEW("a\n \n b"), false},
    {"blanks behind the last fold", EDIT_PREPEND, VIEW("X-A"), VIEW("a\n "), false},
    {"CR", EDIT_PREPEND, VIEW("X-A"), VIEW("a\rb"), false},
    {"CRLF and a blank", EDIT_PREPEND, VIEW("X-A"), VIEW("a\r\n b"), false},
    {"NUL", EDIT_PREPEND, VIEW("X-A"), VIEW("a\0b"), false},
    {"another control byte", EDIT_PREPEND, VIEW("X-A"), VIEW("a\x1b"), false},
    {"DEL", EDIT_PREPEND, VIEW("X-A"), VIEW("a\x7f"), false},
    {"a C1 control character", EDIT_PREPEND, VIEW("X-A"), VIEW("a\xc2\x85"), false},
    {"a lone 8-bit byte", EDIT_PREPEND, VIEW("X-A"), VIEW("a\xe4"), false},
    {"UTF-8 cut off", EDIT_PREPEND, VIEW("X-A"), VIEW("a\xe2\x82"), false},
    {"an overlong form", EDIT_PREPEND, VIEW("X-A"), VIEW("\xc0\x8a"), false},
    {"an overlong form of 3 bytes", EDIT_PREPEND, VIEW("X-A"), VIEW("\xe0\x80\x8a"), false},
    {"half a pair of UTF-16", EDIT_PREPEND, VIEW("X-A"), VIEW("\xed\xa0\x80"), false},
    {"beyond U+10FFFF", EDIT_PREPEND, VIEW("X-A"), VIEW("\xf4\x90\x80\x80"), false},
    {"no name", EDIT_PREPEND, NONE, VIEW("a"), false},
    {"a colon in the name", EDIT_PREPEND, VIEW("X:A"), VIEW("a"), false},
    {"a blank in the name", EDIT_PREPEND, VIEW("X A"), VIEW("a"), false},
    {"a line end in the name", EDIT_PREPEND, VIEW("X\nA"), VIEW("a"), false},
    {"an 8-bit name", EDIT_PREPEND, VIEW("X\xc3\xa4"), VIEW("a"), false},
    {"a prefix with a value", EDIT_REMOVE_PREFIX, VIEW("X-"), VIEW("a"), false},
    {"an empty prefix", EDIT_REMOVE_PREFIX, NONE, NONE, false},
    {"a host with a name", EDIT_COUNT_OWN, VIEW("X"), VIEW("a"), false},
    {"no host", EDIT_COUNT_OWN, NONE, NONE, false},
    {"a host with a blank", EDIT_COUNT_OWN, NONE, VIEW("a b"), false},
    {"a host with a fold", EDIT_COUNT_OWN, NONE, VIEW("a\n b"), false},
    {"text with a name", EDIT_SUBJECT, VIEW("Subject"), VIEW("a"), false},
    {"no text", EDIT_SUBJECT, NONE, NONE, false},
    {"text of blanks", EDIT_SUBJECT, NONE, VIEW(" \t "), false},
    {"text with a fold", EDIT_SUBJECT, NONE, VIEW("a\n b"), false},
    {"text with a CR", EDIT_SUBJECT, NONE, VIEW("a\rb"), false},
    {"text with a NUL", EDIT_SUBJECT, NONE, VIEW("a\0b"), false},
    {"8-bit text that is no UTF-8", EDIT_SUBJECT, NONE, VIEW("\xe4"), false},
    {"an authserv-id with a name", EDIT_REMOVE_AR, VIEW("X"), VIEW("a"), false},
    {"no authserv-id", EDIT_REMOVE_AR, NONE, NONE, false},
    {"an authserv-id with a blank", EDIT_REMOVE_AR, NONE, VIEW("a b"), false},
    {"an authserv-id with a semicolon", EDIT_REMOVE_AR, NONE, VIEW("a;b"), false},
    {"an authserv-id with a quote", EDIT_REMOVE_AR, NONE, VIEW("\"a\""), false},
    {"an authserv-id with a comment", EDIT_REMOVE_AR, NONE, VIEW("a(b)"), false},
    {"an authserv-id with a NUL", EDIT_REMOVE_AR, NONE, VIEW("a\0b"), false},
    {"an 8-bit authserv-id", EDIT_REMOVE_AR, NONE, VIEW("\xc3\xa4"), false},
    {"no such edit", EDIT_OP__MAX, VIEW("X-A"), VIEW("a"), false},
    {"edit 0", 0, VIEW("X-A"), VIEW("a"), false},
    {"edit 255", 255, VIEW("X-A"), VIEW("a"), false},
};

static struct buf by_hand(unsigned op, struct view name, struct view value)
{
    struct buf b = {0};

    buf_add_char(&b, (char)op);
    buf_add_char(&b, (char)name.n);
    buf_add_char(&b, (char)(value.n & 0xff));
    buf_add_char(&b, (char)(value.n >> 8));
    buf_add_view(&b, name);
    buf_add_view(&b, value);
    return b;
}

static void only_what_may_stand_in_a_header_can_be_packed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof edit_cases / sizeof *edit_cases; i++) {
        const struct edit_case *c = &edit_cases[i];
        struct buf b = {0}, wanted = by_hand(c->op, c->name, c->value);

        errno = 0;
        if ((edit_pack(&b, (enum edit_op)c->op, c->name, c->value) == 0) != c->good)
            fail_msg("packed: %s", c->says);
        if (c->good ? !view_equal(buf_view(&b), buf_view(&wanted)) : b.n != 0 || errno != EINVAL)
            fail_msg("bytes: %s", c->says);
        buf_free(&b);
        buf_free(&wanted);
    }
}

static void only_that_can_be_unpacked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof edit_cases / sizeof *edit_cases; i++) {
        const struct edit_case *c = &edit_cases[i];
        struct buf b = by_hand(c->op, c->name, c->value);
        struct view rest = buf_view(&b);
        struct edit e = {0};
        int got = edit_unpack(&rest, &e);

        if (got != (c->good ? 1 : -1))
            fail_msg("unpacked: %s: %d", c->says, got);
        if (c->good && (e.op != (enum edit_op)c->op || !view_equal(e.name, c->name) ||
                        !view_equal(e.value, c->value) || rest.n || edit_unpack(&rest, &e) != 0))
            fail_msg("content: %s", c->says);
        buf_free(&b);
    }
}

static void every_cut_of_a_list_is_refused(void **state)
{
    struct buf b = {0};
    size_t first = 0;

    (void)state;
    edit_pack(&b, EDIT_PREPEND, VIEW("X-A"), VIEW("text"));
    first = b.n;
    edit_pack(&b, EDIT_REMOVE_PREFIX, VIEW("X-"), (struct view){0});
    for (size_t n = 1; n < b.n; n++) {
        /* A copy of its own, so that a sanitizer sees a look beyond the end. */
        struct buf copy = {0};
        struct view rest;
        struct edit e = {0};
        int got = 1;

        buf_reserve(&copy, n);
        buf_add(&copy, b.p, n);
        rest = buf_view(&copy);
        while (got > 0)
            got = edit_unpack(&rest, &e);
        assert_int_equal(got, n == first ? 0 : -1);
        buf_free(&copy);
    }
    buf_free(&b);
}

static void lengths_are_bounded(void **state)
{
    static const struct {
        enum edit_op op;
        size_t name, value;
        bool good;
    } cases[] = {
        {EDIT_PREPEND, EDIT_NAME_MAX, EDIT_VALUE_MAX, true},
        {EDIT_PREPEND, EDIT_NAME_MAX + 1, 1, false},
        {EDIT_PREPEND, 1, EDIT_VALUE_MAX + 1, false},
        {EDIT_PREPEND, 1, 65535, false},
        {EDIT_PREPEND, 1, 65536, false},
        {EDIT_SUBJECT, 0, EDIT_SUBJECT_MAX, true},
        {EDIT_SUBJECT, 0, EDIT_SUBJECT_MAX + 1, false},
        {EDIT_REMOVE_AR, 0, EDIT_ID_MAX, true},
        {EDIT_REMOVE_AR, 0, EDIT_ID_MAX + 1, false},
    };
    static char text[65536];

    (void)state;
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b = {0};
        struct view rest;
        struct edit e = {0};

        assert_int_equal(edit_pack(&b, cases[i].op, (struct view){text, cases[i].name},
                                   (struct view){text, cases[i].value}) == 0,
                         cases[i].good);
        rest = buf_view(&b);
        assert_int_equal(edit_unpack(&rest, &e), cases[i].good);
        buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_may_stand_in_a_header_can_be_packed),
        cmocka_unit_test(only_that_can_be_unpacked),
        cmocka_unit_test(every_cut_of_a_list_is_refused),
        cmocka_unit_test(lengths_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
