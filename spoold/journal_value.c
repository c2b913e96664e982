/*
 * journal_value.c - see journal_value.h. Called by journal_line.c only.
 *
 * No recursion and no memory of its own: decoded strings go to the caller's
 * buffer, nesting is counted in the bits of one word. Trusts nothing about the
 * bytes; must never read at or behind `end`.
 */
#include "spoold/journal_value.h"

bool journal_value_take(struct journal_value *c, char want)
{
    if (c->p == c->end || *c->p != want)
        return false;
    c->p++;
    return true;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* `digits` hex digits at `p`; -1 when one is none. */
int64_t journal_value_hex(const char *p, size_t digits)
{
    int64_t v = 0;

    for (size_t i = 0; i < digits; i++) {
        int d = hex_value(p[i]);

        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

static void add_utf8(struct buf *out, unsigned cp)
{
    if (cp >= 0x10000) {
        buf_add_char(out, (char)(0xf0 | cp >> 18));
        buf_add_char(out, (char)(0x80 | (cp >> 12 & 0x3f)));
    } else if (cp >= 0x800) {
        buf_add_char(out, (char)(0xe0 | cp >> 12));
    }
    if (cp >= 0x800)
        buf_add_char(out, (char)(0x80 | (cp >> 6 & 0x3f)));
    else
        buf_add_char(out, (char)(0xc0 | cp >> 6));
    buf_add_char(out, (char)(0x80 | (cp & 0x3f)));
}

/* After "\u". Up to U+00FF it is one byte as json.c wrote it; beyond that it is a character of another
 * writer. */
static int take_code_point(struct journal_value *c, struct buf *out)
{
    int64_t cp = c->end - c->p >= 4 ? journal_value_hex(c->p, 4) : -1, low = 0;

    if (cp < 0)
        return -1;
    c->p += 4;
    if (cp <= 0xff) {
        buf_add_char(out, (char)cp);
        return 0;
    }
    if (cp >= 0xdc00 && cp <= 0xdfff)
        return -1;
    if (cp >= 0xd800 && cp <= 0xdbff) {
        if (c->end - c->p < 6 || c->p[0] != '\\' || c->p[1] != 'u')
            return -1;
        low = journal_value_hex(c->p + 2, 4);
        if (low < 0xdc00 || low > 0xdfff)
            return -1;
        c->p += 6;
        cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
    }
    add_utf8(out, (unsigned)cp);
    return 0;
}

/* After the backslash. */
static int take_escape(struct journal_value *c, struct buf *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *at = NULL;

    if (c->p == c->end)
        return -1;
    if (*c->p == 'u') {
        c->p++;
        return take_code_point(c, out);
    }
    at = *c->p ? strchr(from, *c->p) : NULL;
    if (!at)
        return -1;
    buf_add_char(out, to[at - from]);
    c->p++;
    return 0;
}

/* The bytes of a string up to its first escape or its end; -1 on a bare control byte. */
static int take_plain(struct journal_value *c, struct view *run)
{
    const char *start = c->p;

    while (c->p < c->end && *c->p != '"' && *c->p != '\\') {
        if ((unsigned char)*c->p < 0x20)
            return -1;
        c->p++;
    }
    *run = (struct view){start, (size_t)(c->p - start)};
    return c->p < c->end ? 0 : -1;
}

/* A string; a view into the line when nothing had to be decoded, else into the scratch. */
int journal_value_string(struct journal_value *c, struct view *v)
{
    struct buf *text = c->text;
    struct view run = {0};
    size_t start = text->n;

    if (!journal_value_take(c, '"') || take_plain(c, v) < 0)
        return -1;
    if (journal_value_take(c, '"'))
        return 0;
    buf_add_view(text, *v);
    while (!journal_value_take(c, '"')) {
        if (journal_value_take(c, '\\') && take_escape(c, text) < 0)
            return -1;
        if (take_plain(c, &run) < 0)
            return -1;
        buf_add_view(text, run);
    }
    *v = (struct view){text->p + start, text->n - start};
    return 0;
}

/* No sign, no fraction: sizes and counts only. */
int journal_value_number(struct journal_value *c, uint64_t *v)
{
    const char *start = c->p;

    *v = 0;
    for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++) {
        unsigned digit = (unsigned)(*c->p - '0');

        if (*v > (UINT64_MAX - digit) / 10)
            return -1;
        *v = *v * 10 + digit;
    }
    return c->p > start ? 0 : -1;
}

/* Without decoding: escapes are only passed, which is enough to find the end. */
static int skip_string(struct journal_value *c)
{
    struct view run = {0};

    if (!journal_value_take(c, '"'))
        return -1;
    for (;;) {
        if (take_plain(c, &run) < 0)
            return -1;
        if (journal_value_take(c, '"'))
            return 0;
        c->p++; /* the backslash */
        if (c->p == c->end || (unsigned char)*c->p < 0x20)
            return -1;
        c->p++;
    }
}

/* From the opening bracket to its closing one. `kinds` has a bit set for each open object. */
static int skip_nested(struct journal_value *c)
{
    uint64_t kinds = 0;
    unsigned depth = 0;

    do {
        char at = c->p < c->end ? *c->p : '\0';

        if (at == '"') {
            if (skip_string(c) < 0)
                return -1;
            continue;
        }
        if (at == '{' || at == '[') {
            if (++depth > JOURNAL_VALUE_DEPTH_MAX)
                return -1;
            kinds = kinds << 1 | (at == '{');
        } else if (at == '}' || at == ']') {
            if ((kinds & 1) != (at == '}'))
                return -1;
            depth--, kinds >>= 1;
        } else if ((unsigned char)at < 0x20 && at != '\t' && at != '\n' && at != '\r') {
            return -1;
        }
        c->p++;
    } while (depth);
    return 0;
}

/* A number, true, false or null; which of them does not matter. */
static int skip_scalar(struct journal_value *c)
{
    const char *start = c->p;

    while (c->p < c->end && ((*c->p >= '0' && *c->p <= '9') || (*c->p >= 'a' && *c->p <= 'z') ||
                             *c->p == '-' || *c->p == '+' || *c->p == '.' || *c->p == 'E'))
        c->p++;
    return c->p > start ? 0 : -1;
}

int journal_value_skip(struct journal_value *c)
{
    if (c->p < c->end && *c->p == '"')
        return skip_string(c);
    if (c->p < c->end && (*c->p == '{' || *c->p == '['))
        return skip_nested(c);
    return skip_scalar(c);
}
