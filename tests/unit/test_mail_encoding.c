/*
 * test_mail_encoding.c - unit tests of workers/mail/mail_encoding.c: which encodings readers take a value
 * for.
 *
 * Run by `make check`. What ordinary mailers write is one.
 */
#include "workers/mail/mail_encoding.h"

#include "common/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static const struct {
    const char *behaviour;
    struct view value;
    const char *wanted; /* "*": unknown */
} cases[] = {
    {"base64", VIEW("base64"), "base64"},
    {"in capitals, with blanks", VIEW(" \tBASE64\r\n"), "base64"},
    {"a semicolon at the end", VIEW("Base64 ; "), "base64"},
    {"quoted-printable", VIEW("Quoted-Printable"), "quoted-printable"},
    {"7bit", VIEW("7bit"), "none"},
    {"8bit", VIEW("8BIT"), "none"},
    {"binary", VIEW("binary"), "none"},
    {"7-bit", VIEW("7-bit"), "none"},
    {"uuencode", VIEW("x-uuencode"), "uuencode"},
    {"uuencode by another name", VIEW("x-uue"), "uuencode"},
    {"nothing", VIEW(""), "none"},
    {"blanks", VIEW(" \r\n"), "none"},
    {"a name that nobody knows", VIEW("x-gzip64"), "none*"},
    {"a name that is nearly one", VIEW("base6"), "none*"},
    {"one that is as good as known", VIEW("8 bit"), "none*"},

    {"a comment behind", VIEW("base64 (x)"), "base64 none"},
    {"a comment before", VIEW("(x) base64"), "none base64"},
    {"in a comment", VIEW("(base64)"), "none base64"},
    {"one in a comment behind another", VIEW("7bit (base64)"), "none base64"},
    {"a word behind", VIEW("base64 x"), "base64 none"},
    {"a word before", VIEW("x base64"), "none base64"},
    {"quotes", VIEW("\"base64\""), "none base64"},
    {"apostrophes", VIEW("'base64'"), "none base64"},
    {"a blank within", VIEW("base 64;"), "none base64"},
    {"no hyphen", VIEW("quoted printable"), "none quoted-printable"},
    {"a hyphen too many", VIEW("base-64"), "none base64"},
    {"two", VIEW("base64, quoted-printable"), "base64 none quoted-printable"},
    {"all", VIEW("7bit base64 quoted-printable uue"), "none base64 quoted-printable uuencode"},
    {"more behind it", VIEW("base64x"), "none base64"},
    {"a NUL behind it", VIEW("base64\0x"), "base64 none"},
    {"a NUL within",
     VIEW("base\0"
          "64"),
     "none base64"},
    {"a byte that is no blank before it",
     VIEW("\xc2\xa0"
          "base64"),
     "none base64"},
    {"an encoded word", VIEW("=?us-ascii?Q?base64?="), "none base64"},
    {"one in base64", VIEW("=?us-ascii?B?YmFzZTY0?="), "none base64"},
    {"a fold within", VIEW("base\r\n 64"), "none base64"},
};

static void a_value_is_each_encoding_that_a_reader_takes(void **state)
{
    struct buf out = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum mail_encoding e[MAIL_ENCODING__MAX];
        bool unknown = true;
        unsigned n = mail_encoding_find(cases[i].value, e, &unknown);

        buf_clear(&out);
        for (unsigned j = 0; j < n; j++)
            buf_addf(&out, "%s%s", j ? " " : "", mail_encoding_name(e[j]));
        buf_add_str(&out, unknown ? "*" : "");
        if (strcmp(out.p, cases[i].wanted) != 0)
            fail_msg("%s: %s", cases[i].behaviour, out.p);
    }
    buf_free(&out);
}

static void names_end_with_the_table(void **state)
{
    (void)state;
    assert_string_equal(mail_encoding_name(MAIL_ENCODING_BASE64), "base64");
    assert_string_equal(mail_encoding_name(MAIL_ENCODING__MAX - 1), "uuencode");
    assert_string_equal(mail_encoding_name(MAIL_ENCODING__MAX), "?");
}

static double seconds_for(const char *one, size_t n)
{
    enum mail_encoding e[MAIL_ENCODING__MAX];
    struct buf in = {0};
    struct timespec a, b;
    bool unknown;

    while (in.n < n)
        buf_add_str(&in, one);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    mail_encoding_find(buf_view(&in), e, &unknown);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    buf_free(&in);
    return (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
}

static void the_worst_bytes_take_time_in_proportion(void **state)
{
    static const char *const worst[] = {"base6", "(", " ", "=?a?q?", "quotedprintabl", "u"};

    (void)state;
    for (size_t i = 0; i < sizeof worst / sizeof *worst; i++)
        assert_true(seconds_for(worst[i], 2u << 20) < 4 * seconds_for(worst[i], 1u << 20) + 0.05);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_each_encoding_that_a_reader_takes),
        cmocka_unit_test(names_end_with_the_table),
        cmocka_unit_test(the_worst_bytes_take_time_in_proportion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
