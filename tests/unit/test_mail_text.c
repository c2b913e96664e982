/*
 * test_mail_text.c - unit tests of workers/mail/mail_text.c: which charset a text is in, and that its
 * addresses are kept.
 *
 * Run by `make check`. Charsets come from the C library, as in the workers.
 */
#include "workers/mail/mail_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct charset_set *set_of(void **state)
{
    return *state;
}

static const struct {
    const char *behaviour;
    struct view in, charset;
    enum mail_text_kind kind;
    const char *out;
    bool guessed;
} cases[] = {
    {"ASCII", VIEW("a"), VIEW("us-ascii"), MAIL_TEXT_PLAIN, "a", false},
    {"lines stay as they are", VIEW("a \r\nb\n\n> c"), VIEW("utf-8"), MAIL_TEXT_PLAIN, "a \r\nb\n\n> c",
     false},
    {"UTF-8", VIEW("\xc3\xa4"), VIEW("UTF-8"), MAIL_TEXT_PLAIN, "\xc3\xa4", false},
    {"a charset by its name", VIEW("\xe4\xa4"), VIEW("iso-8859-15"), MAIL_TEXT_PLAIN, "\xc3\xa4\xe2\x82\xac",
     false},
    {"two bytes a character", VIEW("\x82\xa0"), VIEW("Shift_JIS"), MAIL_TEXT_PLAIN, "\xe3\x81\x82", false},
    {"none: UTF-8 where it is valid", VIEW("\xc3\xa4"), VIEW(""), MAIL_TEXT_PLAIN, "\xc3\xa4", true},
    {"none: else Windows-1252", VIEW("\xe4\x80"), VIEW(""), MAIL_TEXT_PLAIN, "\xc3\xa4\xe2\x82\xac", true},
    {"an unknown one", VIEW("\xe4"), VIEW("x-no-such"), MAIL_TEXT_PLAIN, "\xc3\xa4", true},
    {"what is not UTF-8 although it says so", VIEW("a\xe4z"), VIEW("utf-8"), MAIL_TEXT_PLAIN,
     "a\xef\xbf\xbdz", false},
    {"8 bits although it says ASCII", VIEW("a\xe4z"), VIEW("us-ascii"), MAIL_TEXT_PLAIN, "a\xc3\xa4z", false},
    {"UTF-8 although it says ASCII", VIEW("a\xc3\xa4z"), VIEW("us-ascii"), MAIL_TEXT_PLAIN, "a\xc3\xa4z",
     false},
    {"a byte order mark is dropped", VIEW("\xef\xbb\xbf\xc3\xa4"), VIEW("utf-8"), MAIL_TEXT_PLAIN, "\xc3\xa4",
     false},
    {"... and goes before the name", VIEW("\xef\xbb\xbf\xc3\xa4"), VIEW("iso-8859-1"), MAIL_TEXT_PLAIN,
     "\xc3\xa4", false},
    {"of UTF-16", VIEW("\xff\xfe\xe4\0b\0"), VIEW(""), MAIL_TEXT_PLAIN,
     "\xc3\xa4"
     "b",
     false},
    {"of UTF-16, the other way", VIEW("\xfe\xff\0\xe4\0b"), VIEW("utf-8"), MAIL_TEXT_PLAIN,
     "\xc3\xa4"
     "b",
     false},
    {"of UTF-32", VIEW("\xff\xfe\0\0\xe4\0\0\0"), VIEW(""), MAIL_TEXT_PLAIN, "\xc3\xa4", false},
    {"nothing", VIEW(""), VIEW(""), MAIL_TEXT_PLAIN, "", true},
    {"nothing of HTML", VIEW(""), VIEW("utf-8"), MAIL_TEXT_HTML, "", false},
    {"HTML", VIEW("<p>\xe4&auml;"), VIEW("iso-8859-1"), MAIL_TEXT_HTML, "\xc3\xa4\xc3\xa4", false},
    {"plain text is no HTML", VIEW("<p>a"), VIEW("utf-8"), MAIL_TEXT_PLAIN, "<p>a", false},
    {"HTML tells its charset", VIEW("<META content='text/html; charset = koi8-r' http-equiv=x>\xc1"),
     VIEW(""), MAIL_TEXT_HTML, "\xd0\xb0", false},
    {"... in the new way", VIEW("<meta x=y charset=\"koi8-r\">\xc1"), VIEW(""), MAIL_TEXT_HTML, "\xd0\xb0",
     false},
    {"the mail goes before that", VIEW("<meta charset=koi8-r>\xe4"), VIEW("iso-8859-1"), MAIL_TEXT_HTML,
     "\xc3\xa4", false},
    {"... but not with a name that nobody knows", VIEW("<meta charset=koi8-r>\xc1"), VIEW("x-none"),
     MAIL_TEXT_HTML, "\xd0\xb0", false},
    {"plain text tells none", VIEW("<meta charset=koi8-r>\xe4"), VIEW(""), MAIL_TEXT_PLAIN,
     "<meta charset=koi8-r>\xc3\xa4", true},
    {"an = at the begin", VIEW("=charset="), VIEW(""), MAIL_TEXT_HTML, "=charset=", true},
    {"HTML in UTF-16", VIEW("\xff\xfe<\0p\0>\0\xe4\0"), VIEW(""), MAIL_TEXT_HTML, "\xc3\xa4", false},
};

static void text_is_utf8(void **state)
{
    struct mail_text t = {.set = set_of(state)};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mail_text_read(&t, cases[i].in, cases[i].charset, cases[i].kind);
        if (!view_equal(t.text, view_of(cases[i].out)) || t.guessed != cases[i].guessed || t.over)
            fail_msg("%s: \"%.*s\", guessed %d, over %d", cases[i].behaviour, (int)t.text.n, t.text.p,
                     t.guessed, t.over);
    }
    mail_text_free(&t);
}

static void without_charsets_the_usual_ones_are_known(void **state)
{
    struct mail_text t = {0};

    (void)state;
    mail_text_read(&t, VIEW("\xe4"), VIEW("iso-8859-1"), MAIL_TEXT_PLAIN);
    assert_true(view_equal(t.text, VIEW("\xc3\xa4")) && !t.guessed);
    mail_text_read(&t, VIEW("\xe4"), VIEW("koi8-r"), MAIL_TEXT_PLAIN);
    assert_true(view_equal(t.text, VIEW("\xc3\xa4")) && t.guessed);
    mail_text_free(&t);
}

static void addresses_of_text_and_attributes_are_kept(void **state)
{
    struct mail_arena arena = {0};
    struct mail_urls u = {.arena = &arena};
    struct mail_text t = {.set = set_of(state), .urls = &u};

    mail_text_read(&t, VIEW("at http://example.org/a"), VIEW("utf-8"), MAIL_TEXT_PLAIN);
    mail_text_read(
        &t,
        VIEW("<base href=http://example.com/x/><a href=\"HTTP://example.net/b\">www.example.org</a>"
             "<img src=c.png><div hidden><a href=http://hidden.example/>"),
        VIEW("utf-8"), MAIL_TEXT_HTML);
    mail_text_read(&t, VIEW("<img src=d.png>"), VIEW("utf-8"),
                   MAIL_TEXT_HTML); /* a base is that of its part */
    assert_int_equal(u.n, 6);
    assert_true(view_equal(u.url[0].path, VIEW("/a")));
    assert_true(view_equal(u.url[1].host, VIEW("example.com")));
    assert_true(view_equal(u.url[2].text, VIEW("www.example.org")));
    assert_true(view_equal(u.url[3].path, VIEW("/x/c.png")));
    assert_int_equal(u.url[4].flags, MAIL_URL_ATTRIBUTE | MAIL_URL_HIDDEN);
    assert_int_equal(u.url[5].flags, MAIL_URL_BARE);
    mail_text_free(&t);
    mail_arena_free(&arena);
}

/* Text of MAIL_TEXT_MAX + `more` bytes of UTF-8, the last two of which are one character. */
static struct buf long_text(int more, const char *last)
{
    struct buf b = {0};

    buf_reserve(&b, MAIL_TEXT_MAX);
    b.n = (size_t)((int)MAIL_TEXT_MAX - 2 + more);
    memset(b.p, 'x', b.n);
    buf_add_str(&b, last);
    return b;
}

static void what_is_too_long_is_cut_between_characters(void **state)
{
    static const struct {
        struct view charset;
        const char *last;
    } ways[] = {{VIEW("utf-8"), "\xc3\xa9"},
                {VIEW("iso-8859-1"), "\xe9"},
                {VIEW(""), "\xe9"},
                {VIEW("koi8-r"), "\xc1"}};
    struct mail_text t = {.set = set_of(state)};

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        for (int more = -1; more <= 1; more++) {
            struct buf b = long_text(more, ways[i].last);

            mail_text_read(&t, buf_view(&b), ways[i].charset, MAIL_TEXT_PLAIN);
            if (t.over != (more > 0) ||
                t.text.n != (more > 0 ? MAIL_TEXT_MAX - 1 : MAIL_TEXT_MAX - (size_t)-more))
                fail_msg("%+d, \"%s\": over %d, %zu bytes", more, ways[i].charset.p, t.over, t.text.n);
            buf_free(&b);
        }
    }
    mail_text_free(&t);
}

static int open_all(void **state)
{
    mail_html_load();
    *state = charset_open_all();
    return 0;
}

static int close_all(void **state)
{
    struct charset_set *set = *state;

    charset_close_all(&set);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_utf8),
        cmocka_unit_test(without_charsets_the_usual_ones_are_known),
        cmocka_unit_test(addresses_of_text_and_attributes_are_kept),
        cmocka_unit_test(what_is_too_long_is_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, open_all, close_all);
}
