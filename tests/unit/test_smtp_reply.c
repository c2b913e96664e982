/*
 * test_smtp_reply.c - unit tests of workers/deliver/smtp_reply.c: what counts as a reply.
 *
 * Run by `make check`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "workers/deliver/smtp_reply.h"

static const struct {
    const char *behaviour;
    struct view bytes;
    ptrdiff_t used;
    unsigned code;
    const char *text; /* NULL: not looked at */
} cases[] = {
    {"one line", VIEW("250 Ok\r\n"), 8, 250, "Ok"},
    {"what follows stays", VIEW("250 Ok\r\n354 go\r\n"), 8, 250, "Ok"},
    {"no text", VIEW("250\r\n"), 5, 250, ""},
    {"no text but a blank", VIEW("250 \r\n"), 6, 250, ""},
    {"several lines", VIEW("250-a\r\n250-b c\r\n250 d\r\n"), 23, 250, "a\nb c\nd"},
    {"an empty line among them", VIEW("250-\r\n250 d\r\n"), 13, 250, "\nd"},
    {"a LF alone ends a line", VIEW("250 Ok\n"), 7, 250, "Ok"},
    {"codes of one class: the last counts", VIEW("250-a\r\n251 b\r\n"), 14, 251, "a\nb"},
    {"the largest", VIEW("599 x\r\n"), 7, 599, "x"},
    {"nothing yet", VIEW(""), 0, 0, NULL},
    {"half a code", VIEW("25"), 0, 0, NULL},
    {"a line without its end", VIEW("250 Ok\r"), 0, 0, NULL},
    {"a last line is missing", VIEW("250-a\r\n"), 0, 0, NULL},
    {"half a second line", VIEW("250-a\r\n250"), 0, 0, NULL},
    {"any bytes as text", VIEW("550 \x01\xff\0x\r\n"), 10, 550, NULL},
    {"codes of two classes", VIEW("250-a\r\n550 b\r\n"), -1, 0, NULL},
    {"a preliminary reply is none of SMTP", VIEW("150 a\r\n"), -1, 0, NULL},
    {"a code of 6", VIEW("650 a\r\n"), -1, 0, NULL},
    {"two digits", VIEW("25 a\r\n"), -1, 0, NULL},
    {"four digits", VIEW("2500 a\r\n"), -1, 0, NULL},
    {"a short line", VIEW("25\r\n"), -1, 0, NULL},
    {"an empty line", VIEW("\r\n"), -1, 0, NULL},
    {"a blank before it", VIEW(" 250 a\r\n"), -1, 0, NULL},
    {"another protocol, seen at its first byte", VIEW("H"), -1, 0, NULL},
    {"a greeting of SSH", VIEW("SSH-2.0-x\r\n"), -1, 0, NULL},
    {"a record of TLS", VIEW("\x15\x03\x01"), -1, 0, NULL},
    {"an underscore behind the code", VIEW("250_a\r\n"), -1, 0, NULL},
};

static void replies_are_told_from_anything_else(void **state)
{
    struct smtp_reply r = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ptrdiff_t used = smtp_reply_parse(cases[i].bytes, &r);

        if (used != cases[i].used || (used > 0 && r.code != cases[i].code) ||
            (cases[i].text && strcmp(r.text.n ? r.text.p : "", cases[i].text) != 0))
            fail_msg("%s: %td, %u, \"%s\"", cases[i].behaviour, used, r.code, r.text.n ? r.text.p : "");
        if (used > 0)
            assert_int_equal(smtp_reply_class(&r), cases[i].code / 100);
    }
    smtp_reply_free(&r);
}

/* However it is cut, it is the same reply, and not before its last byte. */
static void a_reply_may_come_in_any_pieces(void **state)
{
    const struct view whole = VIEW("250-mx.example.org\r\n250-SIZE 1000\r\n250 HELP\r\n");
    struct smtp_reply r = {0};

    (void)state;
    for (size_t n = 0; n < whole.n; n++)
        assert_int_equal(smtp_reply_parse((struct view){whole.p, n}, &r), 0);
    assert_int_equal(smtp_reply_parse(whole, &r), whole.n);
    smtp_reply_free(&r);
}

static void a_reply_has_an_end(void **state)
{
    struct smtp_reply r = {0};
    struct buf b = {0};

    (void)state;
    buf_add_str(&b, "250 ");
    while (b.n < SMTP_REPLY_LINE_MAX - 2)
        buf_add_char(&b, 'x');
    assert_int_equal(smtp_reply_parse(buf_view(&b), &r), 0);
    buf_add_str(&b, "\r\n");
    assert_int_equal(smtp_reply_parse(buf_view(&b), &r), SMTP_REPLY_LINE_MAX);
    b.p[b.n - 2] = 'x';
    b.p[b.n - 1] = 'x';
    assert_int_equal(smtp_reply_parse(buf_view(&b), &r), -1);
    buf_clear(&b);
    for (int i = 1; i < SMTP_REPLY_LINES_MAX; i++)
        buf_add_str(&b, "250-x\r\n");
    assert_int_equal(smtp_reply_parse(buf_view(&b), &r), 0);
    buf_add_str(&b, "250-x\r\n");
    assert_int_equal(smtp_reply_parse(buf_view(&b), &r), -1);
    buf_free(&b);
    smtp_reply_free(&r);
}

static void its_lines_are_handed_out(void **state)
{
    struct view rest = VIEW("a\n\nb"), line;

    (void)state;
    assert_true(smtp_reply_line(&rest, &line) && view_equal(line, VIEW("a")));
    assert_true(smtp_reply_line(&rest, &line) && line.n == 0);
    assert_true(smtp_reply_line(&rest, &line) && view_equal(line, VIEW("b")));
    assert_false(smtp_reply_line(&rest, &line));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_told_from_anything_else),
        cmocka_unit_test(a_reply_may_come_in_any_pieces),
        cmocka_unit_test(a_reply_has_an_end),
        cmocka_unit_test(its_lines_are_handed_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
