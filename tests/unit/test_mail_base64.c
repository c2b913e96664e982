/*
 * test_mail_base64.c - unit tests of workers/mail/mail_base64.c: what each kind of reader makes of base64.
 *
 * Run by `make check`. One table: an input, what is met in it, and the outputs that differ from the usual
 * one. The fast loop and the slow path must agree, so every case is also tried behind whole groups of
 * letters.
 */
#include "workers/mail/mail_base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define INSIDE  MAIL_BASE64_INSIDE
#define FOREIGN MAIL_BASE64_FOREIGN
#define SHORT   MAIL_BASE64_SHORT
#define UNEVEN  MAIL_BASE64_UNEVEN
#define URL     MAIL_BASE64_URL

static const struct {
    const char *behaviour;
    struct view in, usual;
    unsigned met;
    struct view way[MAIL_BASE64__MAX]; /* p NULL: as usual */
} cases[] = {
    {"nothing is nothing", VIEW(""), VIEW(""), 0, {{0}}},
    {"one group", VIEW("QUJD"), VIEW("ABC"), 0, {{0}}},
    {"eight letters at once", VIEW("QUJDREVG"), VIEW("ABCDEF"), 0, {{0}}},
    {"the letters at both ends of the alphabet",
     VIEW("AAAA////++++"),
     VIEW("\0\0\0\xff\xff\xff\xfb\xef\xbe"),
     0,
     {{0}}},
    {"two padding", VIEW("QUI="), VIEW("AB"), 0, {{0}}},
    {"one padding", VIEW("QQ=="), VIEW("A"), 0, {{0}}},
    {"lines with CRLF", VIEW("QUJD\r\nREVG\r\n"), VIEW("ABCDEF"), 0, {{0}}},
    {"lines with LF, and a last one without", VIEW("QUJD\nRE\tVG R0hJ"), VIEW("ABCDEFGHI"), 0, {{0}}},
    {"two letters at the end are a byte", VIEW("QUJDQQ"), VIEW("ABCA"), SHORT, {{0}}},
    {"three letters at the end are two bytes", VIEW("QUJDQUI"), VIEW("ABCAB"), SHORT, {{0}}},
    {"one letter at the end is none", VIEW("QUJDQ"), VIEW("ABC"), SHORT, {{0}}},
    {"nor is one with padding", VIEW("QUJDQ==="), VIEW("ABC"), SHORT, {{0}}},
    {"a single letter with padding and more behind it is not cut short",
     VIEW("Q=QUJD"),
     VIEW("ABC"),
     INSIDE,
     {[MAIL_BASE64_STOP] = VIEW(""),
      [MAIL_BASE64_FLAT] = VIEW("\x41\x05\x09"),
      [MAIL_BASE64_FULL] = VIEW("\x41\x05\x09"),
      [MAIL_BASE64_QUADS] = VIEW("\x40\x04\x24")}},
    {"padding before the end: a group ends",
     VIEW("QUI=REVG"),
     VIEW("ABDEF"),
     INSIDE,
     {[MAIL_BASE64_STOP] = VIEW("AB"),
      [MAIL_BASE64_FLAT] = VIEW("\x41\x42\x11\x11\x51"),
      [MAIL_BASE64_FULL] = VIEW("AB")}},
    {"padding that does not fill its group",
     VIEW("QQ=REVG="),
     VIEW("ADEF"),
     INSIDE,
     {[MAIL_BASE64_STOP] = VIEW("A"),
      [MAIL_BASE64_FLAT] = VIEW("\x41\x04\x44\x54"),
      [MAIL_BASE64_FULL] = VIEW("\x41\x04\x44\x54"),
      [MAIL_BASE64_QUADS] = VIEW("\x41\x00\x11\x51")}},
    {"padding before the first letter",
     VIEW("=QUJD"),
     VIEW("ABC"),
     INSIDE,
     {[MAIL_BASE64_STOP] = VIEW(""), [MAIL_BASE64_QUADS] = VIEW("\x01\x05")}},
    {"padding in two lines",
     VIEW("QQ=\n=\nQUJD"),
     VIEW("AABC"),
     INSIDE,
     {[MAIL_BASE64_STOP] = VIEW("A"),
      [MAIL_BASE64_FLAT] = VIEW("\x41\x04\x14\x24"),
      [MAIL_BASE64_FULL] = VIEW("A")}},
    {"foreign bytes are skipped", VIEW("QU!JD"), VIEW("ABC"), FOREIGN, {[MAIL_BASE64_CUT] = VIEW("A")}},
    {"NUL is foreign", VIEW("QUJD\0REVG"), VIEW("ABCDEF"), FOREIGN, {[MAIL_BASE64_CUT] = VIEW("ABC")}},
    {"a high byte is foreign",
     VIEW("QUJD\xc1REVG"),
     VIEW("ABCDEF"),
     FOREIGN,
     {[MAIL_BASE64_CUT] = VIEW("ABC")}},
    {"foreign bytes behind the last letter do not matter", VIEW("QUJD!!"), VIEW("ABC"), 0, {{0}}},
    {"white space is not foreign", VIEW("Q\tU\vJ\fD\r "), VIEW("ABC"), 0, {{0}}},
    {"a line that is no whole group",
     VIEW("QUJ\nDREVG"),
     VIEW("ABCDEF"),
     UNEVEN,
     {[MAIL_BASE64_LINES] = VIEW("AB\x0D\x11\x15")}},
    {"a last line that is no whole group", VIEW("QUJD\nRE\n\n"), VIEW("ABCD"), SHORT, {{0}}},
    {"a short line with its padding",
     VIEW("QUI=\nREVG"),
     VIEW("ABDEF"),
     INSIDE,
     {[MAIL_BASE64_STOP] = VIEW("AB"),
      [MAIL_BASE64_FLAT] = VIEW("\x41\x42\x11\x11\x51"),
      [MAIL_BASE64_FULL] = VIEW("AB")}},
    {"the other alphabet", VIEW("-_-_"), VIEW(""), URL, {[MAIL_BASE64_OTHER] = VIEW("\xfb\xff\xbf")}},
    {"the other alphabet among letters",
     VIEW("AA-A"),
     VIEW("\0\0"),
     URL | FOREIGN | SHORT,
     {[MAIL_BASE64_OTHER] = VIEW("\x00\x0f\x80"), [MAIL_BASE64_CUT] = VIEW("\0")}},
};

/* A copy of its very size, so that a sanitizer sees each byte read beyond it. */
static struct buf decode(struct view in, enum mail_base64_way way, unsigned *met)
{
    struct buf b = {0};
    char *exact = malloc(in.n ? in.n : 1);

    assert_non_null(exact);
    if (in.n)
        memcpy(exact, in.p, in.n);
    buf_add_str(&b, "before");
    *met = mail_base64_decode((struct view){exact, in.n}, way, &b);
    assert_true(b.n >= 6 && memcmp(b.p, "before", 6) == 0 && b.p[b.n] == '\0');
    memmove(b.p, b.p + 6, b.n - 6);
    b.n -= 6;
    free(exact);
    return b;
}

static void check(size_t i, size_t groups)
{
    struct buf in = {0}, wanted = {0};
    unsigned met;

    for (size_t g = 0; g < groups; g++) {
        buf_add_str(&in, "eHl6");
        buf_add_str(&wanted, "xyz");
    }
    buf_add_view(&in, cases[i].in);
    for (unsigned way = 0; way < MAIL_BASE64__MAX; way++) {
        struct buf got = decode(buf_view(&in), way, &met);
        struct view tail = cases[i].way[way].p ? cases[i].way[way] : cases[i].usual;

        wanted.n = 3 * groups;
        buf_add_view(&wanted, tail);
        if (!view_equal(buf_view(&got), buf_view(&wanted)))
            fail_msg("%s: way %u behind %zu groups gives %zu bytes, wanted %zu", cases[i].behaviour, way,
                     groups, got.n, wanted.n);
        if (way == MAIL_BASE64_USUAL && met != cases[i].met)
            fail_msg("%s: met %u, wanted %u", cases[i].behaviour, met, cases[i].met);
        if (way && cases[i].way[way].p && !(mail_base64_other_ways(cases[i].met) & 1u << way))
            fail_msg("%s: way %u differs, and nothing says so", cases[i].behaviour, way);
        buf_free(&got);
    }
    buf_free(&in);
    buf_free(&wanted);
}

static void each_way_reads_as_it_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t groups = 0; groups < 5; groups++)
            check(i, groups);
}

static void every_byte_and_length_comes_back(void **state)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct buf in = {0}, wanted = {0};

    (void)state;
    for (unsigned n = 0; n < 300; n++) {
        struct buf got;
        unsigned met;

        buf_clear(&in);
        buf_clear(&wanted);
        for (unsigned i = 0; i < n; i++) {
            unsigned char three[3] = {(unsigned char)(i * 7), (unsigned char)i, (unsigned char)(255 - i)};
            unsigned bits = (unsigned)three[0] << 16 | (unsigned)three[1] << 8 | three[2];

            for (int k = 18; k >= 0; k -= 6)
                buf_add_char(&in, alphabet[bits >> k & 63]);
            if (i % 19 == 18)
                buf_add_str(&in, i % 2 ? "\r\n" : "\n");
            buf_add(&wanted, three, 3);
        }
        got = decode(buf_view(&in), MAIL_BASE64_USUAL, &met);
        assert_int_equal(met, 0);
        assert_true(view_equal(buf_view(&got), buf_view(&wanted)));
        buf_free(&got);
    }
    buf_free(&in);
    buf_free(&wanted);
}

static void only_what_is_in_no_way_base64_is_foreign(void **state)
{
    static const char not_foreign[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n\v\f";

    (void)state;
    for (int c = 0; c < 256; c++)
        assert_int_equal(mail_base64_is_foreign((char)c), !memchr(not_foreign, c, sizeof not_foreign - 1));
}

static double seconds(struct view piece, size_t times, enum mail_base64_way way)
{
    struct buf in = {0}, out = {0};
    struct timespec a, b;

    for (size_t i = 0; i < times; i++)
        buf_add_view(&in, piece);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    mail_base64_decode(buf_view(&in), way, &out);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    assert_true(out.n <= in.n / 4 * 3 + 3);
    buf_free(&in);
    buf_free(&out);
    return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

static void time_is_linear_in_the_worst_input(void **state)
{
    static const struct view worst[] = {VIEW("A="), VIEW("A-_!\n"), VIEW("====\n\n"), VIEW("QUJDREVGR!")};

    (void)state;
    for (size_t i = 0; i < sizeof worst / sizeof *worst; i++)
        for (unsigned way = 0; way < MAIL_BASE64__MAX; way++) {
            double one = seconds(worst[i], 200000, way), two = seconds(worst[i], 400000, way);

            if (two > 4 * one + 0.05)
                fail_msg("input %zu in way %u: %f s, then %f s", i, way, one, two);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_reads_as_it_does),
        cmocka_unit_test(every_byte_and_length_comes_back),
        cmocka_unit_test(only_what_is_in_no_way_base64_is_foreign),
        cmocka_unit_test(time_is_linear_in_the_worst_input),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
