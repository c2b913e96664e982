/*
 * mail_html_clean.c - text and values of HTML, written anew so that the parser sees neither markup nor bytes
 * that are no characters.
 *
 * Called by mail_html_feed.c for all that stands between tags and within quotes. Entities of HTML 5 that
 * libxml2 does not know are made numbers, an "&" that stands for itself is made one, control characters are
 * dropped as readers drop them. The bytes are hostile; each is taken once.
 */
#include "workers/mail/mail_html_part.h"

#include <string.h>

#define NAME_MAX 20 /* bytes of the longest name of an entity that means something here */

/* What is to be done with a byte. */
enum { PLAIN, DROP, BLANK, AMPERSAND, MARKUP, HIGH };
static const unsigned char class[256] = {
    [0] = DROP,        [1 ... 8] = DROP, [0xb] = DROP,   [0xc] = BLANK,  [0xe ... 0x1f] = DROP,
    ['&'] = AMPERSAND, ['<'] = MARKUP,   ['>'] = MARKUP, ['"'] = MARKUP, [0x80 ... 0xff] = HIGH,
};

static bool is_word(char c)
{
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9');
}

static void skip(struct view *v, size_t n)
{
    v->p += n;
    v->n -= n;
}

/* Bytes of the UTF-8 character at the begin; 0: none. */
static size_t utf8_size(struct view v)
{
    const unsigned char *p = (const unsigned char *)v.p;
    size_t n = p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

    if (n == 0 || v.n < n)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    /* Overlong forms, surrogates, beyond Unicode, and the two that are no characters to libxml2. */
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
        (p[0] == 0xf4 && p[1] > 0x8f) || (p[0] == 0xef && p[1] == 0xbf && p[2] > 0xbd))
        return 0;
    return n;
}

/* Entities of HTML 5 that libxml2 does not know: those for ASCII, with which links are disguised. */
static const struct {
    const char *name;
    char is;
} entities[] = {
    {"Hat", '^'},   {"NewLine", '\n'}, {"Tab", '\t'},   {"apos", '\''},  {"ast", '*'},      {"bsol", '\\'},
    {"colon", ':'}, {"comma", ','},    {"commat", '@'}, {"dollar", '$'}, {"equals", '='},   {"excl", '!'},
    {"grave", '`'}, {"lbrace", '{'},   {"lbrack", '['}, {"lcub", '{'},   {"lowbar", '_'},   {"lpar", '('},
    {"lsqb", '['},  {"midast", '*'},   {"num", '#'},    {"percnt", '%'}, {"period", '.'},   {"plus", '+'},
    {"quest", '?'}, {"rbrace", '}'},   {"rbrack", ']'}, {"rcub", '}'},   {"rpar", ')'},     {"rsqb", ']'},
    {"semi", ';'},  {"sol", '/'},      {"verbar", '|'}, {"vert", '|'},   {"UnderBar", '_'},
};
/* These need no ";". */
static const char *const bare_entities[] = {"amp", "lt", "gt", "quot", "nbsp"};

static void write_entity(struct buf *to, struct view name)
{
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        if (view_equal(name, view_of(entities[i].name))) {
            buf_addf(to, "&#%d;", entities[i].is);
            return;
        }
    }
    buf_add_char(to, '&');
    buf_add_view(to, name);
    buf_add_char(to, ';');
}

/* At "&": writes it and answers how many bytes were taken. What stands for itself is written as "&amp;". */
static size_t write_reference(struct buf *to, struct view v)
{
    struct view name = {v.p + 1, 0};
    bool number = v.n > 1 && v.p[1] == '#';
    size_t from = number;

    while (name.n + 1 < v.n && name.n < NAME_MAX && (is_word(name.p[name.n]) || (number && name.n == 0)))
        name.n++;
    if (name.n > from && name.n + 1 < v.n && name.p[name.n] == ';') {
        if (number)
            buf_add(to, v.p, name.n + 2);
        else
            write_entity(to, name);
        return name.n + 2;
    }
    if (number && name.n > from) { /* a number ends by itself */
        buf_add(to, v.p, name.n + 1);
        return name.n + 1;
    }
    for (size_t i = 0; i < sizeof bare_entities / sizeof *bare_entities; i++) {
        if (view_equal(name, view_of(bare_entities[i])) && !(name.n + 1 < v.n && name.p[name.n] == '=')) {
            write_entity(to, name);
            return name.n + 1;
        }
    }
    buf_add_str(to, "&amp;");
    return 1;
}

/* At a byte that is not plain. */
static size_t write_special(struct buf *to, struct view v)
{
    size_t n = 1;

    switch (class[(unsigned char)v.p[0]]) {
    case BLANK:
        buf_add_char(to, ' ');
        break;
    case AMPERSAND:
        return write_reference(to, v);
    case MARKUP:
        buf_add_str(to, v.p[0] == '<' ? "&lt;" : v.p[0] == '>' ? "&gt;" : "&quot;");
        break;
    case HIGH:
        n = utf8_size(v);
        if (n)
            buf_add(to, v.p, n);
        else
            buf_add_str(to, "\xef\xbf\xbd");
        return n ? n : 1;
    default: /* dropped, as readers drop it */
        break;
    }
    return n;
}

void mail_html_clean(struct mail_html_reading *r, struct view v)
{
    while (v.n) {
        size_t n = 0, most = v.n < MAIL_HTML_STAGE_MAX ? v.n : MAIL_HTML_STAGE_MAX;

        while (n < most && class[(unsigned char)v.p[n]] == PLAIN)
            n++;
        buf_add(&r->stage, v.p, n);
        skip(&v, n);
        if (n < most)
            skip(&v, write_special(&r->stage, v));
        if (r->stage.n >= MAIL_HTML_STAGE_MAX)
            mail_html_flush(r);
    }
}
