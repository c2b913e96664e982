/*
 * test_smtp_data.c - unit tests of workers/deliver/smtp_data.c: what goes out behind DATA.
 *
 * Run by `make check`. Each case goes through in pieces of every length. The sequences
 * that once ended a message for one server and not for another ("SMTP smuggling") end
 * none here, read as strictly or as loosely as one likes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/smtp_encode.h"

static const struct {
    const char *behaviour;
    struct view in, out; /* without the last dot */
} cases[] = {
    {"an empty message is a dot alone", VIEW(""), VIEW("")},
    {"CR LF stays", VIEW("a\r\nb\r\n"), VIEW("a\r\nb\r\n")},
    {"LF becomes CR LF", VIEW("a\n\nb\n"), VIEW("a\r\n\r\nb\r\n")},
    {"a last line without an end gets one", VIEW("a\nb"), VIEW("a\r\nb\r\n")},
    {"a CR in a line becomes a blank", VIEW("a\rb\n"), VIEW("a b\r\n")},
    {"a CR before CR LF as well", VIEW("a\r\r\n"), VIEW("a \r\n")},
    {"many of them", VIEW("\r\r\rb\n"), VIEW("   b\r\n")},
    {"a CR at the end", VIEW("a\r"), VIEW("a \r\n")},
    {"a CR alone", VIEW("\r"), VIEW(" \r\n")},
    {"a dot at the beginning of a line is doubled", VIEW(".a\n.\n..\n"), VIEW("..a\r\n..\r\n...\r\n")},
    {"other dots are not", VIEW("a.\n ..\n"), VIEW("a.\r\n ..\r\n")},
    {"a dot behind a CR is in its line", VIEW("a\r.\r\n"), VIEW("a .\r\n")},
    {"a dot behind a first CR as well", VIEW("\r.\n"), VIEW(" .\r\n")},
    {"NUL and high bytes pass", VIEW("\0a\xff\n\0.\n"), VIEW("\0a\xff\r\n\0.\r\n")},
    {"an mbox line is not sent", VIEW("From a@example.org x\nSubject: a\n"), VIEW("Subject: a\r\n")},
    {"an mbox line with CR LF", VIEW("From a\r\nSubject: a\n"), VIEW("Subject: a\r\n")},
    {"nothing but an mbox line", VIEW("From a"), VIEW("")},
    {"a second one is text", VIEW("From a\nFrom b\n"), VIEW("From b\r\n")},
    {"a field is no mbox line", VIEW("From: a\n"), VIEW("From: a\r\n")},
    {"half an mbox word", VIEW("Fro"), VIEW("Fro\r\n")},
    {"half an mbox word and a line end", VIEW("From\n"), VIEW("From\r\n")},
    {"the word in the middle", VIEW("a\nFrom b\n"), VIEW("a\r\nFrom b\r\n")},
    {"a dot behind an mbox line", VIEW("From a\n.\n"), VIEW("..\r\n")},
};

static void line_ends_are_made_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t piece = 1; piece <= cases[i].in.n + 1; piece++) {
            uint64_t size;
            struct buf out = smtp_encode(cases[i].in, piece, &size);

            if (out.n != cases[i].out.n + 3 ||
                (cases[i].out.n && memcmp(out.p, cases[i].out.p, cases[i].out.n)) ||
                memcmp(out.p + out.n - 3, ".\r\n", 3) != 0)
                fail_msg("%s, in pieces of %zu: \"%s\"", cases[i].behaviour, piece, out.p);
            buf_free(&out);
        }
}

static void the_size_has_line_ends_and_no_doubled_dots(void **state)
{
    uint64_t size;
    struct buf out = smtp_encode(VIEW("From x\n.a\nb\rc\n..\n"), 3, &size);

    (void)state;
    assert_int_equal(size, strlen(".a\r\nb c\r\n..\r\n"));
    buf_free(&out);
}

/* What stood between two messages in tests of servers that could be smuggled to. */
static const struct view terminators[] = {
    VIEW("\n.\n"),       VIEW("\n.\r"),       VIEW("\n.\r\n"),     VIEW("\n.\r\r\n"),     VIEW("\r.\n"),
    VIEW("\r.\r"),       VIEW("\r.\r\n"),     VIEW("\r\n.\n"),     VIEW("\r\n.\r"),       VIEW("\r\n.\r\n"),
    VIEW("\r\n.\r\r\n"), VIEW("\r\n\0.\r\n"), VIEW("\r\n.\0\r\n"), VIEW("\r\r\n.\r\r\n"), VIEW("\r\n.\n\r"),
    VIEW("\n\r.\n\r"),   VIEW("\n\n.\n\n"),   VIEW("\r\r.\r\r"),   VIEW("\r\n\r.\r\r\n"), VIEW("\r\n..\r\n"),
};

static size_t count(const struct buf *b, struct view what)
{
    size_t n = 0;

    for (size_t at = 0; at + what.n <= b->n; at++)
        n += memcmp(b->p + at, what.p, what.n) == 0;
    return n;
}

static void check_terminator(size_t i, size_t piece)
{
    struct buf in = {0}, out;
    uint64_t size;

    buf_add_str(&in, "Subject: one\r\n\r\nbody");
    buf_add_view(&in, terminators[i]);
    buf_add_str(&in, "MAIL FROM:<x@example.org>\r\nDATA\r\n");
    out = smtp_encode(buf_view(&in), piece, &size);
    if (count(&out, VIEW("\r\n.\r\n")) != 1 || memcmp(out.p + out.n - 5, "\r\n.\r\n", 5) != 0 ||
        count(&out, VIEW("\n.\n")) || count(&out, VIEW("\r.\r")) || count(&out, VIEW("\n.\r")) != 1)
        fail_msg("terminator %zu in pieces of %zu", i, piece);
    /* No line end but CR LF is left for anybody to read in another way. */
    if (count(&out, VIEW("\r")) != count(&out, VIEW("\r\n")) ||
        count(&out, VIEW("\n")) != count(&out, VIEW("\r\n")))
        fail_msg("terminator %zu: a line end of its own", i);
    buf_free(&in);
    buf_free(&out);
}

static void no_sequence_ends_a_message_but_its_end(void **state)
{
    (void)state;
    assert_int_equal(sizeof terminators / sizeof *terminators, 20);
    for (size_t i = 0; i < sizeof terminators / sizeof *terminators; i++)
        for (size_t piece = 1; piece < 60; piece++)
            check_terminator(i, piece);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_ends_are_made_right),
        cmocka_unit_test(the_size_has_line_ends_and_no_doubled_dots),
        cmocka_unit_test(no_sequence_ends_a_message_but_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
