/*
 * test_mail_leaf.c - unit tests of workers/mail/mail_leaf.c: which contents a body has, and why.
 *
 * Run by `make check`. One table: a body, its encoding, and all that comes out in one line: content, behind
 * each further one the oddity in brackets, "name=" before a file in text. Honest bodies must have one
 * content.
 */
#include "workers/mail/mail_leaf.h"
#include "workers/mail/mail_limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define NONE   MAIL_ENCODING_NONE
#define BASE64 MAIL_ENCODING_BASE64
#define QP     MAIL_ENCODING_QP
#define UU     MAIL_ENCODING_UU
#define FILE_A "begin 644 a\n#86)C\n`\nend\n"

#define BIT(o) (1ull << ODDITY_##o)

static const struct {
    const char *behaviour;
    enum mail_encoding encoding;
    struct view body;
    const char *out;
    uint64_t met;
} cases[] = {
    /* What honest mail has. */
    {"plain text", NONE, VIEW("some words\r\n"), "some words\\r\\n|", 0},
    {"nothing", NONE, VIEW(""), "|", 0},
    {"nothing in base64", BASE64, VIEW(""), "|", 0},
    {"nothing in quoted-printable", QP, VIEW(""), "|", 0},
    {"nothing in uuencode", UU, VIEW(""), "|", 0},
    {"base64", BASE64, VIEW("YWJj\r\nZGU=\r\n"), "abcde|", 0},
    {"base64 that is cut is whole as far as it goes", BASE64, VIEW("YWJj\nZGU"), "abcde|", BIT(TRUNCATED)},
    {"quoted-printable", QP, VIEW("a=3Db=\nc"), "a=bc|", 0},
    {"text with blanks at the ends of lines", QP, VIEW("a \nb\t\nc"), "a\\nb\\nc|", 0},
    {"uuencode", UU, VIEW(FILE_A), "abc|", 0},
    {"uuencode without a first line", UU, VIEW("#86)C\n"), "abc|", 0},
    /* What honest mail has at times: each reading, nothing ambiguous. */
    {"a footer behind padding", BASE64, VIEW("YWJjZA==\n____\nlist\n"),
     "abcd\\x96+-|abcd(truncated)|abcd\\x09b\\xb2(truncated)|abcd\\xff\\xff\\xff\\x96+-(truncated)|",
     BIT(TRUNCATED)},
    {"a footer behind whole groups", BASE64, VIEW("YWJj\n--\nlist\n"),
     "abc\\x96+-|abc(truncated)|abc\\xfb\\xe9b\\xb2(truncated)|", BIT(TRUNCATED)},
    {"lines of a length that is no multiple of four", BASE64, VIEW("YWJjZG\nVmZ2hp\namts\n"),
     "abcdefghijkl|abcdVfv\\x86jkl(truncated)|", BIT(TRUNCATED)},
    {"... an empty one behind them", BASE64, VIEW("YWJjZG\nVmZ2hp\namts\n\n"),
     "abcdefghijkl|abcdVfv\\x86jkl(truncated)|", BIT(TRUNCATED)},
    /* What it has not. */
    {"lines of any length", BASE64, VIEW("YWJjZG\nVmZ\n2hpamts\n"),
     "abcdefghijkl|abcdVf\\xda\\x1aZ\\x9a\\xdb(base64)|", BIT(BASE64)},
    {"a shorter line before a longer one", BASE64, VIEW("YWJjZG\nV\nmZ2hpamts\n"),
     "abcdefghijkl|abcd\\x99\\x9d\\xa1\\xa5\\xa9\\xad(base64)|", BIT(BASE64)},
    {"letters directly behind padding", BASE64, VIEW("YWI=Y2Rl"),
     "abcde|ab(base64)|ab\\x18\\xd9\\x19(base64)|", BIT(BASE64)},
    {"letters in a line behind padding", BASE64, VIEW("YWI=\nY2Rl"),
     "abcde|ab(base64)|ab\\x18\\xd9\\x19(base64)|", BIT(BASE64)},
    {"a foreign byte in a line", BASE64, VIEW("YWJj!ZGVm"), "abcdef|abc(base64)|", BIT(BASE64)},
    {"a foreign byte at first", BASE64, VIEW("!YWJj"), "abc|", 0},
    {"the other alphabet", BASE64, VIEW("YWI-"), "ab|ab>(base64)|", BIT(BASE64) | BIT(TRUNCATED)},
    {"a broken sign", QP, VIEW("a=xb"), "a=xb|axb(quoted-printable)|", BIT(QP)},
    {"blanks at the end of a line of what is no text", QP, VIEW("=00a \nb"),
     "\\0a\\nb|\\0a \\nb(quoted-printable)|", BIT(QP)},
    {"both", QP, VIEW("=00=x \n"), "\\0=x\\n|\\0x\\n(quoted-printable)|\\0=x \\n(quoted-printable)|",
     BIT(QP)},
    /* Files in text. */
    {"a file in plain text", NONE, VIEW("hi\n" FILE_A), "hi\\nbegin 644 a\\n#86)C\\n`\\nend\\n|a=abc|",
     BIT(INSIDE)},
    {"a file in text in base64", BASE64, VIEW("YmVnaW4gNjQ0IGEKIzg2KUMKYAplbmQK"),
     "begin 644 a\\n#86)C\\n`\\nend\\n|a=abc|", BIT(INSIDE)},
    {"a file in text in quoted-printable", QP, VIEW("begin 644 a=\n\n#86)=43\n`\nend\n"),
     "begin 644 a\\n#86)C\\n`\\nend\\n|a=abc|", BIT(INSIDE)},
    {"files behind the first one of a uuencoded body", UU, VIEW(FILE_A "begin 644 b\n#9&5F\n`\nend\n"),
     "abc|b=def|", BIT(INSIDE)},
    {"a file in a file is not looked for", NONE,
     VIEW("begin-base64 644 a\nYmVnaW4gNjQ0IGEKIzg2KUMKYAplbmQK\n====\n"),
     "begin-base64 644 a\\nYmVnaW4gNjQ0IGEKIzg2KUMKYAplbmQK\\n====\\n|a=begin 644 a\\n#86)C\\n`\\nend\\n|",
     BIT(INSIDE)},
    {"a file, and another reading", QP, VIEW(FILE_A "=x"),
     "begin 644 a\\n#86)C\\n`\\nend\\n=x|begin 644 a\\n#86)C\\n`\\nend\\nx(quoted-printable)|a=abc|",
     BIT(INSIDE) | BIT(QP)},
};

static void write_content(struct buf *to, const struct mail_content *c)
{
    if (c->inside) {
        buf_add_view(to, c->name);
        buf_add_char(to, '=');
    }
    for (size_t i = 0; i < c->bytes.n; i++) {
        unsigned char byte = (unsigned char)c->bytes.p[i];

        if (byte == 0)
            buf_add_str(to, "\\0");
        else if (byte == '\n' || byte == '\r')
            buf_add_str(to, byte == '\n' ? "\\n" : "\\r");
        else if (byte < ' ' || byte > '~')
            buf_addf(to, "\\x%02x", byte);
        else
            buf_add_char(to, (char)byte);
    }
    if (c->odd != ODDITY_NONE)
        buf_addf(to, "(%s)", oddity_name(c->odd));
    buf_add_char(to, '|');
}

static void each_content_comes_once(void **state)
{
    struct mail_leaf l = {0};
    struct mail_content c;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *copy = malloc(cases[i].body.n ? cases[i].body.n : 1);
        struct buf out = {0};

        assert_non_null(copy);
        memcpy(copy, cases[i].body.p, cases[i].body.n);
        mail_leaf_open(&l, (struct view){copy, cases[i].body.n}, cases[i].encoding);
        while (mail_leaf_next(&l, &c))
            write_content(&out, &c);
        if (strcmp(out.p, cases[i].out) != 0)
            fail_msg("%s: got \"%s\", wanted \"%s\"", cases[i].behaviour, out.p, cases[i].out);
        if (l.met != cases[i].met)
            fail_msg("%s: met %llx, wanted %llx", cases[i].behaviour, (unsigned long long)l.met,
                     (unsigned long long)cases[i].met);
        buf_free(&out);
        free(copy);
    }
    mail_leaf_free(&l);
    assert_null(l.usual.p);
    assert_null(l.other.p);
}

static void what_is_not_encoded_is_not_copied(void **state)
{
    struct view body = VIEW("some words");
    struct mail_leaf l = {0};
    struct mail_content c;

    (void)state;
    mail_leaf_open(&l, body, NONE);
    assert_true(mail_leaf_next(&l, &c));
    assert_ptr_equal(c.bytes.p, body.p);
    assert_false(mail_leaf_next(&l, &c));
    mail_leaf_free(&l);
}

static void a_body_without_bytes_has_one_content(void **state)
{
    struct mail_leaf l = {0};
    struct mail_content c;

    (void)state;
    for (unsigned e = 0; e < MAIL_ENCODING__MAX; e++) {
        mail_leaf_open(&l, (struct view){NULL, 0}, e);
        assert_true(mail_leaf_next(&l, &c));
        assert_int_equal(c.bytes.n, 0);
        assert_false(mail_leaf_next(&l, &c));
        assert_int_equal(l.met, 0);
    }
    mail_leaf_free(&l);
}

/* 2048 bytes are a footer, one more is another thing. */
static void a_footer_is_short(void **state)
{
    (void)state;
    for (size_t n = 2047; n <= 2049; n++) {
        struct mail_leaf l = {0};
        struct mail_content c;
        struct buf b = {0};

        buf_add_str(&b, "YWJjZA==\n");
        for (size_t i = 0; i < n; i++)
            buf_add_char(&b, i % 5 ? 'a' : '!');
        mail_leaf_open(&l, buf_view(&b), BASE64);
        while (mail_leaf_next(&l, &c))
            continue;
        assert_int_equal(l.met & ~BIT(TRUNCATED), n <= 2048 ? 0 : BIT(BASE64));
        buf_free(&b);
        mail_leaf_free(&l);
    }
}

static void so_many_files_are_read(void **state)
{
    (void)state;
    for (unsigned n = MAIL_INSIDE_MAX - 1; n <= MAIL_INSIDE_MAX + 1; n++) {
        struct mail_leaf l = {0};
        struct mail_content c;
        struct buf b = {0};
        unsigned got = 0;

        for (unsigned i = 0; i < n; i++)
            buf_add_str(&b, FILE_A);
        mail_leaf_open(&l, buf_view(&b), NONE);
        while (mail_leaf_next(&l, &c))
            got += c.inside;
        assert_int_equal(got, n < MAIL_INSIDE_MAX ? n : MAIL_INSIDE_MAX);
        assert_int_equal((l.met & BIT(INSIDE_MAX)) != 0, n > MAIL_INSIDE_MAX);
        assert_false(mail_leaf_next(&l, &c));
        buf_free(&b);
        mail_leaf_free(&l);
    }
}

static void what_makes_too_much_of_little_is_a_limit(void **state)
{
    static const enum mail_encoding encodings[] = {NONE, UU};

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct mail_leaf l = {0};
        struct mail_content c;
        struct buf b = {0};

        buf_add_str(&b, "begin 644 a\n");
        for (unsigned i = 0; i < 10000; i++)
            buf_add_str(&b, "M\n");
        mail_leaf_open(&l, buf_view(&b), encodings[k]);
        while (mail_leaf_next(&l, &c))
            assert_true(c.bytes.n < 3 * b.n + (64u << 10));
        assert_true(l.met & BIT(INSIDE_MAX));
        buf_free(&b);
        mail_leaf_free(&l);
    }
}

static double seconds(enum mail_encoding encoding, struct view piece, size_t times)
{
    struct mail_leaf l = {0};
    struct mail_content c;
    struct timespec a, b;
    struct buf in = {0};

    for (size_t i = 0; i < times; i++)
        buf_add_view(&in, piece);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    mail_leaf_open(&l, buf_view(&in), encoding);
    while (mail_leaf_next(&l, &c))
        continue;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    mail_leaf_free(&l);
    buf_free(&in);
    return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

static void time_is_linear_in_the_worst_body(void **state)
{
    static const struct {
        enum mail_encoding encoding;
        struct view piece;
    } worst[] = {
        {BASE64, VIEW("A=")},
        {BASE64, VIEW("AB-=_\n")},
        {BASE64, VIEW("YmVnaW4gNjQ0IGEKTQpl")}, /* begin 644 a\nM\ne */
        {QP, VIEW("=\x01 \n")},
        {NONE, VIEW("begin 644 a\nM\n")},
        {NONE, VIEW("=ybegin \nA\nbegin 644 a\nM\n")},
        {UU, VIEW("begin 644 a\nM\nend\n")},
        {UU, VIEW("M\n")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof worst / sizeof *worst; i++) {
        double one = seconds(worst[i].encoding, worst[i].piece, 50000);
        double two = seconds(worst[i].encoding, worst[i].piece, 100000);

        if (two > 4 * one + 0.05)
            fail_msg("body %zu: %f s, then %f s", i, one, two);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_content_comes_once),
        cmocka_unit_test(what_is_not_encoded_is_not_copied),
        cmocka_unit_test(a_body_without_bytes_has_one_content),
        cmocka_unit_test(a_footer_is_short),
        cmocka_unit_test(so_many_files_are_read),
        cmocka_unit_test(what_makes_too_much_of_little_is_a_limit),
        cmocka_unit_test(time_is_linear_in_the_worst_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
