/*
 * test_mail_tree.c - unit tests of workers/mail/mail_tree.c: the parts of every reading of a message.
 *
 * Run by `make check`. A case is a message and what becomes of it, part by part:
 * depth, kind (l leaf, m multipart, r message, a around), "?" where only some readers see it,
 * encoding, and the beginning of the body.
 */
#include "workers/mail/mail.h"

#include "common/buf.h"
#include "workers/mail/mail_limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define MULTI(b)       "Content-Type: multipart/mixed; boundary=" b "\n"
#define SIZE_MAX_BYTES (64u << 20)

struct tree_case {
    const char *says;
    struct view message;
    const char *parts;
    enum oddity odd; /* the first ambiguous one or limit; ODDITY_NONE: neither */
};

static const struct tree_case cases[] = {
    {"a text", VIEW("Subject: a\n\nhello\n"), "0l hello.;", ODDITY_NONE},
    {"no bytes", VIEW(""), "0l ;", ODDITY_NONE},
    {"a header only", VIEW("Subject: a\n"), "0l ;", ODDITY_NONE},
    {"an encoded leaf", VIEW("Content-Type: a/b\nContent-Transfer-Encoding: base64\n\nQQ==\n"),
     "0l base64 QQ==.;", ODDITY_NONE},
    {"two parts", VIEW(MULTI("b") "\n--b\n\na\n--b\n\nc\n--b--\n"), "0m --b..a.-;1l a;1l c;", ODDITY_NONE},
    {"text around is a leaf, too", VIEW(MULTI("b") "\npre\n--b\n\na\n--b--\npost\n"),
     "0m pre.--b.;1a pre;1a post.;1l a;", ODDITY_NONE},
    {"a multipart in one", VIEW(MULTI("b") "\n--b\n" MULTI("c") "\n--c\n\na\n--c--\n--b\n\nd\n--b--\n"),
     "0m --b.Cont;1m --c..a.-;2l a;1l d;", ODDITY_NONE},
    {"a message in a message", VIEW("Content-Type: message/rfc822\n\nSubject: b\n\nhello\n"),
     "0r Subject:;1l hello.;", ODDITY_NONE},
    {"a digest", VIEW("Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: c\n\nd\n--b--\n"),
     "0m --b..Sub;1r Subject:;2l d;", ODDITY_NONE},
    {"an unterminated one", VIEW(MULTI("b") "\n--b\n\na\n"), "0m --b..a.;1l a.;", ODDITY_NONE},
    {"a multipart without delimiters is a leaf", VIEW(MULTI("b") "\nhello\n"), "0l hello.;", ODDITY_NONE},
    {"an mbox line", VIEW("From a@example.org Mon\nSubject: a\n\nb\n"), "0l b.;", ODDITY_NONE},
    {"a byte order mark", VIEW("\xef\xbb\xbf" MULTI("b") "\n--b\n\na\n--b--\n"), "0m --b..a.-;1l a;",
     ODDITY_NONE},
    {"CRLF", VIEW("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\na\r\n--b--\r\n"),
     "0m --b....a;1l a;", ODDITY_NONE},
    /* Readings */
    {"two boundaries",
     VIEW("Content-Type: multipart/mixed; boundary=b; boundary=c\n\n--b\n\na\n--c\n\nd\n--c--\n"),
     "0m --b..a.-;1l a.--c..d;0m? --b..a.-;1a? --b..a;1l? d;", ODDITY_BOUNDARIES},
    {"the same one twice", VIEW("Content-Type: multipart/mixed; boundary=b; boundary=b\n\n--b\n\na\n--b--\n"),
     "0m --b..a.-;1l a;", ODDITY_NONE},
    {"two types, one reading", VIEW("Content-Type: text/plain\nContent-Type: text/html\n\na\n"), "0l a.;",
     ODDITY_NONE},
    {"two types", VIEW("Content-Type: text/plain\n" MULTI("b") "\n--b\n\na\n--b--\n"),
     "0l --b..a.-;0m? --b..a.-;1l? a;", ODDITY_TYPES},
    {"two encodings", VIEW("Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64\n\nQQ==\n"),
     "0l QQ==.;0l? base64 QQ==.;", ODDITY_ENCODINGS},
    {"a boundary of what is no multipart", VIEW("Content-Type: text/plain; boundary=b\n\n--b\n\na\n--b--\n"),
     "0l --b..a.-;0m? --b..a.-;1l? a;", ODDITY_TYPE},
    {"a multipart without a boundary", VIEW("Content-Type: multipart/mixed\n\n--b\n\na\n--b--\n"),
     "0l --b..a.-;0m? --b..a.-;1l? a;", ODDITY_NO_BOUNDARY},
    {"parts behind the end", VIEW(MULTI("b") "\n--b\n\na\n--b--\n--b\n\nc\n--b--\n"),
     "0m --b..a.-;1a --b..c.-;1l a;1l? c;", ODDITY_EPILOGUE},
    {"a part before the first delimiter", VIEW(MULTI("b") "\nContent-Type: a/b\n\nx\n--b\n\na\n--b--\n"),
     "0m Content-;1a Content-;1l a;1l? x;", ODDITY_PREAMBLE},
    {"a line among the fields that is none", VIEW("Subject: a\nhello\n" MULTI("b") "\n--b\n\na\n--b--\n"),
     "0l hello.Co;0m? --b..a.-;1l? a;1m? --b..a.-;", ODDITY_NO_BLANK_LINE},
    {"a line of blanks", VIEW("Subject: a\n \nContent-Transfer-Encoding: base64\n\nQQ==\n"),
     "0l base64 QQ==.;0l? Content-;", ODDITY_BLANKS},
    {"an encoded message",
     VIEW("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nQToKCmhpCg==\n"),
     "0r base64 QToKCmhp;1l hi.;", ODDITY_NONE},
    {"CR as line end", VIEW("Content-Type: multipart/mixed; boundary=b\r\r--b\r\ra\r--b--\r"),
     "0l ;0m? --b..a.-;1l? a;", ODDITY_BARE_CR},
    {"CR in a text", VIEW("Subject: a\n\na\rb\n"), "0l a.b.;", ODDITY_NONE},
    {"NUL in a boundary", VIEW(MULTI("b\0c") "\n--bc\n\na\n--bc--\n"), NULL, ODDITY_NO_DELIMITER},
    {"a message in a text", VIEW("Subject: a\n\nyou wrote\nContent-Transfer-Encoding: base64\n\nQQ==\n"),
     "0l you.wrot;1l? base64 QQ==.;", ODDITY_NONE},
};

static void write_body(struct buf *to, struct view body)
{
    for (size_t i = 0; i < body.n && i < 8; i++)
        buf_add_char(to, body.p[i] > ' ' && body.p[i] < 127 ? body.p[i] : '.');
}

static void write_parts(struct buf *to, const struct mail *m)
{
    buf_clear(to);
    for (unsigned i = 0; i < m->n; i++) {
        const struct mail_part *p = &m->part[i];

        buf_addf(to, "%u%c%s ", p->depth, "lmra"[p->kind], p -> other ? "?" : "");
        if (p->encoding != MAIL_ENCODING_NONE)
            buf_addf(to, "%s ", mail_encoding_name(p->encoding));
        write_body(to, p->body);
        buf_add_char(to, ';');
    }
    buf_add_char(to, '\0');
}

static void each_reading_gives_its_parts(void **state)
{
    struct mail m = {0};
    struct buf got = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct tree_case *c = &cases[i];
        enum oddity first;

        mail_open(&m, c->message, SIZE_MAX_BYTES);
        write_parts(&got, &m);
        first = oddity_first(oddity_of_grade(m.odd, ODDITY_AMBIGUOUS) | oddity_of_grade(m.odd, ODDITY_LIMIT));
        if ((c->parts && strcmp(got.p, c->parts) != 0) || first != c->odd)
            fail_msg("%s: %s (%s)", c->says, got.p, oddity_name(first));
        mail_close(&m);
    }
    mail_free(&m);
    buf_free(&got);
}

/* n multiparts in each other. */
static void nest(struct buf *to, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        buf_addf(to, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i, i);
    buf_add_str(to, "\na\n");
}

static void add_parts(struct buf *to, unsigned n)
{
    buf_add_str(to, MULTI("b") "\n");
    while (n--)
        buf_add_str(to, "--b\n\na\n");
    buf_add_str(to, "--b--\n");
}

static void depth_and_number_are_limited(void **state)
{
    struct mail m = {0};

    (void)state;
    for (int d = -1; d <= 1; d++) {
        struct buf deep = {0}, wide = {0};

        nest(&deep, (unsigned)(MAIL_DEPTH_MAX + d));
        mail_open(&m, buf_view(&deep), SIZE_MAX_BYTES);
        assert_int_equal((m.odd & oddity_bit(ODDITY_DEPTH_MAX)) != 0, d > 0);
        mail_close(&m);
        add_parts(&wide, (unsigned)(MAIL_PARTS_MAX - 1 + d));
        mail_open(&m, buf_view(&wide), SIZE_MAX_BYTES);
        assert_int_equal((m.odd & oddity_bit(ODDITY_PARTS_MAX)) != 0, d > 0);
        mail_close(&m);
        buf_free(&deep);
        buf_free(&wide);
    }
    mail_free(&m);
}

/* Each level can be read in eight ways: 8^31 readings, were each read. */
static void readings_do_not_multiply(void **state)
{
    struct mail m = {0};
    struct buf b = {0};
    clock_t begun = clock();

    (void)state;
    for (unsigned i = 0; i < 31; i++) {
        buf_add_str(&b, "Content-Type: multipart/mixed");
        for (unsigned k = 0; k < 8; k++)
            buf_addf(&b, "; boundary=b%u.%u", i, k);
        buf_add_str(&b, "\n\n");
        for (unsigned k = 0; k < 8; k++)
            buf_addf(&b, "--b%u.%u\n", i, k);
    }
    buf_add_str(&b, "\na\n");
    mail_open(&m, buf_view(&b), SIZE_MAX_BYTES);
    assert_true(m.n <= MAIL_PARTS_MAX);
    assert_int_not_equal(oddity_of_grade(m.odd, ODDITY_AMBIGUOUS) | oddity_of_grade(m.odd, ODDITY_LIMIT), 0);
    assert_true(clock() - begun < 5 * CLOCKS_PER_SEC);
    mail_free(&m);
    buf_free(&b);
}

static void ranges_are_exact(void **state)
{
    static const char text[] = "Subject: a\n" MULTI("b") "\n--b\nContent-Type: a/b\n\nbody\n--b--\n";
    const struct mail_field *f;
    struct mail m = {0};

    (void)state;
    mail_open(&m, (struct view){text, sizeof text - 1}, SIZE_MAX_BYTES);
    assert_int_equal(m.n, 2);
    assert_int_equal(m.part[1].parent, 0);
    assert_ptr_equal(m.part[1].body.p, strstr(text, "body"));
    assert_int_equal(m.part[1].body.n, 4);
    f = mail_header_find(m.part[1].header, VIEW("content-type"), 0);
    assert_non_null(f);
    assert_ptr_equal(f->whole.p, strstr(text, "Content-Type: a/b"));
    assert_int_equal(f->whole.n, strlen("Content-Type: a/b\n"));
    mail_free(&m);
}

/* Decoded to find parts in them: so many bytes and no more. */
static void decoded_bytes_are_limited(void **state)
{
    static const char head[] = "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n";
    struct mail m = {0};
    struct buf b = {0};

    (void)state;
    buf_add_str(&b, head);
    for (unsigned i = 0; i < 100; i++)
        buf_add_str(&b, "QToKCmhp");
    for (unsigned max = 599; max <= 600; max++) {
        mail_open(&m, buf_view(&b), max);
        assert_int_equal((m.odd & oddity_bit(ODDITY_SIZE_MAX)) != 0, max < 600);
        mail_close(&m);
    }
    mail_free(&m);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reading_gives_its_parts), cmocka_unit_test(depth_and_number_are_limited),
        cmocka_unit_test(readings_do_not_multiply),     cmocka_unit_test(ranges_are_exact),
        cmocka_unit_test(decoded_bytes_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
