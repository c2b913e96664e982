/*
 * fuzz_mail_decode.c - any bytes as base64, quoted-printable and uuencode, in each way of reading.
 *
 * Built with libFuzzer or with a plain main that feeds files. Base64 is held against a decoder that takes one
 * byte at a time; a way that nothing met asks for gives what the usual one gives; no output is longer than
 * the encoding can make it; and what files in text are told to be lies in the text, in its order.
 */
#include "tests/fuzz/fuzz_must.h"

#include "workers/mail/mail_base64.h"
#include "workers/mail/mail_qp.h"
#include "workers/mail/mail_uu.h"

#include <stdio.h>

#define INPUT_MAX 20000

/* The usual way, said in the simplest way. */
static struct buf plain_base64(struct view in)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0, n = 0;
    struct buf b = {0};

    for (size_t i = 0; i < in.n; i++) {
        const char *at = memchr(alphabet, in.p[i], 64);

        if (in.p[i] == '=')
            n = 0;
        if (!at)
            continue;
        bits = bits << 6 | (unsigned)(at - alphabet);
        /* Each letter but the first of a group makes a byte whole. */
        if (n)
            buf_add_char(&b, (char)(bits >> (6 - 2 * n)));
        n = (n + 1) % 4;
    }
    return b;
}

static void try_base64(struct view in)
{
    struct buf usual = {0}, other = {0}, plain = plain_base64(in);
    unsigned met = mail_base64_decode(in, MAIL_BASE64_USUAL, &usual);
    unsigned ways = mail_base64_other_ways(met);

    MUST(view_equal(buf_view(&usual), buf_view(&plain)));
    for (unsigned way = 0; way < MAIL_BASE64__MAX; way++) {
        buf_clear(&other);
        mail_base64_decode(in, way, &other);
        MUST(other.n <= in.n / 4 * 3 + 3);
        if (!(ways & 1u << way))
            MUST(view_equal(buf_view(&usual), buf_view(&other)));
        if (way == MAIL_BASE64_STOP || way == MAIL_BASE64_CUT)
            MUST(other.n <= usual.n && (other.n == 0 || memcmp(other.p, usual.p, other.n) == 0));
    }
    buf_free(&usual);
    buf_free(&other);
    buf_free(&plain);
}

static void try_qp(struct view in)
{
    struct buf usual = {0}, other = {0};
    unsigned ways = mail_qp_other_ways(mail_qp_decode(in, MAIL_QP_USUAL, &usual));

    MUST(usual.n <= in.n);
    for (unsigned way = 0; way < MAIL_QP__MAX; way++) {
        buf_clear(&other);
        mail_qp_decode(in, way, &other);
        MUST(other.n <= in.n);
        if (!(ways & 1u << way))
            MUST(view_equal(buf_view(&usual), buf_view(&other)));
    }
    buf_clear(&other);
    mail_qp_decode_word(in, &other);
    MUST(other.n <= in.n);
    buf_free(&usual);
    buf_free(&other);
}

/* Everything encoded: one thing alone can come back. */
static void there_and_back(struct view in)
{
    struct buf qp = {0}, back = {0};

    for (size_t i = 0; i < in.n; i++) {
        char text[4];

        snprintf(text, sizeof text, "=%02X", (unsigned char)in.p[i]);
        buf_add(&qp, text, 3);
        if (i % 25 == 24)
            buf_add_str(&qp, "=\r\n");
    }
    MUST(mail_qp_decode(buf_view(&qp), MAIL_QP_USUAL, &back) == 0);
    MUST(view_equal(buf_view(&back), in));
    buf_free(&qp);
    buf_free(&back);
}

static void try_uu(struct view in)
{
    struct mail_uu u = {.rest = in};
    const char *last = in.p;
    struct mail_uu_file f;
    struct buf out = {0};
    size_t n = 0;

    while (mail_uu_next(&u, &f, &out)) {
        MUST(f.whole.p >= last && f.whole.p + f.whole.n <= in.p + in.n);
        MUST(f.name.p >= f.whole.p && f.name.p + f.name.n <= in.p + in.n);
        /* Each header gives two files at most, of which a line has five bytes at least. */
        MUST(++n <= in.n / 4 + 1);
        last = f.whole.p;
    }
    MUST(out.n <= 16 * in.n + (64u << 10) && u.rest.n == 0);
    buf_clear(&out);
    mail_uu_decode(in, &out);
    MUST(out.n <= 2 * in.n + (64u << 10));
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view in = {(const char *)data, size};

    if (size > INPUT_MAX)
        return 0;
    try_base64(in);
    try_qp(in);
    there_and_back(in);
    try_uu(in);
    return 0;
}
