/*
 * rewrite_subject.c - see rewrite_subject.h. Called by rewrite_value.c.
 *
 * Text that is not ASCII, or that looks like an encoded word, becomes encoded words (RFC 2047) of UTF-8 in
 * base64, each of whole characters. Readers drop the blanks between two encoded words: where the subject
 * begins with one the blank that separates them is part of ours. A line that would become longer than a line
 * may be (RFC 5322, 2.1.1) is folded behind the text. A text in encoded words with mistakes is none: there
 * are readers that would not show it. How the subject looks is told from its begin only, by the same decoder
 * that the checks use; charsets other than UTF-8 and Latin-1 are not opened here, and text in one of them
 * counts as another text.
 */
#include "workers/rewrite_subject.h"

#include "common/utf8.h"
#include "workers/mail/mail_word.h"

#define SUBJECT_LINE_MAX 998 /* bytes */
#define SUBJECT_WORD_MAX 62  /* bytes of a whole encoded word */
#define SUBJECT_PIECE    36  /* bytes in one word: with "Subject: " a line of 69, where RFC 2047 allows 76 */

#define SUBJECT_WORD_LIMIT 75 /* of anybody's (RFC 2047, section 2) */

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct view skip_white(struct view v)
{
    while (v.n && is_white(v.p[0]))
        v.p++, v.n--;
    return v;
}

static bool begins_with(struct view v, struct view text)
{
    v = skip_white(v);
    for (text = view_trim(text); text.n; text.p++, text.n--) {
        if (v.n == 0 || is_white(v.p[0]) != is_white(text.p[0]))
            return false;
        if (is_white(text.p[0])) {
            v = skip_white(v);
            text = skip_white(text);
        }
        if (v.n == 0 || v.p[0] != text.p[0])
            return false;
        v.p++, v.n--;
    }
    return v.n == 0 || is_white(v.p[0]);
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

static bool is_sound_q(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] == '=' && (v.n - i < 3 || !is_hex(v.p[i + 1]) || !is_hex(v.p[i + 2])))
            return false;
    return true;
}

static bool is_sound_base64(struct view v)
{
    size_t end = v.n;

    while (end && v.n - end < 2 && v.p[end - 1] == '=')
        end--;
    for (size_t i = 0; i < end; i++)
        if (!strchr(base64, v.p[i]))
            return false;
    return v.n % 4 == 0;
}

/* What stands before the next "?", which is taken, too. False: there is none. */
static bool take_part(struct view *v, struct view *part)
{
    const char *end = v->n ? memchr(v->p, '?', v->n) : NULL;

    if (!end)
        return false;
    *part = (struct view){v->p, (size_t)(end - v->p)};
    *v = (struct view){end + 1, v->n - part->n - 1};
    return true;
}

/* An encoded word by all rules of RFC 2047, section 2; else some readers show it as it stands. */
static bool is_sound_word(struct view v)
{
    struct view charset, encoding, text;

    if (v.n > SUBJECT_WORD_LIMIT || v.n < 2 || memcmp(v.p, "=?", 2) != 0)
        return false;
    v = (struct view){v.p + 2, v.n - 2};
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] <= ' ' || v.p[i] > '~')
            return false;
    if (!take_part(&v, &charset) || !take_part(&v, &encoding) || !take_part(&v, &text))
        return false;
    if (!charset.n || encoding.n != 1 || !text.n || !view_equal(v, VIEW("=")))
        return false;
    return (encoding.p[0] | 0x20) == 'q' ? is_sound_q(text)
                                         : (encoding.p[0] | 0x20) == 'b' && is_sound_base64(text);
}

/* Up to the first word that not all readers decode. */
static struct view sound_part(struct view v)
{
    for (size_t i = 0, n; i < v.n; i += n) {
        struct view word = {v.p + i, 0};

        while (i + word.n < v.n && !is_white(word.p[word.n]))
            word.n++;
        if (memmem(word.p, word.n, "=?", 2) && !is_sound_word(word))
            return (struct view){v.p, i};
        n = word.n ? word.n : 1;
    }
    return v;
}

bool rewrite_subject_has(struct view value, struct view text)
{
    struct mail_arena a = {0};
    bool has;

    value = sound_part(value);
    /* Half a character at a cut would make the decoder take all of it for another charset. */
    while (value.n && (unsigned char)value.p[value.n - 1] >= 0x80 && !charset_is_utf8(value))
        value.n--;
    has = begins_with(mail_word_decode(&a, NULL, value), text);
    mail_arena_free(&a);
    return has;
}

static bool needs_words(struct view text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] >= 0x80 || (text.p[i] == '=' && i + 1 < text.n && text.p[i + 1] == '?'))
            return true;
    return false;
}

static void put_base64(struct view v, struct rewrite_out *o)
{
    for (size_t i = 0; i < v.n; i += 3) {
        size_t n = v.n - i < 3 ? v.n - i : 3;
        unsigned char b[3] = {0};
        char four[4];

        memcpy(b, v.p + i, n);
        four[0] = base64[b[0] >> 2];
        four[1] = base64[(b[0] & 3) << 4 | b[1] >> 4];
        four[2] = n > 1 ? base64[(b[1] & 15) << 2 | b[2] >> 6] : '=';
        four[3] = n > 2 ? base64[b[2] & 63] : '=';
        rewrite_out_add(o, (struct view){four, sizeof four});
    }
}

static void put_words(struct view text, struct view eol, struct rewrite_out *o)
{
    while (text.n) {
        struct view piece = utf8_cut(text, SUBJECT_PIECE);

        rewrite_out_add(o, VIEW(" =?UTF-8?B?"));
        put_base64(piece, o);
        rewrite_out_add(o, VIEW("?="));
        text = (struct view){text.p + piece.n, text.n - piece.n};
        if (text.n)
            rewrite_out_add(o, eol);
    }
}

static struct view first_line(struct view v)
{
    size_t n = 0;

    while (n < v.n && v.p[n] != '\r' && v.p[n] != '\n')
        n++;
    return (struct view){v.p, n};
}

/* A line of blanks only is never made: it would end the header for some readers. What was too long before
 * stays as it is. */
static bool is_too_long(struct view text, struct view value)
{
    struct view line = first_line(value);
    size_t column = needs_words(text) ? SUBJECT_WORD_MAX : text.n;

    return view_trim(line).n && sizeof "Subject" + line.n <= SUBJECT_LINE_MAX &&
           sizeof "Subject: " + column + line.n > SUBJECT_LINE_MAX;
}

void rewrite_subject_put(struct view text, struct view value, bool crlf, struct rewrite_out *o)
{
    char room[256];
    struct view begin = skip_white(value), t = view_trim(text), eol = crlf ? VIEW("\r\n") : VIEW("\n");

    if (!needs_words(t)) {
        rewrite_out_add(o, VIEW(" "));
        rewrite_out_add(o, t);
    } else {
        bool word = begin.n > 1 && begin.p[0] == '=' && begin.p[1] == '?' && t.n < sizeof room;

        memcpy(room, t.p, t.n < sizeof room ? t.n : 0);
        room[t.n < sizeof room ? t.n : 0] = ' ';
        put_words(word ? (struct view){room, t.n + 1} : t, eol, o);
    }
    if (is_too_long(t, value))
        rewrite_out_add(o, eol);
    if (value.n && !is_white(value.p[0]))
        rewrite_out_add(o, VIEW(" "));
}
