/*
 * test_deliver.c - unit tests of common/deliver.c: the order there, the notes back.
 *
 * Run by `make check`. Each broken order differs from a good one in one thing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/deliver.h"

#include <errno.h>

static const struct deliver_rcpt good_rcpt[] = {
    {0, VIEW("b@example.org"), {NULL, 0}},
    {50000, VIEW("\"a b\"@example.net"), VIEW("SUCCESS,FAILURE")},
};

static struct deliver_order good_order(void)
{
    return (struct deliver_order){.flags = DELIVER_LMTP | DELIVER_RET_HDRS,
                                  .tls = DELIVER_TLS_VERIFY,
                                  .timeout_ms = 300000,
                                  .helo = VIEW("mx.example.org"),
                                  .tls_name = VIEW("mail.example.net"),
                                  .user = VIEW("spool"),
                                  .password = VIEW("pass word \xc3\xa4"),
                                  .sender = VIEW("a@example.org"),
                                  .envid = VIEW("QQ314159+2B"),
                                  .rcpt = good_rcpt,
                                  .rcpt_n = 2};
}

static void an_order_comes_as_it_went(void **state)
{
    struct deliver_order o = good_order(), got;
    struct deliver_rcpt rcpt[DELIVER_RCPT_MAX];
    struct buf b = {0};

    (void)state;
    deliver_pack(&o, &b);
    assert_int_equal(deliver_unpack(buf_view(&b), &got, rcpt), 0);
    assert_int_equal(got.flags, o.flags);
    assert_int_equal(got.tls, o.tls);
    assert_int_equal(got.timeout_ms, o.timeout_ms);
    assert_true(view_equal(got.helo, o.helo) && view_equal(got.tls_name, o.tls_name));
    assert_true(view_equal(got.user, o.user) && view_equal(got.password, o.password));
    assert_true(view_equal(got.sender, o.sender) && view_equal(got.envid, o.envid));
    assert_int_equal(got.rcpt_n, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(got.rcpt[i].index, good_rcpt[i].index);
        assert_true(view_equal(got.rcpt[i].address, good_rcpt[i].address));
        assert_true(view_equal(got.rcpt[i].notify, good_rcpt[i].notify));
    }
    buf_free(&b);
}

static void an_order_that_is_not_whole_is_none(void **state)
{
    struct deliver_order o = good_order(), got;
    struct deliver_rcpt rcpt[DELIVER_RCPT_MAX];
    struct buf b = {0};

    (void)state;
    deliver_pack(&o, &b);
    for (size_t n = 0; n < b.n; n++) {
        errno = 0;
        assert_int_equal(deliver_unpack((struct view){b.p, n}, &got, rcpt), -1);
        assert_int_equal(errno, EINVAL);
        assert_int_equal(got.rcpt_n, 0);
    }
    buf_add_char(&b, 'x');
    assert_int_equal(deliver_unpack(buf_view(&b), &got, rcpt), -1);
    buf_free(&b);
}

static const struct {
    const char *behaviour;
    size_t field; /* offset of a view in the order */
    struct view value;
    int rc;
} views[] = {
#define FIELD(f) offsetof(struct deliver_order, f)
    {"the null reverse-path is a sender", FIELD(sender), {"", 0}, 0},
    {"a sender of UTF-8", FIELD(sender), VIEW("\xc3\xa4@example.org"), 0},
    {"a blank in quotes", FIELD(sender), VIEW("\"a b\"@example.org"), 0},
    {"an escaped quote ends no quotes", FIELD(sender), VIEW("\"a\\\" b\"@example.org"), 0},
    {"a blank outside of quotes", FIELD(sender), VIEW("a@example.org SIZE=1"), -1},
    {"a blank behind quotes", FIELD(sender), VIEW("\"a\" b@example.org"), -1},
    {"quotes that do not end", FIELD(sender), VIEW("\"a b@example.org"), -1},
    {"a > ends the path", FIELD(sender), VIEW("a@example.org>"), -1},
    {"also in quotes", FIELD(sender), VIEW("\"a>\"@example.org"), -1},
    {"also escaped", FIELD(sender), VIEW("\"a\\>\"@example.org"), -1},
    {"a <", FIELD(sender), VIEW("<a@example.org"), -1},
    {"a line end in the sender", FIELD(sender), VIEW("a@example.org\r\nRCPT TO:"), -1},
    {"a LF in quotes", FIELD(sender), VIEW("\"a\n\"@example.org"), -1},
    {"a NUL in the sender", FIELD(sender), VIEW("a\0@example.org"), -1},
    {"a DEL in the sender", FIELD(sender), VIEW("a\x7f@example.org"), -1},
    {"a CR in the name", FIELD(helo), VIEW("mx\r"), -1},
    {"no name", FIELD(helo), {"", 0}, -1},
    {"a blank in the name", FIELD(helo), VIEW("mx x"), -1},
    {"a LF in the password", FIELD(password), VIEW("a\nb"), -1},
    {"a blank in the password", FIELD(password), VIEW("a b"), 0},
    {"a NUL in the user", FIELD(user), VIEW("a\0b"), -1},
    {"a blank in the envelope's number", FIELD(envid), VIEW("a b"), -1},
    {"a tab in the certificate's name", FIELD(tls_name), VIEW("a\tb"), -1},
};

static void words_cannot_leave_their_command(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        struct deliver_order o = good_order(), got;
        struct deliver_rcpt rcpt[DELIVER_RCPT_MAX];
        struct buf b = {0};

        memcpy((char *)&o + views[i].field, &views[i].value, sizeof views[i].value);
        deliver_pack(&o, &b);
        if (deliver_unpack(buf_view(&b), &got, rcpt) != views[i].rc)
            fail_msg("%s", views[i].behaviour);
        buf_free(&b);
    }
}

static int unpacks(const struct deliver_order *o)
{
    struct deliver_rcpt rcpt[DELIVER_RCPT_MAX];
    struct deliver_order got;
    struct buf b = {0};
    int rc;

    deliver_pack(o, &b);
    rc = deliver_unpack(buf_view(&b), &got, rcpt);
    buf_free(&b);
    return rc;
}

static void numbers_have_their_bounds(void **state)
{
    struct deliver_rcpt many[DELIVER_RCPT_MAX + 1];
    struct deliver_order o = good_order();

    (void)state;
    for (size_t i = 0; i <= DELIVER_RCPT_MAX; i++)
        many[i] = good_rcpt[0];
    o.rcpt = many;
    o.rcpt_n = DELIVER_RCPT_MAX;
    assert_int_equal(unpacks(&o), 0);
    o.rcpt_n = DELIVER_RCPT_MAX + 1;
    assert_int_equal(unpacks(&o), -1);
    o.rcpt_n = 0;
    assert_int_equal(unpacks(&o), -1);
    o.rcpt_n = 1;
    many[0].index = DELIVER_INDEX_MAX + 1;
    assert_int_equal(unpacks(&o), -1);
    many[0].index = 0;
    many[0].address = (struct view){"", 0};
    assert_int_equal(unpacks(&o), -1);
    many[0].address = VIEW("a@example.org\nDATA");
    assert_int_equal(unpacks(&o), -1);
    many[0] = good_rcpt[1];
    many[0].notify = VIEW("NEVER ORCPT=x");
    assert_int_equal(unpacks(&o), -1);
    o = good_order();
    o.flags = DELIVER__FLAGS + 1;
    assert_int_equal(unpacks(&o), -1);
    o = good_order();
    o.tls = DELIVER_TLS__MAX;
    assert_int_equal(unpacks(&o), -1);
}

static void a_note_comes_as_it_went(void **state)
{
    static const struct deliver_note notes[] = {
        {0, DELIVER_DONE, 250, VIEW("2.0.0 Ok: queued as 4711")},
        {50000, DELIVER_FAILED, 550, VIEW("")},
        {7, DELIVER_LATER, 0, VIEW("no TLS")},
    };
    struct buf b = {0};
    struct deliver_note got;
    struct view rest;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        deliver_note_add(&b, &notes[i]);
    assert_string_equal(b.p, "0 d 250 2.0.0 Ok: queued as 4711\n50000 f 550 \n7 t 0 no TLS\n");
    rest = buf_view(&b);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(deliver_note_next(&rest, &got), 1);
        assert_int_equal(got.index, notes[i].index);
        assert_int_equal(got.fate, notes[i].fate);
        assert_int_equal(got.code, notes[i].code);
        assert_true(view_equal(got.text, notes[i].text));
    }
    assert_int_equal(deliver_note_next(&rest, &got), 0);
    buf_free(&b);
}

static void a_note_is_one_line_whatever_the_server_said(void **state)
{
    char words[DELIVER_TEXT_MAX + 50];
    struct deliver_note got;
    struct buf b = {0};
    struct view rest;

    (void)state;
    memset(words, 'x', sizeof words);
    memcpy(words, "a\n9 d 250 \r\t\0\xc3\xa4\x7f", 16);
    deliver_note_add(&b, &(struct deliver_note){3, DELIVER_LATER, 450, {words, sizeof words}});
    assert_int_equal(b.n, strlen("3 t 450 ") + DELIVER_TEXT_MAX + 1);
    rest = buf_view(&b);
    assert_int_equal(deliver_note_next(&rest, &got), 1);
    assert_int_equal(rest.n, 0);
    assert_memory_equal(got.text.p, "a?9 d 250 ??????x", 17);
    buf_free(&b);
}

static const struct {
    const char *line;
    int rc;
} lines[] = {
    {"0 d 250 ok\n", 1},
    {"0 d 250 \n", 1},
    {"0 d 250 ok", 0},
    {"", 0},
    {"\n", -1},
    {"0 d 250\n", -1},
    {"0 x 250 ok\n", -1},
    {"0 dd 250 ok\n", -1},
    {"-1 d 250 ok\n", -1},
    {"00 d 250 ok\n", -1},
    {"50001 d 250 ok\n", -1},
    {"500000 d 250 ok\n", -1},
    {" 0 d 250 ok\n", -1},
    {"0  d 250 ok\n", -1},
    {"0 d 2500 ok\n", -1},
    {"0 d 199 ok\n", -1},
    {"0 d 600 ok\n", -1},
    {"0 d 0 ok\n", 1},
    {"0 d 250 o\tk\n", -1},
    {"0 d 250 o\xff\n", -1},
    {"0 d 250 ok\r\n", -1},
    {"d 250 ok\n", -1},
    {"0 d 25x ok\n", -1},
    {"0 d\n", -1},
};

static void a_line_that_is_no_note_is_passed_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct view rest = view_of(lines[i].line);
        struct deliver_note got;

        if (deliver_note_next(&rest, &got) != lines[i].rc)
            fail_msg("line %zu: %s", i, lines[i].line);
        assert_true((rest.n == 0) == (lines[i].rc != 0 || !lines[i].line[0]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_comes_as_it_went),
        cmocka_unit_test(an_order_that_is_not_whole_is_none),
        cmocka_unit_test(words_cannot_leave_their_command),
        cmocka_unit_test(numbers_have_their_bounds),
        cmocka_unit_test(a_note_comes_as_it_went),
        cmocka_unit_test(a_note_is_one_line_whatever_the_server_said),
        cmocka_unit_test(a_line_that_is_no_note_is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
