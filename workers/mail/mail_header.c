/*
 * mail_header.c - see mail_header.h. One loop over the lines of a header, each of one kind.
 *
 * Called by mail_tree.c for the message and for each part of it: the hot path of the parser. Lines are found
 * and searched with memchr(3); only names are looked at byte by byte. Nothing is copied but the list of
 * fields. It must never give up: what it cannot place is told in `odd`. It trusts nothing but the
 * length of its input.
 */
#include "workers/mail/mail_header.h"

#include "workers/mail/mail_limits.h"
#include "workers/mail/mail_line.h"

enum kind { KIND_EMPTY, KIND_BLANKS, KIND_FOLD, KIND_MBOX, KIND_FIELD, KIND_NONE };

struct reader {
    struct mail_header *h;
    enum mail_split split;
    struct mail_field *field; /* MAIL_FIELDS_MAX of them, while it is not known how many there are */
    bool begun;               /* something other than mbox lines and folds was met */
    bool open;                /* a fold belongs to the last field */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_space(char c)
{
    return is_blank(c) || c == '\r' || c == '\n';
}

/* How many bytes of a line can be a name. */
static size_t name_length(struct view line)
{
    size_t n = 0;

    while (n < line.n && line.p[n] > ' ' && line.p[n] < 0x7f && line.p[n] != ':')
        n++;
    return n;
}

static size_t blanks_length(struct view line, size_t from)
{
    size_t n = from;

    while (n < line.n && is_blank(line.p[n]))
        n++;
    return n - from;
}

bool mail_header_is_field(struct view line)
{
    size_t n = name_length(line);

    return n > 0 && n < line.n && line.p[n] == ':';
}

static bool is_mbox(struct view line)
{
    static const char word[] = ">From ";

    return (line.n >= 5 && memcmp(line.p, word + 1, 5) == 0) || (line.n >= 6 && memcmp(line.p, word, 6) == 0);
}

/* `name` and `colon` are set for a field alone. */
static enum kind kind_of(struct view line, size_t *name, size_t *colon)
{
    if (!line.n)
        return KIND_EMPTY;
    if (is_blank(line.p[0]))
        return blanks_length(line, 0) == line.n ? KIND_BLANKS : KIND_FOLD;
    *name = name_length(line);
    *colon = *name + blanks_length(line, *name);
    if (*name && *colon < line.n && line.p[*colon] == ':')
        return KIND_FIELD;
    return is_mbox(line) ? KIND_MBOX : KIND_NONE;
}

/* A field is complete when the next one begins, or the header ends. */
static void close_field(struct reader *r)
{
    struct mail_field *f;
    const char *end;

    if (!r->open)
        return;
    r->open = false;
    f = &r->field[r->h->n - 1];
    end = f->whole.p + f->whole.n;
    while (f->value.p < end && is_space(*f->value.p))
        f->value.p++;
    while (f->value.p < end && is_space(end[-1]))
        end--;
    f->value.n = (size_t)(end - f->value.p);
}

static void open_field(struct reader *r, const struct mail_line *line, size_t name, size_t colon)
{
    struct mail_header *h = r->h;

    if (colon > name)
        h->odd |= MAIL_HEADER_BLANK_COLON;
    if (h->n == MAIL_FIELDS_MAX) {
        h->odd |= MAIL_HEADER_FIELDS_MAX;
        return;
    }
    r->field[h->n++] = (struct mail_field){
        .name = {line->text.p, name}, .value = {line->text.p + colon + 1, 0}, .whole = line->whole};
    r->open = true;
}

static void add_fold(struct reader *r, const struct mail_line *line)
{
    if (r->open)
        r->field[r->h->n - 1].whole.n += line->whole.n;
    else if (!r->begun)
        r->h->odd |= MAIL_HEADER_FOLD_FIRST;
}

/* False: it is the line that ends the header. */
static bool take(struct reader *r, const struct mail_line *line)
{
    size_t name = 0, colon = 0;
    enum kind kind = kind_of(line->text, &name, &colon);

    if (kind == KIND_BLANKS)
        r->h->odd |= MAIL_HEADER_BLANKS;
    if (kind == KIND_EMPTY || (kind == KIND_BLANKS && r->split == MAIL_SPLIT_BLANKS)) {
        r->h->body.p += line->whole.n;
        return false;
    }
    if (kind == KIND_FOLD || kind == KIND_BLANKS) {
        add_fold(r, line);
        return true;
    }
    close_field(r);
    if (kind == KIND_MBOX && !r->begun) {
        r->h->odd |= MAIL_HEADER_MBOX;
        return true;
    }
    r->begun = true;
    if (kind == KIND_MBOX) {
        r->h->odd |= MAIL_HEADER_MBOX_WITHIN;
        return r->split != MAIL_SPLIT_MBOX;
    }
    if (kind == KIND_FIELD && (colon == name || r->split != MAIL_SPLIT_NAMES)) {
        open_field(r, line, name, colon);
        return true;
    }
    r->h->odd |= MAIL_HEADER_NO_FIELD;
    return r->split == MAIL_SPLIT_SKIP;
}

static unsigned bare_cr_in(const struct mail_line *line)
{
    struct view text = line->text, whole = line->whole;
    /* The line end itself, where CR alone is one. */
    bool met = whole.p[whole.n - 1] == '\r' || (text.n && memchr(text.p, '\r', text.n));

    return met ? MAIL_HEADER_BARE_CR : 0;
}

static unsigned line_limit(const struct mail_line *line)
{
    return line->text.n > MAIL_LINE_MAX ? MAIL_HEADER_LINE_MAX : 0;
}

/* Answers where the lines end that were looked at, and sets where the body begins. */
static const char *read_lines(struct reader *r, struct view bytes, bool bare_cr)
{
    struct mail_header *h = r->h;
    /* The empty line may stand behind a header that is as long as one may be. */
    size_t window = bytes.n < MAIL_HEADER_MAX + 2 ? bytes.n : MAIL_HEADER_MAX + 2;
    struct mail_lines lines = {{bytes.p, window}, bare_cr};
    struct mail_line line;

    while (mail_line_next(&lines, &line)) {
        h->body.p = line.whole.p;
        if (line.text.n && h->block.n + line.whole.n > MAIL_HEADER_MAX) {
            h->odd |= MAIL_HEADER_SIZE_MAX | line_limit(&line);
            return line.whole.p;
        }
        h->odd |= bare_cr_in(&line);
        if (!take(r, &line))
            return lines.rest.p;
        h->odd |= line_limit(&line);
        h->block.n += line.whole.n;
    }
    h->odd |= MAIL_HEADER_NO_END;
    return h->body.p = lines.rest.p;
}

void mail_header_parse(struct mail_arena *a, struct view bytes, bool bare_cr, enum mail_split split,
                       struct mail_header *h)
{
    struct mail_field field[MAIL_FIELDS_MAX];
    struct reader r = {.h = h, .split = split, .field = field};
    const char *end;

    if (!bytes.p)
        bytes = VIEW("");
    *h = (struct mail_header){.block = {bytes.p, 0}};
    end = read_lines(&r, bytes, bare_cr);
    close_field(&r);
    h->body.n = bytes.n - (size_t)(h->body.p - bytes.p);
    if (end > bytes.p && memchr(bytes.p, '\0', (size_t)(end - bytes.p)))
        h->odd |= MAIL_HEADER_NUL;
    h->field = mail_arena_alloc(a, h->n * sizeof *field);
    if (h->n)
        memcpy(h->field, field, h->n * sizeof *field);
}

const struct mail_field *mail_header_find(const struct mail_header *h, struct view name, size_t n)
{
    for (size_t i = 0; i < h->n; i++)
        if (view_equal_nocase(h->field[i].name, name) && n-- == 0)
            return &h->field[i];
    return NULL;
}

/* The length of a line end at `i` that a blank follows; 0: there is none. */
static size_t fold_length(struct view v, size_t i)
{
    size_t n = v.n - i > 1 && v.p[i] == '\r' && v.p[i + 1] == '\n' ? 2 : 1;

    return (v.p[i] == '\r' || v.p[i] == '\n') && i + n < v.n && is_blank(v.p[i + n]) ? n : 0;
}

static size_t find_fold(struct view v, size_t from)
{
    while (from < v.n && !fold_length(v, from))
        from++;
    return from;
}

struct view mail_header_unfold(struct mail_arena *a, struct view value)
{
    size_t fold = find_fold(value, 0), from = 0;
    struct view to = {0};
    char *p;

    if (fold == value.n)
        return value;
    to.p = p = mail_arena_alloc(a, value.n);
    for (;;) {
        memcpy(p + to.n, value.p + from, fold - from);
        to.n += fold - from;
        if (fold == value.n)
            return to;
        from = fold + fold_length(value, fold);
        fold = find_fold(value, from);
    }
}
