/*
 * spf_macro.c - reads macro-strings of SPF piece by piece, and writes what they stand for.
 *
 * Called by spf_record.c, spf.c and spf_match.c. It must never write beyond the caller's bytes, whatever the
 * values are: names go through a window of SPF_TAIL_MAX bytes whose front is dropped when it is full, as only
 * the last 253 can be asked; texts end with "too long". It trusts nothing but the lengths of its views.
 *
 * This is the part where other implementations overflowed: lengths that were computed beforehand and did not
 * match what was written. Here nothing is computed beforehand.
 */
#include "workers/antispam/spf_macro.h"

#include <arpa/inet.h>
#include <stdio.h>

#define DELIMITERS ".-+,/_="

static bool is_alpha(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_in(char c, const char *set, size_t n)
{
    return memchr(set, c, n) != NULL;
}

static bool is_literal(char c, bool blanks)
{
    return (c > 0x20 && c < 0x7f && c != '%') || (blanks && c == ' ');
}

/* ---- reading ---- */

/* "%{" is at the start. */
static bool read_braces(struct view *rest, struct spf_macro *m)
{
    size_t i = 3;
    unsigned keep = 0;
    bool counted = false;

    if (rest->n < 4 || !is_in((char)(rest->p[2] | 0x20), "slodiphcrtv", 11) || !is_alpha(rest->p[2]))
        return false;
    m->letter = (char)(rest->p[2] | 0x20);
    m->escape = !(rest->p[2] & 0x20);
    for (; i < rest->n && is_digit(rest->p[i]); i++, counted = true) {
        /* More parts than any value has are all parts. */
        if (keep < 100000)
            keep = keep * 10 + (unsigned)(rest->p[i] - '0');
    }
    if (counted && keep == 0)
        return false;
    m->keep = keep;
    if (i < rest->n && (rest->p[i] | 0x20) == 'r')
        m->reverse = true, i++;
    m->cut.p = rest->p + i;
    while (i < rest->n && is_in(rest->p[i], DELIMITERS, 7))
        i++;
    m->cut.n = (size_t)(rest->p + i - m->cut.p);
    if (i >= rest->n || rest->p[i] != '}')
        return false;
    rest->p += i + 1, rest->n -= i + 1;
    return true;
}

static bool read_percent(struct view *rest, struct spf_macro *m)
{
    if (rest->n < 2)
        return false;
    switch (rest->p[1]) {
    case '{':
        return read_braces(rest, m);
    case '%':
        m->literal = VIEW("%");
        break;
    case '_':
        m->literal = VIEW(" ");
        break;
    case '-':
        m->literal = VIEW("%20");
        break;
    default:
        return false;
    }
    rest->p += 2, rest->n -= 2;
    return true;
}

int spf_macro_next(struct view *rest, bool blanks, struct spf_macro *m)
{
    *m = (struct spf_macro){0};
    if (rest->n == 0)
        return 0;
    if (rest->p[0] == '%')
        return read_percent(rest, m) ? 1 : -1;
    m->is_plain = true;
    m->literal.p = rest->p;
    while (m->literal.n < rest->n && is_literal(rest->p[m->literal.n], blanks))
        m->literal.n++;
    rest->p += m->literal.n, rest->n -= m->literal.n;
    return m->literal.n ? 1 : -1;
}

bool spf_macro_is_string(struct view v, bool blanks, bool explains)
{
    struct spf_macro m;
    int got;

    while ((got = spf_macro_next(&v, blanks, &m)) > 0) {
        if (!explains && m.letter && is_in(m.letter, "crt", 3))
            return false;
    }
    return got == 0;
}

/* Letters, digits and hyphens, no hyphen at its ends, not digits alone. */
static bool is_top_label(struct view v)
{
    bool other = false;

    if (v.n == 0 || v.n > 63 || v.p[0] == '-' || v.p[v.n - 1] == '-')
        return false;
    for (size_t i = 0; i < v.n; i++) {
        if (!is_alpha(v.p[i]) && !is_digit(v.p[i]) && v.p[i] != '-')
            return false;
        other |= !is_digit(v.p[i]);
    }
    return other;
}

struct view spf_macro_bare(struct view v)
{
    if (v.n && v.p[v.n - 1] == '.')
        v.n--;
    return v;
}

bool spf_macro_is_domain_spec(struct view v)
{
    struct spf_macro m, last = {0};
    const char *dot;
    int got;

    while ((got = spf_macro_next(&v, false, &m)) > 0) {
        if (m.letter && is_in(m.letter, "crt", 3))
            return false;
        last = m;
    }
    if (got < 0)
        return false;
    if (!last.is_plain)
        return last.letter || last.literal.n;
    last.literal = spf_macro_bare(last.literal);
    dot = memrchr(last.literal.p, '.', last.literal.n);
    return dot && is_top_label((struct view){dot + 1, (size_t)(last.literal.p + last.literal.n - dot - 1)});
}

bool spf_macro_has(struct view v, char letter)
{
    bool has = false;
    struct spf_macro m;
    int got;

    while ((got = spf_macro_next(&v, true, &m)) > 0)
        has |= m.letter == letter;
    return has && got == 0;
}

/* ---- writing ---- */

struct writer {
    char *p;
    size_t n, max;
    bool slides; /* a full one drops its front half, otherwise what follows */
    bool over;   /* something was dropped */
};

static void put_char(struct writer *w, char c)
{
    if (w->n == w->max) {
        w->over = true;
        if (!w->slides)
            return;
        memmove(w->p, w->p + w->max / 2, w->max - w->max / 2);
        w->n = w->max - w->max / 2;
    }
    w->p[w->n++] = c;
}

static void put_escaped(struct writer *w, char c)
{
    static const char hex[] = "0123456789ABCDEF";

    if (is_alpha(c) || is_digit(c) || is_in(c, "-._~", 4)) {
        put_char(w, c);
        return;
    }
    put_char(w, '%');
    put_char(w, hex[(unsigned char)c >> 4]);
    put_char(w, hex[c & 15]);
}

static void put(struct writer *w, struct view v, bool escape)
{
    for (size_t i = 0; i < v.n; i++)
        escape ? put_escaped(w, v.p[i]) : put_char(w, v.p[i]);
}

static size_t count_parts(struct view v, struct view cut)
{
    size_t n = 1;

    for (size_t i = 0; i < v.n; i++)
        n += is_in(v.p[i], cut.p, cut.n);
    return n;
}

/* The parts in their order, the first `skip` left out. */
static void put_forward(struct writer *w, struct view v, struct view cut, size_t skip, bool escape)
{
    for (size_t i = 0; i < v.n; i++) {
        bool at = is_in(v.p[i], cut.p, cut.n);

        if (skip)
            skip -= at;
        else
            put(w, at ? VIEW(".") : (struct view){v.p + i, 1}, escape);
    }
}

/* The parts from the last to the first, the first `skip` of that order left out. */
static void put_backward(struct writer *w, struct view v, struct view cut, size_t skip, bool escape)
{
    size_t end = v.n;

    for (size_t i = v.n + 1; i-- > 0;) {
        if (i && !is_in(v.p[i - 1], cut.p, cut.n))
            continue;
        if (skip) {
            skip--;
        } else {
            put(w, (struct view){v.p + i, end - i}, escape);
            if (i)
                put_char(w, '.');
        }
        end = i ? i - 1 : 0;
    }
}

static void put_value(struct writer *w, struct view v, const struct spf_macro *m)
{
    struct view cut = m->cut.n ? m->cut : VIEW(".");
    size_t n, skip;

    if (m->cut.n == 0 && !m->reverse && m->keep == 0) {
        put(w, v, m->escape);
        return;
    }
    n = count_parts(v, cut);
    skip = m->keep && m->keep < n ? n - m->keep : 0;
    if (m->reverse)
        put_backward(w, v, cut, skip, m->escape);
    else
        put_forward(w, v, cut, skip, m->escape);
}

void spf_macro_address(const unsigned char *ip, bool is_ip4, char *to)
{
    if (!inet_ntop(is_ip4 ? AF_INET : AF_INET6, is_ip4 ? ip + 12 : ip, to, 46))
        to[0] = '\0';
}

/* "i": dotted quads, or 32 dotted nibbles. */
static struct view dotted(const unsigned char *ip, bool is_ip4, char to[64])
{
    static const char hex[] = "0123456789ABCDEF";

    if (is_ip4) {
        spf_macro_address(ip, true, to);
        return view_of(to);
    }
    for (size_t i = 0; i < 32; i++) {
        to[2 * i] = hex[i % 2 ? ip[i / 2] & 15 : ip[i / 2] >> 4];
        to[2 * i + 1] = '.';
    }
    return (struct view){to, 63};
}

size_t spf_macro_reverse(const unsigned char *ip, bool is_ip4, char *to)
{
    static const struct spf_macro m = {.letter = 'i', .reverse = true};
    struct writer w = {.p = to, .max = 79};
    char text[64];

    put_value(&w, dotted(ip, is_ip4, text), &m);
    put(&w, is_ip4 ? VIEW(".in-addr.arpa") : VIEW(".ip6.arpa"), false);
    to[w.n] = '\0';
    return w.n;
}

static struct view or_unknown(struct view v)
{
    return v.n ? v : VIEW("unknown");
}

/* `room` is for values that have to be made. */
static struct view value_of(char letter, const struct spf_values *v, char room[64])
{
    switch (letter) {
    case 'l':
        return v->local;
    case 'o':
        return v->sender_domain;
    case 'd':
        return v->domain;
    case 'h':
        return v->helo;
    case 'p':
        return or_unknown(v->client);
    case 'r':
        return or_unknown(v->receiver);
    case 'v':
        return v->is_ip4 ? VIEW("in-addr") : VIEW("ip6");
    case 'i':
        return dotted(v->ip, v->is_ip4, room);
    case 'c':
        spf_macro_address(v->ip, v->is_ip4, room);
        return view_of(room);
    default: /* t */
        snprintf(room, 64, "%lld", (long long)v->now);
        return view_of(room);
    }
}

/* "s" is the one value that stands in two pieces. */
static struct view sender_of(const struct spf_values *v, char *to, size_t max)
{
    struct writer w = {.p = to, .max = max, .slides = true};

    put(&w, v->local, false);
    put_char(&w, '@');
    put(&w, v->sender_domain, false);
    return (struct view){to, w.n};
}

static bool expand(struct writer *w, struct view v, bool blanks, const struct spf_values *values)
{
    char room[64], sender[2 * SPF_TAIL_MAX];
    struct spf_macro m;
    int got;

    while ((got = spf_macro_next(&v, blanks, &m)) > 0) {
        if (m.letter == 's')
            put_value(w, sender_of(values, sender, sizeof sender), &m);
        else if (m.letter)
            put_value(w, value_of(m.letter, values, room), &m);
        else
            put(w, m.literal, false);
    }
    return got == 0;
}

size_t spf_macro_name(struct view spec, const struct spf_values *values, char *to)
{
    char tail[SPF_TAIL_MAX];
    struct writer w = {.p = tail, .max = sizeof tail, .slides = true};
    struct view v;

    to[0] = '\0';
    if (!expand(&w, spec, false, values))
        return 0;
    v = spf_macro_bare((struct view){tail, w.n});
    while (v.n > SPF_NAME_MAX) {
        const char *dot = memchr(v.p, '.', v.n);

        if (!dot)
            return 0;
        v.n -= (size_t)(dot + 1 - v.p);
        v.p = dot + 1;
    }
    if (v.n)
        memcpy(to, v.p, v.n);
    to[v.n] = '\0';
    return v.n;
}

size_t spf_macro_text(struct view text, const struct spf_values *values, char *to, size_t max)
{
    struct writer w = {.p = to, .max = max};

    return expand(&w, text, true, values) && !w.over ? w.n : 0;
}

/* ---- names ---- */

bool spf_macro_is_name(struct view name)
{
    size_t label = 0;

    if (name.n == 0 || name.n > SPF_NAME_MAX || name.p[name.n - 1] == '.')
        return false;
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] < 0x20 || name.p[i] > 0x7e)
            return false;
        if (name.p[i] != '.' && ++label > 63)
            return false;
        if (name.p[i] == '.') {
            if (label == 0)
                return false;
            label = 0;
        }
    }
    return true;
}

bool spf_macro_is_domain(struct view name)
{
    const char *dot = name.n ? memrchr(name.p, '.', name.n) : NULL;

    return dot && spf_macro_is_name(name) && !memchr(name.p, ' ', name.n) &&
           is_top_label((struct view){dot + 1, (size_t)(name.p + name.n - dot - 1)});
}
