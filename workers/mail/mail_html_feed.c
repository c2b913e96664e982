/*
 * mail_html_feed.c - cuts HTML into tags by the rules of HTML 5 (13.2.5) and writes them anew for the parser.
 *
 * Called by mail_html.c. libxml2 reads comments, slashes and quotes in its own way, stops behind an end tag
 * that opens nothing, and slows down with the square of attributes and open elements; so it gets only what
 * has one meaning: tags with few, quoted attributes that matter here, text without "<", and no comment. A
 * document of an attacker then looks to it like one of a friend. Everything is taken once, from front to end.
 */
#include "workers/mail/mail_html_part.h"

#include <string.h>

#define NAME_MAX 20 /* bytes of the longest name that means something here */

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v');
}

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_word(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9');
}

static void skip(struct view *v, size_t n)
{
    n = n < v->n ? n : v->n;
    v->p += n;
    v->n -= n;
}

/* Up to `end`, not with it; all of it where it is missing. */
static struct view take_until(struct view *v, char end)
{
    const char *p = v->n ? memchr(v->p, end, v->n) : NULL;
    struct view taken = {v->p, p ? (size_t)(p - v->p) : v->n};

    skip(v, taken.n);
    return taken;
}

struct attribute {
    struct view name, value;
};

/* The next attribute of a tag. False: its end, which is taken. */
static bool next_attribute(struct view *v, struct attribute *a)
{
    size_t n = 0;

    while (v->n && (is_blank(v->p[0]) || v->p[0] == '/'))
        skip(v, 1);
    if (!v->n || v->p[0] == '>') {
        skip(v, 1);
        return false;
    }
    do
        n++;
    while (n < v->n && !is_blank(v->p[n]) && !memchr("/>=", v->p[n], 3));
    a->name = (struct view){v->p, n};
    skip(v, n);
    while (v->n && is_blank(v->p[0]))
        skip(v, 1);
    a->value = (struct view){v->p, 0};
    if (!v->n || v->p[0] != '=')
        return true;
    do
        skip(v, 1);
    while (v->n && is_blank(v->p[0]));
    if (v->n && (v->p[0] == '"' || v->p[0] == '\'')) {
        char quote = v->p[0];

        skip(v, 1);
        a->value = take_until(v, quote);
        skip(v, 1);
        return true;
    }
    for (a->value.p = v->p; v->n && !is_blank(v->p[0]) && v->p[0] != '>'; skip(v, 1))
        a->value.n++;
    return true;
}

static bool is_data(struct view v)
{
    while (v.n && is_blank(v.p[0]))
        skip(&v, 1);
    return v.n > 5 && view_equal_nocase((struct view){v.p, 5}, VIEW("data:"));
}

static void write_attributes(struct mail_html_reading *r, struct view *rest)
{
    unsigned count = 0;
    struct attribute a;

    while (next_attribute(rest, &a)) {
        if (mail_html_attribute(a.name) == MAIL_HTML_NO_ATTRIBUTE)
            continue;
        if (count++ >= MAIL_HTML_ATTRIBUTES_MAX) {
            r->h->over |= MAIL_HTML_ATTRIBUTES_OVER;
            continue;
        }
        if (a.value.n > MAIL_HTML_VALUE_MAX) {
            if (is_data(a.value))
                continue;
            r->h->over |= MAIL_HTML_VALUE_OVER;
            a.value.n = MAIL_HTML_VALUE_MAX;
        }
        buf_add_char(&r->stage, ' ');
        buf_add_view(&r->stage, a.name);
        buf_add(&r->stage, "=\"", 2);
        mail_html_clean(r, a.value);
        buf_add_char(&r->stage, '"');
    }
    buf_add_char(&r->stage, '>');
}

/*
 * Elements that are read in a way of their own. What is between the tags of RAW, HIDDEN and STYLE is no
 * markup (HTML 5, 13.2.6) but in <svg> and <math>. <html> and <body> may come twice, and readers take the
 * attributes of all; libxml2 takes the first. An end tag of them ends nothing.
 */
enum rule { USUAL, FOREIGN, BOX, GONE, RAW, HIDDEN, STYLE };
static const struct {
    const char *name;
    enum rule rule;
} rules[] = {
    {"body", BOX},       {"head", GONE},       {"html", BOX},      {"iframe", HIDDEN}, {"math", FOREIGN},
    {"noembed", HIDDEN}, {"noframes", HIDDEN}, {"plaintext", RAW}, {"script", HIDDEN}, {"style", STYLE},
    {"svg", FOREIGN},    {"textarea", RAW},    {"title", HIDDEN},  {"xmp", RAW},
};

static enum rule rule_of(struct view name)
{
    if (name.n < 3 || name.n > 9)
        return USUAL;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (view_equal_nocase(name, view_of(rules[i].name)))
            return rules[i].rule;
    }
    return USUAL;
}

/* What the parser gets for a name; empty: no element. What is no name to it is alike to us, too. */
static struct view name_for_parser(const struct mail_html_reading *r, struct view name, enum rule rule)
{
    if (rule == BOX)
        return VIEW("div");
    if (rule == GONE || (rule >= HIDDEN && !r->foreign))
        return VIEW("");
    if (rule >= HIDDEN || name.n > NAME_MAX || view_equal_nocase(name, VIEW(MAIL_HTML_MARK)))
        return VIEW("span");
    for (size_t i = 0; i < name.n; i++) {
        if (!is_word(name.p[i]) && !memchr(":-.", name.p[i], 3))
            return VIEW("span");
    }
    return name;
}

static struct view take_name(struct view *v)
{
    struct view name = {v->p, 0};

    while (name.n < v->n && !is_blank(v->p[name.n]) && v->p[name.n] != '/' && v->p[name.n] != '>')
        name.n++;
    skip(v, name.n);
    return name;
}

/* Up to the end tag of `name`, or all. */
static struct view take_raw(struct view *v, struct view name)
{
    struct view rest = *v;

    while (take_until(&rest, '<'), rest.n) {
        struct view word;

        skip(&rest, 1);
        if (rest.n <= name.n || rest.p[0] != '/')
            continue;
        word = (struct view){rest.p + 1, name.n};
        if (view_equal_nocase(word, name) &&
            (rest.n == name.n + 1 || is_blank(word.p[name.n]) || memchr("/>", word.p[name.n], 2))) {
            word = (struct view){v->p, (size_t)(rest.p - 1 - v->p)};
            skip(v, word.n);
            return word;
        }
    }
    rest = *v;
    skip(v, v->n);
    return rest;
}

static void take_content(struct mail_html_reading *r, struct view name, enum rule rule)
{
    struct view raw;

    if (r->foreign || rule < RAW)
        return;
    /* Nothing ends it but the end. */
    raw = view_equal_nocase(name, VIEW("plaintext")) ? r->rest : take_raw(&r->rest, name);
    if (rule == RAW && raw.p == r->rest.p)
        skip(&r->rest, raw.n);
    if (rule == RAW)
        mail_html_clean(r, raw);
    if (rule == STYLE) {
        mail_html_flush(r); /* what stands before it is told before it */
        mail_html_style_links(r, raw);
    }
}

/* Is there room for one more open element? Only the parser knows how many there are. */
static bool has_room(struct mail_html_reading *r)
{
    if (r->guess >= MAIL_HTML_DEPTH_MAX) {
        mail_html_flush(r);
        r->guess = r->depth;
    }
    if (r->guess < MAIL_HTML_DEPTH_MAX)
        return true;
    r->h->over |= MAIL_HTML_DEPTH_OVER;
    return false;
}

static void start_tag(struct mail_html_reading *r)
{
    struct view name, as;
    enum rule rule;

    skip(&r->rest, 1);
    name = take_name(&r->rest);
    rule = rule_of(name);
    r->foreign |= rule == FOREIGN;
    as = name_for_parser(r, name, rule);
    if (as.n && !has_room(r))
        as.n = 0;
    r->guess += as.n != 0;
    buf_add_char(&r->stage, '<');
    buf_add_view(&r->stage, as.n ? as : VIEW(MAIL_HTML_MARK));
    write_attributes(r, &r->rest);
    take_content(r, name, rule);
    if (r->stage.n >= MAIL_HTML_STAGE_MAX)
        mail_html_flush(r);
}

static void end_tag(struct mail_html_reading *r)
{
    struct attribute a;
    struct view name;
    enum rule rule;

    skip(&r->rest, 2);
    name = take_name(&r->rest);
    rule = rule_of(name);
    while (next_attribute(&r->rest, &a))
        ;
    name = rule == BOX ? VIEW("") : name_for_parser(r, name, rule);
    if (!name.n)
        return;
    buf_add(&r->stage, "</", 2);
    buf_add_view(&r->stage, name);
    buf_add_char(&r->stage, '>');
    if (r->stage.n >= MAIL_HTML_STAGE_MAX)
        mail_html_flush(r);
}

/* Behind "<!--": takes the comment and its end (13.2.5.43 and following). */
static struct view take_comment(struct view *v)
{
    struct view comment = {v->p, 0}, rest = *v;

    if (rest.n && rest.p[0] == '>') {
        skip(v, 1);
        return comment;
    }
    if (rest.n > 1 && memcmp(rest.p, "->", 2) == 0) {
        skip(v, 2);
        return comment;
    }
    for (;;) {
        const char *dashes = rest.n > 2 ? memmem(rest.p, rest.n, "--", 2) : NULL;
        size_t end = 2;

        if (!dashes) {
            comment.n = v->n;
            skip(v, v->n);
            return comment;
        }
        skip(&rest, (size_t)(dashes - rest.p));
        end += rest.n > 3 && rest.p[2] == '!';
        if (rest.n > end && rest.p[end] == '>') {
            comment.n = (size_t)(dashes - v->p);
            skip(v, comment.n + end + 1);
            return comment;
        }
        skip(&rest, 1);
    }
}

static void write_mark(struct mail_html_reading *r, const char *what)
{
    buf_addf(&r->stage, "<%s %s=\"\">", MAIL_HTML_MARK, what);
}

/* "<!--[if ...]> markup <![endif]-->" is markup to some clients: its links count, its text does not. */
static void comment(struct mail_html_reading *r)
{
    struct view inner;

    skip(&r->rest, 4);
    inner = take_comment(&r->rest);
    if (r->after.p || inner.n < 4 || !view_equal_nocase((struct view){inner.p, 4}, VIEW("[if ")))
        return;
    take_until(&inner, '>');
    r->after = r->rest;
    r->rest = inner;
    skip(&r->rest, 1);
    write_mark(r, MAIL_HTML_QUIET);
}

static void markup(struct mail_html_reading *r)
{
    struct view *v = &r->rest;
    char next = v->n > 1 ? v->p[1] : 0;

    if (is_letter(next)) {
        start_tag(r);
    } else if (next == '/' && v->n > 2 && is_letter(v->p[2])) {
        end_tag(r);
    } else if (next == '!' && v->n > 3 && memcmp(v->p, "<!--", 4) == 0) {
        comment(r);
    } else if (next == '!' || next == '?' || (next == '/' && v->n > 2)) { /* a comment to HTML 5 */
        take_until(v, '>');
        skip(v, 1);
    } else {
        mail_html_clean(r, (struct view){v->p, 1});
        skip(v, 1);
    }
}

void mail_html_feed(struct mail_html_reading *r, struct view html)
{
    buf_add_str(&r->stage, "<" MAIL_HTML_ROOT ">");
    r->guess = 1;
    r->rest = html;
    for (;;) {
        mail_html_clean(r, take_until(&r->rest, '<'));
        if (r->rest.n) {
            markup(r);
        } else if (r->after.p) {
            write_mark(r, MAIL_HTML_LOUD);
            r->rest = r->after;
            r->after = (struct view){0};
        } else {
            break;
        }
    }
    mail_html_flush(r);
}
