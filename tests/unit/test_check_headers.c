/*
 * test_check_headers.c - unit tests of workers/antispam/check_headers.c: headers that RFC 5322 does not
 * allow.
 *
 * Run by `make check`. It is 2026-01-01.
 */
#include "tests/unit/check_world.h"

extern const struct check_ops check_headers;

#define FROM "From: a@example.org\r\n"
#define DATE "Date: Thu, 01 Jan 2026 00:00:00 +0000\r\n"
#define ID   "Message-ID: <1@example.org>\r\n"
#define END  "\r\ntext\r\n"

static const struct {
    const char *behaviour;
    struct view message;
    const char *wanted;
} cases[] = {
    {"a good one", VIEW(FROM DATE ID END), "miss"},
    {"names in any case",
     VIEW("FROM: a@example.org\r\ndate: 1 Jan 2026 00:00 GMT\r\nmessage-id: <1@x>\r\n" END), "miss"},
    {"no From", VIEW(DATE ID END), "hit no From"},
    {"an empty From", VIEW("From: \r\n" DATE ID END), "hit From without an address"},
    {"a name is no address", VIEW("From: Cheap Watches\r\n" DATE ID END), "hit From without an address"},
    {"a group is none either", VIEW("From: us:;\r\n" DATE ID END), "hit From without an address"},
    {"a domain is missing", VIEW("From: a@\r\n" DATE ID END), "hit From without an address"},
    {"one address of two is good", VIEW("From: Cheap, a@example.org\r\n" DATE ID END), "miss"},
    {"two addresses", VIEW("From: a@example.org, b@example.org\r\n" DATE ID END),
     "hit several addresses in From, and no Sender"},
    {"... with a Sender", VIEW("From: a@example.org, b@example.org\r\nSender: a@example.org\r\n" DATE ID END),
     "miss"},
    {"no Date", VIEW(FROM ID END), "hit no Date"},
    {"a Date that is none", VIEW(FROM ID "Date: yesterday\r\n" END), "hit Date is no date"},
    {"a day that does not exist", VIEW(FROM ID "Date: 31 Feb 2026 00:00:00 +0000\r\n" END),
     "hit Date is no date"},
    {"a day ahead is a clock that is wrong", VIEW(FROM ID "Date: 2 Jan 2026 00:00:00 +0000\r\n" END), "miss"},
    {"a second more", VIEW(FROM ID "Date: 2 Jan 2026 00:00:01 +0000\r\n" END), "hit Date is 1 days ahead"},
    {"30 days ago", VIEW(FROM ID "Date: 2 Dec 2025 00:00:00 +0000\r\n" END), "miss"},
    {"a second more", VIEW(FROM ID "Date: 1 Dec 2025 23:59:59 +0000\r\n" END), "hit Date is 30 days ago"},
    {"zones count", VIEW(FROM ID "Date: 2 Jan 2026 02:00:00 +0200\r\n" END), "miss"},
    {"no Message-ID", VIEW(FROM DATE END), "hit no Message-ID"},
    {"an empty Message-ID", VIEW(FROM DATE "Message-ID:\r\n" END), "hit Message-ID is none"},
    {"without brackets", VIEW(FROM DATE "Message-ID: 1@example.org\r\n" END), "hit Message-ID is none"},
    {"without a right side", VIEW(FROM DATE "Message-ID: <1@>\r\n" END), "hit Message-ID is none"},
    {"without a left side", VIEW(FROM DATE "Message-ID: <@x>\r\n" END), "hit Message-ID is none"},
    {"the shortest", VIEW(FROM DATE "Message-ID: <1@x>\r\n" END), "miss"},
    {"with blanks in it", VIEW(FROM DATE "Message-ID: <1 @x>\r\n" END), "hit Message-ID is none"},
    {"on a line of its own", VIEW(FROM DATE "Message-ID:\r\n <1@example.org>\r\n" END), "miss"},
    {"two of one", VIEW(FROM DATE ID "To: a\r\nto: b\r\n" END), "hit 2 times To"},
    {"some may be there more than once",
     VIEW(FROM DATE ID "Received: a\r\nReceived: b\r\nX: 1\r\nX: 2\r\n" END), "miss"},
    {"all of it", VIEW("To: a\r\nTo: b\r\nTo: c\r\nSubject: a\r\nSubject: b\r\n" END),
     "hit no From; no Date; no Message-ID; 3 times To; 2 times Subject"},
    {"fields in the body are none", VIEW(ID "\r\n" FROM DATE), "hit no From; no Date"},
    {"nothing at all", VIEW(""), "hit no From; no Date; no Message-ID"},
};

static void headers_are_held_against_the_rfc(void **state)
{
    struct check_world w = {0};

    (void)state;
    check_open(&w, &check_headers, "");
    for (size_t i = 0; i < N(cases); i++) {
        check_message(&w, cases[i].message);
        if (strcmp(check_judge(&w), cases[i].wanted) != 0)
            fail_msg("%s: %s", cases[i].behaviour, w.text.p);
    }
    check_close(&w);
}

static void without_a_clock_no_date_is_far(void **state)
{
    struct check_world w = {0};

    (void)state;
    check_open(&w, &check_headers, "");
    check_message(&w, VIEW(FROM ID "Date: 1 Jan 1999 00:00:00 +0000\r\n" END));
    w.j.now = 0;
    assert_string_equal(check_judge(&w), "miss");
    check_close(&w);
}

static void without_a_message_nothing_is_judged(void **state)
{
    struct check_world w = {0};

    (void)state;
    check_open(&w, &check_headers, "");
    check_message(&w, VIEW(END));
    judge_mail_close(w.j.mail);
    w.j.mail = NULL;
    assert_string_equal(check_judge(&w), "skipped no message");
    check_close(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_held_against_the_rfc),
        cmocka_unit_test(without_a_clock_no_date_is_far),
        cmocka_unit_test(without_a_message_nothing_is_judged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
