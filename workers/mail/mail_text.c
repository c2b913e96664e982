/*
 * mail_text.c - see mail_text.h. Finds the charset, converts, and puts mail_html and mail_url together.
 *
 * A byte order mark goes before the name that the mail tells, the name before what HTML says of itself, as in
 * browsers. Text that is UTF-8 already is not copied. The bytes are hostile.
 */
#include "workers/mail/mail_text.h"

#include "common/utf8.h"

#define META_MAX 1024 /* bytes at the begin of HTML in which it may tell its charset (HTML 5, 13.2.3.2) */

static struct view skip(struct view v, size_t n)
{
    return (struct view){v.p + n, v.n - n};
}

static bool begins(struct view v, struct view with)
{
    return v.n >= with.n && memcmp(v.p, with.p, with.n) == 0;
}

/* What a byte order mark says, which is taken off; empty: there is none. */
static struct view take_mark(struct view *bytes)
{
    static const struct {
        struct view mark, name;
    } marks[] = {
        {VIEW("\xef\xbb\xbf"), VIEW("UTF-8")},    {VIEW("\xff\xfe\0\0"), VIEW("UTF-32LE")},
        {VIEW("\0\0\xfe\xff"), VIEW("UTF-32BE")}, {VIEW("\xff\xfe"), VIEW("UTF-16LE")},
        {VIEW("\xfe\xff"), VIEW("UTF-16BE")},
    };

    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (begins(*bytes, marks[i].mark)) {
            *bytes = skip(*bytes, marks[i].mark.n);
            return marks[i].name;
        }
    }
    return (struct view){0};
}

/* <meta charset="..."> or content="text/html; charset=...". */
static struct view find_meta(struct view html)
{
    html.n = html.n < META_MAX ? html.n : META_MAX;
    for (const char *p; html.n && (p = memchr(html.p, '=', html.n));) {
        struct view before = {html.p, (size_t)(p - html.p)}, name;

        html = skip(html, before.n + 1);
        before = view_trim(before);
        if (before.n < 7 || !view_equal_nocase((struct view){before.p + before.n - 7, 7}, VIEW("charset")))
            continue;
        html = view_trim(html);
        if (html.n && (html.p[0] == '"' || html.p[0] == '\''))
            html = skip(html, 1);
        name = (struct view){html.p, 0};
        while (name.n < html.n && !memchr("\"'<>; \t\r\n/", html.p[name.n], 11))
            name.n++;
        return name;
    }
    return (struct view){0};
}

/* The bytes as UTF-8, themselves or in t->utf8. */
static struct view convert(struct mail_text *t, struct view bytes, struct view name, size_t max)
{
    bool known = name.n && charset_is_known(t->set, name);
    bool utf8 = view_equal_nocase(name, VIEW("utf-8")) || view_equal_nocase(name, VIEW("us-ascii"));

    t->guessed = !known;
    buf_clear(&t->utf8);
    if ((utf8 || !known) && charset_is_utf8(bytes))
        return bytes;
    if (!known || !charset_decode(t->set, name, bytes, max, &t->utf8))
        charset_guess(bytes, max, &t->utf8);
    return buf_view(&t->utf8);
}

static void on_link(void *to, const struct mail_html_link *link)
{
    struct mail_urls *u = ((struct mail_text *)to)->urls;
    struct mail_url_given given = {link->url, link->text, MAIL_URL_ATTRIBUTE};

    if (link->hidden)
        given.flags |= MAIL_URL_HIDDEN;
    if (link->from == MAIL_HTML_FROM_BASE)
        mail_url_set_base(u, link->url);
    else
        mail_url_add(u, &given);
}

static void read_html(struct mail_text *t, struct view html)
{
    t->html.on_link = t->urls ? on_link : NULL;
    t->html.to = t;
    mail_html_read(&t->html, html);
    t->text = buf_view(&t->html.text);
    t->over |= t->html.over != 0;
}

void mail_text_read(struct mail_text *t, struct view bytes, struct view charset, enum mail_text_kind kind)
{
    struct view mark = take_mark(&bytes);
    bool html = kind == MAIL_TEXT_HTML;

    if (mark.n)
        charset = mark;
    else if (html && !charset_is_known(t->set, charset))
        charset = find_meta(bytes);
    /* All of HTML, whose text may be small: no conversion makes more than four bytes of one. Of plain text
     * one character more than is wanted, to see whether there is more. */
    t->text = convert(t, bytes, charset, html ? 4 * bytes.n + 4 : MAIL_TEXT_MAX + 4);
    t->over = !html && t->text.n > MAIL_TEXT_MAX;
    if (t->urls)
        t->urls->base = (struct view){0};
    buf_clear(&t->html.text);
    t->html.hidden_n = t->html.why = t->html.over = 0;
    if (html)
        read_html(t, t->text);
    t->text = utf8_cut(t->text, MAIL_TEXT_MAX);
    if (t->urls)
        mail_url_find(t->urls, t->text);
}

void mail_text_free(struct mail_text *t)
{
    mail_html_free(&t->html);
    buf_free(&t->utf8);
    t->text = (struct view){0};
}
