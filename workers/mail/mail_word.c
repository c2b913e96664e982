/*
 * mail_word.c - see mail_word.h. One pass over a value: runs of text and encoded words in turn.
 *
 * Called by the parser for names, subjects and display names. Words that follow each other are
 * one run of bytes as long as they have one charset, because mailers cut between any two bytes. Lenient where
 * readers are: blanks and question marks within a word, no blank around it, any length. It must never make
 * more than a few bytes out of each, and trusts no byte.
 */
#include "workers/mail/mail_word.h"

#include "workers/mail/mail_base64.h"
#include "workers/mail/mail_qp.h"

/* An encoded word: "=?charset*language?B?text?=". */
struct word {
    struct view whole, charset, text;
    bool base64;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_blank_only(struct view v)
{
    while (v.n && is_blank(v.p[0]))
        v.p++, v.n--;
    return v.n == 0;
}

/* The "?=" that ends a word. */
static const char *find_end(const char *p, const char *end)
{
    while (p < end && (p = memchr(p, '?', (size_t)(end - p))) && p + 1 < end) {
        if (p[1] == '=')
            return p;
        p++;
    }
    return NULL;
}

/* Is there a word at `p`, which has "=?"? `*ended`: no word ends behind here, so nobody looks again. */
static bool take(const char *p, const char *end, struct word *w, bool *ended)
{
    const char *charset = p + 2, *q = memchr(charset, '?', (size_t)(end - charset)), *star, *close;

    if (!q || q == charset || end - q < 5 || q[2] != '?' || !strchr("BbQq", q[1]) || !q[1])
        return false;
    for (star = charset; star < q; star++)
        if (is_blank(*star))
            return false;
    star = memchr(charset, '*', (size_t)(q - charset));
    close = find_end(q + 3, end);
    if (!close) {
        *ended = true;
        return false;
    }
    w->whole = (struct view){p, (size_t)(close + 2 - p)};
    w->charset = (struct view){charset, (size_t)((star ? star : q) - charset)};
    w->text = (struct view){q + 3, (size_t)(close - q - 3)};
    w->base64 = (q[1] | 0x20) == 'b';
    return true;
}

/* The first word of `in`. */
static bool find(struct view in, struct word *w)
{
    const char *p = in.p, *end = in.p + in.n;
    bool ended = false;

    while (!ended && p < end && (p = memchr(p, '=', (size_t)(end - p)))) {
        if (end - p > 2 && p[1] == '?' && take(p, end, w, &ended))
            return true;
        p++;
    }
    return false;
}

bool mail_word_is_encoded(struct view value)
{
    struct word w;

    return find(value, &w);
}

static void decode_word(const struct word *w, struct buf *to)
{
    if (w->base64)
        mail_base64_decode(w->text, MAIL_BASE64_USUAL, to);
    else
        mail_qp_decode_word(w->text, to);
}

/* Text between words: folds undone, other line ends are blanks. */
static void add_unfolded(struct view v, struct buf *to)
{
    while (v.n) {
        size_t n = 0;

        while (n < v.n && v.p[n] != '\r' && v.p[n] != '\n')
            n++;
        buf_add(to, v.p, n);
        v.p += n, v.n -= n;
        if (v.n == 0)
            break;
        if (v.n > 1 && v.p[0] == '\r' && v.p[1] == '\n')
            v.p++, v.n--;
        v.p++, v.n--;
        if (v.n && v.p[0] != ' ' && v.p[0] != '\t')
            buf_add_char(to, ' ');
    }
}

struct state {
    struct charset_set *set;
    struct buf out;
    struct buf bytes;     /* of the words that follow each other ... */
    struct view charset;  /* ... of this charset */
    struct view verbatim; /* and as they stand */
};

/* No byte becomes more than this, in any charset and as U+FFFD. */
#define GROWTH 4

/* The words up to here, converted; as they stand where nobody knows their charset. */
static void flush(struct state *s)
{
    size_t max = GROWTH * s->bytes.n + GROWTH;

    if (s->verbatim.n && !charset_decode(s->set, s->charset, buf_view(&s->bytes), max, &s->out)) {
        buf_clear(&s->bytes);
        add_unfolded(s->verbatim, &s->bytes);
        charset_guess(buf_view(&s->bytes), GROWTH * s->bytes.n, &s->out);
    }
    buf_clear(&s->bytes);
    s->verbatim = (struct view){0};
}

static void add_text(struct state *s, struct view text)
{
    flush(s);
    add_unfolded(text, &s->bytes);
    charset_guess(buf_view(&s->bytes), GROWTH * s->bytes.n, &s->out);
    buf_clear(&s->bytes);
}

/* Waits for the next one: a character may go on in it. */
static void add_word(struct state *s, const struct word *w)
{
    if (s->verbatim.n && view_equal_nocase(s->charset, w->charset)) {
        s->verbatim.n = (size_t)(w->whole.p + w->whole.n - s->verbatim.p);
    } else {
        flush(s);
        s->charset = w->charset;
        s->verbatim = w->whole;
    }
    decode_word(w, &s->bytes);
}

static bool is_plain(struct view v)
{
    return !mail_word_is_encoded(v) && !memchr(v.p, '\r', v.n) && !memchr(v.p, '\n', v.n) &&
           charset_is_utf8(v);
}

struct view mail_word_decode(struct mail_arena *a, struct charset_set *set, struct view value)
{
    struct state s = {.set = set};
    struct view rest = value, done;
    struct word w;

    if (value.n == 0 || is_plain(value))
        return value;
    while (find(rest, &w)) {
        struct view before = {rest.p, (size_t)(w.whole.p - rest.p)};

        /* Blanks between two words are there for the fold alone. */
        if (before.n && !(s.verbatim.n && is_blank_only(before)))
            add_text(&s, before);
        add_word(&s, &w);
        rest.p = w.whole.p + w.whole.n;
        rest.n = (size_t)(value.p + value.n - rest.p);
    }
    add_text(&s, rest);
    done = mail_arena_copy(a, buf_view(&s.out));
    buf_free(&s.out);
    buf_free(&s.bytes);
    return done;
}

struct view mail_word_bytes(struct mail_arena *a, struct view value)
{
    struct view rest = value, done;
    struct buf out = {0};
    struct word w;
    bool behind = false;

    while (find(rest, &w)) {
        struct view before = {rest.p, (size_t)(w.whole.p - rest.p)};

        if (!(behind && is_blank_only(before)))
            buf_add_view(&out, before);
        decode_word(&w, &out);
        behind = true;
        rest.p = w.whole.p + w.whole.n;
        rest.n = (size_t)(value.p + value.n - rest.p);
    }
    if (!behind)
        return value;
    buf_add_view(&out, rest);
    done = mail_arena_copy(a, buf_view(&out));
    buf_free(&out);
    return done;
}
