/*
 * test_drop_envelope.c - unit tests of tools/drop_envelope.c.
 *
 * Run by `make check`. Compares whole .hdr files and exit codes. The point of
 * the bad cases is that no argument can add a line or a recipient of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/envelope.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "tools/drop_envelope.h"

#include <stdlib.h>

#define AT  1767323045 /* 2026-01-02T03:04:05Z */
#define END "received-at: 2026-01-02T03:04:05Z\n\n"

static int pack_one(const char *sender, const char *rcpt, enum drop_key key, const char *value,
                    struct buf *out, struct buf *why)
{
    struct drop_envelope e = {.sender = sender, .rcpt = &rcpt, .rcpt_n = 1};

    if (key < DROP_KEY__MAX)
        e.value[key] = value;
    return drop_envelope_pack(&e, AT, out, why);
}

static const struct {
    const char *says;
    const char *sender, *rcpt;
    enum drop_key key;
    const char *value;
    int wanted;
    const char *text; /* the whole file, or a part of the complaint */
} cases[] = {
    {"a plain message", "a@example.org", "b@example.net", DROP_KEY__MAX, NULL, 0,
     "Written\na@example.org\nb@example.net\n" END},
    {"the null sender is an empty line", "", "b@example.net", DROP_KEY__MAX, NULL, 0,
     "Written\n\nb@example.net\n" END},
    {"the null sender may have its brackets", "<>", "b@example.net", DROP_KEY__MAX, NULL, 0,
     "Written\n\nb@example.net\n" END},
    {"brackets around an address are removed", "<a@example.org>", "<b@example.net>", DROP_KEY__MAX, NULL, 0,
     "Written\na@example.org\nb@example.net\n" END},
    {"a value stands under its key", "", "b@example.net", DROP_KEY_IP, "2001:db8::1", 0,
     "Written\n\nb@example.net\nconnectedip: 2001:db8::1\n" END},
    {"an empty value is no line", "", "b@example.net", DROP_KEY_HELO, " ", 0,
     "Written\n\nb@example.net\n" END},
    {"body is spelled as the format has it", "", "b@example.net", DROP_KEY_BODY, "8BITMIME", 0,
     "Written\n\nb@example.net\nbody: 8bitmime\n" END},
    {"notify may be a list", "", "b@example.net", DROP_KEY_NOTIFY, "success,FAILURE", 0,
     "Written\n\nb@example.net\nnotify: SUCCESS,FAILURE\n" END},
    {"bytes beyond ASCII are kept", "", "j\xc3\xbcrgen@example.net", DROP_KEY_SMTPUTF8, "yes", 0,
     "Written\n\nj\xc3\xbcrgen@example.net\nsmtputf8: yes\n" END},
    {"a line feed in the sender is refused", "a@example.org\nx", "b@example.net", DROP_KEY__MAX, NULL, 65,
     "\\x0a"},
    {"a carriage return in a recipient is refused", "", "b\r@example.net", DROP_KEY__MAX, NULL, 65,
     "control"},
    {"DEL in a recipient is refused", "", "b\177@example.net", DROP_KEY__MAX, NULL, 65, "control"},
    {"a comma in a recipient is refused", "", "b@example.net,c@example.net", DROP_KEY__MAX, NULL, 65,
     "comma"},
    {"a blank in the sender is refused", "a b@example.org", "b@example.net", DROP_KEY__MAX, NULL, 65,
     "blank"},
    {"a bracket inside is refused", "", "b>@example.net", DROP_KEY__MAX, NULL, 65, "bracket"},
    {"a second pair of brackets is refused", "<<>>", "b@example.net", DROP_KEY__MAX, NULL, 65, "bracket"},
    {"an empty recipient is refused", "", "", DROP_KEY__MAX, NULL, 65, "empty"},
    {"a null recipient is refused", "", "<>", DROP_KEY__MAX, NULL, 65, "empty"},
    {"a line feed in a value is refused", "", "b@example.net", DROP_KEY_HELO, "x\nauth: root", 65, "--helo"},
    {"an unknown body is a usage error", "", "b@example.net", DROP_KEY_BODY, "9bit", 64, "7bit or 8bitmime"},
    {"an unknown ret is a usage error", "", "b@example.net", DROP_KEY_RET, "half", 64, "full or hdrs"},
    {"NEVER stands alone", "", "b@example.net", DROP_KEY_NOTIFY, "NEVER,DELAY", 64, "NEVER"},
    {"a list ends in a word", "", "b@example.net", DROP_KEY_NOTIFY, "DELAY,", 64, "NEVER"},
};

static void pack_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out = {0}, why = {0};
        int rc = pack_one(cases[i].sender, cases[i].rcpt, cases[i].key, cases[i].value, &out, &why);
        bool right = rc == cases[i].wanted;

        if (right && rc == 0)
            right = strcmp(out.p, cases[i].text) == 0 && why.n == 0;
        else if (right)
            right = why.n && strstr(why.p, cases[i].text);
        if (!right)
            fail_msg("%s: got %d '%s' '%s'", cases[i].says, rc, out.p, why.p ? why.p : "");
        buf_free(&out);
        buf_free(&why);
    }
}

static void recipients_share_one_line(void **state)
{
    const char *rcpt[] = {"b@example.net", "c@example.net", "b@example.net"};
    struct drop_envelope e = {.sender = "a@example.org", .rcpt = rcpt, .rcpt_n = 3};
    struct buf out = {0}, why = {0};

    (void)state;
    assert_int_equal(drop_envelope_pack(&e, AT, &out, &why), 0);
    assert_string_equal(out.p, "Written\na@example.org\nb@example.net,c@example.net,b@example.net\n" END);
    buf_free(&out);
    buf_free(&why);
}

static void no_recipient_is_bad_input(void **state)
{
    struct drop_envelope e = {.sender = "a@example.org"};
    struct buf out = {0}, why = {0};

    (void)state;
    assert_int_equal(drop_envelope_pack(&e, AT, &out, &why), EXIT_DATA_65);
    assert_non_null(strstr(why.p, "no recipient"));
    buf_free(&out);
    buf_free(&why);
}

static void an_address_has_at_most_1024_bytes(void **state)
{
    char address[ENVELOPE_ADDR_MAX + 2];
    struct buf out = {0}, why = {0};

    (void)state;
    memset(address, 'a', sizeof address);
    address[ENVELOPE_ADDR_MAX] = '\0';
    assert_int_equal(pack_one("", address, DROP_KEY__MAX, NULL, &out, &why), 0);
    address[ENVELOPE_ADDR_MAX] = 'a';
    address[ENVELOPE_ADDR_MAX + 1] = '\0';
    assert_int_equal(pack_one("", address, DROP_KEY__MAX, NULL, &out, &why), EXIT_DATA_65);
    assert_true(why.n < 300);
    buf_free(&out);
    buf_free(&why);
}

static void too_many_recipients_are_refused_by_number_and_by_bytes(void **state)
{
    static char address[ENVELOPE_ADDR_MAX + 1];
    const char **rcpt = xcalloc(ENVELOPE_RCPT_MAX + 1, sizeof *rcpt);
    struct drop_envelope e = {.sender = "", .rcpt = rcpt};
    struct buf out = {0}, why = {0};

    (void)state;
    for (size_t i = 0; i <= ENVELOPE_RCPT_MAX; i++)
        rcpt[i] = "b@example.net";
    e.rcpt_n = ENVELOPE_RCPT_MAX;
    assert_int_equal(drop_envelope_pack(&e, AT, &out, &why), 0);
    e.rcpt_n++;
    assert_int_equal(drop_envelope_pack(&e, AT, &out, &why), EXIT_DATA_65);
    memset(address, 'a', ENVELOPE_ADDR_MAX);
    for (size_t i = 0; i <= ENVELOPE_RCPT_MAX; i++)
        rcpt[i] = address;
    e.rcpt_n = ENVELOPE_LINE_MAX / (ENVELOPE_ADDR_MAX + 1) + 1;
    assert_int_equal(drop_envelope_pack(&e, AT, &out, &why), EXIT_DATA_65);
    buf_free(&out);
    buf_free(&why);
    free(rcpt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pack_follows_the_table),
        cmocka_unit_test(recipients_share_one_line),
        cmocka_unit_test(no_recipient_is_bad_input),
        cmocka_unit_test(an_address_has_at_most_1024_bytes),
        cmocka_unit_test(too_many_recipients_are_refused_by_number_and_by_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
