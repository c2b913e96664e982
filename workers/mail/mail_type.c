/*
 * mail_type.c - see mail_type.h. A value is cut at each ";" outside of quotes; what is in a piece is looked
 * for parameters that a reader may find there.
 *
 * Called by mail_shape.c for each Content-Type and Content-Disposition. Then the whole value is
 * searched for the one word that decides what the parts of a message are: a boundary in quotes or in a
 * comment, behind a comma or a byte that somebody takes for a blank. It must go through its bytes a fixed
 * number of times, and trusts none of them.
 */
#include "workers/mail/mail_type_part.h"

#include "workers/mail/mail_word.h"

/* Boundaries where none may be. */
#define HIDDEN_MAX 16

bool mail_type_is_token(char c)
{
    return c > 0x20 && c < 0x7f && !strchr("()<>@,;:\\\"/[]?=", c);
}

size_t mail_type_skip_space(struct view v, size_t at)
{
    while (at < v.n && mail_type_is_space(v.p[at]))
        at++;
    return at;
}

size_t mail_type_skip_comment(struct view v, size_t at)
{
    size_t deep = 0;

    for (; at < v.n; at++) {
        if (v.p[at] == '\\')
            at++;
        else if (v.p[at] == '(')
            deep++;
        else if (v.p[at] == ')' && --deep == 0)
            return at + 1;
    }
    return v.n;
}

size_t mail_type_skip_quoted(struct view v, size_t at, bool *open)
{
    for (at++; at < v.n; at++) {
        if (v.p[at] == '\\')
            at++;
        else if (v.p[at] == '"')
            return at + 1;
    }
    *open = true;
    return v.n;
}

size_t mail_type_segment_end(struct view v, size_t at, bool *open)
{
    while (at < v.n && v.p[at] != ';')
        at = v.p[at] == '"' ? mail_type_skip_quoted(v, at, open) : at + 1;
    return at;
}

struct view mail_type_cut(struct view v, size_t at, size_t end)
{
    while (at < end && mail_type_is_space(v.p[at]))
        at++;
    while (end > at && mail_type_is_space(v.p[end - 1]))
        end--;
    return (struct view){v.p + at, end - at};
}

static size_t skip_comments(struct mail_type *t, struct view v, size_t at)
{
    for (;;) {
        at = mail_type_skip_space(v, at);
        if (at == v.n || v.p[at] != '(')
            return at;
        at = mail_type_skip_comment(v, at);
        t->odd = true;
    }
}

static const struct view boundary = VIEW("boundary");

static void add_param(struct mail_type *t, struct view name, struct view raw, bool hidden)
{
    t->param[t->n++] = (struct mail_param){name, raw, raw.n && raw.p[0] == '"', hidden};
}

/* At "=" in v. `regular`: the first one behind a ";". */
static void take_param(struct mail_type *t, struct view name, struct view v, size_t at, bool regular)
{
    bool tight = name.p + name.n == v.p + at;

    if (t->n == MAIL_PARAMS_MAX) {
        t->over = true;
        return;
    }
    if (!regular)
        t->odd = true;
    /* Few readers know a boundary in pieces; some take a blank for a part of the name. */
    if (name.n >= boundary.n && view_equal_nocase((struct view){name.p, boundary.n}, boundary) &&
        (!tight || memchr(name.p, '*', name.n)))
        t->odd = true;
    add_param(t, name, mail_type_cut(v, at + 1, v.n), false);
}

/* Behind the bytes of a token, or one byte. */
static size_t skip_token(struct view v, size_t at)
{
    size_t end = at;

    while (end < v.n && mail_type_is_token(v.p[end]))
        end++;
    return end > at ? end : at + 1;
}

/* Parameters between two ";". A word behind a blank, a comma or a quote, with "=" behind it, is one to some.
 */
static void take_segment(struct mail_type *t, struct view v, bool regular)
{
    bool apart = true, open = false;
    struct view word = {0};
    size_t start = skip_comments(t, v, 0);

    for (size_t at = start, next; at < v.n; at = next) {
        char c = v.p[at];

        next = c == '"' ? mail_type_skip_quoted(v, at, &open) : skip_token(v, at);
        if (c == '=' && word.n)
            take_param(t, word, v, at, regular && word.p == v.p + start);
        if (c == '=')
            next = mail_type_skip_space(v, next);
        if (mail_type_is_token(c))
            word = (struct view){v.p + at, apart ? next - at : 0};
        else if (!mail_type_is_space(c))
            word.n = 0;
        apart = mail_type_is_space(c) || c == '"' || c == ',';
    }
}

/* Type and subtype in the first segment; answers what is behind them. */
static struct view take_type(struct mail_type *t, struct view v)
{
    size_t at = skip_comments(t, v, 0), end;

    /* A quote, or a byte that some take for a blank. */
    for (; at < v.n && !mail_type_is_token(v.p[at]); at++)
        t->odd = true;
    for (end = at; end < v.n && mail_type_is_token(v.p[end]); end++)
        ;
    t->type = (struct view){v.p + at, end - at};
    at = skip_comments(t, v, end);
    if (at == v.n || v.p[at] != '/') {
        t->odd = true;
        return (struct view){v.p + end, v.n - end};
    }
    if (at > end || (at + 1 < v.n && mail_type_is_space(v.p[at + 1])))
        t->odd = true;
    at = skip_comments(t, v, at + 1);
    for (end = at; end < v.n && mail_type_is_token(v.p[end]); end++)
        ;
    t->subtype = (struct view){v.p + at, end - at};
    if (end == at || mail_type_skip_space(v, end) < v.n)
        t->odd = true;
    return (struct view){v.p + end, v.n - end};
}

/* A byte that can be a part of a longer name: "x-boundary" is none. */
static bool is_letter(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' || c == '_' ||
           c == '.';
}

/* Behind what stands between a name and its "=" and is a blank to somebody. */
static size_t skip_loosely(struct view v, size_t at)
{
    while (at < v.n) {
        unsigned char c = (unsigned char)v.p[at];

        if (c == '(')
            at = mail_type_skip_comment(v, at);
        else if (c <= 0x20 || c >= 0x7f || c == '"')
            at++;
        else
            break;
    }
    return at;
}

/* The parameter itself, found once more; or the same one in a decoded copy. */
static bool is_listed(const struct mail_type *t, struct view name, struct view raw)
{
    for (unsigned i = 0; i < t->n; i++)
        if (t->param[i].name.n == name.n &&
            (t->param[i].name.p == name.p ||
             (view_equal_nocase(t->param[i].name, name) && view_equal(t->param[i].raw, raw))))
            return true;
    return false;
}

/* What is left to do: bytes that may be gone through twice, parameters that may be added. */
struct search {
    size_t work;
    unsigned left;
};

static void take_found(struct mail_type *t, struct view name, struct view raw, struct search *s)
{
    if ((t->over && s->left == 0) || is_listed(t, name, raw))
        return;
    t->odd = true;
    if (s->left == 0) {
        t->over = true;
        return;
    }
    s->left--;
    add_param(t, name, raw, true);
}

/* A boundary named at `at`, if there is a value with it. */
static void take_hidden(struct mail_type *t, struct view v, size_t at, struct search *s)
{
    struct view name = {v.p + at, 0};
    bool open = false;
    size_t end = at + boundary.n, from;

    if (end < v.n && v.p[end] == '*')
        while (end < v.n && (v.p[end] == '*' || (v.p[end] >= '0' && v.p[end] <= '9')))
            end++;
    name.n = end - at;
    from = end = skip_loosely(v, end);
    if (end < v.n && v.p[end] == '=') {
        end = mail_type_skip_space(v, end + 1);
        if (v.n - end > MAIL_TYPE_RAW_MAX)
            v.n = end + MAIL_TYPE_RAW_MAX;
        from = mail_type_segment_end(v, end, &open);
        take_found(t, name, mail_type_cut(v, end, from), s);
    }
    s->work -= from - at < s->work ? from - at : s->work;
    if (s->work == 0)
        t->over = true;
}

/* Does the word stand at `at`, and not within a longer one? */
static bool is_boundary(struct view v, size_t at)
{
    return (v.p[at] | 0x20) == 'b' && !(at && is_letter(v.p[at - 1])) &&
           view_equal_nocase((struct view){v.p + at, boundary.n}, boundary);
}

static void search(struct mail_type *t, struct view v, struct search *s)
{
    s->work = 4 * v.n + 1;
    for (size_t at = 0; at + boundary.n < v.n && s->work; at++)
        if (is_boundary(v, at))
            take_hidden(t, v, at, s);
}

/* In the value, and in what it is when encoded words are decoded before anything else. */
static void find_hidden(struct mail_arena *a, struct mail_type *t)
{
    struct search s = {0, HIDDEN_MAX};

    search(t, t->value, &s);
    if (mail_word_is_encoded(t->value))
        search(t, mail_word_bytes(a, t->value), &s);
}

/* Each has "=" of its own, but for the hidden ones. */
static size_t params_at_most(struct view v)
{
    size_t n = 0;

    for (const char *p; v.n && (p = memchr(v.p, '=', v.n)) && n < MAIL_PARAMS_MAX; n++) {
        v.n -= (size_t)(p + 1 - v.p);
        v.p = p + 1;
    }
    return n ? n + HIDDEN_MAX : 0;
}

void mail_type_parse(struct mail_arena *a, struct view value, struct mail_type *t)
{
    bool open = false;
    struct view v;
    size_t end, max;

    *t = (struct mail_type){.odd = value.n == 0};
    if (value.n == 0)
        return;
    v = mail_type_cut(value, 0, value.n);
    if (v.n > 1 && v.p[0] == '=' && v.p[1] == '?' && mail_word_is_encoded(v)) {
        t->odd = true;
        v = mail_word_bytes(a, v);
    }
    t->value = v;
    max = params_at_most(v);
    if (max)
        t->param = mail_arena_alloc(a, max * sizeof *t->param);
    end = mail_type_segment_end(v, 0, &open);
    take_segment(t, take_type(t, (struct view){v.p, end}), false);
    while (end < v.n && !t->over) {
        size_t at = end + 1;

        end = mail_type_segment_end(v, at, &open);
        take_segment(t, (struct view){v.p + at, end - at}, true);
    }
    if (open || memchr(v.p, '\0', v.n))
        t->odd = true;
    if (max)
        find_hidden(a, t);
}
