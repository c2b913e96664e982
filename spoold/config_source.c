/*
 * config_source.c - see config_source.h: reading files and writing down what they said, and reading that.
 *
 * The kept text is CONFIG_SOURCE_HEAD, then for each piece a line "#@ KIND BYTES NAME", just so many bytes
 * and a newline. A kept text comes from a file of ours, but may be damaged: each length is compared with what
 * is there, pieces and names have limits, and a piece that nobody asks for is a fault. In the names bytes
 * below a blank, DEL and backslashes are written \xHH.
 */
#include "spoold/config_source.h"

#include "common/xalloc.h"
#include "spoold/config_file.h"

#include <errno.h>
#include <stdlib.h>

#define SIZE_DIGITS 10 /* of a piece's length */

static const char *const kind_name[CONFIG_PIECE__MAX] = {"main", "include", "list", "override"};

struct piece {
    enum config_piece kind;
    char *name; /* of an override: what it says */
    struct view bytes;
    bool used;
};
struct config_source {
    bool is_text;
    /* from files */
    const char *path;
    const char *const *override;
    size_t override_n, override_at;
    glob_t found;
    bool looked_up;
    struct buf read; /* becomes the kept text */
    /* from a text */
    struct view text;
    struct piece *piece;
    size_t n;
};

struct config_source *config_source_of_files(const char *path, const char *const *override, size_t override_n)
{
    struct config_source *s = xcalloc(1, sizeof *s);

    s->path = path;
    s->override = override;
    s->override_n = override_n;
    return s;
}

void config_source_free(struct config_source **s)
{
    if (!*s)
        return;
    if ((*s)->looked_up)
        globfree(&(*s)->found);
    for (size_t i = 0; i < (*s)->n; i++)
        free((*s)->piece[i].name);
    free((*s)->piece);
    buf_free(&(*s)->read);
    free(*s);
    *s = NULL;
}

bool config_source_is_text(const struct config_source *s)
{
    return s->is_text;
}

/* --- writing down -----------------------------------------------------------------------------------------
 */

static void write_down(struct config_source *s, enum config_piece kind, const char *name, struct view bytes)
{
    if (s->read.n == 0)
        buf_add_str(&s->read, CONFIG_SOURCE_HEAD);
    buf_addf(&s->read, "#@ %s %zu", kind_name[kind], bytes.n);
    if (kind != CONFIG_PIECE_OVERRIDE)
        buf_add_char(&s->read, ' ');
    for (const char *p = name; kind != CONFIG_PIECE_OVERRIDE && *p; p++) {
        unsigned char c = (unsigned char)*p;

        if (c < 0x20 || c == 0x7f || c == '\\')
            buf_addf(&s->read, "\\x%02x", c);
        else
            buf_add_char(&s->read, *p);
    }
    buf_add_char(&s->read, '\n');
    buf_add_view(&s->read, bytes);
    buf_add_char(&s->read, '\n');
}

struct buf config_source_take_text(struct config_source *s)
{
    struct buf text = s->read;

    s->read = (struct buf){0};
    if (s->is_text)
        buf_add_view(&text, s->text);
    else if (text.n == 0)
        buf_add_str(&text, CONFIG_SOURCE_HEAD);
    return text;
}

/* --- the kept text ----------------------------------------------------------------------------------------
 */

struct scan {
    struct view rest, line;
    const char *wrong; /* NULL: nothing yet */
};

/* The line that is next, without its end; a text without one ends here. */
static bool next_line(struct scan *k)
{
    const char *end = k->rest.n ? memchr(k->rest.p, '\n', k->rest.n) : NULL;

    if (!end) {
        k->wrong = "a line does not end";
        return false;
    }
    k->line = (struct view){k->rest.p, (size_t)(end - k->rest.p)};
    k->rest.p += k->line.n + 1;
    k->rest.n -= k->line.n + 1;
    return true;
}

static bool take(struct view *from, struct view word)
{
    if (from->n < word.n || memcmp(from->p, word.p, word.n) != 0)
        return false;
    from->p += word.n;
    from->n -= word.n;
    return true;
}

static bool take_kind(struct view *from, enum config_piece *kind)
{
    for (int i = 0; i < CONFIG_PIECE__MAX; i++) {
        *kind = (enum config_piece)i;
        if (take(from, view_of(kind_name[i])))
            return take(from, VIEW(" "));
    }
    return false;
}

static bool take_size(struct view *from, size_t *size)
{
    size_t digits = 0;

    *size = 0;
    for (; from->n && from->p[0] >= '0' && from->p[0] <= '9' && digits < SIZE_DIGITS; digits++) {
        *size = 10 * *size + (size_t)(from->p[0] - '0');
        from->p++, from->n--;
    }
    return digits > 0;
}

static int hex_digit(char c)
{
    const char *all = "0123456789abcdef", *at = c ? strchr(all, c) : NULL;

    return at ? (int)(at - all) : -1;
}

/* NULL: it is none, or one with a NUL in it. */
static char *read_name(struct view from)
{
    struct buf name = {0};

    while (from.n && from.n <= CONFIG_SOURCE_NAME_MAX) {
        const bool coded = take(&from, VIEW("\\x"));
        int high = coded && from.n >= 2 ? hex_digit(from.p[0]) : 0;
        int low = coded && from.n >= 2 ? hex_digit(from.p[1]) : 0;
        const char c = coded ? (char)(high << 4 | low) : from.p[0];

        if (high < 0 || low < 0 || c == '\0')
            break;
        buf_add_char(&name, c);
        from.p += coded ? 2 : 1;
        from.n -= coded ? 2 : 1;
    }
    if (from.n == 0 && name.n)
        return name.p;
    buf_free(&name);
    return NULL;
}

static bool take_bytes(struct scan *k, size_t size, struct view *bytes)
{
    if (k->rest.n < size + 1 || k->rest.p[size] != '\n') {
        k->wrong = "a piece is shorter or longer than it says";
        return false;
    }
    *bytes = (struct view){k->rest.p, size};
    k->rest.p += size + 1;
    k->rest.n -= size + 1;
    return true;
}

static bool take_piece(struct scan *k, struct piece *p)
{
    struct view line;
    size_t size = 0;

    *p = (struct piece){.kind = CONFIG_PIECE__MAX};
    if (!next_line(k))
        return false;
    line = k->line;
    k->wrong = "a line does not say how a piece begins";
    if (!take(&line, VIEW("#@ ")) || !take_kind(&line, &p->kind) || !take_size(&line, &size))
        return false;
    if (p->kind == CONFIG_PIECE_OVERRIDE ? line.n != 0 : !take(&line, VIEW(" ")))
        return false;
    if (!take_bytes(k, size, &p->bytes))
        return false;
    if (p->kind != CONFIG_PIECE_OVERRIDE)
        p->name = read_name(line);
    else if (size && !memchr(p->bytes.p, '\0', size))
        p->name = xstrndup(p->bytes.p, size);
    if (p->name)
        k->wrong = NULL;
    return p->name != NULL;
}

/* Powers of two; what a damaged text says of itself sizes nothing. */
static struct piece *add_piece(struct config_source *s)
{
    if ((s->n & (s->n - 1)) == 0)
        s->piece = xrealloc(s->piece, s->n ? 2 * s->n : 1, sizeof *s->piece);
    return &s->piece[s->n++];
}

static void scan_pieces(struct config_source *s, struct scan *k)
{
    if (!next_line(k) ||
        !view_equal(k->line, (struct view){CONFIG_SOURCE_HEAD, strlen(CONFIG_SOURCE_HEAD) - 1}))
        k->wrong = "its first line is not \"#spoold-config 1\"";
    while (!k->wrong && k->rest.n) {
        if (s->n == CONFIG_SOURCE_PIECES_MAX)
            k->wrong = "it has too many pieces";
        else if (take_piece(k, add_piece(s)) && s->piece[s->n - 1].kind == CONFIG_PIECE_MAIN && s->n > 1)
            k->wrong = "the main file is not the first piece";
    }
}

struct config_source *config_source_of_text(struct view text, struct config_errors *errs)
{
    struct config_source *s = xcalloc(1, sizeof *s);
    struct scan k = {.rest = text};

    s->is_text = true;
    s->text = text;
    scan_pieces(s, &k);
    if (k.wrong) {
        config_error(errs, NULL, 0,
                     "the kept settings are damaged before byte %zu: %s; accepted: what spoold has kept",
                     text.n - k.rest.n, k.wrong);
        config_source_free(&s);
    }
    return s;
}

void config_source_check_used(const struct config_source *s, struct config_errors *errs)
{
    for (size_t i = 0; i < s->n; i++)
        if (!s->piece[i].used)
            config_error(
                errs, NULL, 0,
                "the kept settings are damaged: nothing names their piece %zu (%s %s); accepted: what "
                "spoold has kept",
                i + 1, kind_name[s->piece[i].kind], s->piece[i].name);
}

/* The next one of that kind, of any name where that is NULL. A list may be named twice, so it may stand here
 * twice. */
static struct piece *next_piece(struct config_source *s, enum config_piece kind, const char *name)
{
    for (size_t i = 0; i < s->n; i++) {
        struct piece *p = &s->piece[i];

        if (!p->used && p->kind == kind && (!name || strcmp(p->name, name) == 0))
            return p;
    }
    return NULL;
}

/* --- both -------------------------------------------------------------------------------------------------
 */

const char *config_source_main(const struct config_source *s)
{
    if (!s->is_text)
        return s->path;
    return s->n && s->piece[0].kind == CONFIG_PIECE_MAIN ? s->piece[0].name : NULL;
}

const char *config_source_next_override(struct config_source *s)
{
    struct piece *p = s->is_text ? next_piece(s, CONFIG_PIECE_OVERRIDE, NULL) : NULL;
    const char *text = NULL;

    if (p) {
        p->used = true;
        return p->name;
    }
    if (s->is_text || s->override_at == s->override_n)
        return NULL;
    text = s->override[s->override_at++];
    write_down(s, CONFIG_PIECE_OVERRIDE, NULL, view_of(text));
    return text;
}

static int read_piece(struct config_source *s, const struct config_source_file *f, struct buf *text,
                      struct stat *st)
{
    struct piece *p = next_piece(s, f->kind, f->path);

    if (!p || p->bytes.n > f->max) {
        errno = p ? EFBIG : ENOENT;
        return -1;
    }
    p->used = true;
    *st = (struct stat){.st_ino = (ino_t)(p - s->piece) + 1};
    buf_add_view(text, p->bytes);
    return 0;
}

int config_source_read(struct config_source *s, const struct config_source_file *f, struct buf *text,
                       struct stat *st)
{
    const size_t before = text->n;

    if (s->is_text)
        return read_piece(s, f, text, st);
    if (config_file_read(f->path, f->max, text, st) < 0)
        return -1;
    write_down(s, f->kind, f->path, (struct view){text->p + before, text->n - before});
    return 0;
}

int config_source_find(struct config_source *s, const char *pattern, size_t *n)
{
    int rc = 0;

    *n = 0;
    if (s->is_text) {
        for (size_t i = 0; i < s->n; i++)
            *n += s->piece[i].kind == CONFIG_PIECE_INCLUDE;
        return *n ? 0 : GLOB_NOMATCH;
    }
    rc = config_file_find(s->path, pattern, &s->found);
    s->looked_up = true;
    *n = rc == 0 ? s->found.gl_pathc : 0;
    return rc;
}

const char *config_source_found(const struct config_source *s, size_t i)
{
    if (!s->is_text)
        return s->found.gl_pathv[i];
    for (size_t k = 0; k < s->n; k++)
        if (s->piece[k].kind == CONFIG_PIECE_INCLUDE && i-- == 0)
            return s->piece[k].name;
    return NULL;
}
