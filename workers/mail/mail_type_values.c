/*
 * mail_type_values.c - see mail_type.h: what readers may take the value of one parameter for.
 *
 * Called through mail_shape.c for boundaries and by mail.c for names. A value of ordinary mail has none of
 * the bytes that readers differ about and is found by one look at it; only the others are made anew, once for
 * each habit that some reader is known to have. It must not look at more than a fixed
 * number of parameters and bytes of each, and trusts none of them.
 */
#include "workers/mail/mail_type_part.h"

#include "workers/mail/mail_word.h"

static bool is_there(const struct mail_ways *w, struct view v)
{
    unsigned n = w->n < w->max ? w->n : w->max;

    for (unsigned i = 0; i < n; i++)
        if (view_equal(w->to[i], v))
            return true;
    return false;
}

/* `lasts`: the bytes need no copy. */
static void add_one(struct mail_ways *w, struct view v, bool lasts)
{
    if (v.n > MAIL_VALUE_MAX)
        v.n = MAIL_VALUE_MAX;
    if (w->n > w->max || is_there(w, v))
        return;
    if (w->n < w->max)
        w->to[w->n] = lasts ? v : mail_arena_copy(w->arena, v);
    w->n++;
}

/* Readers written in C end at a NUL. */
static void add_ends(struct mail_ways *w, struct view v, bool lasts)
{
    const char *nul;

    add_one(w, v, lasts);
    if (v.n == 0)
        return;
    add_one(w, mail_type_cut(v, 0, v.n), lasts);
    nul = memchr(v.p, '\0', v.n);
    if (nul)
        add_one(w, (struct view){v.p, (size_t)(nul - v.p)}, lasts);
}

void mail_ways_add(struct mail_ways *w, struct view v)
{
    add_ends(w, v, true);
}

void mail_ways_add_made(struct mail_ways *w)
{
    if (w->made.n)
        add_ends(w, buf_view(&w->made), false);
}

/* A line end at `at`; answers what is behind it. */
static size_t make_fold(struct mail_ways *w, struct view v, size_t at, unsigned how)
{
    size_t end = at;

    while (end < v.n && (v.p[end] == '\r' || v.p[end] == '\n'))
        end++;
    if (how & (MAIL_MAKE_FOLD_TO_BLANK | MAIL_MAKE_FOLD_TO_NONE))
        end = mail_type_skip_space(v, end);
    if (how & MAIL_MAKE_FOLD_TO_BLANK)
        buf_add_char(&w->made, ' ');
    return end;
}

void mail_ways_make(struct mail_ways *w, struct view v, unsigned how)
{
    buf_clear(&w->made);
    for (size_t at = 0; at < v.n && w->made.n <= MAIL_VALUE_MAX;) {
        char c = v.p[at];

        if (c == '\r' || c == '\n') {
            at = make_fold(w, v, at, how);
        } else if (c == '(' && (how & MAIL_MAKE_NO_COMMENTS)) {
            at = mail_type_skip_comment(v, at);
        } else if ((c == '"' && (how & MAIL_MAKE_NO_QUOTES)) || (c == '\0' && (how & MAIL_MAKE_NO_NUL))) {
            at++;
        } else {
            at += c == '\\' && (how & MAIL_MAKE_UNESCAPE) && at + 1 < v.n;
            buf_add_char(&w->made, v.p[at++]);
        }
    }
    while ((how & MAIL_MAKE_TRIMMED) && w->made.n && mail_type_is_space(w->made.p[w->made.n - 1]))
        w->made.n--;
    mail_ways_add_made(w);
}

/* Bytes of v before the first one of `list` or, where `blanks`, blank; all of it when there is none. */
static size_t before(struct view v, const char *list, bool blanks)
{
    size_t n = 0;

    while (n < v.n && !(blanks && (v.p[n] == '\0' || mail_type_is_space(v.p[n]))) &&
           !(v.p[n] && strchr(list, v.p[n])))
        n++;
    return n;
}

/* Only where there is one of them. */
static void add_before(struct mail_ways *w, struct view v, const char *list, bool blanks)
{
    size_t n = before(v, list, blanks);

    if (n && n < v.n)
        mail_ways_make(w, mail_type_cut(v, 0, n), 0);
}

/* Readers that decode a whole field before they look at its grammar. */
static void add_encoded(struct mail_ways *w, struct view v)
{
    if (v.n && memchr(v.p, '?', v.n) && mail_word_is_encoded(v))
        mail_ways_add(w, mail_word_bytes(w->arena, v));
}

/* A quote that nobody closes: up to the end, to a ";", to the end of the line; with it and without. */
static void add_open(struct mail_ways *w, struct view raw)
{
    struct view text = {raw.p + 1, raw.n - 1};

    add_before(w, text, ";", false);
    mail_ways_make(w, text, MAIL_MAKE_UNESCAPE);
    add_before(w, text, ";\r\n", false);
    mail_ways_make(w, raw, 0);
    add_before(w, raw, ";", false);
}

/* Something other than blanks between the quote and the ";". */
static void add_tail(struct mail_ways *w, struct view raw)
{
    mail_ways_make(w, raw, 0);
    mail_ways_make(w, raw, MAIL_MAKE_UNESCAPE | MAIL_MAKE_NO_QUOTES);
    mail_ways_make(w, (struct view){raw.p + 1, raw.n - 1}, 0);
}

/* Ordinary text is taken as it is; the escapes, folds and NULs of any other are what readers differ about. */
static void take_quoted(struct mail_ways *w, struct view raw)
{
    static const unsigned hows[] = {MAIL_MAKE_UNESCAPE, 0, MAIL_MAKE_UNESCAPE | MAIL_MAKE_FOLD_TO_BLANK,
                                    MAIL_MAKE_UNESCAPE | MAIL_MAKE_FOLD_TO_NONE,
                                    MAIL_MAKE_UNESCAPE | MAIL_MAKE_NO_NUL};
    bool open = false;
    size_t end = mail_type_skip_quoted(raw, 0, &open);
    struct view text = {raw.p + 1, end - 1 - !open};

    if (open) {
        add_open(w, raw);
        return;
    }
    if (before(text, "\\;\r\n", false) == text.n && !memchr(text.p, '\0', text.n)) {
        mail_ways_add(w, text);
    } else {
        for (size_t i = 0; i < sizeof hows / sizeof *hows; i++)
            mail_ways_make(w, text, hows[i]);
        add_before(w, text, "\"", false);
        add_before(w, text, ";", false);
    }
    add_encoded(w, text);
    if (end < raw.n)
        add_tail(w, raw);
}

/* <a> and 'a' */
static void add_within(struct mail_ways *w, struct view v)
{
    if (v.n > 2 && ((v.p[0] == '<' && v.p[v.n - 1] == '>') || (v.p[0] == '\'' && v.p[v.n - 1] == '\'')))
        mail_ways_add(w, (struct view){v.p + 1, v.n - 2});
}

#define SPECIALS "\"\\(),;<>[]"

/* Up to the end of the segment or to the first byte that some reader ends at. */
static void take_plain(struct mail_ways *w, struct view raw, bool whole)
{
    static const unsigned hows[] = {0,
                                    MAIL_MAKE_UNESCAPE | MAIL_MAKE_NO_QUOTES,
                                    MAIL_MAKE_NO_COMMENTS | MAIL_MAKE_TRIMMED,
                                    MAIL_MAKE_FOLD_TO_BLANK,
                                    MAIL_MAKE_FOLD_TO_NONE,
                                    MAIL_MAKE_NO_NUL};

    if (before(raw, SPECIALS, true) == raw.n) {
        mail_ways_add(w, raw);
        add_within(w, raw);
        add_encoded(w, raw);
        return;
    }
    /* Names have blanks and no quotes in many mails, and are read up to the ";". */
    if (whole)
        mail_ways_make(w, raw, 0);
    add_before(w, raw, "", true);
    for (size_t i = 0; i < sizeof hows / sizeof *hows; i++)
        mail_ways_make(w, raw, hows[i]);
    add_before(w, raw, SPECIALS, true);
    add_before(w, raw, ";", false);
    add_within(w, raw);
    add_encoded(w, raw);
}

/* Of what stands in quotes or a comment the end is theirs. */
static void take_hidden(struct mail_ways *w, struct view raw)
{
    bool open = false;
    size_t end = raw.n && raw.p[0] == '"' ? mail_type_skip_quoted(raw, 0, &open) : 0;

    if (end && !open) {
        mail_ways_make(w, (struct view){raw.p + 1, end - 2}, MAIL_MAKE_UNESCAPE);
        return;
    }
    add_before(w, raw, SPECIALS, true);
    add_before(w, raw, "", true);
    mail_ways_make(w, raw, MAIL_MAKE_UNESCAPE | MAIL_MAKE_NO_QUOTES);
}

static bool is_file_name(struct view name)
{
    return view_equal_nocase(name, VIEW("name")) || view_equal_nocase(name, VIEW("filename"));
}

/* Behind a comment that a value begins with, up to the end of the segment as it is from there. */
static struct view behind_comment(struct view value, struct view raw)
{
    const char *end = value.p + value.n;
    bool open = false;
    size_t at;

    /* A value out of an encoded word is no part of it. */
    if (raw.p >= value.p && raw.p < end)
        raw.n = (size_t)(end - raw.p) < MAIL_TYPE_RAW_MAX ? (size_t)(end - raw.p) : MAIL_TYPE_RAW_MAX;
    at = mail_type_skip_space(raw, mail_type_skip_comment(raw, 0));
    return mail_type_cut(raw, at, mail_type_segment_end(raw, at, &open));
}

static void take(struct mail_ways *w, const struct mail_type *t, const struct mail_param *p, struct view name)
{
    struct view raw = p->raw;

    if (raw.n > MAIL_TYPE_RAW_MAX)
        raw.n = MAIL_TYPE_RAW_MAX;
    if (raw.n == 0) {
        mail_ways_add(w, raw);
        return;
    }
    if (raw.p[0] == '(') {
        /* Who knows comments looks behind it; the others take it for the value. */
        struct view other = behind_comment(t->value, raw);

        if (other.n && other.p[0] == '"')
            take_quoted(w, other);
        else
            take_plain(w, other, is_file_name(name));
    }
    if (p->hidden)
        take_hidden(w, raw);
    else if (p->quoted)
        take_quoted(w, raw);
    else
        take_plain(w, raw, is_file_name(name));
}

bool mail_type_is_piece(const struct mail_param *p, struct view name, struct view *rest)
{
    if (p->name.n < name.n || !view_equal_nocase((struct view){p->name.p, name.n}, name))
        return false;
    *rest = (struct view){p->name.p + name.n, p->name.n - name.n};
    return rest->n == 0 || rest->p[0] == '*';
}

/* Was there one before it that says the same? */
static bool is_again(const struct mail_type *t, unsigned at, struct view name)
{
    const struct mail_param *p = &t->param[at];
    struct view rest;

    for (unsigned i = 0; i < at; i++)
        if (t->param[i].hidden == p->hidden && view_equal(t->param[i].raw, p->raw) &&
            mail_type_is_piece(&t->param[i], name, &rest) && rest.n == 0)
            return true;
    return false;
}

unsigned mail_type_values(struct mail_arena *a, const struct mail_type *t, struct view name, struct view *to,
                          unsigned max)
{
    struct mail_ways w = {.arena = a, .to = to, .max = max};
    bool pieces = false;
    struct view rest;

    for (unsigned i = 0; i < t->n && !pieces; i++)
        pieces = mail_type_is_piece(&t->param[i], name, &rest) && rest.n;
    if (pieces)
        mail_ways_add_pieces(&w, t, name);
    for (unsigned i = 0; i < t->n && w.n <= max; i++)
        if (mail_type_is_piece(&t->param[i], name, &rest) && rest.n == 0 && !is_again(t, i, name))
            take(&w, t, &t->param[i], name);
    buf_free(&w.made);
    return w.n;
}

struct view mail_type_text(struct mail_arena *a, const struct mail_type *t, struct view name,
                           struct charset_set *set)
{
    struct view v = {0}, charset = {0};
    struct buf joined = {0}, text = {0};

    if (!mail_type_join(t, name, &joined, &charset))
        mail_type_values(a, t, name, &v, 1);
    else if (charset_decode(set, charset, buf_view(&joined), 4 * joined.n, &text))
        v = mail_arena_copy(a, buf_view(&text));
    else
        v = mail_word_decode(a, set, mail_arena_copy(a, buf_view(&joined)));
    /* Mailers that know no RFC 2231 put encoded words where they may not be. */
    if (v.n && joined.n == 0)
        v = mail_word_decode(a, set, v);
    buf_free(&joined);
    buf_free(&text);
    return v;
}

struct view mail_type_strict(const struct mail_type *t, struct view name)
{
    struct view rest, none = {0};

    for (unsigned i = 0; i < t->n; i++) {
        struct view raw = t->param[i].raw;
        size_t n = 0;

        if (!mail_type_is_piece(&t->param[i], name, &rest) || rest.n || t->param[i].quoted)
            continue;
        while (n < raw.n && mail_type_is_token(raw.p[n]))
            n++;
        return n < raw.n ? (struct view){raw.p, n} : none;
    }
    return none;
}
