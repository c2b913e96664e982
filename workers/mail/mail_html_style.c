/*
 * mail_html_style.c - attributes by their names, and of CSS the little that tells hidden text and addresses.
 *
 * Called by the other files of mail_html. No cascade, no classes: the inline style alone. What is
 * not understood changes nothing. Pure; the bytes are hostile.
 */
#include "workers/mail/mail_html_part.h"

#include <string.h>

static const struct {
    struct view name;
    enum mail_html_attribute is;
} attributes[] = {
    {VIEW("action"), MAIL_HTML_ACTION},    {VIEW("background"), MAIL_HTML_BACKGROUND},
    {VIEW("bgcolor"), MAIL_HTML_PAPER},    {VIEW("cite"), MAIL_HTML_HREF},
    {VIEW("codebase"), MAIL_HTML_SRC},     {VIEW("color"), MAIL_HTML_INK},
    {VIEW("content"), MAIL_HTML_CONTENT},  {VIEW("data"), MAIL_HTML_SRC},
    {VIEW("dynsrc"), MAIL_HTML_SRC},       {VIEW("formaction"), MAIL_HTML_ACTION},
    {VIEW("hidden"), MAIL_HTML_NO_SHOW},   {VIEW("href"), MAIL_HTML_HREF},
    {VIEW("http-equiv"), MAIL_HTML_EQUIV}, {VIEW("longdesc"), MAIL_HTML_HREF},
    {VIEW("lowsrc"), MAIL_HTML_SRC},       {VIEW("ping"), MAIL_HTML_HREF},
    {VIEW("poster"), MAIL_HTML_SRC},       {VIEW("src"), MAIL_HTML_SRC},
    {VIEW("srcset"), MAIL_HTML_SRCSET},    {VIEW("style"), MAIL_HTML_STYLE},
    {VIEW("text"), MAIL_HTML_INK},         {VIEW("xlink:href"), MAIL_HTML_HREF},
};

enum mail_html_attribute mail_html_attribute(struct view name)
{
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        /* The first letter decides nearly always. */
        if (name.n && (name.p[0] | 0x20) == attributes[i].name.p[0] &&
            view_equal_nocase(name, attributes[i].name))
            return attributes[i].is;
    }
    return MAIL_HTML_NO_ATTRIBUTE;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct view trim(struct view v)
{
    while (v.n && is_blank(v.p[0]))
        v.p++, v.n--;
    while (v.n && is_blank(v.p[v.n - 1]))
        v.n--;
    return v;
}

static bool begins(struct view v, struct view with)
{
    return v.n >= with.n && view_equal_nocase((struct view){v.p, with.n}, with);
}

/* A number and where it ends; in thousandths, at most a million. False: none. */
static bool take_number(struct view *v, unsigned *thousandths)
{
    unsigned value = 0, scale = 1000;
    bool dot = false, digit = false;

    for (; v->n && (v->p[0] == '.' || (v->p[0] >= '0' && v->p[0] <= '9')); v->p++, v->n--) {
        if (v->p[0] == '.') {
            if (dot)
                break;
            dot = true;
            continue;
        }
        digit = true;
        scale = dot ? scale / 10 : scale;
        if (value < 100000000)
            value = dot ? value + scale * (unsigned)(v->p[0] - '0')
                        : value * 10 + 1000 * (unsigned)(v->p[0] - '0');
    }
    *thousandths = value;
    return digit;
}

static const struct {
    struct view name;
    uint32_t is;
} colours[] = {
    {VIEW("aqua"), 0x00ffff},       {VIEW("black"), 0x000000},   {VIEW("blue"), 0x0000ff},
    {VIEW("cyan"), 0x00ffff},       {VIEW("fuchsia"), 0xff00ff}, {VIEW("gray"), 0x808080},
    {VIEW("green"), 0x008000},      {VIEW("grey"), 0x808080},    {VIEW("ivory"), 0xfffff0},
    {VIEW("lime"), 0x00ff00},       {VIEW("magenta"), 0xff00ff}, {VIEW("maroon"), 0x800000},
    {VIEW("navy"), 0x000080},       {VIEW("olive"), 0x808000},   {VIEW("orange"), 0xffa500},
    {VIEW("purple"), 0x800080},     {VIEW("red"), 0xff0000},     {VIEW("silver"), 0xc0c0c0},
    {VIEW("snow"), 0xfffafa},       {VIEW("teal"), 0x008080},    {VIEW("white"), 0xffffff},
    {VIEW("whitesmoke"), 0xf5f5f5}, {VIEW("yellow"), 0xffff00},
};

static int hex(char c)
{
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
}

static uint32_t hex_colour(struct view v)
{
    uint32_t value = 0;

    if (v.n != 3 && v.n != 6)
        return MAIL_HTML_UNKNOWN;
    for (size_t i = 0; i < v.n; i++) {
        int digit = hex(v.p[i]);

        if (digit < 0)
            return MAIL_HTML_UNKNOWN;
        value = value << (v.n == 3 ? 8 : 4) | (uint32_t)digit * (v.n == 3 ? 17u : 1u);
    }
    return value;
}

static uint32_t rgb_colour(struct view v)
{
    uint32_t value = 0;

    for (int i = 0; i < 3; i++) {
        unsigned n;

        while (v.n && (is_blank(v.p[0]) || v.p[0] == ','))
            v.p++, v.n--;
        if (!take_number(&v, &n))
            return MAIL_HTML_UNKNOWN;
        if (v.n && v.p[0] == '%') {
            n = n / 100 * 255;
            v.p++, v.n--;
        }
        value = value << 8 | (n > 255000 ? 255 : n / 1000);
    }
    return value;
}

uint32_t mail_html_colour(struct view value)
{
    value = trim(value);
    if (begins(value, VIEW("rgb("))) {
        value.p += 4, value.n -= 4;
        return rgb_colour(value);
    }
    if (value.n && value.p[0] == '#')
        return hex_colour((struct view){value.p + 1, value.n - 1});
    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++) {
        if (view_equal_nocase(value, colours[i].name))
            return colours[i].is;
    }
    return hex_colour(value); /* <font color=ffffff> */
}

bool mail_html_same(const struct mail_html_look *look)
{
    if (look->ink == MAIL_HTML_UNKNOWN || look->paper == MAIL_HTML_UNKNOWN)
        return false;
    for (int shift = 0; shift < 24; shift += 8) {
        int apart = (int)(look->ink >> shift & 255) - (int)(look->paper >> shift & 255);

        if (apart < -8 || apart > 8)
            return false;
    }
    return true;
}

static void set(struct mail_html_look *look, unsigned why, bool is)
{
    look->why = is ? look->why | why : look->why & ~why;
}

static void apply_ink(struct mail_html_look *look, struct view value)
{
    look->ink = begins(value, VIEW("inherit")) ? look->ink : mail_html_colour(value);
}

static void apply_paper(struct mail_html_look *look, struct view value)
{
    uint32_t colour = mail_html_colour(value);

    if (begins(value, VIEW("transparent")) || begins(value, VIEW("inherit")) || begins(value, VIEW("none")))
        return;
    /* "background: #fff url(...) no-repeat": what is seen is the picture. */
    look->paper = colour;
}

static void apply_size(struct mail_html_look *look, struct view value)
{
    unsigned size;

    if (!take_number(&value, &size)) {
        if (!begins(value, VIEW("inherit")) && !begins(value, VIEW("smaller")))
            set(look, MAIL_HTML_TINY, false);
    } else if (begins(value, VIEW("%"))) {
        set(look, MAIL_HTML_TINY, size <= 5000 || look->why & MAIL_HTML_TINY);
    } else if (begins(value, VIEW("em"))) { /* relative to what it is in */
        set(look, MAIL_HTML_TINY, size <= 50 || look->why & MAIL_HTML_TINY);
    } else {
        set(look, MAIL_HTML_TINY, size <= (begins(value, VIEW("rem")) ? 50 : 1000));
    }
}

static void apply_display(struct mail_html_look *look, struct view value)
{
    if (begins(value, VIEW("none"))) /* what is in it cannot be shown again */
        set(look, MAIL_HTML_NOT_SHOWN, true);
}

static void apply_visibility(struct mail_html_look *look, struct view value)
{
    if (begins(value, VIEW("visible")))
        set(look, MAIL_HTML_INVISIBLE, false);
    else if (begins(value, VIEW("hidden")) || begins(value, VIEW("collapse")))
        set(look, MAIL_HTML_INVISIBLE, true);
}

static void apply_opacity(struct mail_html_look *look, struct view value)
{
    unsigned n;

    if (take_number(&value, &n) && n <= 10)
        set(look, MAIL_HTML_NOT_SHOWN, true);
}

static const struct {
    struct view name;
    void (*apply)(struct mail_html_look *look, struct view value);
} properties[] = {
    {VIEW("background"), apply_paper},
    {VIEW("background-color"), apply_paper},
    {VIEW("color"), apply_ink},
    {VIEW("display"), apply_display},
    {VIEW("font-size"), apply_size},
    {VIEW("opacity"), apply_opacity},
    {VIEW("visibility"), apply_visibility},
};

/* Up to ";" outside of parentheses, where "data:" addresses have some. */
static struct view take_declaration(struct view *v)
{
    struct view all = *v, one = {v->p, 0};
    bool inside = false;

    while (one.n < all.n && (inside || all.p[one.n] != ';')) {
        inside = (inside || all.p[one.n] == '(') && all.p[one.n] != ')';
        one.n++;
    }
    v->p += one.n;
    v->n -= one.n;
    if (v->n)
        v->p++, v->n--;
    return one;
}

void mail_html_style(struct mail_html_look *look, struct view style)
{
    while (style.n) {
        struct view one = take_declaration(&style), name = one;
        const char *colon = one.n ? memchr(one.p, ':', one.n) : NULL;

        if (!colon)
            continue;
        name.n = (size_t)(colon - one.p);
        name = trim(name);
        one.n -= (size_t)(colon + 1 - one.p);
        one.p = colon + 1;
        for (size_t i = 0; i < sizeof properties / sizeof *properties; i++) {
            if (view_equal_nocase(name, properties[i].name))
                properties[i].apply(look, trim(one));
        }
    }
}

/* Behind "url(" or "@import": an address in quotes or, with parentheses, without them. */
static void tell_address(struct mail_html_reading *r, struct view v, bool quoted)
{
    struct view url;
    char end = ')';
    const char *stop;

    while (v.n && is_blank(v.p[0]))
        v.p++, v.n--;
    if (v.n && (v.p[0] == '"' || v.p[0] == '\'')) {
        end = v.p[0];
        v.p++, v.n--;
    } else if (quoted) {
        return;
    }
    /* An address is not longer than what is told of one; to look further would cost a quadratic search. */
    v.n = v.n < MAIL_URL_MAX ? v.n : MAIL_URL_MAX;
    stop = v.n ? memchr(v.p, end, v.n) : NULL;
    url = trim((struct view){v.p, stop ? (size_t)(stop - v.p) : v.n});
    mail_html_tell(r, MAIL_HTML_FROM_STYLE, url, (struct view){0});
}

void mail_html_style_links(struct mail_html_reading *r, struct view style)
{
    struct view v = style;
    const char *p;

    while (v.n && (p = memchr(v.p, '(', v.n))) {
        size_t before = (size_t)(p - style.p);

        v = (struct view){p + 1, style.n - before - 1};
        if (before >= 3 && view_equal_nocase((struct view){p - 3, 3}, VIEW("url")))
            tell_address(r, v, false);
    }
    for (v = style; v.n && (p = memchr(v.p, '@', v.n));) {
        v = (struct view){p + 1, style.n - (size_t)(p + 1 - style.p)};
        if (begins(v, VIEW("import")))
            tell_address(r, (struct view){v.p + 6, v.n - 6}, true);
    }
}
