/*
 * test_smtp_command.c - unit tests of workers/deliver/smtp_command.c: commands, byte for byte.
 *
 * Run by `make check`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "workers/deliver/smtp_command.h"

#define ALL (SMTP_EXT_SIZE | SMTP_EXT_8BITMIME | SMTP_EXT_SMTPUTF8 | SMTP_EXT_DSN)

static const struct {
    const char *behaviour;
    uint32_t flags, offered;
    const char *sender, *envid, *wanted;
} mails[] = {
    {"nothing offered, nothing said", DELIVER_8BIT | DELIVER_RET_FULL, 0, "a@example.org", "E1",
     "MAIL FROM:<a@example.org>\r\n"},
    {"nothing asked for, only the size is said", 0, ALL, "a@example.org", "",
     "MAIL FROM:<a@example.org> SIZE=123\r\n"},
    {"the null reverse-path", 0, 0, "", "", "MAIL FROM:<>\r\n"},
    {"8bitmime", DELIVER_8BIT, ALL, "a@b", "", "MAIL FROM:<a@b> SIZE=123 BODY=8BITMIME\r\n"},
    {"SMTPUTF8", DELIVER_UTF8, ALL, "a@b", "", "MAIL FROM:<a@b> SIZE=123 SMTPUTF8\r\n"},
    {"SMTPUTF8 for the sake of an address", 0, ALL, "\xc3\xa4@b", "",
     "MAIL FROM:<\xc3\xa4@b> SIZE=123 SMTPUTF8\r\n"},
    {"DSN: the whole message", DELIVER_RET_FULL, ALL, "a@b", "E+2B1",
     "MAIL FROM:<a@b> SIZE=123 RET=FULL ENVID=E+2B1\r\n"},
    {"DSN: its header", DELIVER_RET_HDRS, SMTP_EXT_DSN, "a@b", "", "MAIL FROM:<a@b> RET=HDRS\r\n"},
};

static void mail_has_what_is_asked_and_offered(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mails / sizeof *mails; i++) {
        struct deliver_order o = {
            .flags = mails[i].flags, .sender = view_of(mails[i].sender), .envid = view_of(mails[i].envid)};
        struct smtp_ext e = {mails[i].offered, 0};
        struct buf b = {0};

        smtp_command_mail(&b, &o, &e, 123);
        if (strcmp(b.p, mails[i].wanted) != 0)
            fail_msg("%s: %s", mails[i].behaviour, b.p);
        buf_free(&b);
    }
}

static void rcpt_has_notify_where_dsn_is_offered(void **state)
{
    const struct deliver_rcpt r = {0, VIEW("b@example.org"), VIEW("SUCCESS,DELAY")};
    struct smtp_ext with = {SMTP_EXT_DSN, 0}, without = {0};
    struct buf b = {0};

    (void)state;
    smtp_command_rcpt(&b, &r, &with);
    smtp_command_rcpt(&b, &r, &without);
    smtp_command_hello(&b, "LHLO", VIEW("mx.example.org"));
    assert_string_equal(b.p, "RCPT TO:<b@example.org> NOTIFY=SUCCESS,DELAY\r\nRCPT TO:<b@example.org>\r\n"
                             "LHLO mx.example.org\r\n");
    buf_free(&b);
}

static void utf8_is_needed_by_flag_or_address(void **state)
{
    struct deliver_rcpt r = {0, VIEW("b@example.org"), {NULL, 0}};
    struct deliver_order o = {.rcpt = &r, .rcpt_n = 1};

    (void)state;
    assert_false(smtp_command_needs_utf8(&o));
    r.address = VIEW("\xc3\xa4@example.org");
    assert_true(smtp_command_needs_utf8(&o));
    r.address = VIEW("b");
    o.flags = DELIVER_UTF8;
    assert_true(smtp_command_needs_utf8(&o));
}

/* RFC 4648 section 10. */
static void base64_is_that_of_the_rfc(void **state)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xff\xfe\xfd", "//79"}};
    struct buf b = {0};

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        buf_clear(&b);
        smtp_command_base64(&b, view_of(pairs[i][0]));
        assert_int_equal(b.n, strlen(pairs[i][1]) + 2);
        assert_memory_equal(b.p, pairs[i][1], b.n - 2);
    }
    buf_clear(&b);
    smtp_command_auth_plain(&b, VIEW("tim"), VIEW("tanstaaftanstaaf")); /* RFC 4616 section 4 */
    assert_string_equal(b.p, "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm\r\n");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mail_has_what_is_asked_and_offered),
        cmocka_unit_test(rcpt_has_notify_where_dsn_is_offered),
        cmocka_unit_test(utf8_is_needed_by_flag_or_address),
        cmocka_unit_test(base64_is_that_of_the_rfc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
