/*
 * test_check_body.c - unit tests of workers/antispam/check_body.c: own rules for subject and text.
 *
 * Run by `make check`.
 */
#include "tests/unit/check_world.h"

#include "workers/antispam/rules.h"
#include "workers/mail/mail_html.h"

extern const struct check_ops check_body;

#define R      "body_rules "
#define CHEAP  R "a 1 contains cheap"
#define HTML   "Content-Type: text/html\r\n\r\n"
#define BASE64 "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"

static const struct {
    const char *behaviour, *rules;
    struct view message;
    const char *wanted;
} cases[] = {
    {"no rules", "", VIEW("Subject: cheap\r\n\r\ncheap\r\n"), ""},
    {"the text", CHEAP, VIEW("From: a\r\n\r\nbuy cheap\r\n"), "a: hit cheap"},
    {"no hit", CHEAP, VIEW("From: cheap\r\n\r\nbuy dear\r\n"), ""},
    {"the subject, decoded", CHEAP, VIEW("Subject: =?utf-8?B?Q2hlYXA=?=\r\n\r\ndear\r\n"), "a: hit Cheap"},
    {"transfer encoding undone", CHEAP, VIEW(BASE64 "YnV5IGNoZWFw\r\n"), "a: hit cheap"},
    {"charset undone", R "a 1 contains m\xc3\xbcller",
     VIEW("Content-Type: text/plain; charset=iso-8859-1\r\n\r\nM\xfcller\r\n"), "a: hit M\xc3\xbcller"},
    {"HTML as its reader sees it", CHEAP, VIEW(HTML "<p>ch<b>ea</b>p</p>"), "a: hit cheap"},
    {"... and its markup", R "a 1 contains <b>ea", VIEW(HTML "<p>ch<b>ea</b>p</p>"), "a: hit <b>ea"},
    {"the markup of what is no HTML does not come twice", R "a 1 regex ^x(?s:.*)^x",
     VIEW("From: a\r\n\r\nx\r\n"), ""},
    {"each part", CHEAP "\n" R "b 1 contains watches",
     VIEW("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ncheap\r\n--b\r\n" HTML
          "watches\r\n--b--\r\n"),
     "a: hit cheap\nb: hit watches"},
    {"other types are no text", CHEAP, VIEW("Content-Type: application/pdf\r\n\r\ncheap\r\n"), ""},
    {"subject and text do not make one text", R "a 1 regex buy\\s+cheap",
     VIEW("Subject: buy\r\n\r\ncheap\r\n"), ""},
};

static void texts_are_looked_at(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        struct check_world w = {0};
        const char *said;

        check_open(&w, &check_body, cases[i].rules);
        w.a.set = charset_open_all();
        check_message(&w, cases[i].message);
        said = check_judge(&w);
        if (strcmp(said, cases[i].wanted) != 0)
            fail_msg("%s: %s", cases[i].behaviour, said);
        assert_string_equal(check_judge(&w), cases[i].wanted);
        charset_close_all(&w.a.set);
        check_close(&w);
    }
}

static void text_beyond_the_bound_is_told(void **state)
{
    struct check_world w = {0};
    struct buf message = {0};

    (void)state;
    buf_add_str(&message, "Subject: cheap\r\n\r\n");
    while (message.n + 32 < RULES_TEXT_MAX)
        buf_add_str(&message, "many words, none of them meant\r\n");
    check_open(&w, &check_body, CHEAP "\n" R "b 1 contains late");
    check_message(&w, buf_view(&message));
    assert_string_equal(check_judge(&w), "a: hit cheap");
    buf_add_str(&message, "many words, none of them meant\r\nmany words, none of them meant\r\ntoo late\r\n");
    check_message(&w, buf_view(&message));
    assert_string_equal(
        check_judge(&w),
        "a: hit cheap\ntext-cut: skipped only the first 1048576 bytes of text were looked at");
    check_close(&w);
    buf_free(&message);
}

static void a_suspended_rule_is_unusable(void **state)
{
    struct check_world w = {0};

    (void)state;
    check_open(&w, &check_body, CHEAP);
    w.order.suspended = VIEW("body:a");
    check_message(&w, VIEW("\r\ncheap\r\n"));
    assert_string_equal(check_judge(&w), "a: unusable cheap");
    check_close(&w);
}

static void wrong_rules_are_told(void **state)
{
    char *why = check_why(&check_body, CHEAP "\n" R "b 1 regex a{2,1}");

    (void)state;
    assert_memory_equal(why, "lists/body_rules:2: the regular expression is wrong at its byte ", 64);
    free(why);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_looked_at),
        cmocka_unit_test(text_beyond_the_bound_is_told),
        cmocka_unit_test(a_suspended_rule_is_unusable),
        cmocka_unit_test(wrong_rules_are_told),
    };

    mail_html_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
