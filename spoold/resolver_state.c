/*
 * resolver_state.c - whether what worker-dns says of itself is one JSON object.
 *
 * Called by resolver_link.c for each STATE. The text goes into the answers of the control socket as it is,
 * lines of JSON that spoolctl and others take apart; it comes from a process that reads strangers' packets. A
 * walk over the bytes without recursion and without memory of its own: nothing is built, nothing is decoded.
 * Stricter than JSON: printable ASCII only, whole numbers only, a few levels. Must never accept what a parser
 * of JSON refuses.
 */
#include "spoold/resolver_part.h"

#define DEPTH_MAX  6
#define DIGITS_MAX 18

enum expect {
    VALUE,        /* behind ":" or "," */
    VALUE_OR_END, /* behind "[" */
    KEY,          /* behind "," */
    KEY_OR_END,   /* behind "{" */
    COLON,
    MORE, /* "," or the end of what is open */
    OVER
};

struct walk {
    struct view rest;
    enum expect expect;
    bool array[DEPTH_MAX]; /* else an object */
    unsigned depth;
};

static bool take_hex(struct view *v)
{
    for (unsigned i = 0; i < 4; i++)
        if (i >= v->n || !strchr("0123456789abcdefABCDEF", v->p[i]))
            return false;
    v->p += 4, v->n -= 4;
    return true;
}

/* Halves of surrogate pairs are refused by parsers, and so is a NUL: only ASCII and Latin-1 are let through.
 */
static bool take_escape(struct view *v)
{
    char c = v->n ? v->p[0] : '\0';

    if (!c || !strchr("\"\\/bfnrtu", c))
        return false;
    v->p++, v->n--;
    if (c != 'u')
        return true;
    if (v->n < 4 || memcmp(v->p, "00", 2) != 0 || memcmp(v->p, "0000", 4) == 0)
        return false;
    return take_hex(v);
}

/* Behind its first quote. */
static bool take_string(struct view *v)
{
    while (v->n) {
        char c = *v->p++;

        v->n--;
        if (c == '"')
            return true;
        if (c == '\\' && !take_escape(v))
            return false;
    }
    return false;
}

static bool take_number(struct view *v)
{
    size_t n = 0, sign = v->p[0] == '-';

    while (sign + n < v->n && v->p[sign + n] >= '0' && v->p[sign + n] <= '9')
        n++;
    if (n == 0 || n > DIGITS_MAX || (n > 1 && v->p[sign] == '0'))
        return false;
    v->p += sign + n, v->n -= sign + n;
    return true;
}

static bool take_word(struct view *v)
{
    static const struct view words[] = {{"true", 4}, {"false", 5}, {"null", 4}};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (v->n < words[i].n || memcmp(v->p, words[i].p, words[i].n) != 0)
            continue;
        v->p += words[i].n, v->n -= words[i].n;
        return true;
    }
    return false;
}

static bool open_one(struct walk *w, bool array)
{
    if (w->depth == DEPTH_MAX)
        return false;
    w->array[w->depth++] = array;
    w->expect = array ? VALUE_OR_END : KEY_OR_END;
    w->rest.p++, w->rest.n--;
    return true;
}

static bool close_one(struct walk *w)
{
    w->rest.p++, w->rest.n--;
    w->expect = --w->depth ? MORE : OVER;
    return true;
}

static bool take_value(struct walk *w)
{
    const char c = w->rest.p[0];

    if (c == '{' || c == '[')
        return open_one(w, c == '[');
    if (w->expect == VALUE_OR_END && c == ']')
        return close_one(w);
    w->expect = MORE;
    if (c == '"') {
        w->rest.p++, w->rest.n--;
        return take_string(&w->rest);
    }
    return c == '-' || (c >= '0' && c <= '9') ? take_number(&w->rest) : take_word(&w->rest);
}

static bool take_key(struct walk *w)
{
    if (w->expect == KEY_OR_END && w->rest.p[0] == '}')
        return close_one(w);
    w->expect = COLON;
    w->rest.n--;
    return *w->rest.p++ == '"' && take_string(&w->rest);
}

static bool take_mark(struct walk *w)
{
    const bool array = w->array[w->depth - 1];
    const char c = w->rest.p[0];

    if (w->expect == MORE && c == (array ? ']' : '}'))
        return close_one(w);
    if (c != (w->expect == COLON ? ':' : ','))
        return false;
    w->expect = w->expect == COLON || array ? VALUE : KEY;
    w->rest.p++, w->rest.n--;
    return true;
}

static bool step(struct walk *w)
{
    if (w->expect == VALUE || w->expect == VALUE_OR_END)
        return take_value(w);
    return w->expect == KEY || w->expect == KEY_OR_END ? take_key(w) : take_mark(w);
}

bool resolver_state_ok(struct view text)
{
    struct walk w = {.rest = text, .expect = VALUE};

    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < 0x20 || text.p[i] > 0x7e)
            return false;
    if (!text.n || text.p[0] != '{')
        return false;
    while (w.expect != OVER)
        if (!w.rest.n || !step(&w))
            return false;
    return w.rest.n == 0; /* no blanks, which nothing here writes */
}
