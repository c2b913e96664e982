/*
 * mail_html.c - see mail_html.h. Makes text of the parser's events.
 *
 * libxml2 runs without a tree, without a network, without messages, and gets its input from mail_html_feed.c
 * alone: tags that have one meaning, in chunks. It balances start and end events; what they
 * carry is hostile. Out of memory is fatal here too: text that silently ends early would look examined.
 */
#include "workers/mail/mail_html.h"

#include "common/utf8.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "workers/mail/mail_html_part.h"

#include <libxml/HTMLparser.h>

#include <stdlib.h>
#include <string.h>

#define OPTIONS                                                                                              \
    (HTML_PARSE_IGNORE_ENC | HTML_PARSE_NONET | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |                  \
     HTML_PARSE_RECOVER | HTML_PARSE_NOIMPLIED)

/* What an element does to the text. */
enum { BLOCK = 1, BREAK = 2, CELL = 4, PRE = 8, ANCHOR = 16, META = 32, BASE = 64, MARK = 128 };
static const struct element {
    const char *name;
    unsigned char is;
} elements[] = {
    {"a", ANCHOR},
    {"address", BLOCK},
    {"article", BLOCK},
    {"aside", BLOCK},
    {"base", BASE},
    {"blockquote", BLOCK},
    {"br", BREAK},
    {"caption", BLOCK},
    {"center", BLOCK},
    {"dd", BLOCK},
    {"details", BLOCK},
    {"dir", BLOCK},
    {"div", BLOCK},
    {"dl", BLOCK},
    {"dt", BLOCK},
    {"fieldset", BLOCK},
    {"figcaption", BLOCK},
    {"figure", BLOCK},
    {"footer", BLOCK},
    {"form", BLOCK},
    {"h1", BLOCK},
    {"h2", BLOCK},
    {"h3", BLOCK},
    {"h4", BLOCK},
    {"h5", BLOCK},
    {"h6", BLOCK},
    {"header", BLOCK},
    {"hr", BLOCK},
    {"legend", BLOCK},
    {"li", BLOCK},
    {"listing", BLOCK | PRE},
    {"main", BLOCK},
    {"menu", BLOCK},
    {"meta", META},
    {"nav", BLOCK},
    {"ol", BLOCK},
    {"option", BLOCK},
    {"p", BLOCK},
    {"param", MARK},
    {"plaintext", BLOCK | PRE},
    {"pre", BLOCK | PRE},
    {"section", BLOCK},
    {"summary", BLOCK},
    {"table", BLOCK},
    {"tbody", BLOCK},
    {"td", CELL},
    {"textarea", BLOCK | PRE},
    {"tfoot", BLOCK},
    {"th", CELL},
    {"thead", BLOCK},
    {"tr", BLOCK},
    {"ul", BLOCK},
    {"xmp", BLOCK | PRE},
};

static int compare(const void *name, const void *element)
{
    return strcmp(name, ((const struct element *)element)->name);
}

static unsigned char kind_of(const xmlChar *name)
{
    const struct element *e =
        bsearch(name, elements, sizeof elements / sizeof *elements, sizeof *elements, compare);

    return e ? e->is : 0;
}

static struct mail_html_level *level(struct mail_html_reading *r)
{
    size_t last = sizeof r->level / sizeof *r->level - 1;

    return &r->level[r->depth < last ? r->depth : last];
}

static bool is_data(struct view v)
{
    return v.n >= 5 && view_equal_nocase((struct view){v.p, 5}, VIEW("data:"));
}

static struct view trim(struct view v)
{
    while (v.n && (unsigned char)v.p[0] <= ' ')
        v.p++, v.n--;
    while (v.n && (unsigned char)v.p[v.n - 1] <= ' ')
        v.n--;
    return v;
}

static void tell(struct mail_html_reading *r, struct mail_html_link *link)
{
    link->url = trim(link->url);
    if (link->url.n && !is_data(link->url) && r->h->on_link)
        r->h->on_link(r->h->to, link);
}

void mail_html_tell(struct mail_html_reading *r, enum mail_html_from from, struct view url, struct view text)
{
    unsigned hidden = level(r)->hidden | (r->quiet ? MAIL_HTML_COMMENT : 0);

    tell(r, &(struct mail_html_link){from, url, text, hidden});
}

static void close_anchor(struct mail_html_reading *r)
{
    struct view text = {r->h->text.p, r->h->text.n};

    if (!r->anchor)
        return;
    r->anchor = false;
    if (text.n) {
        text.p += r->anchor_at;
        text.n -= r->anchor_at;
    }
    text = utf8_cut(trim(text), MAIL_HTML_ANCHOR_MAX);
    tell(r, &(struct mail_html_link){MAIL_HTML_FROM_HREF, buf_view(&r->href), text, r->anchor_why});
}

static void open_anchor(struct mail_html_reading *r, struct view url)
{
    close_anchor(r);
    buf_clear(&r->href);
    buf_add_view(&r->href, url);
    r->anchor = true;
    r->anchor_at = r->h->text.n;
    r->anchor_why = level(r)->hidden | (r->quiet ? MAIL_HTML_COMMENT : 0);
}

/* "a.png 1x, b.png 2x" */
static void tell_srcset(struct mail_html_reading *r, struct view v)
{
    while (v = trim(v), v.n) {
        struct view url = {v.p, 0};
        const char *comma;

        while (url.n < v.n && (unsigned char)v.p[url.n] > ' ')
            url.n++;
        v.p += url.n, v.n -= url.n;
        if (url.p[url.n - 1] != ',') {
            comma = v.n ? memchr(v.p, ',', v.n) : NULL;
            v.n = comma ? v.n - (size_t)(comma + 1 - v.p) : 0;
            v.p = comma ? comma + 1 : v.p;
        }
        while (url.n && url.p[url.n - 1] == ',')
            url.n--;
        mail_html_tell(r, MAIL_HTML_FROM_SRC, url, (struct view){0});
    }
}

/* "5; url=http://..." */
static void tell_refresh(struct mail_html_reading *r, struct view v)
{
    while (v.n && memchr("0123456789. \t\r\n;,", v.p[0], 17))
        v.p++, v.n--;
    if (v.n > 3 && view_equal_nocase((struct view){v.p, 3}, VIEW("url"))) {
        struct view value = {v.p + 3, v.n - 3};

        value = trim(value);
        if (value.n && value.p[0] == '=')
            v = trim((struct view){value.p + 1, value.n - 1});
    }
    if (v.n && (v.p[0] == '"' || v.p[0] == '\'')) {
        const char *end = memchr(v.p + 1, v.p[0], v.n - 1);

        v = (struct view){v.p + 1, end ? (size_t)(end - v.p - 1) : v.n - 1};
    }
    mail_html_tell(r, MAIL_HTML_FROM_REFRESH, v, (struct view){0});
}

/* Those of one tag that have to be seen together. */
struct together {
    struct view href, equiv, content;
};

static void look_at(struct mail_html_look *look, enum mail_html_attribute is, struct view value)
{
    if (is == MAIL_HTML_STYLE)
        mail_html_style(look, value);
    else if (is == MAIL_HTML_INK)
        look->ink = mail_html_colour(value);
    else if (is == MAIL_HTML_PAPER)
        look->paper = mail_html_colour(value);
    else if (is == MAIL_HTML_BACKGROUND)
        look->paper = MAIL_HTML_UNKNOWN;
    else if (is == MAIL_HTML_NO_SHOW)
        look->why |= MAIL_HTML_NOT_SHOWN;
}

static void take_attribute(struct mail_html_reading *r, struct together *t, enum mail_html_attribute is,
                           struct view value)
{
    if (is == MAIL_HTML_SRC || is == MAIL_HTML_BACKGROUND)
        mail_html_tell(r, MAIL_HTML_FROM_SRC, value, (struct view){0});
    else if (is == MAIL_HTML_SRCSET)
        tell_srcset(r, value);
    else if (is == MAIL_HTML_ACTION)
        mail_html_tell(r, MAIL_HTML_FROM_ACTION, value, (struct view){0});
    else if (is == MAIL_HTML_STYLE)
        mail_html_style_links(r, value);
    else if (is == MAIL_HTML_EQUIV)
        t->equiv = value;
    else if (is == MAIL_HTML_CONTENT)
        t->content = value;
    else if (is == MAIL_HTML_HREF && t->href.n)
        mail_html_tell(r, MAIL_HTML_FROM_HREF, value, (struct view){0});
    else if (is == MAIL_HTML_HREF)
        t->href = value;
}

static void take_attributes(struct mail_html_reading *r, const xmlChar **atts, unsigned char is)
{
    struct together t = {0};

    for (; atts && atts[0]; atts += 2)
        take_attribute(r, &t, mail_html_attribute(view_of((const char *)atts[0])),
                       view_of(atts[1] ? (const char *)atts[1] : ""));
    if (is & META && view_equal_nocase(trim(t.equiv), VIEW("refresh")))
        tell_refresh(r, t.content);
    if (is & ANCHOR && t.href.n)
        open_anchor(r, t.href);
    else
        mail_html_tell(r, is & BASE ? MAIL_HTML_FROM_BASE : MAIL_HTML_FROM_HREF, t.href, (struct view){0});
}

static void owe(struct mail_html_reading *r, unsigned char is)
{
    if (r->quiet)
        return;
    if (is & BLOCK)
        r->gap = MAIL_HTML_LINE;
    else if (is & CELL && r->gap == MAIL_HTML_NO_GAP)
        r->gap = MAIL_HTML_BLANK;
}

/* At most one empty line: what is long and empty is of no use to anybody. */
static void break_line(struct mail_html_reading *r)
{
    struct buf *t = &r->h->text;

    if (r->quiet)
        return;
    if (t->n && t->n < MAIL_TEXT_MAX && !(t->n > 1 && memcmp(t->p + t->n - 2, "\n\n", 2) == 0))
        buf_add_char(t, '\n');
    r->gap = MAIL_HTML_NO_GAP;
}

static void take_mark(struct mail_html_reading *r, const xmlChar **atts)
{
    if (atts && strcmp((const char *)atts[0], MAIL_HTML_QUIET) == 0)
        r->quiet = true;
    else if (atts && strcmp((const char *)atts[0], MAIL_HTML_LOUD) == 0)
        r->quiet = false;
}

static void on_start(void *to, const xmlChar *name, const xmlChar **atts)
{
    struct mail_html_reading *r = to;
    struct mail_html_level now = *level(r);

    now.is = (unsigned char)((now.is & PRE) | kind_of(name));
    if (now.is & MARK)
        take_mark(r, atts);
    for (const xmlChar **a = atts; a && a[0]; a += 2)
        look_at(&now.look, mail_html_attribute(view_of((const char *)a[0])),
                view_of(a[1] ? (const char *)a[1] : ""));
    now.hidden = now.look.why | (mail_html_same(&now.look) ? MAIL_HTML_SAME_COLOUR : 0);
    r->depth++;
    *level(r) = now;
    owe(r, now.is);
    if (now.is & BREAK)
        break_line(r);
    take_attributes(r, atts, now.is);
}

static void on_end(void *to, const xmlChar *name)
{
    struct mail_html_reading *r = to;
    unsigned char is = kind_of(name);

    if (is & ANCHOR)
        close_anchor(r);
    owe(r, is);
    r->depth -= r->depth > 0;
}

static void add_run(struct mail_html *h, size_t from, unsigned why)
{
    struct mail_html_run *last = h->hidden_n ? &h->hidden[h->hidden_n - 1] : NULL;

    h->why |= why;
    h->hidden_bytes += h->text.n - from;
    if (last && last->why == why && last->at + last->n == from) {
        last->n = h->text.n - last->at;
        return;
    }
    if (h->hidden_n == MAIL_HTML_HIDDEN_MAX) {
        h->over |= MAIL_HTML_HIDDEN_OVER;
        return;
    }
    if (!h->hidden)
        h->hidden = xcalloc(MAIL_HTML_HIDDEN_MAX, sizeof *h->hidden);
    h->hidden[h->hidden_n++] = (struct mail_html_run){from, h->text.n - from, why};
}

static const bool ends_word[256] = {[' '] = true, ['\t'] = true, ['\n'] = true, ['\r'] = true, [0xc2] = true};

/* Bytes of the blank at the begin, of which U+00A0 has two; 0: none. */
static size_t blank_size(struct view v)
{
    if (v.p[0] != '\xc2')
        return ends_word[(unsigned char)v.p[0]];
    return v.n > 1 && v.p[1] == '\xa0' ? 2 : 0;
}

static char *put_gap(struct mail_html_reading *r, char *out)
{
    bool first = out == r->h->text.p || out[-1] == '\n';

    if (r->gap != MAIL_HTML_NO_GAP && !first)
        *out++ = r->gap == MAIL_HTML_LINE ? '\n' : ' ';
    r->gap = MAIL_HTML_NO_GAP;
    return out;
}

/* There is room for two bytes more than `v` has. */
static void put_words(struct mail_html_reading *r, struct view v, bool pre)
{
    struct buf *t = &r->h->text;
    char *out = t->p + t->n;

    while (v.n) {
        size_t blank = blank_size(v);

        if (blank && pre) {
            out = put_gap(r, out);
            if (v.p[0] != '\r')
                *out++ = v.p[0] == '\n' ? '\n' : ' ';
        } else if (blank) {
            r->gap = r->gap == MAIL_HTML_NO_GAP ? MAIL_HTML_BLANK : r->gap;
        } else {
            out = put_gap(r, out);
            do
                *out++ = *v.p++, v.n--;
            while (v.n && !ends_word[(unsigned char)v.p[0]]);
            continue;
        }
        v.p += blank;
        v.n -= blank;
    }
    t->n = (size_t)(out - t->p);
    *out = '\0';
}

static void on_text(void *to, const xmlChar *s, int n)
{
    struct mail_html_reading *r = to;
    struct mail_html *h = r->h;
    const struct mail_html_level *now = level(r);
    struct view v = {(const char *)s, n > 0 ? (size_t)n : 0};
    size_t from = h->text.n, room = from + 2 < MAIL_TEXT_MAX ? MAIL_TEXT_MAX - from - 2 : 0;

    if (r->quiet || v.n == 0)
        return;
    if (v.n > room) {
        h->over |= MAIL_HTML_TEXT_OVER;
        v = utf8_cut(v, room);
    }
    buf_reserve(&h->text, v.n + 2);
    put_words(r, v, now->is & PRE);
    if (now->hidden && h->text.n > from)
        add_run(h, from, now->hidden);
}

#if LIBXML_VERSION >= 21200
static void on_error(void *to, const xmlError *e)
#else
static void on_error(void *to, xmlErrorPtr e)
#endif
{
    (void)to;
    if (e && e->code == XML_ERR_NO_MEMORY)
        fatalx("out of memory in HTML");
}

void mail_html_flush(struct mail_html_reading *r)
{
    htmlParseChunk(r->parser, r->stage.p, (int)r->stage.n, 0);
    buf_clear(&r->stage);
}

/* The handler is copied. */
static void *new_parser(struct mail_html_reading *r)
{
    htmlSAXHandler sax = {
        .startElement = on_start,
        .endElement = on_end,
        .characters = on_text,
        .ignorableWhitespace = on_text,
        .cdataBlock = on_text,
        .initialized = XML_SAX2_MAGIC,
        .serror = on_error,
    };
    htmlParserCtxtPtr parser = htmlCreatePushParserCtxt(&sax, r, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);

    if (!parser)
        fatalx("out of memory in HTML");
    htmlCtxtUseOptions(parser, OPTIONS);
    return parser;
}

static void clear(struct mail_html *h)
{
    buf_clear(&h->text);
    h->hidden_n = h->why = h->over = 0;
    h->hidden_bytes = 0;
}

void mail_html_read(struct mail_html *h, struct view html)
{
    struct mail_html_reading r = {.h = h};

    clear(h);
    r.level[0].look = (struct mail_html_look){0x000000, 0xffffff, 0};
    r.parser = new_parser(&r);
    mail_html_feed(&r, html);
    htmlParseChunk(r.parser, NULL, 0, 1);
    close_anchor(&r);
    htmlFreeParserCtxt(r.parser);
    buf_free(&r.stage);
    buf_free(&r.href);
}

void mail_html_load(void)
{
    struct mail_html h = {0};

    xmlInitParser();
    /* What is made at the first use is made now. */
    mail_html_read(&h, VIEW("<p title=\"&auml;\">\xc3\xa4&nbsp;"));
    mail_html_free(&h);
}

void mail_html_free(struct mail_html *h)
{
    buf_free(&h->text);
    free(h->hidden);
    h->hidden = NULL;
    h->hidden_n = 0;
}
