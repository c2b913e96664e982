/*
 * wildcard.c - see wildcard.h: Shift-And with loops (Baeza-Yates, Gonnet; Wu, Manber), on as many words as
 * the pattern needs.
 *
 * Place j is reached when j tokens (a byte, or "?") have been read; a "*" is no token, but lets its place
 * stay whatever comes. "?" takes the first byte of a character, and its place stays for the further ones.
 * Bytes are sorted into classes, so that a short pattern has a small table. Called by rules.c.
 */
#include "workers/antispam/wildcard.h"

#include "common/xalloc.h"

#include <stdint.h>
#include <stdlib.h>

#define WORDS_MAX ((WILDCARD_MAX + 1 + 63) / 64)

struct wildcard {
    unsigned char class_of[256];
    unsigned words;
    unsigned end;             /* the place where all is read */
    uint64_t stay[WORDS_MAX]; /* places with "*" */
    uint64_t more[WORDS_MAX]; /* places behind "?" */
    uint64_t *step;           /* owned: for each class, places that a byte of it leads to */
    bool end_stays;
};

static void set_bit(uint64_t *words, unsigned i)
{
    words[i / 64] |= (uint64_t)1 << i % 64;
}

static bool has_bit(const uint64_t *words, unsigned i)
{
    return words[i / 64] >> i % 64 & 1;
}

static bool is_further(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* 0: the first bytes of characters that are not in the pattern; 1: the further ones that are not. Answers
 * how many classes there are. */
static unsigned make_classes(struct wildcard *w, struct view pattern)
{
    bool in[256] = {false};
    unsigned n = 2;

    for (size_t i = 0; i < pattern.n; i++)
        in[(unsigned char)lower(pattern.p[i])] = pattern.p[i] != '*' && pattern.p[i] != '?';
    for (unsigned c = 0; c < 256; c++)
        w->class_of[c] = in[c] ? (unsigned char)n++ : is_further((unsigned char)c);
    for (unsigned c = 'A'; c <= 'Z'; c++)
        w->class_of[c] = w->class_of[c + 32];
    return n;
}

static void add_token(struct wildcard *w, char c, unsigned classes)
{
    unsigned to = ++w->end;

    if (c != '?') {
        set_bit(w->step + w->class_of[(unsigned char)lower(c)] * w->words, to);
        return;
    }
    set_bit(w->more, to);
    for (unsigned k = 0; k < classes; k++)
        if (k != 1)
            set_bit(w->step + k * w->words, to);
    for (unsigned b = 0x80; b < 0xc0; b++) /* those in the pattern have classes of their own */
        if (w->class_of[b] != 1)
            w->step[w->class_of[b] * w->words + to / 64] &= ~((uint64_t)1 << to % 64);
}

struct wildcard *wildcard_open(struct view pattern)
{
    struct wildcard *w = xcalloc(1, sizeof *w);
    unsigned tokens = 0, classes;

    if (pattern.n > WILDCARD_MAX)
        pattern.n = WILDCARD_MAX;
    for (size_t i = 0; i < pattern.n; i++)
        tokens += pattern.p[i] != '*';
    w->words = (tokens + 1 + 63) / 64;
    classes = make_classes(w, pattern);
    w->step = xcalloc((size_t)classes * w->words, sizeof *w->step);
    for (size_t i = 0; i < pattern.n; i++) {
        if (pattern.p[i] == '*')
            set_bit(w->stay, w->end);
        else
            add_token(w, pattern.p[i], classes);
    }
    w->end_stays = has_bit(w->stay, w->end);
    return w;
}

void wildcard_close(struct wildcard *w)
{
    if (w) {
        free(w->step);
        free(w);
    }
}

/* One byte; false: no place is left. */
static bool move(const struct wildcard *w, uint64_t *at, unsigned char c)
{
    const uint64_t *step = w->step + w->class_of[c] * w->words;
    uint64_t carry = 0, any = 0, further = is_further(c) ? UINT64_MAX : 0;

    for (unsigned i = 0; i < w->words; i++) {
        uint64_t old = at[i];

        at[i] = ((old << 1 | carry) & step[i]) | (old & (w->stay[i] | (w->more[i] & further)));
        carry = old >> 63;
        any |= at[i];
    }
    return any != 0;
}

static bool fits(const struct wildcard *w, struct view line)
{
    uint64_t at[WORDS_MAX] = {1};

    for (size_t i = 0; i < line.n; i++) {
        if (!move(w, at, (unsigned char)line.p[i]))
            return false;
        if (w->end_stays && has_bit(at, w->end))
            return true;
    }
    return has_bit(at, w->end);
}

struct view wildcard_find(const struct wildcard *w, struct view text)
{
    for (;;) {
        const char *end = text.n ? memchr(text.p, '\n', text.n) : NULL;
        struct view line = {text.p ? text.p : "", end ? (size_t)(end - text.p) : text.n};

        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        line = view_trim(line);
        if (fits(w, line))
            return line;
        if (!end)
            return (struct view){0};
        text.n -= (size_t)(end + 1 - text.p);
        text.p = end + 1;
    }
}

struct view wildcard_needle(struct view pattern)
{
    struct view best = {0}, run = {pattern.p, 0};

    for (size_t i = 0; i < pattern.n; i++) {
        if (pattern.p[i] == '*' || pattern.p[i] == '?')
            run = (struct view){pattern.p + i + 1, 0};
        else
            run.n++;
        if (run.n > best.n)
            best = run;
    }
    return best;
}
