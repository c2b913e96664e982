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
    {"a disguised word in the subject", CHEAP, VIEW("Subject: =?utf-8?Q?che=E2=80=8Bap?=\r\n\r\ndear\r\n"),
     "a: hit cheap"},
    {"... and in HTML", CHEAP, VIEW(HTML "<p>c&shy;he&#8203;ap</p>"), "a: hit cheap"},
    {"a type that is none is shown as text", CHEAP, VIEW("Content-Type: texthtml\r\n\r\ncheap\r\n"),
     "a: hit cheap"},
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

/* `n` parts of `size` bytes, with what stands last in the last one. */
static void build_parts(struct buf *to, unsigned n, size_t size, const char *fields, const char *last)
{
    buf_clear(to);
    buf_add_str(to, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    for (unsigned i = 0; i < n; i++) {
        buf_addf(to, "--b\r\n%s\r\n", fields);
        for (size_t k = 0; k < size; k += 8)
            buf_add_str(to, "padding\n");
        buf_add_str(to, "\r\n");
    }
    buf_addf(to, "--b\r\n\r\n%s\r\n--b--\r\n", last);
}

static void text_in_front_hides_none_behind_it(void **state)
{
    static const struct {
        const char *behaviour;
        unsigned n;
        size_t size;
        const char *wanted;
    } padded[] = {
        {"many small parts", 900, 8, "a: hit cheap"},
        {"one as large as all that is looked at", 1, RULES_TEXT_MAX,
         "a: hit cheap\ntext-cut: skipped only the first 1048576 bytes of text were looked at"},
        {"several large ones", 10, 300000,
         "a: hit cheap\ntext-cut: skipped only the first 1048576 bytes of text were looked at"},
    };
    struct buf message = {0};

    (void)state;
    for (size_t i = 0; i < N(padded); i++) {
        struct check_world w = {0};

        build_parts(&message, padded[i].n, padded[i].size, "", "cheap");
        check_open(&w, &check_body, CHEAP);
        check_message(&w, buf_view(&message));
        if (strcmp(check_judge(&w), padded[i].wanted) != 0)
            fail_msg("%s: %s", padded[i].behaviour, w.text.p);
        check_close(&w);
    }
    buf_free(&message);
}

/* The text is small, but not all of its part was read. */
static void a_part_that_is_cut_is_told(void **state)
{
    struct check_world w = {0};
    struct buf message = {0};

    (void)state;
    buf_add_str(&message,
                "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nY2hlYXA=\r\n");
    while (message.n < (9u << 20))
        buf_add_str(&message, "                                                                      \r\n");
    check_open(&w, &check_body, CHEAP);
    check_message(&w, buf_view(&message));
    assert_string_equal(check_judge(&w), "a: hit cheap\ntext-cut: skipped only the first bytes of a large "
                                         "text part were looked at");
    check_close(&w);
    buf_free(&message);
}

static void rules_without_time_are_told_once(void **state)
{
    struct buf message = {0}, rules = {0};
    struct check_world w = {0};
    const char *said;

    (void)state;
    buf_add_str(&message, "From: a\r\n\r\n");
    while (message.n < RULES_TEXT_MAX)
        buf_add_str(&message, "abababab\r\n");
    for (unsigned i = 0; i < 5000; i++)
        buf_addf(&rules, "%sbody_rules n%u 1 regex (a|b)+(a|b)[0-9]{%u}", i ? "\n" : "", i, i + 1);
    check_open(&w, &check_body, rules.p);
    check_message(&w, buf_view(&message));
    said = check_judge(&w);
    print_message("%s\n", said);
    assert_memory_equal(said, "unusable ", 9);
    assert_non_null(strstr(said, " rules were not looked for: all rules together took more than 1 s"));
    assert_int_equal(w.a.verdict.n, 1);
    check_close(&w);
    buf_free(&message);
    buf_free(&rules);
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
        cmocka_unit_test(text_in_front_hides_none_behind_it),
        cmocka_unit_test(a_part_that_is_cut_is_told),
        cmocka_unit_test(rules_without_time_are_told_once),
        cmocka_unit_test(a_suspended_rule_is_unusable),
        cmocka_unit_test(wrong_rules_are_told),
    };

    mail_html_load();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
