/*
 * test_mail_header.c - what is a field, where a header ends, and that each thing that readers may take
 * differently is told.
 *
 * Run by "make check". Each case names the fields, the bytes between header and body, and the body; what is
 * left is the block. Input is copied to memory of its very size, so that a sanitizer sees each
 * byte read beyond it.
 */
#include "workers/mail/mail_header.h"

#include "common/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct text {
    const char *p;
    size_t n;
};
#define S(lit)                                                                                               \
    {                                                                                                        \
        lit, sizeof(lit) - 1                                                                                 \
    }

/* Short words for the tables. */
#define U  MAIL_SPLIT_USUAL
#define K  MAIL_SPLIT_SKIP
#define B  MAIL_SPLIT_BLANKS
#define CR 8u
enum {
    N = MAIL_HEADER_NO_FIELD,
    W = MAIL_HEADER_BLANKS,
    E = MAIL_HEADER_NO_END,
    C = MAIL_HEADER_BLANK_COLON,
    Z = MAIL_HEADER_NUL,
    R = MAIL_HEADER_BARE_CR,
    F = MAIL_HEADER_FOLD_FIRST,
    M = MAIL_HEADER_MBOX
};

struct sample {
    const char *what;
    struct text in;
    unsigned split;     /* a split, and CR where it ends a line by itself */
    struct text fields; /* "<name=value>" of each */
    struct text between, body;
    unsigned odd;
};

static struct mail_arena arena;

static char *copy_of(struct view in)
{
    char *exact = malloc(in.n ? in.n : 1);

    assert_non_null(exact);
    if (in.n)
        memcpy(exact, in.p, in.n);
    return exact;
}

static struct buf fields_of(const struct mail_header *h)
{
    struct buf b = {0};

    buf_add_str(&b, "");
    for (size_t i = 0; i < h->n; i++) {
        buf_add_char(&b, '<');
        buf_add_view(&b, h->field[i].name);
        buf_add_char(&b, '=');
        buf_add_view(&b, h->field[i].value);
        buf_add_char(&b, '>');
    }
    return b;
}

static void expect(const struct sample *s)
{
    struct view in = {s->in.p, s->in.n}, fields = {s->fields.p, s->fields.n};
    char *exact = copy_of(in);
    struct mail_header h;
    struct buf got;

    mail_header_parse(&arena, (struct view){exact, in.n}, s->split & CR, s->split & 7u, &h);
    got = fields_of(&h);
    if (!view_equal(buf_view(&got), fields))
        fail_msg("%s: got %.*s", s->what, (int)got.n, got.p);
    if (!view_equal(h.body, (struct view){s->body.p, s->body.n}))
        fail_msg("%s: the body is \"%.*s\"", s->what, (int)h.body.n, h.body.p);
    assert_ptr_equal(h.block.p, exact);
    if (h.block.n + s->between.n + s->body.n != in.n)
        fail_msg("%s: the block has %zu bytes", s->what, h.block.n);
    assert_int_equal(memcmp(h.block.p + h.block.n, s->between.p, s->between.n), 0);
    assert_ptr_equal(h.body.p, exact + h.block.n + s->between.n);
    if (h.odd != s->odd)
        fail_msg("%s: odd is %u, wanted %u", s->what, h.odd, s->odd);
    buf_free(&got);
    free(exact);
}

static void expect_all(const struct sample *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        expect(s + i);
    mail_arena_clear(&arena);
}
#define EXPECT_ALL(samples) expect_all(samples, sizeof(samples) / sizeof *(samples))

static void usual_headers_are_read(void **state)
{
    static const struct sample samples[] = {
        {"LF", S("A: b\nC: d\n\nbody\n"), U, S("<A=b><C=d>"), S("\n"), S("body\n"), 0},
        {"CRLF", S("A: b\r\nC: d\r\n\r\nbody"), U, S("<A=b><C=d>"), S("\r\n"), S("body"), 0},
        {"both", S("A: b\r\nC: d\n\r\nbody"), U, S("<A=b><C=d>"), S("\r\n"), S("body"), 0},
        {"both the other way", S("A: b\nC: d\r\n\nbody"), U, S("<A=b><C=d>"), S("\n"), S("body"), 0},
        {"an empty body", S("A: b\n\n"), U, S("<A=b>"), S("\n"), S(""), 0},
        {"an empty header", S("\nbody\n"), U, S(""), S("\n"), S("body\n"), 0},
        {"an empty header, CRLF", S("\r\nbody"), U, S(""), S("\r\n"), S("body"), 0},
        {"only the first empty line is no body", S("A: b\n\n\nC: d\n"), U, S("<A=b>"), S("\n"), S("\nC: d\n"),
         0},
        {"folds", S("A: b\n c\n\td\nE: f\n\n"), U, S("<A=b\n c\n\td><E=f>"), S("\n"), S(""), 0},
        {"folds, CRLF", S("A: b\r\n c\r\nE: f\r\n\r\n"), U, S("<A=b\r\n c><E=f>"), S("\r\n"), S(""), 0},
        {"a value in the fold alone", S("A:\r\n b\r\n\r\n"), U, S("<A=b>"), S("\r\n"), S(""), 0},
        {"blanks around a value", S("A:\t  b c \t\r\n\n"), U, S("<A=b c>"), S("\n"), S(""), 0},
        {"no blank before a value", S("A:b\n\n"), U, S("<A=b>"), S("\n"), S(""), 0},
        {"empty values", S("A:\nB: \nC:\r\n\n"), U, S("<A=><B=><C=>"), S("\n"), S(""), 0},
        {"more colons", S("A::b:c\n\n"), U, S("<A=:b:c>"), S("\n"), S(""), 0},
        {"the bounds of names", S("!#~: b\n\n"), U, S("<!#~=b>"), S("\n"), S(""), 0},
        {"8-bit values", S("A: \xc3\xa4\xff\x80\n\n"), U, S("<A=\xc3\xa4\xff\x80>"), S("\n"), S(""), 0},
        {"controls in values", S("A: \x01\x7f\x0b\n\n"), U, S("<A=\x01\x7f\x0b>"), S("\n"), S(""), 0},
    };

    (void)state;
    EXPECT_ALL(samples);
}

static void a_header_may_end_with_the_bytes(void **state)
{
    static const struct sample samples[] = {
        {"nothing", S(""), U, S(""), S(""), S(""), E},
        {"a field", S("A: b\n"), U, S("<A=b>"), S(""), S(""), E},
        {"a field without a line end", S("A: b"), U, S("<A=b>"), S(""), S(""), E},
        {"a name and its colon", S("A:"), U, S("<A=>"), S(""), S(""), E},
        {"half of a line end", S("A: b\r"), U, S("<A=b>"), S(""), S(""), E | R},
        {"a fold", S("A: b\n c"), U, S("<A=b\n c>"), S(""), S(""), E},
        {"a blank", S("A: b\n "), U, S("<A=b>"), S(""), S(""), E | W},
        {"half of an empty line", S("A: b\r\n\r"), U, S("<A=b>"), S(""), S("\r"), N | R},
        {"a lone name", S("A: b\nC"), U, S("<A=b>"), S(""), S("C"), N},
        {"a lone name, passed over", S("A: b\nC"), K, S("<A=b>"), S(""), S(""), N | E},
    };

    (void)state;
    EXPECT_ALL(samples);
}

static void a_line_that_is_no_field_is_told(void **state)
{
    static const struct sample samples[] = {
        {"words", S("A: b\nsome words\nC: d\n\nx"), U, S("<A=b>"), S(""), S("some words\nC: d\n\nx"), N},
        {"words, passed over", S("A: b\nsome words\nC: d\n\nx"), K, S("<A=b><C=d>"), S("\n"), S("x"), N},
        {"words, third split", S("A: b\nsome words\n\nx"), B, S("<A=b>"), S(""), S("some words\n\nx"), N},
        {"its fold goes with it", S("A: b\nwords\n more\nC: d\n\nx"), K, S("<A=b><C=d>"), S("\n"), S("x"), N},
        {"as the first line", S("words\nA: b\n\nx"), U, S(""), S(""), S("words\nA: b\n\nx"), N},
        {"as the first line, passed over", S("words\n f\nA: b\n\nx"), K, S("<A=b>"), S("\n"), S("x"), N},
        {"a name of no bytes", S("A: b\n: c\n\n"), U, S("<A=b>"), S(""), S(": c\n\n"), N},
        {"a name of no bytes, passed over", S(": c\nA: b\n\n"), K, S("<A=b>"), S("\n"), S(""), N},
        {"an 8-bit name", S("A\xc3\xa4: b\n\n"), U, S(""), S(""), S("A\xc3\xa4: b\n\n"), N},
        {"a name with 0x7f", S("A\x7f: b\n\n"), U, S(""), S(""), S("A\x7f: b\n\n"), N},
        {"a name with a control", S("A\x1f: b\n\n"), U, S(""), S(""), S("A\x1f: b\n\n"), N},
        {"two words and a colon", S("A b: c\n\n"), U, S(""), S(""), S("A b: c\n\n"), N},
        {"a vertical tab does not fold", S("A: b\n\x0b c\n\n"), U, S("<A=b>"), S(""), S("\x0b c\n\n"), N},
        {"an mbox line among fields", S("A: b\nFrom c\n\n"), U, S("<A=b>"), S("\n"), S(""),
         MAIL_HEADER_MBOX_WITHIN},
        {"the same, to who knows none", S("A: b\nFrom c\n\n"), MAIL_SPLIT_MBOX, S("<A=b>"), S(""),
         S("From c\n\n"), MAIL_HEADER_MBOX_WITHIN},
        {"a mark of a part", S("A: b\n--x\nC: d\n\n"), U, S("<A=b>"), S(""), S("--x\nC: d\n\n"), N},
        {"NUL in a name", S("A\0: b\n\n"), U, S(""), S(""), S("A\0: b\n\n"), N | Z},
        {"NUL as a line", S("A: b\n\0\nC: d\n\n"), K, S("<A=b><C=d>"), S("\n"), S(""), N | Z},
    };

    (void)state;
    EXPECT_ALL(samples);
}

static void lines_of_blanks_are_told(void **state)
{
    static const struct sample samples[] = {
        {"a fold", S("A: b\n \t\nC: d\n\nx"), U, S("<A=b><C=d>"), S("\n"), S("x"), W},
        {"a fold to those who skip", S("A: b\n \nC: d\n\nx"), K, S("<A=b><C=d>"), S("\n"), S("x"), W},
        {"an end", S("A: b\n \t\nC: d\n\nx"), B, S("<A=b>"), S(" \t\n"), S("C: d\n\nx"), W},
        {"an end, CRLF", S("A: b\r\n\t\r\nC: d"), B, S("<A=b>"), S("\t\r\n"), S("C: d"), W},
        {"in a value", S("A: b\n \n c\n\n"), U, S("<A=b\n \n c>"), S("\n"), S(""), W},
        {"behind the end", S("A: b\n\n \n"), B, S("<A=b>"), S("\n"), S(" \n"), 0},
        {"as the first line", S(" \nA: b\n\n"), U, S("<A=b>"), S("\n"), S(""), W | F},
        {"as the first line, an end", S(" \nA: b\n\n"), B, S(""), S(" \n"), S("A: b\n\n"), W},
        {"a blank and NUL are no blanks", S("A: b\n \0\n\n"), B, S("<A=b\n \0>"), S("\n"), S(""), Z},
    };

    (void)state;
    EXPECT_ALL(samples);
}

static void odd_first_lines_are_told(void **state)
{
    static const struct sample samples[] = {
        {"mbox", S("From a@example.org Mon 10:20:30\nA: b\n\n"), U, S("<A=b>"), S("\n"), S(""), M},
        {"mbox, quoted", S(">From a@example.org\r\nA: b\r\n\r\n"), U, S("<A=b>"), S("\r\n"), S(""), M},
        {"several", S("From a\n>From b\nA: b\n\n"), U, S("<A=b>"), S("\n"), S(""), M},
        {"mbox and nothing", S("From "), U, S(""), S(""), S(""), M | E},
        {"a quoted word alone", S(">From"), U, S(""), S(""), S(">From"), N},
        {"a field of that name", S("From : a\n\n"), U, S("<From=a>"), S("\n"), S(""), C},
        {"a quoted one", S(">From \t: a\n\n"), U, S("<>From=a>"), S("\n"), S(""), C},
        {"the usual one", S("From: a\n\n"), U, S("<From=a>"), S("\n"), S(""), 0},
        {"no blank behind it", S("From\nA: b\n"), U, S(""), S(""), S("From\nA: b\n"), N},
        {"in small letters", S("from a\n\n"), U, S(""), S(""), S("from a\n\n"), N},
        {"a fold of an mbox line", S("From a\n b\nA: b\n\n"), U, S("<A=b>"), S("\n"), S(""), M | F},
        {"a fold of nothing", S(" x: y\n z\nA: b\n\n"), U, S("<A=b>"), S("\n"), S(""), F},
        {"a fold of nothing, skip", S("\tx\nA: b\n\n"), K, S("<A=b>"), S("\n"), S(""), F},
        {"a fold of nothing, blanks", S("\tx\nA: b\n\n"), B, S("<A=b>"), S("\n"), S(""), F},
    };

    (void)state;
    EXPECT_ALL(samples);
}

static void odd_bytes_are_told(void **state)
{
    static const struct sample samples[] = {
        {"a blank before the colon", S("A : b\n\n"), U, S("<A=b>"), S("\n"), S(""), C},
        {"more of them", S("A \t :b\n\n"), K, S("<A=b>"), S("\n"), S(""), C},
        {"a blank in the value", S("A: :b\n\n"), U, S("<A=:b>"), S("\n"), S(""), 0},
        {"NUL in a value", S("A: b\0c\n\n"), U, S("<A=b\0c>"), S("\n"), S(""), Z},
        {"NUL at its end", S("A: b\0\n\n"), U, S("<A=b\0>"), S("\n"), S(""), Z},
        {"NUL in the body", S("A: b\n\n\0"), U, S("<A=b>"), S("\n"), S("\0"), 0},
        {"CR in a value", S("A: b\rC: d\n\n"), U, S("<A=b\rC: d>"), S("\n"), S(""), R},
        {"CR as a line end", S("A: b\rC: d\n\n"), U | CR, S("<A=b><C=d>"), S("\n"), S(""), R},
        {"CR before CRLF", S("A: b\r\r\nC: d\n\n"), U, S("<A=b><C=d>"), S("\n"), S(""), R},
        {"CR before CRLF as a line end", S("A: b\r\r\nC: d\n\n"), U | CR, S("<A=b>"), S("\r\n"),
         S("C: d\n\n"), R},
        {"CR before CRLF as a line", S("A: b\r\n\r\r\nx"), U, S("<A=b>"), S(""), S("\r\r\nx"), R | N},
        {"CR alone everywhere", S("A: b\r c\rC: d\r\rbody\r"), U | CR, S("<A=b\r c><C=d>"), S("\r"),
         S("body\r"), R},
        {"CR alone as the empty line", S("A: b\n\rbody"), U | CR, S("<A=b>"), S("\r"), S("body"), R},
        {"CR alone, half an end", S("A: b\r"), U | CR, S("<A=b>"), S(""), S(""), R | E},
        {"CRLF in that mode", S("A: b\r\nC: d\r\n\r\nx\ry"), U | CR, S("<A=b><C=d>"), S("\r\n"), S("x\ry"),
         0},
        {"CR in the body", S("A: b\n\nx\ry"), U, S("<A=b>"), S("\n"), S("x\ry"), 0},
        {"CR in a name", S("A\r: b\n\n"), U, S(""), S(""), S("A\r: b\n\n"), R | N},
    };

    (void)state;
    EXPECT_ALL(samples);
}

static void whole_fields_are_exact(void **state)
{
    struct view in = VIEW("From x\r\nA : b\r\n c\r\n\r\n");
    struct view open = VIEW("A: b\n \n\nx"), end = VIEW("A: b\n\tc");
    struct mail_header h;

    (void)state;
    mail_header_parse(&arena, in, false, U, &h);
    assert_int_equal(h.n, 1);
    assert_true(view_equal(h.field[0].whole, VIEW("A : b\r\n c\r\n")));
    assert_ptr_equal(h.field[0].whole.p, in.p + 8);
    assert_ptr_equal(h.field[0].name.p, in.p + 8);
    assert_ptr_equal(h.field[0].value.p, in.p + 12);
    mail_header_parse(&arena, open, false, U, &h);
    assert_true(view_equal(h.field[0].whole, VIEW("A: b\n \n")));
    mail_header_parse(&arena, end, false, U, &h);
    assert_true(view_equal(h.field[0].whole, end));
    mail_header_parse(&arena, (struct view){0}, false, U, &h);
    assert_int_equal(h.n + h.block.n + h.body.n, 0);
    assert_int_equal(h.odd, MAIL_HEADER_NO_END);
    mail_arena_clear(&arena);
}

static void fields_are_found_by_name(void **state)
{
    struct view in = VIEW("A: 1\nb: 2\na: 3\nAA: 4\nB\t: 5\n\n");
    struct mail_header h;

    (void)state;
    mail_header_parse(&arena, in, false, U, &h);
    assert_ptr_equal(mail_header_find(&h, VIEW("a"), 0), h.field);
    assert_ptr_equal(mail_header_find(&h, VIEW("A"), 1), h.field + 2);
    assert_null(mail_header_find(&h, VIEW("A"), 2));
    assert_ptr_equal(mail_header_find(&h, VIEW("B"), 0), h.field + 1);
    assert_ptr_equal(mail_header_find(&h, VIEW("B"), 1), h.field + 4);
    assert_ptr_equal(mail_header_find(&h, VIEW("aa"), 0), h.field + 3);
    assert_null(mail_header_find(&h, VIEW("AAA"), 0));
    assert_null(mail_header_find(&h, VIEW(""), 0));
    h.n = 0;
    assert_null(mail_header_find(&h, VIEW("A"), 0));
    mail_arena_clear(&arena);
}

static void values_are_unfolded(void **state)
{
    static const struct {
        const char *what;
        struct text in, out;
        bool same; /* a view of the value itself */
    } samples[] = {
        {"nothing to do", S("a b"), S("a b"), true},
        {"nothing", S(""), S(""), true},
        {"CRLF", S("a\r\n b"), S("a b"), false},
        {"LF", S("a\n\tb"), S("a\tb"), false},
        {"CR", S("a\r b"), S("a b"), false},
        {"several", S("a\r\n b\n c\r\n\t d"), S("a b c\t d"), false},
        {"one behind the other", S("a\r\n \n b"), S("a  b"), false},
        {"at the begin", S("\r\n b"), S(" b"), false},
        {"at the end", S("a\r\n "), S("a "), false},
        {"no blank behind it", S("a\r\nb\rc\nd"), S("a\r\nb\rc\nd"), true},
        {"at the very end", S("a\r\n"), S("a\r\n"), true},
        {"CR at the very end", S("a\r"), S("a\r"), true},
        {"two CR", S("a\r\r\n b"), S("a\r b"), false},
        {"NUL", S("a\0\n \0"), S("a\0 \0"), false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct view in = {samples[i].in.p, samples[i].in.n}, out = {samples[i].out.p, samples[i].out.n};
        char *exact = copy_of(in);
        struct view got = mail_header_unfold(&arena, (struct view){exact, in.n});

        if (!view_equal(got, out) || (got.p == exact) != samples[i].same)
            fail_msg("%s: got \"%.*s\"", samples[i].what, (int)got.n, got.p);
        free(exact);
    }
    mail_arena_clear(&arena);
}

static void lines_that_begin_like_fields_are_known(void **state)
{
    static const struct {
        struct text in;
        bool is;
    } samples[] = {
        {S("A:"), true},     {S("Content-Type: x"), true},
        {S("!~:"), true},    {S("A"), false},
        {S(""), false},      {S(":"), false},
        {S(": a"), false},   {S("A :"), false},
        {S(" A:"), false},   {S("A\t:"), false},
        {S("A b:"), false},  {S("A\0:"), false},
        {S("\xe4:"), false}, {S("A\x7f:"), false},
        {S("A\r:"), false},  {S("--A:"), true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        char *exact = copy_of((struct view){samples[i].in.p, samples[i].in.n});

        if (mail_header_is_field((struct view){exact, samples[i].in.n}) != samples[i].is)
            fail_msg("\"%.*s\"", (int)samples[i].in.n, samples[i].in.p);
        free(exact);
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
        cmocka_unit_test(usual_headers_are_read),
        cmocka_unit_test(a_header_may_end_with_the_bytes),
        cmocka_unit_test(a_line_that_is_no_field_is_told),
        cmocka_unit_test(lines_of_blanks_are_told),
        cmocka_unit_test(odd_first_lines_are_told),
        cmocka_unit_test(odd_bytes_are_told),
        cmocka_unit_test(whole_fields_are_exact),
        cmocka_unit_test(fields_are_found_by_name),
        cmocka_unit_test(values_are_unfolded),
        cmocka_unit_test(lines_that_begin_like_fields_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, free_arena);
}
