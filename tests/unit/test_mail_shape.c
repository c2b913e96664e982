/*
 * test_mail_shape.c - unit tests of workers/mail/mail_shape.c: what the fields of a header make of its body.
 *
 * Run by `make check`. A case is a header and all shapes of it: l leaf, m multipart, r message; its boundary
 * ("?": to be guessed), encoding, and why there is more than the first.
 */
#include "workers/mail/mail_shape.h"

#include "common/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define TYPE     "Content-Type: "
#define ENCODING "Content-Transfer-Encoding: "

static const struct {
    const char *says, *header, *shapes;
    bool digest;
    enum oddity odd;
} cases[] = {
    {"nothing", "Subject: a\n", "l none;", false, 0},
    {"a type", TYPE "text/html\n", "l none;", false, 0},
    {"an encoding", ENCODING "Base64\n", "l base64;", false, 0},
    {"a multipart", TYPE "multipart/mixed; boundary=\"a b\"\n", "m a b none;", false, 0},
    {"a message", TYPE "message/rfc822\n", "r none;", false, 0},
    {"a report", TYPE "message/delivery-status\n", "l none;r none type;", false, 0},
    {"in a digest", "Subject: a\n", "r none;", true, 0},
    {"a type in a digest", TYPE "text/plain\n", "l none;", true, 0},
    {"no boundary", TYPE "multipart/mixed\n", "m ? none;", false, 0},
    {"two types", TYPE "text/plain\n" TYPE "multipart/x; boundary=b\n", "l none;m b none types;", false, 0},
    {"the same twice", TYPE "text/plain\n" TYPE "text/plain\n", "l none;", false, 0},
    {"two boundaries", TYPE "multipart/x; boundary=a; boundary=b\n", "m a none;m b none boundaries;", false,
     0},
    {"a boundary where none belongs", TYPE "text/plain; boundary=b\n", "l none;m b none type;", false, 0},
    {"two encodings", ENCODING "7bit\n" ENCODING "base64\n", "l none;l base64 encodings;", false, 0},
    {"an encoded multipart", TYPE "multipart/x; boundary=b\n" ENCODING "base64\n",
     "m b none;m b base64 encoding;", false, 0},
    {"an encoded message", TYPE "message/rfc822\n" ENCODING "base64\n", "r base64;", false, 0},
    {"blanks before the colon", "Content-Type : multipart/x; boundary=b\n", "m b none;l none field-name;",
     false, 0},
    {"a piece of a message", TYPE "message/partial; number=2; total=3\n", "l none;r none type;", false,
     ODDITY_PARTIAL},
    {"its first piece", TYPE "message/partial; number=1; total=3\n", "r none;", false, ODDITY_PARTIAL},
    {"one of one", TYPE "message/partial; number=1; total=1\n", "r none;", false, 0},
    {"elsewhere", TYPE "message/external-body; access-type=x\n", "l none;r none type;", false,
     ODDITY_EXTERNAL},
};

static void write_shapes(struct buf *to, const struct mail_shapes *s)
{
    buf_clear(to);
    for (unsigned i = 0; i < s->n; i++) {
        const struct mail_shape *p = &s->shape[i];

        buf_addf(to, "%c ", "lmra"[p->kind]);
        if (p->kind == MAIL_KIND_MULTIPART)
            buf_addf(to, "%.*s ", p->guess ? 1 : (int)p->boundary.n, p->guess ? "?" : p->boundary.p);
        buf_addf(to, "%s%s%s;", mail_encoding_name(p->encoding), p->why ? " " : "", oddity_name(p->why));
    }
    buf_add_char(to, '\0');
}

static void headers_have_shapes(void **state)
{
    struct mail_arena a = {0};
    struct buf got = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct mail_shapes s;
        struct mail_header h;

        mail_header_parse(&a, view_of(cases[i].header), false, MAIL_SPLIT_USUAL, &h);
        mail_shape_find(&a, &h, cases[i].digest, &s);
        write_shapes(&got, &s);
        if (strcmp(got.p, cases[i].shapes) != 0 || s.odd != oddity_bit(cases[i].odd))
            fail_msg("%s: %s, odd %llx", cases[i].says, got.p, (unsigned long long)s.odd);
    }
    mail_arena_free(&a);
    buf_free(&got);
}

static void ways_are_limited(void **state)
{
    struct mail_arena a = {0};
    static struct mail_shapes s;

    (void)state;
    for (unsigned n = MAIL_WAYS_MAX - 1; n <= MAIL_WAYS_MAX + 1; n++) {
        struct mail_header h;
        struct buf b = {0};

        for (unsigned i = 0; i < n; i++)
            buf_addf(&b, TYPE "text/x%u\n", i);
        mail_header_parse(&a, buf_view(&b), false, MAIL_SPLIT_USUAL, &h);
        mail_shape_find(&a, &h, false, &s);
        assert_int_equal(s.odd, n > MAIL_WAYS_MAX ? oddity_bit(ODDITY_WAYS_MAX) : 0);
        assert_int_equal(s.n, n > MAIL_WAYS_MAX ? MAIL_WAYS_MAX : n);
        buf_free(&b);
    }
    mail_arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_have_shapes),
        cmocka_unit_test(ways_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
