/*
 * config_ini.c - the strict pass over the bytes of one INI file: syntax only.
 *
 * Called by config.c before the INI library sees the same bytes. The library
 * lower-cases names, cuts an unquoted value at ; or #, joins lines at a
 * backslash and ignores what follows a quote; whatever it would read in another
 * way than it is written is refused here, with the line and what is accepted.
 * Trusts nothing in the text; keeps nothing and opens nothing. config_error() stands
 * here, too: every pass complains through it.
 */
#include "spoold/config.h"

#include "common/log.h"

#include <stdarg.h>
#include <stdlib.h>

#define INI_WORD_MAX 64 /* bytes of a key or of the word of a section */

struct pass {
    const char *file;
    void (*fn)(const struct config_setting *s, void *arg);
    void *arg;
    struct config_errors *errs;
    struct config_setting at;            /* the section and the line of this moment */
    enum { BEFORE, INSIDE, LOST } where; /* LOST: behind a header that could not be read */
};

void config_error(struct config_errors *errs, const char *file, unsigned lineno, const char *fmt, ...)
{
    char *what = NULL;
    struct buf line = {0};
    va_list ap;
    int n = 0;

    if (errs->n++ >= CONFIG_ERRORS_MAX)
        return;
    va_start(ap, fmt);
    n = vasprintf(&what, fmt, ap);
    va_end(ap);
    if (n < 0)
        fatalx("out of memory");
    if (file && lineno)
        buf_addf(&line, "%s:%u: ", file, lineno);
    else if (file)
        buf_addf(&line, "%s: ", file);
    buf_add_str(&line, what);
    for (size_t i = 0; i < line.n; i++) {
        unsigned char c = (unsigned char)line.p[i];

        if (c < 0x20 || c == 0x7f)
            buf_addf(&errs->text, "\\x%02x", c);
        else
            buf_add_char(&errs->text, line.p[i]);
    }
    buf_add_char(&errs->text, '\n');
    buf_free(&line);
    free(what);
}

/* Length of the UTF-8 sequence at p (RFC 3629: shortest form, no surrogates), 0 when it is none. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
    static const struct {
        unsigned char first, last, low, high; /* of the first byte; of the second */
        unsigned char length;
    } form[] = {{0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
                {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
                {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};

    for (size_t i = 0; i < sizeof(form) / sizeof(form[0]); i++) {
        if (p[0] < form[i].first || p[0] > form[i].last)
            continue;
        if (form[i].length > n || (form[i].length > 1 && (p[1] < form[i].low || p[1] > form[i].high)))
            return 0;
        for (size_t k = 2; k < form[i].length; k++)
            if (p[k] < 0x80 || p[k] > 0xbf)
                return 0;
        return form[i].length;
    }
    return 0;
}

const char *config_ini_text_fault(struct view text)
{
    const unsigned char *p = (const unsigned char *)text.p;

    for (size_t i = 0, length = 0; i < text.n; i += length) {
        length = utf8_length(p + i, text.n - i);
        if (p[i] == '\0')
            return "holds a NUL byte";
        /* U+0080 to U+009F are control characters too: some terminals obey them. */
        if ((p[i] < 0x20 && p[i] != '\t') || p[i] == 0x7f || (length == 2 && p[i] == 0xc2 && p[i + 1] < 0xa0))
            return "holds a control character";
        if (length == 0)
            return "is not UTF-8";
    }
    return NULL;
}

static bool all_of(struct view text, const char *more, size_t max)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && (c == '\0' || !strchr(more, c)))
            return false;
    }
    return text.n > 0 && text.n <= max;
}

bool config_ini_name_ok(struct view name)
{
    return all_of(name, "-", CONFIG_NAME_MAX);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

int config_ini_quote(struct view text, struct buf *to)
{
    bool plain = text.n > 0 && !is_blank(text.p[0]) && !is_blank(text.p[text.n - 1]) && text.p[0] != '"' &&
                 text.p[0] != '\'' && text.p[text.n - 1] != '\\';
    char quote = '"';

    for (size_t i = 0; i < text.n; i++)
        plain = plain && text.p[i] != ';' && text.p[i] != '#';
    if (plain) {
        buf_add_view(to, text);
        return 0;
    }
    if (text.n && memchr(text.p, '"', text.n))
        quote = '\'';
    if (text.n && memchr(text.p, quote, text.n))
        return -1;
    buf_add_char(to, quote);
    buf_add_view(to, text);
    buf_add_char(to, quote);
    return 0;
}

/* Exactly one space and no quotes: the library finds "[a  b]" and "[a b]" to be two sections. */
static void header_line(struct pass *p, struct view line)
{
    struct view inside = {line.p + 1, line.n - 1};
    const char *blank = NULL;

    p->where = LOST;
    if (line.p[line.n - 1] != ']' || line.n < 2) {
        config_error(p->errs, p->file, p->at.lineno,
                     "the section header does not end with ]; accepted: [SECTION] or [SECTION NAME] alone on "
                     "the line");
        return;
    }
    inside.n--;
    blank = inside.n ? memchr(inside.p, ' ', inside.n) : NULL;
    p->at.section = (struct view){inside.p, blank ? (size_t)(blank - inside.p) : inside.n};
    p->at.name = blank ? (struct view){blank + 1, inside.n - p->at.section.n - 1} : (struct view){NULL, 0};
    p->at.key = p->at.value = (struct view){NULL, 0};
    if (!all_of(p->at.section, "_", INI_WORD_MAX) || (blank && !config_ini_name_ok(p->at.name))) {
        config_error(
            p->errs, p->file, p->at.lineno,
            "the section header %.*s cannot be read; accepted: [SECTION] or [SECTION NAME], one space "
            "between them, NAME of 1 to %d small letters, digits and -",
            (int)line.n, line.p, CONFIG_NAME_MAX);
        return;
    }
    p->where = INSIDE;
    p->fn(&p->at, p->arg);
}

/* Takes the quotes off. NULL, or what is wrong. */
static const char *unquote(struct view *value)
{
    const char *end = NULL;

    if (value->n == 0)
        return NULL;
    if (value->p[0] != '"' && value->p[0] != '\'') {
        if (memchr(value->p, ';', value->n) || memchr(value->p, '#', value->n))
            return "the value holds ; or #; accepted: such a value in quotes, comments on a line of their "
                   "own";
        return NULL;
    }
    end = memchr(value->p + 1, value->p[0], value->n - 1);
    if (!end)
        return "the quote at the start of the value is not closed; accepted: \"text\" or 'text'";
    if (end != value->p + value->n - 1)
        return "text stands behind the closing quote; accepted: \"text\" or 'text' and nothing after it";
    *value = (struct view){value->p + 1, value->n - 2};
    return NULL;
}

/* The library files a key without a section under an empty name, where nobody would look for it. */
static const char *placing_fault(const struct pass *p, struct view key)
{
    bool include = view_equal(key, VIEW("include"));

    if (p->where == BEFORE && !include)
        return "a setting stands before the first section; accepted there: include = FILES";
    if (p->where == INSIDE && include)
        return "include stands inside a section; accepted: before the first section";
    return NULL;
}

static void setting_line(struct pass *p, struct view line)
{
    const char *equals = memchr(line.p, '=', line.n);
    const char *what = NULL;

    if (!equals) {
        config_error(
            p->errs, p->file, p->at.lineno,
            "there is no = in this line; accepted: KEY = VALUE, [SECTION], or a comment after # or ;");
        return;
    }
    p->at.key = view_trim((struct view){line.p, (size_t)(equals - line.p)});
    p->at.value = view_trim((struct view){equals + 1, line.n - (size_t)(equals - line.p) - 1});
    if (!all_of(p->at.key, "_.", INI_WORD_MAX)) /* a dot: in keys of [profile NAME] */
        what = "the name before = cannot be read; accepted: small letters, digits, _ and, in [profile NAME], "
               "dots";
    else
        what = placing_fault(p, p->at.key);
    if (!what)
        what = unquote(&p->at.value);
    if (what)
        config_error(p->errs, p->file, p->at.lineno, "%s", what);
    else if (p->where != LOST)
        p->fn(&p->at, p->arg);
}

/* Whether the bytes of a line are fit to be looked at; complains when not. */
static bool check_line(struct pass *p, struct view line)
{
    const char *what = config_ini_text_fault(line);

    if (line.n > CONFIG_LINE_MAX) {
        config_error(p->errs, p->file, p->at.lineno,
                     "the line has %zu bytes; accepted: up to %d (long data: a list file)", line.n,
                     CONFIG_LINE_MAX);
    } else if (what) {
        config_error(p->errs, p->file, p->at.lineno, "the line %s; accepted: printable UTF-8 text", what);
    } else if (p->at.lineno == 1 && line.n >= 3 && memcmp(line.p, "\xef\xbb\xbf", 3) == 0) {
        config_error(p->errs, p->file, 1,
                     "the file starts with a byte order mark; accepted: UTF-8 without it");
    } else if (view_ends_with(view_trim(line), VIEW("\\"))) {
        /* The library joins lines here, comments too. */
        config_error(
            p->errs, p->file, p->at.lineno,
            "the line ends with a backslash; accepted: each setting on one line, a last backslash in quotes");
    } else {
        return true;
    }
    return false;
}

static void one_line(struct pass *p, struct view line)
{
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    if (!check_line(p, line)) {
        if (view_trim(line).n && view_trim(line).p[0] == '[')
            p->where = LOST;
        return;
    }
    /* From here on as the library does: blanks around a line do not count. */
    line = view_trim(line);
    if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
        return;
    if (line.p[0] == '[')
        header_line(p, line);
    else
        setting_line(p, line);
}

int config_ini_parse(const char *file, struct view text,
                     void (*fn)(const struct config_setting *s, void *arg), void *arg,
                     struct config_errors *errs)
{
    struct pass p = {.file = file, .fn = fn, .arg = arg, .errs = errs, .where = BEFORE};
    unsigned before = errs->n;

    while (text.n) {
        const char *end = memchr(text.p, '\n', text.n);
        struct view line = {text.p, end ? (size_t)(end - text.p) : text.n};
        size_t used = line.n + (end ? 1 : 0);

        p.at.lineno++;
        one_line(&p, line);
        text.p += used;
        text.n -= used;
    }
    return errs->n == before ? 0 : -1;
}
