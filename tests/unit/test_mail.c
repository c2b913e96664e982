/*
 * test_mail.c - unit tests of workers/mail/mail.c: names and types of parts, and which bytes are read as a
 * mail.
 *
 * Run by `make check`. The parts themselves are test_mail_tree.c's.
 */
#include "workers/mail/mail.h"

#include "common/buf.h"
#include "workers/mail/mail_limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define DECODED_MAX (1u << 20)

static void parts_have_names_and_types(void **state)
{
    static const struct {
        const char *says, *mail, *name, *type;
    } cases[] = {
        {"none", "\n", "", "text/plain"},
        {"a type", "Content-Type: TEXT/Html\n\n", "", "text/html"},
        {"its name", "Content-Type: a/b; name=\"c d.txt\"\n\n", "c d.txt", "a/b"},
        {"the file's name goes first",
         "Content-Type: a/b; name=c\nContent-Disposition: attachment; filename=d\n\n", "d", "a/b"},
        {"encoded words", "Content-Type: a/b; name=\"=?utf-8?Q?=C3=BC?=\"\n\n", "\xc3\xbc", "a/b"},
        {"RFC 2231", "Content-Type: a/b\nContent-Disposition: attachment; filename*=iso-8859-1''%FC\n\n",
         "\xc3\xbc", "a/b"},
    };
    struct mail m = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mail_open(&m, view_of(cases[i].mail), DECODED_MAX);
        if (!view_equal(mail_part_name(&m, &m.part[0], NULL), view_of(cases[i].name)) ||
            !view_equal(mail_part_type(&m, &m.part[0]), view_of(cases[i].type)))
            fail_msg("%s", cases[i].says);
        mail_close(&m);
    }
    mail_free(&m);
}

static void long_names_are_cut_between_characters(void **state)
{
    struct mail m = {0};
    struct buf b = {0};
    struct view name;

    (void)state;
    buf_add_str(&b, "Content-Type: a/b; name=\"x");
    for (unsigned i = 0; i < 200; i++)
        buf_add_str(&b, "\xc3\xbc");
    buf_add_str(&b, "\"\n\n");
    mail_open(&m, buf_view(&b), DECODED_MAX);
    name = mail_part_name(&m, &m.part[0], NULL);
    assert_int_equal(name.n, 255);
    assert_memory_equal(name.p + 253, "\xc3\xbc", 2);
    mail_free(&m);
    buf_free(&b);
}

static void what_may_be_a_message_is_known(void **state)
{
    static const struct {
        const char *says;
        struct view bytes;
        bool is;
    } cases[] = {
        {"a mail", VIEW("Subject: a\nContent-Type: a/b\n\n"), true},
        {"other letters", VIEW("subject: a\ncontent-transfer-encoding: a/b\n\n"), true},
        {"empty lines before it", VIEW("\r\n\nSubject: a\nContent-Type: a/b\n\n"), true},
        {"an mbox line before it", VIEW("From a\nContent-Type: a/b\n\n"), true},
        {"no MIME", VIEW("Subject: a\n\nb"), false},
        {"a text that speaks of it", VIEW("Hello\nCONTENT-TYPE: a/b\n\n"), true},
        {"something binary", VIEW("PK\3\4\0\0\nContent-Type: a/b\n\n"), false},
        {"in the middle of a line", VIEW("Subject: a\nX-Content-Type: a/b\n\n"), false},
        {"no bytes", VIEW(""), false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (mail_is_message(cases[i].bytes, false) != cases[i].is ||
            (mail_is_message(cases[i].bytes, true) && !cases[i].is))
            fail_msg("%s", cases[i].says);
    assert_true(mail_is_message(cases[0].bytes, true));
    assert_false(mail_is_message(VIEW("Hello\nContent-Type: a/b\n\n"), true));
}

static void what_is_odd_in_the_bytes_is_told(void **state)
{
    static const struct {
        const char *says;
        struct view bytes;
        uint64_t told, not ;
        unsigned parts;
    } cases[] = {
        {"nothing", VIEW("A: b\r\n\r\nc\r\n"), 0, 1ull << ODDITY_CR | 1ull << ODDITY_ZERO, 1},
        {"CR in a text makes no difference", VIEW("A: b\n\nc\rd\n"), 1ull << ODDITY_CR,
         1ull << ODDITY_BARE_CR, 1},
        {"CR in a header does", VIEW("A: b\rContent-Transfer-Encoding: base64\r\rQUJD\r"),
         1ull << ODDITY_BARE_CR, 0, 2},
        {"NUL in a text: once more without it", VIEW("A: b\n\nc\0d\n"), 1ull << ODDITY_ZERO,
         1ull << ODDITY_NUL, 2},
        {"NUL in a part", VIEW("Content-Type: multipart/x; boundary=b\n\n--b\n\nc\n--b\n\nc\0d\n--b--\n"),
         1ull << ODDITY_ZERO, 1ull << ODDITY_NUL, 4},
        {"NUL in base64 makes no difference", VIEW("Content-Transfer-Encoding: base64\n\nQU\0JD\n"),
         1ull << ODDITY_ZERO, 1ull << ODDITY_NUL, 2},
        {"NUL in a header does", VIEW("Content-Tr\0ansfer-Encoding: base64\n\nQUJD\n"), 1ull << ODDITY_NUL, 0,
         2},
    };
    struct mail m = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mail_open(&m, cases[i].bytes, DECODED_MAX);
        for (unsigned k = 0; k < m.n; k++)
            assert_true(m.part[k].parent < (int)k);
        if ((m.odd & cases[i].told) != cases[i].told || (m.odd & cases[i].not ) || m.n != cases[i].parts)
            fail_msg("%s: %llx, %u parts", cases[i].says, (unsigned long long)m.odd, m.n);
        mail_close(&m);
    }
    mail_free(&m);
}

static void lines_of_bodies_are_limited(void **state)
{
    char *p = malloc(MAIL_BODY_LINE_MAX + 16);
    struct mail m = {0};

    (void)state;
    assert_non_null(p);
    for (size_t n = MAIL_BODY_LINE_MAX - 1; n <= MAIL_BODY_LINE_MAX + 1; n++) {
        memset(p, 'x', n + 2);
        p[0] = p[1 + n] = '\n';
        mail_open(&m, (struct view){p, n + 2}, DECODED_MAX);
        assert_int_equal((m.odd & oddity_bit(ODDITY_LINE_MAX)) != 0, n > MAIL_BODY_LINE_MAX);
        mail_close(&m);
    }
    mail_free(&m);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_have_names_and_types),
        cmocka_unit_test(long_names_are_cut_between_characters),
        cmocka_unit_test(what_may_be_a_message_is_known),
        cmocka_unit_test(what_is_odd_in_the_bytes_is_told),
        cmocka_unit_test(lines_of_bodies_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
