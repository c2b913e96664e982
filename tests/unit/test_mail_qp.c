/*
 * test_mail_qp.c - unit tests of workers/mail/mail_qp.c: what each kind of reader makes of quoted-printable.
 *
 * Run by `make check`. One table for bodies, where the ways differ, and one for the words of header fields.
 */
#include "workers/mail/mail_qp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define BROKEN MAIL_QP_BROKEN
#define BLANKS MAIL_QP_BLANKS

static const struct {
    const char *behaviour;
    struct view in, usual;
    unsigned met;
    struct view drop, keep; /* p NULL: as usual */
} cases[] = {
    {"nothing is nothing", VIEW(""), VIEW(""), 0, {0}, {0}},
    {"plain text stays", VIEW("some words\r\nand\nmore"), VIEW("some words\r\nand\nmore"), 0, {0}, {0}},
    {"a byte in hexadecimal digits", VIEW("a=3Db=00"), VIEW("a=b\0"), 0, {0}, {0}},
    {"lower case digits count", VIEW("=c3=A4=fF"), VIEW("\xc3\xa4\xff"), 0, {0}, {0}},
    {"digits at both ends of their rows", VIEW("=09=90=AF=fa"), VIEW("\x09\x90\xaf\xfa"), 0, {0}, {0}},
    {"a soft line end goes", VIEW("a=\r\nb=\nc"), VIEW("abc"), 0, {0}, {0}},
    {"a soft line end at the end", VIEW("a="), VIEW("a"), 0, {0}, {0}},
    {"an encoded blank at the end of a line stays", VIEW("a=20\r\nb"), VIEW("a \r\nb"), 0, {0}, {0}},
    {"blanks at the end of a line go",
     VIEW("a \t\r\nb \n"),
     VIEW("a\r\nb\n"),
     BLANKS,
     {0},
     VIEW("a \t\r\nb \n")},
    {"blanks at the end of all go", VIEW("a  "), VIEW("a"), BLANKS, {0}, VIEW("a  ")},
    {"a line of blanks is empty", VIEW("a\n  \nb"), VIEW("a\n\nb"), BLANKS, {0}, VIEW("a\n  \nb")},
    {"blanks in a line stay", VIEW(" a  b\n"), VIEW(" a  b\n"), 0, {0}, {0}},
    {"a soft line end may have blanks behind it",
     VIEW("a= \r\nb"),
     VIEW("ab"),
     BLANKS,
     {0},
     VIEW("a= \r\nb")},
    {"blanks before a soft line end stay", VIEW("a =\nb"), VIEW("a b"), 0, {0}, {0}},
    {"no digits", VIEW("a=xyb"), VIEW("a=xyb"), BROKEN, VIEW("axyb"), {0}},
    {"a second digit that is none", VIEW("a=4g"), VIEW("a=4g"), BROKEN, VIEW("a4g"), {0}},
    {"neighbours of the digits are none",
     VIEW("=/0=0:=@0=0G=`0=0g"),
     VIEW("=/0=0:=@0=0G=`0=0g"),
     BROKEN,
     VIEW("/00:@00G`00g"),
     {0}},
    {"a digit alone at the end", VIEW("=4"), VIEW("=4"), BROKEN, VIEW("4"), {0}},
    {"two signs in a row", VIEW("==41"), VIEW("=A"), BROKEN, VIEW("A"), {0}},
    {"a broken one before a soft line end", VIEW("a==\nb"), VIEW("a=b"), BROKEN, VIEW("ab"), {0}},
    {"digits are not looked for in the next line", VIEW("=4\n1"), VIEW("=4\n1"), BROKEN, VIEW("4\n1"), {0}},
    {"CR alone is no line end", VIEW("a=\rb"), VIEW("a=\rb"), BROKEN, VIEW("a\rb"), {0}},
    {"a CR before CRLF stays", VIEW("a\r\r\n"), VIEW("a\r\r\n"), 0, {0}, {0}},
    {"NUL and high bytes stay", VIEW("\0\xff=00"), VIEW("\0\xff\0"), 0, {0}, {0}},
    {"a long piece between two signs",
     VIEW("=410123456789abcdef0123456789abcdef=42"),
     VIEW("A0123456789abcdef0123456789abcdefB"),
     0,
     {0},
     {0}},
};

/* A copy of its very size, so that a sanitizer sees each byte read beyond it. */
static char *exact(struct view in)
{
    char *p = malloc(in.n ? in.n : 1);

    assert_non_null(p);
    if (in.n)
        memcpy(p, in.p, in.n);
    return p;
}

static unsigned expect(const char *behaviour, struct view in, enum mail_qp_way way, struct view wanted)
{
    char *copy = exact(in);
    struct buf got = {0};
    unsigned met;

    buf_add_char(&got, '>');
    met = mail_qp_decode((struct view){copy, in.n}, way, &got);
    if (got.p[0] != '>' || !view_equal((struct view){got.p + 1, got.n - 1}, wanted) || got.p[got.n] != '\0')
        fail_msg("%s: way %d gives \"%s\"", behaviour, way, got.p);
    buf_free(&got);
    free(copy);
    return met;
}

static void each_way_reads_as_it_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct view drop = cases[i].drop.p ? cases[i].drop : cases[i].usual;
        struct view keep = cases[i].keep.p ? cases[i].keep : cases[i].usual;
        unsigned met = expect(cases[i].behaviour, cases[i].in, MAIL_QP_USUAL, cases[i].usual);
        unsigned ways = mail_qp_other_ways(met);

        if (met != cases[i].met)
            fail_msg("%s: met %u", cases[i].behaviour, met);
        expect(cases[i].behaviour, cases[i].in, MAIL_QP_DROP, drop);
        expect(cases[i].behaviour, cases[i].in, MAIL_QP_KEEP, keep);
        assert_int_equal(cases[i].drop.p != NULL, (ways & 1u << MAIL_QP_DROP) != 0);
        assert_int_equal(cases[i].keep.p != NULL, (ways & 1u << MAIL_QP_KEEP) != 0);
    }
}

static void words_have_blanks_of_their_own(void **state)
{
    static const struct {
        const char *behaviour;
        struct view in, out;
    } words[] = {
        {"an underscore is a blank", VIEW("a_b__"), VIEW("a b  ")},
        {"an encoded one is none", VIEW("a=5Fb"), VIEW("a_b")},
        {"blanks at the end stay", VIEW("a "), VIEW("a ")},
        {"a sign at the end stays", VIEW("a="), VIEW("a=")},
        {"there are no lines", VIEW("a=\nb \n"), VIEW("a=\nb \n")},
        {"digits are not looked for behind an underscore", VIEW("=4_1"), VIEW("=4 1")},
        {"nothing is nothing", VIEW(""), VIEW("")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char *copy = exact(words[i].in);
        struct buf got = {0};

        mail_qp_decode_word((struct view){copy, words[i].in.n}, &got);
        if (!view_equal(buf_view(&got), words[i].out))
            fail_msg("%s: \"%s\"", words[i].behaviour, got.p);
        buf_free(&got);
        free(copy);
    }
}

static double seconds(struct view piece, size_t times, enum mail_qp_way way)
{
    struct buf in = {0}, out = {0};
    struct timespec a, b;

    for (size_t i = 0; i < times; i++)
        buf_add_view(&in, piece);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    mail_qp_decode(buf_view(&in), way, &out);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    assert_true(out.n <= in.n);
    buf_free(&in);
    buf_free(&out);
    return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

static void time_is_linear_in_the_worst_input(void **state)
{
    static const struct view worst[] = {VIEW("="),    VIEW("\n"),   VIEW(" "),
                                        VIEW("= \n"), VIEW(" =\r"), VIEW("=41")};

    (void)state;
    for (size_t i = 0; i < sizeof worst / sizeof *worst; i++)
        for (unsigned way = 0; way < MAIL_QP__MAX; way++) {
            double one = seconds(worst[i], 300000, way), two = seconds(worst[i], 600000, way);

            if (two > 4 * one + 0.05)
                fail_msg("input %zu in way %u: %f s, then %f s", i, way, one, two);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_reads_as_it_does),
        cmocka_unit_test(words_have_blanks_of_their_own),
        cmocka_unit_test(time_is_linear_in_the_worst_input),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
