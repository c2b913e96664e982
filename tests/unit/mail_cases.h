/*
 * mail_cases.h - messages with a file in them that stands out of sight: how the tables of them are written,
 * and filled in.
 *
 * For test_av_ambiguous.c and test_mail_cases.c; the tables are in mail_cases_ambiguous.h and
 * mail_cases_honest.h. What is hidden is put in at run time, so that no scanner takes a source or a binary of
 * ours for a virus. A template is text in which "\n" is a line end and these words in braces stand for bytes:
 *
 * - {raw} {zip} {tnef}: the file; a ZIP archive with it, base64; a winmail.dat with that archive, base64
 * - {64} {64:5-9} {64-:5-9}: base64 in lines; of these bytes, on one line; without padding
 * - {64/8/!!}: base64 with "!!" behind each eight characters; {64/0/} has one line
 * - {url}: of FB and the file, in the alphabet of RFC 4648, 5
 * - {qp} {qp:5-9} {qplow}: quoted-printable, each byte escaped; with lower case digits
 * - {uu} {yenc}: the lines between "begin" and "end"; those between "=ybegin" and "=yend"
 * - {wrap}...{/wrap}: what is between them in base64; {qwrap}...{/qwrap}: with "=" escaped as in qp
 * - {450*X-#: 1\n}: so often, with the number for "#"
 * - {CR} {LF} {CRLF} {CRCRLF}: what "\n" is from here on
 */
#ifndef TESTS_UNIT_MAIL_CASES_H
#define TESTS_UNIT_MAIL_CASES_H

#include "common/buf.h"
#include "common/oddity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* Bytes that a string constant cannot hold, or that "\n" is not. */
#define NUL "\001"
#define CR  "\002"
#define LF  "\003"

struct mail_case {
    const char *says;
    const char *mail; /* the template */
    uint64_t odd;     /* what must be told of it, at least */
    bool unexamined;  /* "not examined" is an answer, too */
    bool within;      /* the file is in a file: the parser alone does not see it */
};
struct mail_payload {
    struct view raw; /* begins with "X", which is no hexadecimal digit, and has no blanks */
    struct view zip;
};
struct mail_fill {
    struct buf *to;
    const struct mail_payload *payload;
    const char *eol;
    size_t wrapped; /* where {wrap} began */
};

#define MAIL_ALPHABET     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
#define MAIL_ALPHABET_URL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

static inline void mail_put_base64(struct buf *to, struct view v, const char *alphabet, bool pad)
{
    for (size_t i = 0; i < v.n; i += 3) {
        unsigned left = v.n - i < 3 ? (unsigned)(v.n - i) : 3, bits = 0;

        for (unsigned k = 0; k < 3; k++)
            bits = bits << 8 | (k < left ? (unsigned char)v.p[i + k] : 0);
        for (unsigned k = 0; k < 4; k++)
            if (k <= left)
                buf_add_char(to, alphabet[bits >> (18 - 6 * k) & 63]);
            else if (pad)
                buf_add_char(to, '=');
    }
}

/* With `between` behind each `every` characters. */
static inline void mail_put_lines(struct buf *to, struct view v, size_t every, const char *between)
{
    struct buf line = {0};

    mail_put_base64(&line, v, MAIL_ALPHABET, true);
    for (size_t at = 0; at < line.n; at += every) {
        if (at)
            buf_add_str(to, between);
        buf_add(to, line.p + at, line.n - at < every ? line.n - at : every);
    }
    buf_free(&line);
}

static inline void mail_put_qp(const struct mail_fill *f, struct view v, const char *form)
{
    for (size_t i = 0; i < v.n; i++) {
        if (i && i % 24 == 0)
            buf_addf(f->to, "=%s", f->eol);
        buf_addf(f->to, form[0] == 'x' ? "=%02x" : "=%02X", (unsigned char)v.p[i]);
    }
}

static inline void mail_put_uu(const struct mail_fill *f, struct view v)
{
    static const char digits[] = "`!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_";
    struct buf line = {0};

    for (size_t at = 0; at < v.n; at += 45) {
        size_t n = v.n - at < 45 ? v.n - at : 45;

        buf_clear(&line);
        mail_put_base64(&line, (struct view){v.p + at, n}, digits, false);
        while (line.n % 4)
            buf_add_char(&line, '`');
        buf_add_char(f->to, digits[n]);
        buf_add_view(f->to, buf_view(&line));
        buf_add_str(f->to, f->eol);
    }
    buf_addf(f->to, "`%s", f->eol);
    buf_free(&line);
}

static inline void mail_put_yenc(struct buf *to, struct view v)
{
    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)((unsigned char)v.p[i] + 42);

        if (c == 0 || c == '\n' || c == '\r' || c == '=' || c == '.') {
            buf_add_char(to, '=');
            c = (unsigned char)(c + 64);
        }
        buf_add_char(to, (char)c);
    }
}

static inline void mail_put_attribute(struct buf *to, char level, uint32_t id, struct view v)
{
    const uint32_t number[2] = {id, (uint32_t)v.n};
    unsigned sum = 0;

    buf_add_char(to, level);
    for (unsigned i = 0; i < 8; i++)
        buf_add_char(to, (char)(number[i / 4] >> 8 * (i % 4) & 0xff));
    buf_add_view(to, v);
    for (size_t i = 0; i < v.n; i++)
        sum += (unsigned char)v.p[i];
    buf_add_char(to, (char)(sum & 0xff));
    buf_add_char(to, (char)(sum >> 8 & 0xff));
}

/* MS-OXTNEF: signature, key, and for one attachment its rendering, name and bytes. */
static inline void mail_put_tnef(const struct mail_fill *f)
{
    struct buf b = {0};

    buf_add(&b, "\x78\x9f\x3e\x22\1\0", 6);
    mail_put_attribute(&b, 1, 0x00089006, (struct view){"\0\0\1\0", 4});
    mail_put_attribute(&b, 2, 0x00069002, (struct view){"\1\0\0\0\0\0\0\0\0\0\0\0\0\0", 14});
    mail_put_attribute(&b, 2, 0x00018010, (struct view){"a.zip", 6});
    mail_put_attribute(&b, 2, 0x0006800f, f->payload->zip);
    mail_put_lines(f->to, buf_view(&b), 76, f->eol);
    buf_free(&b);
}

static inline void mail_put_url(struct buf *to, struct view v)
{
    struct buf b = {0};

    buf_add_char(&b, '\xfb');
    buf_add_view(&b, v);
    mail_put_base64(to, buf_view(&b), MAIL_ALPHABET_URL, true);
    buf_free(&b);
}

static inline void mail_put_text(const struct mail_fill *f, const char *text)
{
    for (; *text; text++)
        if (*text == '\n')
            buf_add_str(f->to, f->eol);
        else
            buf_add_char(f->to, *text == NUL[0]  ? '\0'
                                : *text == CR[0] ? '\r'
                                : *text == LF[0] ? '\n'
                                                 : *text);
}

static inline void mail_put_again(const struct mail_fill *f, unsigned times, const char *text)
{
    for (unsigned i = 0; i < times; i++)
        for (const char *p = text; *p; p++)
            if (*p == '#')
                buf_addf(f->to, "%u", i);
            else
                mail_put_text(f, (char[]){*p, '\0'});
}

/* Everything since {wrap} in another form. */
static inline void mail_put_wrapped(struct mail_fill *f, bool qp)
{
    struct buf whole = {0};

    buf_add(&whole, f->to->p + f->wrapped, f->to->n - f->wrapped);
    f->to->n = f->wrapped;
    if (!qp)
        mail_put_lines(f->to, buf_view(&whole), 76, f->eol);
    for (size_t i = 0; qp && i < whole.n; i++)
        if (whole.p[i] == '=')
            buf_add_str(f->to, "=3D");
        else
            buf_add_char(f->to, whole.p[i]);
    buf_free(&whole);
}

/* Words with a number in them. */
static inline bool mail_put_counted(const struct mail_fill *f, const char *word)
{
    struct view raw = f->payload->raw;
    unsigned from, to;
    int used = 0;

    if (sscanf(word, "%u*%n", &from, &used) == 1 && used) {
        mail_put_again(f, from, word + used);
    } else if (sscanf(word, "64/%u/%n", &from, &used) == 1 && used) {
        struct buf between = {0};
        struct mail_fill inner = {.to = &between, .eol = f->eol};

        mail_put_text(&inner, word + used);
        /* A NUL between: it stands beyond the end of what is counted. */
        if (between.n == 1 && between.p[0] == '\0') {
            size_t start = f->to->n;

            mail_put_lines(f->to, raw, from, NUL);
            for (size_t i = start; i < f->to->n; i++)
                f->to->p[i] = f->to->p[i] == NUL[0] ? '\0' : f->to->p[i];
        } else {
            mail_put_lines(f->to, raw, from ? from : SIZE_MAX / 2, between.n ? between.p : "");
        }
        buf_free(&between);
    } else if (sscanf(word, "64:%u-%u", &from, &to) == 2) {
        mail_put_base64(f->to, (struct view){raw.p + from, to - from}, MAIL_ALPHABET, true);
    } else if (sscanf(word, "64-:%u-%u", &from, &to) == 2) {
        mail_put_base64(f->to, (struct view){raw.p + from, to - from}, MAIL_ALPHABET, false);
    } else if (sscanf(word, "qp:%u-%u", &from, &to) == 2) {
        mail_put_qp(f, (struct view){raw.p + from, to - from}, "X");
    } else {
        return false;
    }
    return true;
}

static inline bool mail_put_end(struct mail_fill *f, const char *word)
{
    static const char *const ends[][2] = {{"CR", "\r"}, {"LF", "\n"}, {"CRLF", "\r\n"}, {"CRCRLF", "\r\r\n"}};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (strcmp(word, ends[i][0]) == 0) {
            f->eol = ends[i][1];
            return true;
        }
    return false;
}

static inline void mail_put_word(struct mail_fill *f, const char *word)
{
    struct view raw = f->payload->raw;

    if (strcmp(word, "raw") == 0)
        buf_add_view(f->to, raw);
    else if (strcmp(word, "64") == 0)
        mail_put_lines(f->to, raw, 76, f->eol);
    else if (strcmp(word, "zip") == 0)
        mail_put_lines(f->to, f->payload->zip, 76, f->eol);
    else if (strcmp(word, "tnef") == 0)
        mail_put_tnef(f);
    else if (strcmp(word, "url") == 0)
        mail_put_url(f->to, raw);
    else if (strcmp(word, "qp") == 0 || strcmp(word, "qplow") == 0)
        mail_put_qp(f, raw, word[2] ? "x" : "X");
    else if (strcmp(word, "uu") == 0)
        mail_put_uu(f, raw);
    else if (strcmp(word, "yenc") == 0)
        mail_put_yenc(f->to, raw);
    else if (strcmp(word, "wrap") == 0 || strcmp(word, "qwrap") == 0)
        f->wrapped = f->to->n;
    else if (strcmp(word, "/wrap") == 0 || strcmp(word, "/qwrap") == 0)
        mail_put_wrapped(f, word[1] == 'q');
    else if (!mail_put_end(f, word) && !mail_put_counted(f, word))
        fail_msg("{%s} is no word of a template", word);
}

/* Appends the message that a template stands for. */
static inline void mail_case_make(struct buf *to, const char *mail, const struct mail_payload *payload)
{
    struct mail_fill f = {.to = to, .payload = payload, .eol = "\r\n"};

    while (*mail) {
        size_t n = strcspn(mail, "{");
        char *text = strndup(mail, n);

        mail_put_text(&f, text);
        free(text);
        mail += n;
        if (*mail == '{') {
            n = strcspn(mail, "}");
            text = strndup(mail + 1, n - 1);
            mail_put_word(&f, text);
            free(text);
            mail += n + 1;
        }
    }
}

#endif
