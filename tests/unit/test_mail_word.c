/*
 * test_mail_word.c - unit tests of workers/mail/mail_word.c: encoded words as UTF-8.
 *
 * Run by `make check`. What cannot be decoded stays; what comes out is always UTF-8.
 */
#include "workers/mail/mail_word.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static const struct {
    const char *behaviour;
    struct view value, wanted;
} cases[] = {
    {"text stays", VIEW("a =b? c"), VIEW("a =b? c")},
    {"nothing", VIEW(""), VIEW("")},
    {"UTF-8 stays", VIEW("\xc3\xa4"), VIEW("\xc3\xa4")},
    {"other 8-bit bytes are Windows-1252", VIEW("\xe4\x80"), VIEW("\xc3\xa4\xe2\x82\xac")},
    {"a fold goes, its blank stays", VIEW("a\r\n b\n\tc"), VIEW("a b\tc")},
    {"a line end that is no fold is a blank", VIEW("a\rb\nc"), VIEW("a b c")},
    {"a NUL stays", VIEW("a\0b\r\n c"), VIEW("a\0b c")},
    {"Q", VIEW("=?iso-8859-1?Q?a_=E4=e4?="), VIEW("a \xc3\xa4\xc3\xa4")},
    {"B", VIEW("=?utf-8?B?w6Q=?="), VIEW("\xc3\xa4")},
    {"small letters", VIEW("=?UTF-8?q?a?= =?utf-8?b?Yg==?="), VIEW("ab")},
    {"an empty word", VIEW("a=?utf-8?Q?\?=b"), VIEW("ab")},
    {"text around it", VIEW("a =?utf-8?Q?b?= c"), VIEW("a b c")},
    {"no blanks around it", VIEW("\"=?utf-8?Q?b?=\""), VIEW("\"b\"")},
    {"blanks between two words go", VIEW("=?utf-8?Q?a?= \r\n\t=?utf-8?Q?b?="), VIEW("ab")},
    {"text between two words stays", VIEW("=?utf-8?Q?a?= - =?utf-8?Q?b?="), VIEW("a - b")},
    {"a character in two words", VIEW("=?utf-8?Q?=C3?= =?UTF-8?B?pA==?="), VIEW("\xc3\xa4")},
    {"but not in two of different charsets", VIEW("=?utf-8?Q?=C3?= =?koi8-r?Q?=C1?="),
     VIEW("\xef\xbf\xbd\xd0\xb0")},
    {"a charset with state", VIEW("=?iso-2022-jp?B?GyRCJCIbKEI=?= =?iso-2022-jp?B?GyRCJCIbKEI=?="),
     VIEW("\xe3\x81\x82\xe3\x81\x82")},
    {"a language", VIEW("=?us-ascii*en?Q?a?="), VIEW("a")},
    {"blanks within", VIEW("=?utf-8?Q?a b?="), VIEW("a b")},
    {"a question mark within", VIEW("=?utf-8?Q?a?b?="), VIEW("a?b")},
    {"an unknown charset stays", VIEW("=?klingon?Q?a?="), VIEW("=?klingon?Q?a?=")},
    {"two of them as they stand", VIEW("=?klingon?Q?a?= =?klingon?Q?b?= c"),
     VIEW("=?klingon?Q?a?= =?klingon?Q?b?= c")},
    {"another encoding stays", VIEW("=?utf-8?X?a?="), VIEW("=?utf-8?X?a?=")},
    {"no end", VIEW("=?utf-8?Q?a =?utf-8?Q?b"), VIEW("=?utf-8?Q?a =?utf-8?Q?b")},
    {"no charset", VIEW("=??Q?a?="), VIEW("=??Q?a?=")},
    {"a blank in the charset", VIEW("=?a b?Q?a?="), VIEW("=?a b?Q?a?=")},
    {"the beginning of one", VIEW("=?"), VIEW("=?")},
    {"half of one", VIEW("a=?u?Q?"), VIEW("a=?u?Q?")},
    {"a broken escape stays", VIEW("=?utf-8?Q?a=4?="), VIEW("a=4")},
    {"what is no UTF-8 says so", VIEW("=?utf-8?Q?=FF?="), VIEW("\xef\xbf\xbd")},
    {"8-bit bytes in a word", VIEW("=?iso-8859-1?Q?\xe4?="), VIEW("\xc3\xa4")},
};

static void words_become_utf8(void **state)
{
    struct charset_set *set = charset_open_all();
    struct mail_arena arena = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct view out = mail_word_decode(&arena, set, cases[i].value);

        if (!view_equal(out, cases[i].wanted))
            fail_msg("%s: \"%.*s\"", cases[i].behaviour, (int)out.n, out.p);
        assert_true(charset_is_utf8(out));
    }
    mail_arena_free(&arena);
    charset_close_all(&set);
}

static void without_a_set_few_charsets_are_known(void **state)
{
    struct mail_arena arena = {0};
    struct view out;

    (void)state;
    out = mail_word_decode(&arena, NULL, VIEW("=?iso-8859-1?Q?=E4?= =?koi8-r?Q?=C1?="));
    assert_true(view_equal(out, VIEW("\xc3\xa4=?koi8-r?Q?=C1?=")));
    mail_arena_free(&arena);
}

static void plain_text_is_not_copied(void **state)
{
    struct mail_arena arena = {0};
    struct view in = VIEW("a b \xc3\xa4"), out;

    (void)state;
    out = mail_word_decode(&arena, NULL, in);
    assert_ptr_equal(out.p, in.p);
    out = mail_word_bytes(&arena, in);
    assert_ptr_equal(out.p, in.p);
    assert_int_equal(arena.bytes, 0);
}

static void words_are_seen(void **state)
{
    (void)state;
    assert_true(mail_word_is_encoded(VIEW("a=?u?q?b?=c")));
    assert_true(mail_word_is_encoded(VIEW("=?=?u?q?b?=")));
    assert_false(mail_word_is_encoded(VIEW("=?u?q?b?")));
    assert_false(mail_word_is_encoded(VIEW("=?u?z?b?=")));
    assert_false(mail_word_is_encoded(VIEW("----=?_a?=")));
    assert_false(mail_word_is_encoded(VIEW("")));
    assert_false(mail_word_is_encoded(VIEW("=?u?\0?b?=")));
}

static void bytes_are_not_converted(void **state)
{
    struct mail_arena arena = {0};

    (void)state;
    assert_true(view_equal(mail_word_bytes(&arena, VIEW("a =?klingon?Q?=E4?= \n =?u?B?/w==?= b")),
                           VIEW("a \xe4\xff b")));
    assert_true(view_equal(mail_word_bytes(&arena, VIEW("a\r\n b")), VIEW("a\r\n b")));
    mail_arena_free(&arena);
}

static double seconds_for(struct charset_set *set, const char *one, size_t n)
{
    struct mail_arena arena = {0};
    struct buf in = {0};
    struct timespec a, b;

    while (in.n < n)
        buf_add_str(&in, one);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    mail_word_decode(&arena, set, buf_view(&in));
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    buf_free(&in);
    mail_arena_free(&arena);
    return (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
}

static void the_worst_bytes_take_time_in_proportion(void **state)
{
    static const char *const worst[] = {
        "=?a?q?", "=?", "=?utf-8?q?", "=?u?q?\?=", "=?koi8-r?q?a?==?utf-8?q?a?=",
        "=?a",    "\r", "=",          "?=",        "=?iso-2022-jp?q?=FF?="};
    struct charset_set *set = charset_open_all();

    (void)state;
    for (size_t i = 0; i < sizeof worst / sizeof *worst; i++) {
        double half = seconds_for(set, worst[i], 256u << 10), whole = seconds_for(set, worst[i], 512u << 10);

        if (whole > 4 * half + 0.05)
            fail_msg("%s: %f s, %f s", worst[i], half, whole);
    }
    charset_close_all(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_become_utf8),        cmocka_unit_test(without_a_set_few_charsets_are_known),
        cmocka_unit_test(plain_text_is_not_copied), cmocka_unit_test(words_are_seen),
        cmocka_unit_test(bytes_are_not_converted),  cmocka_unit_test(the_worst_bytes_take_time_in_proportion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
