/*
 * mail_token.c - the lexical tokens of structured fields (RFC 5322, 3.2; RFC 2045, 5.1).
 *
 * Called by the files for types, encodings, addresses and Received fields. One pass: a comment is counted
 * down, never called for, and an end that is missing costs one look at what is left. It copies nothing but a
 * quoted string with escapes in it. It must never read beyond the view, and trusts nothing in it.
 */
#include "workers/mail/mail_token.h"

/* How a byte may end a word. */
enum { PLAIN, ASKED, BLANK };
static const unsigned char kinds[256] = {
    ['\t'] = BLANK, ['\n'] = BLANK, ['\r'] = BLANK, [' '] = BLANK,  ['!'] = ASKED,  ['"'] = ASKED,
    ['#'] = ASKED,  ['$'] = ASKED,  ['%'] = ASKED,  ['&'] = ASKED,  ['\''] = ASKED, ['('] = ASKED,
    [')'] = ASKED,  ['*'] = ASKED,  ['+'] = ASKED,  [','] = ASKED,  ['-'] = ASKED,  ['.'] = ASKED,
    ['/'] = ASKED,  [':'] = ASKED,  [';'] = ASKED,  ['<'] = ASKED,  ['='] = ASKED,  ['>'] = ASKED,
    ['?'] = ASKED,  ['@'] = ASKED,  ['['] = ASKED,  ['\\'] = ASKED, [']'] = ASKED,  ['^'] = ASKED,
    ['_'] = ASKED,  ['`'] = ASKED,  ['{'] = ASKED,  ['|'] = ASKED,  ['}'] = ASKED,  ['~'] = ASKED,
};

static bool is_blank(char c)
{
    return kinds[(unsigned char)c] == BLANK;
}

/* Only addresses have domain literals: file[1].txt in a parameter is a word. */
static bool has_literals(const struct mail_tokens *c)
{
    return strchr(c->specials, '@') != NULL;
}

/* Is this byte, which is neither blank nor letter, something else than a part of a word? */
static bool ends_word(const struct mail_tokens *c, char byte)
{
    switch (byte) {
    case '"':
        return !c->plain_quotes;
    case '(':
        return c->comments;
    case '[':
        return has_literals(c);
    default:
        return strchr(c->specials, byte) != NULL;
    }
}

static size_t word_length(const struct mail_tokens *c)
{
    size_t n = 0;

    for (; n < c->rest.n; n++) {
        unsigned char kind = kinds[(unsigned char)c->rest.p[n]];

        if (kind == BLANK || (kind == ASKED && ends_word(c, c->rest.p[n])))
            break;
    }
    return n;
}

static void skip(struct mail_tokens *c, size_t n)
{
    c->rest.p += n;
    c->rest.n -= n;
}

/* `rest` begins with a parenthesis. */
static void pass_comment(struct mail_tokens *c)
{
    const char *begin = c->rest.p + 1;
    size_t depth = 1, i = 1;

    for (; i < c->rest.n && depth; i++) {
        char byte = c->rest.p[i];

        if (byte == '\\' && i + 1 < c->rest.n)
            i++;
        else if (byte == '(')
            depth++;
        else if (byte == ')')
            depth--;
    }
    c->commented = true;
    c->comment_open = depth > 0;
    c->comment = (struct view){begin, i - 1 - (depth ? 0 : 1)};
    skip(c, i);
}

/* Blanks, folds and comments. True: there were some. */
static bool pass_blanks(struct mail_tokens *c)
{
    size_t before = c->rest.n;

    while (c->rest.n) {
        if (is_blank(c->rest.p[0]))
            skip(c, 1);
        else if (c->comments && c->rest.p[0] == '(')
            pass_comment(c);
        else
            break;
    }
    return c->rest.n != before;
}

static void take(struct mail_tokens *c, struct mail_token *t, enum mail_token_kind kind, size_t n)
{
    t->kind = kind;
    t->whole = t->text = (struct view){c->rest.p, n};
    skip(c, n);
}

static void take_quoted(struct mail_tokens *c, struct mail_token *t)
{
    size_t i = 1;

    while (i < c->rest.n && c->rest.p[i] != '"')
        i += c->rest.p[i] == '\\' && i + 1 < c->rest.n ? 2 : 1;
    t->open = i >= c->rest.n;
    take(c, t, MAIL_TOKEN_QUOTED, t->open ? c->rest.n : i + 1);
    t->text.p++;
    t->text.n -= t->open ? 1 : 2;
}

/*
 * Without its end, a literal is what stands before the next blank or special, so that one lost bracket does
 * not swallow all that follows. The search ends at the next opening bracket: nothing is looked at a third
 * time.
 */
static void take_literal(struct mail_tokens *c, struct mail_token *t)
{
    size_t i = 1;

    while (i < c->rest.n && c->rest.p[i] != ']' && c->rest.p[i] != '[')
        i += c->rest.p[i] == '\\' && i + 1 < c->rest.n && c->rest.p[i + 1] != '[' ? 2 : 1;
    if (i < c->rest.n && c->rest.p[i] == ']') {
        take(c, t, MAIL_TOKEN_LITERAL, i + 1);
        t->text.n--;
    } else {
        struct mail_tokens behind = *c;

        skip(&behind, 1);
        t->open = true;
        take(c, t, MAIL_TOKEN_LITERAL, 1 + word_length(&behind));
    }
    t->text.p++;
    t->text.n--;
}

bool mail_token_next(struct mail_tokens *c, struct mail_token *t)
{
    size_t n;

    *t = (struct mail_token){.text = {c->rest.p, 0}};
    t->spaced = pass_blanks(c);
    if (!c->rest.n) {
        t->text = t->whole = c->rest;
        return false;
    }
    n = word_length(c);
    if (n)
        take(c, t, MAIL_TOKEN_WORD, n);
    else if (c->rest.p[0] == '"')
        take_quoted(c, t);
    else if (c->rest.p[0] == '[')
        take_literal(c, t);
    else
        take(c, t, MAIL_TOKEN_SPECIAL, 1);
    return true;
}

/* The length of a line end that a blank follows; 0: none. */
static size_t fold_length(struct view v, size_t at)
{
    size_t n = v.p[at] == '\r' ? 1 : 0;

    if (at + n + 1 < v.n && v.p[at + n] == '\n' && (v.p[at + n + 1] == ' ' || v.p[at + n + 1] == '\t'))
        return n + 1;
    return 0;
}

struct view mail_token_unquote(struct mail_arena *a, struct view text)
{
    bool escaped = false;
    size_t n = 0;
    char *to;

    if (!text.n || (!memchr(text.p, '\\', text.n) && !memchr(text.p, '\n', text.n)))
        return text;
    to = mail_arena_alloc(a, text.n);
    for (size_t i = 0; i < text.n;) {
        size_t fold = fold_length(text, i);

        if (fold) {
            i += fold;
        } else if (text.p[i] == '\\' && !escaped && i + 1 < text.n) {
            escaped = true;
            i++;
        } else {
            to[n++] = text.p[i++];
            escaped = false;
        }
    }
    return (struct view){to, n};
}
