/*
 * test_mail_uu.c - unit tests of workers/mail/mail_uu.c: which files stand in a text, and what they hold.
 *
 * Run by `make check`. What comes out is written as one line per text: name=content, "!" behind a file whose
 * end is missing. The contents are short, so that each uuencoded line can be read in the table.
 */
#include "workers/mail/mail_uu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

/* "#86)C" is abc, "#9&5F" is def. */
static const struct {
    const char *behaviour;
    struct view in;
    const char *out;
} cases[] = {
    {"a text without a file", VIEW("some words\nabout where to begin and end\n"), ""},
    {"nothing", VIEW(""), ""},
    {"a file", VIEW("begin 644 a.txt\n#86)C\n`\nend\n"), "a.txt=abc "},
    {"blanks for zero", VIEW("begin 644 a\n#86)C\n \nend\n"), "a=abc "},
    {"the line of no bytes lost its blank", VIEW("begin 644 a\n#86)C\n\nend\n"), "a=abc "},
    {"there is none", VIEW("begin 644 a\n#86)C\nend\n"), "a=abc "},
    {"CRLF", VIEW("begin 644 a\r\n#86)C\r\n`\r\nend\r\n"), "a=abc "},
    {"CR alone", VIEW("text\rbegin 644 a\r#86)C\r`\rend\r"), "a=abc "},
    {"the end has no line end", VIEW("begin 644 a\n#86)C\n`\nend"), "a=abc "},
    {"the end has blanks behind it", VIEW("begin 644 a\n#86)C\n`\nend \t\n"), "a=abc "},
    {"text around it", VIEW("hello\n\nbegin 644 a\n#86)C\n`\nend\nbye\n"), "a=abc "},
    {"two files", VIEW("begin 644 a\n#86)C\n`\nend\nbegin 600 b\n#9&5F\n`\nend\n"), "a=abc b=def "},
    {"a name with blanks in it", VIEW("begin 644  a b.txt \n#86)C\nend\n"), "a b.txt=abc "},
    {"no name", VIEW("begin 644\n#86)C\nend\n"), "=abc "},
    {"tabs in its first line", VIEW("begin\t0644\ta\n#86)C\nend\n"), "a=abc "},
    {"a byte that is added to each line", VIEW("begin 644 a\n#86)C#\n`\nend\n"), "a=abc "},
    {"a line that lost its blanks", VIEW("begin 644 a\n#86(\n`\nend\n"), "a=ab\\0 "},
    {"a line that lost all of them", VIEW("begin 644 a\n#\n`\nend\n"), "a=\\0\\0\\0 "},
    {"empty lines between all", VIEW("begin 644 a\n\n#86)C\n\n`\n\nend\n"), "a=abc "},
    {"a size that is no whole group", VIEW("begin 644 a\n\"86)C\n!80\n`\nend\n"), "a=aba "},
    {"no end", VIEW("begin 644 a\n#86)C\n`\nand so on\n"), "a=abc! "},
    {"no end, cut in a line", VIEW("begin 644 a\n#86)C\n#9&"), "a=abcd`\\0! "},
    {"not at the start of a line", VIEW("> begin 644 a\n#86)C\nend\n"), ""},
    {"no mode", VIEW("begin with a\n#86)C\n`\n"), ""},
    {"a mode that is none", VIEW("begin 648 a\n#86)C\n`\nbegin 64x a\nend\n"), ""},
    {"no blank", VIEW("begin644 a\n#86)C\n`\nend\n"), ""},
    {"another word", VIEW("beginning 644 a\n#86)C\n`\nend\n"), ""},
    {"words of a text that could begin one", VIEW("begin 7 days later\nwith this line\n"), ""},
    {"... at its end", VIEW("begin 644 a"), ""},
    {"a line too long to be one of its size", VIEW("begin 644 a\n#86)C123456789\n"), ""},
    {"... and one that is not", VIEW("begin 644 a\n#86)C12345678\n"), "a=abc! "},
    {"odd bytes in the first line, and an end", VIEW("begin 644 a\n#xv)C\nend\n"), "a=abc "},
    {"odd bytes later: with them for some", VIEW("begin 644 a\n#86)C\n#xv)C\n`\nend\n"), "a=abc! a=abcabc "},
    {"lines behind the one of no bytes: with them for some", VIEW("begin 644 a\n#86)C\n`\n#9&5F\nend\n"),
     "a=abc! a=abcdef "},
    {"a file begins before the end of another", VIEW("begin 644 a\n#86)C\nbegin 644 b\n#9&5F\n`\nend\n"),
     "a=abc! a=abc\\x14rdef b=def "},
    {"base64", VIEW("begin-base64 644 a\nYWJj\nZGVm\n====\n"), "a=abcdef "},
    {"base64 without an end", VIEW("begin-base64 644 a\nYWJj\n\nYQ==\nand so on\n"), "a=abca! "},
    {"base64 that is none", VIEW("begin-base64 644 a\nno, no\n"), ""},
    {"yEnc", VIEW("=ybegin line=128 size=3 name=a b.bin\r\n\x8b\x8c\x8d\r\n=yend size=3\r\n"),
     "a b.bin=abc "},
    {"yEnc in parts",
     VIEW("=ybegin part=1 line=128 size=3 name=a\n=ypart begin=1 end=3\n\x8b\x8c\x8d\n=yend\n"), "a=abc "},
    {"yEnc with escapes", VIEW("=ybegin line=128 size=3 name=a\n=\xcb\x8c\n=\xcd\n=yend\n"), "a=abc "},
    {"yEnc without an end", VIEW("=ybegin line=128 size=3 name=a\n\x8b\x8c="), "a=ab\\x13! "},
    {"yEnc without a name", VIEW("=ybegin line=128\n\x8b\x8c\n=yend\n"), "=ab "},
    {"yEnc not at the start of a line", VIEW("a=ybegin line=1 name=a\n\x8b\n=yend\n"), ""},
    {"yEnc, another word", VIEW("=ybeginning line=1 name=a\n\x8b\n=yend\n"), ""},
};

static void write_out(struct buf *to, const struct mail_uu_file *f, const struct buf *content)
{
    buf_add_view(to, f->name);
    buf_add_char(to, '=');
    for (size_t i = 0; i < content->n; i++) {
        unsigned char c = (unsigned char)content->p[i];

        if (c == 0)
            buf_add_str(to, "\\0");
        else if (c < ' ' || c > '~' || c == '%')
            buf_addf(to, "\\x%02x", c);
        else
            buf_add_char(to, (char)c);
    }
    buf_add_str(to, f->cut ? "! " : " ");
}

static void each_file_of_a_text_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *copy = malloc(cases[i].in.n + 1);
        struct mail_uu u = {.rest = {copy, cases[i].in.n}};
        struct buf out = {0}, content = {0};
        struct mail_uu_file f;

        assert_non_null(copy);
        copy = realloc(copy, cases[i].in.n ? cases[i].in.n : 1);
        u.rest.p = copy;
        memcpy(copy, cases[i].in.p, cases[i].in.n);
        buf_add_str(&out, "");
        while (mail_uu_next(&u, &f, &content)) {
            assert_true(f.whole.p >= copy && f.whole.p + f.whole.n <= copy + cases[i].in.n);
            write_out(&out, &f, &content);
            buf_clear(&content);
        }
        if (strcmp(out.p, cases[i].out) != 0)
            fail_msg("%s: \"%s\", wanted \"%s\"", cases[i].behaviour, out.p, cases[i].out);
        assert_false(u.over);
        buf_free(&out);
        buf_free(&content);
        free(copy);
    }
}

static void its_lines_are_told(void **state)
{
    static const char text[] = "one\nbegin 644 a\n#86)C\n`\nend\ntwo\nbegin 644 b\n#86)C\nthree\n";
    struct mail_uu u = {.rest = VIEW(text)};
    struct buf content = {0};
    struct mail_uu_file f;

    (void)state;
    assert_true(mail_uu_next(&u, &f, &content));
    assert_true(view_equal(f.whole, VIEW("begin 644 a\n#86)C\n`\nend\n")));
    assert_true(mail_uu_next(&u, &f, &content));
    assert_true(view_equal(f.whole, VIEW("begin 644 b\n#86)C\n")));
    assert_false(mail_uu_next(&u, &f, &content));
    assert_false(mail_uu_next(&u, &f, &content));
    assert_int_equal(content.n, 6);
    buf_free(&content);
}

static void a_whole_body_needs_no_first_line(void **state)
{
    static const struct {
        const char *behaviour;
        struct view in;
        const char *out;
    } bodies[] = {
        {"with one", VIEW("\nbegin 644 a\n#86)C\n`\nend\n"), "abc"},
        {"without one", VIEW("#86)C\n#9&5F\n"), "abcdef"},
        {"without one, with an end", VIEW("#86)C\n`\nend\n#9&5F\n"), "abc"},
        {"any kind", VIEW("begin-base64 644 a\nYWJj\n====\n"), "abc"},
        {"nothing", VIEW(""), ""},
        {"only a first line", VIEW("begin 644 a"), ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct buf b = {0};

        buf_add_str(&b, "");
        assert_true(mail_uu_decode(bodies[i].in, &b));
        if (strcmp(b.p, bodies[i].out) != 0)
            fail_msg("%s: \"%s\"", bodies[i].behaviour, b.p);
        buf_free(&b);
    }
}

/* Lines that stand for 45 zeros each make more bytes than they are. */
static void short_lines_cannot_make_much_of_little(void **state)
{
    struct buf in = {0}, out = {0};
    size_t bound;

    (void)state;
    for (int i = 0; i < 100000; i++)
        buf_add_str(&in, "M\n");
    bound = 2 * in.n + (64u << 10);
    assert_false(mail_uu_decode(buf_view(&in), &out));
    assert_in_range(out.n, in.n, bound);
    buf_free(&in);
    buf_free(&out);
}

/* One more line than the budget of zeros allows. */
static void zeros_are_allowed_to_the_last(void **state)
{
    /* n lines of 2 bytes: 2n + 64 Ki zeros allowed, 45n taken. */
    const size_t fits = (64u << 10) / 43;

    (void)state;
    for (size_t n = fits - 1; n <= fits + 1; n++) {
        struct buf in = {0}, out = {0};

        for (size_t i = 0; i < n; i++)
            buf_add_str(&in, "M\n");
        assert_int_equal(mail_uu_decode(buf_view(&in), &out), n <= fits);
        assert_int_equal(out.n, 45 * (n <= fits ? n : fits));
        buf_free(&in);
        buf_free(&out);
    }
}

static double seconds(struct view head, struct view piece, size_t times, struct view tail)
{
    struct buf in = {0}, out = {0};
    struct mail_uu u = {0};
    struct mail_uu_file f;
    struct timespec a, b;
    size_t all = 0;

    buf_add_view(&in, head);
    for (size_t i = 0; i < times; i++)
        buf_add_view(&in, piece);
    buf_add_view(&in, tail);
    u.rest = buf_view(&in);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    while (mail_uu_next(&u, &f, &out)) {
        all += out.n;
        buf_clear(&out);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    assert_true(all <= 16 * in.n + (64u << 10));
    buf_free(&in);
    buf_free(&out);
    return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

static void time_is_linear_in_the_worst_text(void **state)
{
    static const struct {
        struct view head, piece, tail;
    } worst[] = {
        {VIEW(""), VIEW("begin"), VIEW("")},
        {VIEW(""), VIEW("\nbegin 6"), VIEW("")},
        {VIEW(""), VIEW("begin 644 a\nM\n"), VIEW("")},
        {VIEW(""), VIEW("begin 644 a\nM\n"), VIEW("end\n")},
        {VIEW(""), VIEW("begin 644 a\nx\n"), VIEW("end\n")},
        {VIEW(""), VIEW("begin 644 a\n\n\n"), VIEW("\nend")},
        {VIEW(""), VIEW("begin-base64 644 a\nA\n"), VIEW("")},
        {VIEW(""), VIEW("begin-base64 644 a\nA\n"), VIEW("====")},
        {VIEW(""), VIEW("=ybegin \nA\n"), VIEW("")},
        {VIEW("begin 644 a\n"), VIEW("end of\n"), VIEW("")},
        {VIEW("begin 644 a\n"), VIEW("M\r"), VIEW("")},
        {VIEW("begin 644 a\n"), VIEW("`\n"), VIEW("end\n")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof worst / sizeof *worst; i++) {
        double one = seconds(worst[i].head, worst[i].piece, 30000, worst[i].tail);
        double two = seconds(worst[i].head, worst[i].piece, 60000, worst[i].tail);

        if (two > 4 * one + 0.05)
            fail_msg("text %zu: %f s, then %f s", i, one, two);
    }
}

static void files_in_each_other_are_bounded(void **state)
{
    struct buf in = {0}, out = {0};
    struct mail_uu u = {0};
    struct mail_uu_file f;
    unsigned n = 0;

    (void)state;
    for (int i = 0; i < 1000; i++)
        buf_add_str(&in, "=ybegin line=1 size=1 name=a\nA\n");
    u.rest = buf_view(&in);
    while (mail_uu_next(&u, &f, &out))
        n++;
    /* All of them are found, but not all to their ends. */
    assert_int_equal(n, 1000);
    assert_true(u.over);
    assert_true(out.n <= 5 * in.n);
    buf_free(&in);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_file_of_a_text_is_found),
        cmocka_unit_test(its_lines_are_told),
        cmocka_unit_test(a_whole_body_needs_no_first_line),
        cmocka_unit_test(short_lines_cannot_make_much_of_little),
        cmocka_unit_test(zeros_are_allowed_to_the_last),
        cmocka_unit_test(time_is_linear_in_the_worst_text),
        cmocka_unit_test(files_in_each_other_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
