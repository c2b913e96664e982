/*
 * test_ctl_text.c - unit tests of tools/ctl_text.c.
 *
 * Run by `make check`. The escaping cases are what an attacker would put into
 * an address to take over or to fool the terminal of the person who looks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/ctl_text.h"

static const struct {
    const char *says;
    struct view text;
    bool raw;
    const char *wanted;
} text_cases[] = {
    {"ASCII is kept", VIEW("a@example.org ~\\"), false, "a@example.org ~\\"},
    {"UTF-8 is kept", VIEW("j\xc3\xbcrgen \xe2\x82\xac \xf0\x9f\x98\x80"), false,
     "j\xc3\xbcrgen \xe2\x82\xac \xf0\x9f\x98\x80"},
    {"an escape sequence is shown", VIEW("\033[31m"), false, "\\x1b[31m"},
    {"NUL, line feed, tab and DEL are shown", VIEW("\0\n\t\177"), false, "\\x00\\x0a\\x09\\x7f"},
    {"a C1 control in UTF-8 is shown", VIEW("\xc2\x9b"), false, "\\xc2\\x9b"},
    {"a right-to-left override is shown", VIEW("\xe2\x80\xae"), false, "\\xe2\\x80\\xae"},
    {"a zero width space is shown",
     VIEW("a\xe2\x80\x8b"
          "b"),
     false, "a\\xe2\\x80\\x8bb"},
    {"a lone continuation byte is shown",
     VIEW("\x9b"
          "31m"),
     false, "\\x9b31m"},
    {"a cut character is shown", VIEW("\xe2\x82"), false, "\\xe2\\x82"},
    {"an overlong form is shown", VIEW("\xc0\xaf\xe0\x80\xaf"), false, "\\xc0\\xaf\\xe0\\x80\\xaf"},
    {"a surrogate is shown", VIEW("\xed\xa0\x80"), false, "\\xed\\xa0\\x80"},
    {"beyond Unicode is shown", VIEW("\xf4\x90\x80\x80"), false, "\\xf4\\x90\\x80\\x80"},
    {"in raw text U+0080 to U+00FF are bytes", VIEW("\xc3\xbf\xc2\x9b"), true, "\\xff\\x9b"},
    {"in raw text other characters are kept", VIEW("\xe2\x82\xac"), true, "\xe2\x82\xac"},
};

static void text_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof text_cases / sizeof *text_cases; i++) {
        struct buf b = {0};

        ctl_text_add(&b, text_cases[i].text, text_cases[i].raw);
        if (strcmp(b.p, text_cases[i].wanted) != 0)
            fail_msg("%s: got '%s'", text_cases[i].says, b.p);
        buf_free(&b);
    }
}

static void no_byte_pair_reaches_the_terminal_raw(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 0x10000; i++) {
        char pair[2] = {(char)(i >> 8), (char)(i & 0xff)};
        struct buf b = {0};

        ctl_text_add(&b, (struct view){pair, 2}, false);
        for (size_t k = 0; k < b.n; k++)
            if ((unsigned char)b.p[k] < 0x20 || b.p[k] == 0x7f)
                fail_msg("%02x %02x", i >> 8, i & 0xff);
        buf_free(&b);
    }
}

static const struct {
    const char *says;
    const char *text;
    size_t width;
    bool right;
    const char *wanted;
} cell_cases[] = {
    {"short text is filled", "abc", 5, false, "abc  "},
    {"to the right", "abc", 5, true, "  abc"},
    {"text that fits is kept", "abcde", 5, false, "abcde"},
    {"longer text is cut with dots", "abcdef", 5, false, "abc.."},
    {"a very narrow cell has no dots", "abcdef", 3, false, "abc"},
    {"a wide character is two columns", "\xe4\xb8\xad\xe6\x96\x87", 5, false, "\xe4\xb8\xad\xe6\x96\x87 "},
    {"a wide character is not cut in two", "\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad", 5, false,
     "\xe4\xb8\xad.. "},
    {"a combining mark takes no column", "e\xcc\x81", 2, false, "e\xcc\x81 "},
    {"nothing is blanks", "", 3, false, "   "},
};

static void cell_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cell_cases / sizeof *cell_cases; i++) {
        struct buf b = {0};

        ctl_text_add_cell(&b, view_of(cell_cases[i].text), cell_cases[i].width, cell_cases[i].right);
        if (strcmp(b.p, cell_cases[i].wanted) != 0)
            fail_msg("%s: got '%s'", cell_cases[i].says, b.p);
        buf_free(&b);
    }
}

static const struct {
    const char *says, *text;
    size_t width;
    const char *lines; /* with | between them */
} line_cases[] = {
    {"what fits is one line", "ab cd", 5, "ab cd"},
    {"one column less is two", "ab cd", 4, "ab|cd"},
    {"a long word is cut", "abcdef gh", 4, "abcd|ef|gh"},
    {"blanks at a break are left out", "  ab   cd  ", 3, "ab|cd"},
    {"a break just behind a word", "abc def", 3, "abc|def"},
    {"no width at all comes to an end", "ab", 0, "ab"},
    {"a wide character in one column, too", "\xe4\xb8\xad\xe6\x96\x87", 1, "\xe4\xb8\xad|\xe6\x96\x87"},
    {"nothing is one empty line", "", 4, ""},
};

static void lines_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof line_cases / sizeof *line_cases; i++) {
        struct view rest = view_of(line_cases[i].text);
        struct buf b = {0};

        do {
            buf_add_str(&b, b.n ? "|" : "");
            buf_add_view(&b, ctl_text_take_line(&rest, line_cases[i].width));
        } while (rest.n);
        if (!view_equal(buf_view(&b), view_of(line_cases[i].lines)))
            fail_msg("%s: got '%s'", line_cases[i].says, b.p ? b.p : "");
        buf_free(&b);
    }
}

static const struct {
    int64_t bytes;
    const char *wanted;
} size_cases[] = {
    {0, "0"},
    {1023, "1023"},
    {1024, "1.0k"},
    {1536, "1.5k"},
    {10239, "9.9k"},
    {10240, "10k"},
    {1048575, "1023k"},
    {1048576, "1.0M"},
    {-1, "-1"},
    {INT64_C(5) << 30, "5.0G"},
    {INT64_MAX, "7.9E"},
};

static void size_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof size_cases / sizeof *size_cases; i++) {
        struct buf b = {0};

        ctl_text_add_size(&b, size_cases[i].bytes);
        assert_string_equal(b.p, size_cases[i].wanted);
        buf_free(&b);
    }
}

static void only_a_real_time_is_shortened(void **state)
{
    struct buf b = {0};

    (void)state;
    ctl_text_add_time(&b, VIEW("2026-01-02T03:04:05.678Z"));
    buf_add_char(&b, '|');
    ctl_text_add_time(&b, VIEW("yesterday\033"));
    buf_add_char(&b, '|');
    ctl_text_add_time(&b, VIEW("2026-01-02 03:04:05 x"));
    assert_string_equal(b.p, "2026-01-02 03:04:05|yesterday\\x1b|2026-01-02 03:04:05 x");
    buf_free(&b);
}

static void an_id_is_known_by_its_end(void **state)
{
    static const struct view whole = VIEW("20261123-070812-de4243db~9htmtw43qfw8j2e6k5qr4eemj");

    (void)state;
    assert_true(view_equal(ctl_text_short_id(whole), VIEW("9htmtw43qfw8j2e6k5qr4eemj")));
    assert_true(
        view_equal(ctl_text_short_id(VIEW("~9htmtw43qfw8j2e6k5qr4eemj")), VIEW("9htmtw43qfw8j2e6k5qr4eemj")));
    assert_true(
        view_equal(ctl_text_short_id(VIEW("9htmtw43qfw8j2e6k5qr4eemj")), VIEW("9htmtw43qfw8j2e6k5qr4eemj")));
    assert_true(view_equal(ctl_text_short_id(VIEW("x~1")), VIEW("x~1")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_follows_the_table),    cmocka_unit_test(no_byte_pair_reaches_the_terminal_raw),
        cmocka_unit_test(cell_follows_the_table),    cmocka_unit_test(lines_follow_the_table),
        cmocka_unit_test(size_follows_the_table),    cmocka_unit_test(only_a_real_time_is_shortened),
        cmocka_unit_test(an_id_is_known_by_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
