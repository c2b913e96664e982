/*
 * test_charset.c - unit tests of workers/charset.c: what is opened works without opening a file again, and
 * text in it becomes UTF-8.
 *
 * Run by `make check`.
 */
#include "workers/charset.h"

#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

/* With no descriptor to be had, a module that is not loaded cannot be. */
static iconv_t open_without_files(const char *name)
{
    struct rlimit all, none;
    iconv_t handle;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
    none = all;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    handle = iconv_open("UTF-8", name);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
    return handle;
}

static void what_was_opened_needs_no_file(void **state)
{
    char from[] = "\xb0", to[8] = "", *in = from, *out = to;
    size_t in_n = 1, out_n = sizeof to;
    struct charset_set *set;
    iconv_t handle;

    (void)state;
    set = charset_open_all();
    assert_true(charset_count(set) > 40);
    handle = open_without_files("ISO-8859-5");
    assert_true(handle != (iconv_t)(intptr_t)-1);
    assert_int_equal(iconv(handle, &in, &in_n, &out, &out_n), 0);
    assert_string_equal(to, "\xd0\x90");
    iconv_close(handle);
    charset_close_all(&set);
    assert_null(set);
    charset_close_all(&set);
}

/* The control: a module that was never opened, now that the list of modules is known. */
static void what_was_not_opened_needs_one(void **state)
{
    (void)state;
    assert_true(open_without_files("IBM1047") == (iconv_t)(intptr_t)-1);
}

static const struct {
    const char *behaviour;
    struct view charset, in, out;
} texts[] = {
    {"UTF-8 stays", VIEW("utf-8"), VIEW("a\xc3\xa4\xf0\x9f\x98\x80"), VIEW("a\xc3\xa4\xf0\x9f\x98\x80")},
    {"a NUL is a character", VIEW("utf-8"), VIEW("a\0b"), VIEW("a\0b")},
    {"a long run of ASCII", VIEW("utf8"), VIEW("0123456789abcdef\xff"), VIEW("0123456789abcdef\xef\xbf\xbd")},
    {"an overlong form is none", VIEW("utf-8"), VIEW("\xc0\xaf"), VIEW("\xef\xbf\xbd\xef\xbf\xbd")},
    {"nor is a surrogate", VIEW("utf-8"), VIEW("\xed\xa0\x80x"),
     VIEW("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx")},
    {"nor one beyond the last character", VIEW("utf-8"), VIEW("\xf4\x90\x80\x80"),
     VIEW("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd")},
    {"the last character is one", VIEW("utf-8"), VIEW("\xf4\x8f\xbf\xbf"), VIEW("\xf4\x8f\xbf\xbf")},
    {"one that ends too early", VIEW("utf-8"), VIEW("a\xe2\x82"), VIEW("a\xef\xbf\xbd\xef\xbf\xbd")},
    {"nothing", VIEW("utf-8"), VIEW(""), VIEW("")},
    {"ISO-8859-1 is Windows-1252", VIEW("iso-8859-1"), VIEW("\x80\xe4"), VIEW("\xe2\x82\xac\xc3\xa4")},
    {"so is ASCII", VIEW("US-ASCII"), VIEW("a\x93\xff"), VIEW("a\xe2\x80\x9c\xc3\xbf")},
    {"places without a character are controls", VIEW("cp1252"), VIEW("\x81"), VIEW("\xc2\x81")},
    {"cyrillic", VIEW("KOI8-R"), VIEW("\xc1\xc2"), VIEW("\xd0\xb0\xd0\xb1")},
    {"cyrillic of Windows", VIEW("x-cp1251"), VIEW("\xe0"), VIEW("\xd0\xb0")},
    {"japanese with escapes", VIEW("iso-2022-jp"), VIEW("\x1b$B$\"\x1b(Ba"),
     VIEW("\xe3\x81\x82"
          "a")},
    {"japanese with the characters of a vendor", VIEW("shift_jis"), VIEW("\x87\x40"), VIEW("\xe2\x91\xa0")},
    {"korean under its old name", VIEW("ks_c_5601-1987"), VIEW("\xb0\xa1\x81\x41"),
     VIEW("\xea\xb0\x80\xea\xb0\x82")},
    {"chinese beyond GB2312 under its name", VIEW("gb2312"), VIEW("\x81\x40"), VIEW("\xe4\xb8\x82")},
    {"chinese", VIEW("big5"), VIEW("\xa4\xa4"), VIEW("\xe4\xb8\xad")},
    {"what is held back comes at the end", VIEW("big5-hkscs"), VIEW("\x88\x66"), VIEW("\xc3\x8a")},
    {"UTF-7", VIEW("unicode-1-1-utf-7"), VIEW("a+AOQ-b"),
     VIEW("a\xc3\xa4"
          "b")},
    {"UTF-16", VIEW("utf-16be"), VIEW("\0a\x04\x10"), VIEW("a\xd0\x90")},
    {"half a character", VIEW("utf-16be"), VIEW("\0a\x04"), VIEW("a\xef\xbf\xbd")},
    {"half a surrogate", VIEW("utf-16be"), VIEW("\xdc\0\0a"),
     VIEW("\xef\xbf\xbd"
          "a")},
    {"a byte that means nothing", VIEW("euc-jp"),
     VIEW("\xff"
          "a\xa4\xa2"),
     VIEW("\xef\xbf\xbd"
          "a\xe3\x81\x82")},
    {"text that ends within a character", VIEW("euc-jp"), VIEW("a\xa4"), VIEW("a\xef\xbf\xbd")},
};

static void text_becomes_utf8(void **state)
{
    struct charset_set *set = charset_open_all();
    struct buf out = {0};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        buf_clear(&out);
        if (!charset_decode(set, texts[i].charset, texts[i].in, 1000, &out) ||
            !view_equal(buf_view(&out), texts[i].out))
            fail_msg("%s: \"%.*s\"", texts[i].behaviour, (int)out.n, out.p);
    }
    buf_free(&out);
    charset_close_all(&set);
}

static const char *const known[] = {
    "utf8",       "UTF_8",          "latin1",       "ISO8859-1",
    "iso_8859-1", "ks_c_5601-1987", "x-sjis",       "unicode-1-1-utf-7",
    "cp1252",     "ansi_x3.4-1968", "windows1251",  "win-1251",
    "CP-1250",    "x-mac-roman",    "iso-8859-8-i", "x-gbk",
    "euc-kr",     "koi8-r",         "GB18030",      "\"utf-8\"",
    "dos-866",    "TIS-620",        "utf-16",       "big5-hkscs",
};
static const struct view unknown[] = {
    VIEW(""),
    VIEW("-"),
    VIEW("utf-88"),
    VIEW("iso-8859-99"),
    VIEW("klingon"),
    VIEW("cp"),
    VIEW("1252"),
    VIEW("utf-8\0x"),
    VIEW("                                                        utf-8"),
};

static void names_are_found_however_they_are_written(void **state)
{
    struct charset_set *set = charset_open_all();

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!charset_is_known(set, view_of(known[i])))
            fail_msg("%s is not known", known[i]);
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        if (charset_is_known(set, unknown[i]))
            fail_msg("%s is known", unknown[i].p);
    charset_close_all(&set);
}

static void an_unknown_charset_adds_nothing(void **state)
{
    struct charset_set *set = charset_open_all();
    struct buf out = {0};

    (void)state;
    buf_add_str(&out, "x");
    assert_false(charset_decode(set, VIEW("klingon"), VIEW("a"), 10, &out));
    assert_string_equal(out.p, "x");
    buf_free(&out);
    charset_close_all(&set);
}

static void without_a_set_four_are_known(void **state)
{
    struct buf out = {0};

    (void)state;
    assert_true(charset_decode(NULL, VIEW("utf-8"), VIEW("a"), 10, &out));
    assert_true(charset_decode(NULL, VIEW("us-ascii"), VIEW("b"), 10, &out));
    assert_true(charset_decode(NULL, VIEW("iso-8859-1"), VIEW("c"), 10, &out));
    assert_true(charset_decode(NULL, VIEW("windows-1252"), VIEW("d"), 10, &out));
    assert_false(charset_decode(NULL, VIEW("koi8-r"), VIEW("e"), 10, &out));
    assert_false(charset_is_known(NULL, VIEW("koi8-r")));
    assert_string_equal(out.p, "abcd");
    buf_free(&out);
}

static void the_output_ends_at_its_bound_with_a_whole_character(void **state)
{
    static const struct view sets[] = {VIEW("utf-8"), VIEW("windows-1252"), VIEW("koi8-r"),
                                       VIEW("iso-2022-jp")};
    static const struct view in[] = {VIEW("a\xc3\xa4\xe2\x82\xac\xffzzzzz"), VIEW("a\xe4\x80zzzzzzz"),
                                     VIEW("a\xc1\xc2zzzzzzz"), VIEW("\x1b$B$\"$\"$\"\x1b(Bzzz")};
    struct charset_set *set = charset_open_all();

    (void)state;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        for (size_t max = 0; max < 24; max++) {
            struct buf all = {0}, out = {0};

            assert_true(charset_decode(set, sets[i], in[i], 1000, &all));
            assert_true(charset_decode(set, sets[i], in[i], max, &out));
            assert_true(out.n <= max && out.n + 4 > (max < all.n ? max : all.n));
            assert_true(charset_is_utf8(buf_view(&out)));
            assert_true(out.n == 0 || memcmp(out.p, all.p, out.n) == 0);
            buf_free(&all);
            buf_free(&out);
        }
    charset_close_all(&set);
}

static void one_text_leaves_no_state_for_the_next(void **state)
{
    struct charset_set *set = charset_open_all();
    struct buf out = {0};

    (void)state;
    assert_true(charset_decode(set, VIEW("iso-2022-jp"), VIEW("\x1b$B$\""), 100, &out));
    buf_clear(&out);
    assert_true(charset_decode(set, VIEW("iso-2022-jp"), VIEW("$\""), 100, &out));
    assert_string_equal(out.p, "$\"");
    buf_free(&out);
    charset_close_all(&set);
}

static void text_of_no_charset_is_guessed(void **state)
{
    struct buf out = {0};

    (void)state;
    charset_guess(VIEW("a\xc3\xa4"), 100, &out);
    charset_guess(VIEW("|a\xe4"), 100, &out);
    assert_string_equal(out.p, "a\xc3\xa4|a\xc3\xa4");
    buf_free(&out);
}

static double seconds_for(struct charset_set *set, struct view charset, size_t n)
{
    struct buf in = {0}, out = {0};
    struct timespec a, b;

    while (in.n < n)
        buf_add(&in, "\xff\xfe\xfd\xfc\x80\x81\xff\xff", 8);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    charset_decode(set, charset, buf_view(&in), 3 * n, &out);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    buf_free(&in);
    buf_free(&out);
    return (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
}

static void bad_bytes_take_time_in_proportion(void **state)
{
    static const struct view sets[] = {VIEW("utf-8"), VIEW("iso-2022-jp"), VIEW("euc-jp"), VIEW("utf-7")};
    struct charset_set *set = charset_open_all();

    (void)state;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        assert_true(seconds_for(set, sets[i], 400000) < 4 * seconds_for(set, sets[i], 200000) + 0.05);
    charset_close_all(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_opened_needs_no_file),
        cmocka_unit_test(what_was_not_opened_needs_one),
        cmocka_unit_test(text_becomes_utf8),
        cmocka_unit_test(names_are_found_however_they_are_written),
        cmocka_unit_test(an_unknown_charset_adds_nothing),
        cmocka_unit_test(without_a_set_four_are_known),
        cmocka_unit_test(the_output_ends_at_its_bound_with_a_whole_character),
        cmocka_unit_test(one_text_leaves_no_state_for_the_next),
        cmocka_unit_test(text_of_no_charset_is_guessed),
        cmocka_unit_test(bad_bytes_take_time_in_proportion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
