/*
 * test_check_header.c - unit tests of workers/antispam/check_header.c: own rules for header fields.
 *
 * Run by `make check`.
 */
#include "tests/unit/check_world.h"

extern const struct check_ops check_header;

#define R "header_rules "

static const struct {
    const char *behaviour, *rules;
    struct view message;
    const char *wanted;
} cases[] = {
    {"no rules", "", VIEW("Subject: cheap\r\n\r\n"), ""},
    {"only hits are told", R "a 1 contains Subject: cheap\n" R "b 1 contains Subject: dear",
     VIEW("Subject: cheap\r\n\r\n"), "a: hit Subject: cheap"},
    {"a field as its reader sees it", R "a 1 contains Subject: m\xc3\xbcller",
     VIEW("Subject: =?utf-8?Q?M=C3=BCller?=\r\n\r\n"), "a: hit Subject: M\xc3\xbcller"},
    {"... and as it stands", R "a 1 contains Subject: =?utf-8?b?",
     VIEW("Subject: =?UTF-8?B?Y2hlYXA=?=\r\n\r\n"), "a: hit Subject: =?UTF-8?B?"},
    {"words split by encoding", R "a 1 contains Subject: cheap",
     VIEW("Subject: =?utf-8?Q?ch?= =?utf-8?B?ZWFw?=\r\n\r\n"), "a: hit Subject: cheap"},
    {"a field that is folded is one line", R "a 1 wildcard Subject: *buy cheap*",
     VIEW("Subject: now buy\r\n cheap watches\r\n\r\n"), "a: hit Subject: now buy cheap watches"},
    {"each of several fields", R "a 1 contains Received: second",
     VIEW("Received: first\r\nReceived: second\r\n\r\n"), "a: hit Received: second"},
    {"any field", R "a 1 regex *: ^bulk", VIEW("X-Mailer: Bulk 1\r\n\r\n"), "a: hit X-Mailer: Bulk"},
    {"a field as its reader sees it, without disguise", R "a 1 contains Subject: cheap",
     VIEW("Subject: =?utf-8?Q?che=C2=ADap?=\r\n\r\n"), "a: hit Subject: cheap"},
    {"the body is none", R "a 1 contains *: cheap", VIEW("From: a\r\n\r\nSubject: cheap\r\n"), ""},
    {"raw 8-bit bytes", R "a 1 contains Subject: m\xc3\xbcller", VIEW("Subject: M\xfcller\r\n\r\n"),
     "a: hit Subject: M\xc3\xbcller"},
    {"no message at all", R "a 1 contains *: cheap", VIEW(""), ""},
};

static void fields_are_looked_at(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        struct check_world w = {0};
        const char *said;

        check_open(&w, &check_header, cases[i].rules);
        check_message(&w, cases[i].message);
        said = check_judge(&w);
        if (strcmp(said, cases[i].wanted) != 0)
            fail_msg("%s: %s", cases[i].behaviour, said);
        assert_string_equal(check_judge(&w), cases[i].wanted); /* nothing is left of the last time */
        check_close(&w);
    }
}

static void a_limit_makes_a_rule_unusable(void **state)
{
    struct buf message = {0};
    struct check_world w = {0};

    (void)state;
    buf_add_str(&message, "Subject: ");
    for (unsigned i = 0; i < 900; i++)
        buf_add_char(&message, 'a');
    buf_add_str(&message, "\r\n\r\n");
    check_open(&w, &check_header, R "x 1 regex Subject: (a*)*[xy]");
    check_message(&w, buf_view(&message));
    assert_string_equal(check_judge(&w), "x: unusable Subject: the regular expression took too many steps");
    check_close(&w);
    buf_free(&message);
}

/* Many small fields times many rules: one result says what was left out. */
static void rules_without_time_are_told_once(void **state)
{
    struct buf message = {0}, rules = {0};
    struct check_world w = {0};
    const char *said;

    (void)state;
    for (unsigned i = 0; i < 900; i++)
        buf_add_str(&message, "X: abc\r\n");
    buf_add_str(&message, "\r\n");
    for (unsigned i = 0; i < 10000; i++)
        buf_addf(&rules, "%sheader_rules n%u 1 regex *: a%ux", i ? "\n" : "", i, i);
    check_open(&w, &check_header, rules.p);
    check_message(&w, buf_view(&message));
    said = check_judge(&w);
    print_message("%s\n", said);
    assert_int_equal(w.a.verdict.n, 1);
    assert_memory_equal(said, "unusable ", 9);
    assert_non_null(strstr(said, " rules were not looked for: all rules together took more than 1 s"));
    check_close(&w);
    buf_free(&message);
    buf_free(&rules);
}

static void a_suspended_rule_is_unusable(void **state)
{
    struct check_world w = {0};

    (void)state;
    check_open(&w, &check_header, R "a 1 contains Subject: cheap\n" R "b 1 contains Subject: cheap");
    w.order.suspended = VIEW("body:b header:a");
    check_message(&w, VIEW("Subject: cheap\r\n\r\n"));
    assert_string_equal(check_judge(&w), "a: unusable Subject: cheap\nb: hit Subject: cheap");
    check_close(&w);
}

/* As long as a header is read: there is room for it, decoded and as it stands. */
static void a_whole_header_is_looked_at(void **state)
{
    struct check_world w = {0};
    struct buf message = {0};

    (void)state;
    while (message.n < 250000) {
        buf_add_str(&message, "X: =?utf-8?Q?a?= ");
        for (unsigned i = 0; i < 240; i++)
            buf_add_char(&message, 'a');
        buf_add_str(&message, "\r\n");
    }
    buf_add_str(&message, "Y: =?utf-8?Q?last?=\r\n\r\n");
    check_open(&w, &check_header, R "a 1 contains Y: last\n" R "b 1 contains Y: ?last?");
    check_message(&w, buf_view(&message));
    assert_string_equal(check_judge(&w), "a: hit Y: last\nb: hit Y: ?last?");
    check_close(&w);
    buf_free(&message);
}

static void wrong_rules_are_told(void **state)
{
    char *why = check_why(&check_header, R "a 1 contains Subject: x\n" R "b 1 regex Subject: (");

    (void)state;
    assert_string_equal(
        why, "lists/header_rules:2: the regular expression is wrong at its byte 2: missing closing "
             "parenthesis");
    free(why);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_looked_at),
        cmocka_unit_test(a_limit_makes_a_rule_unusable),
        cmocka_unit_test(rules_without_time_are_told_once),
        cmocka_unit_test(a_suspended_rule_is_unusable),
        cmocka_unit_test(a_whole_header_is_looked_at),
        cmocka_unit_test(wrong_rules_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
