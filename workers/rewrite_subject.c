/*
 * rewrite_subject.c - see rewrite_subject.h. Called by rewrite_value.c.
 *
 * Text that is not ASCII, or that looks like an encoded word, becomes encoded words (RFC 2047) of UTF-8 in
 * base64, each of whole characters. Readers drop the blanks between two encoded words: where the subject
 * begins with one the blank that separates them is part of ours. A line that would become longer than a line
 * may be (RFC 5322, 2.1.1) is folded behind the text. How the subject looks is told from its begin
 * only, by the same decoder that the checks use; charsets other than UTF-8 and Latin-1 are not opened here,
 * and text in one of them counts as another text.
 */
#include "workers/rewrite_subject.h"

#include "common/utf8.h"
#include "workers/mail/mail_word.h"

#define SUBJECT_LINE_MAX 998 /* bytes */
#define SUBJECT_WORD_MAX 62  /* bytes of a whole encoded word */
#define SUBJECT_PIECE    36  /* bytes in one word: with "Subject: " a line of 69, where RFC 2047 allows 76 */

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

bool rewrite_subject_has(struct view value, struct view text)
{
    struct mail_arena a = {0};
    bool has;

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
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < v.n; i += 3) {
        size_t n = v.n - i < 3 ? v.n - i : 3;
        unsigned char b[3] = {0};
        char four[4];

        memcpy(b, v.p + i, n);
        four[0] = letters[b[0] >> 2];
        four[1] = letters[(b[0] & 3) << 4 | b[1] >> 4];
        four[2] = n > 1 ? letters[(b[1] & 15) << 2 | b[2] >> 6] : '=';
        four[3] = n > 2 ? letters[b[2] & 63] : '=';
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
