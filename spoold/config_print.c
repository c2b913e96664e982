/*
 * config_print.c - the settings as a commented INI file, or the option part of spoold.ini(5).
 *
 * Called by spoold --print-config and by the build; etc/spoold.ini is what it
 * prints for the defaults. What it prints as INI must load again into the same
 * settings. Reads nothing but the struct; the caller opens and closes `to`.
 */
#include "spoold/config_profile.h"
#include "spoold/config_set.h"

#define PRINT_COLUMNS 100

/* The words of `text` in lines of at most PRINT_COLUMNS, each behind "# ". */
static void print_comment(struct buf *to, struct view text)
{
    size_t column = 0;

    while (text.n) {
        size_t n = 0;

        while (n < text.n && text.p[n] != ' ')
            n++;
        if (column == 0 || column + 1 + n > PRINT_COLUMNS) {
            buf_add_str(to, column ? "\n#" : "#");
            column = 1;
        }
        buf_add_char(to, ' ');
        buf_add(to, text.p, n);
        column += 1 + n;
        if (n < text.n)
            n++;
        text.p += n;
        text.n -= n;
    }
    buf_add_char(to, '\n');
}

static void add_remarks(const struct config_option *o, struct buf *to)
{
    buf_addf(to, "default: %s; accepted: ", o->preset[0] ? o->preset : "empty");
    config_value_accepted(o, to);
}

/* `mark` stands in front of the setting: "# " where it is only shown. */
static void ini_option(const struct config_option *o, const void *base, const char *mark, struct buf *to)
{
    struct buf value = {0}, remarks = {0};

    if (base)
        config_value_format(o, base, &value);
    else
        buf_add_str(&value, o->preset);
    add_remarks(o, &remarks);
    buf_add_char(to, '\n');
    print_comment(to, view_of(o->help));
    print_comment(to, buf_view(&remarks));
    buf_addf(to, "%s%s = ", mark, o->key);
    /* Cannot fail: a value that has no written form was refused when it was set. */
    (void)config_ini_quote(buf_view(&value), to);
    buf_add_char(to, '\n');
    buf_free(&value);
    buf_free(&remarks);
}

/* A section's options, wherever in the table they stand. */
static void ini_options(const struct config_option *first, const void *base, const char *mark, struct buf *to)
{
    for (const struct config_option *o = first; o; o = config_value_next(o))
        ini_option(o, base, mark, to);
}

/* What a profile sets; the rest is as everywhere. */
static void ini_overrides(const struct config *c, const struct config_group *g, struct buf *to)
{
    const size_t n = config_value_count(c, g);
    const struct config_option *first = config_value_find_section(view_of(g->section));

    buf_addf(to, "\n");
    print_comment(to, view_of(CONFIG_PROFILE_HELP));
    if (n == 0)
        buf_addf(to, "# [%s NAME]\n# low.threshold = 8\n# high.action = junk\n# spf.weight_fail = 3\n",
                 g->section);
    for (size_t i = 0; i < n; i++) {
        const char *name = config_value_name(c, g, i);

        buf_addf(to, "\n[%s %s]\n", g->section, name);
        for (const struct config_option *o = first; o; o = config_value_next(o))
            if (config_set_find(c->set, o, view_of(name)))
                ini_option(o, config_value_element(c, g, i), "", to);
    }
}

/* Where there is none the file shows what one looks like. */
static void ini_group(const struct config *c, const struct config_group *g, struct buf *to)
{
    const struct config_option *first = config_value_find_section(view_of(g->section));
    size_t n = config_value_count(c, g);

    if (n == 0) {
        buf_addf(to, "\n# Any number of sections, each with a name of its own, up to %zu:\n# [%s NAME]\n",
                 g->max, g->section);
        ini_options(first, NULL, "# ", to);
    }
    for (size_t i = 0; i < n; i++) {
        buf_addf(to, "\n[%s %s]\n", g->section, config_value_name(c, g, i));
        ini_options(first, config_value_element(c, g, i), "", to);
    }
}

static void print_ini(const struct config *c, struct buf *to)
{
    size_t n = 0;
    const struct config_option *o = config_value_options(&n);
    const struct config_group *g = NULL;

    buf_add_str(to, "# spoold.ini - settings of spoold; see spoold.ini(5).\n"
                    "# spoold --print-config prints this file with the values that are in force.\n");
    for (size_t i = 0; i < n; i++) {
        if (o[i].group || config_value_find_section(view_of(o[i].section)) != &o[i])
            continue;
        buf_addf(to, "\n[%s]\n", o[i].section);
        ini_options(&o[i], c, "", to);
    }
    g = config_value_groups(&n);
    for (size_t i = 0; i < n; i++)
        (g[i].overrides ? ini_overrides : ini_group)(c, &g[i], to);
}

/* Text that troff prints as it stands: a line must not look like a request. */
static void add_roff(struct buf *to, const char *text)
{
    if (text[0] == '.' || text[0] == '\'')
        buf_add_str(to, "\\&");
    for (; *text; text++) {
        if (*text == '\\')
            buf_add_str(to, "\\e");
        else if (*text == '-')
            buf_add_str(to, "\\-");
        else
            buf_add_char(to, *text);
    }
}

static void man_option(const struct config_option *o, struct buf *to)
{
    struct buf accepted = {0};

    config_value_accepted(o, &accepted);
    buf_addf(to, ".TP\n.B %s\n", o->key);
    add_roff(to, o->help);
    buf_add_str(to, "\n.br\nDefault: ");
    if (o->preset[0]) {
        buf_add_str(to, "\\fB");
        add_roff(to, o->preset);
        buf_add_str(to, "\\fR");
    } else {
        buf_add_str(to, "empty");
    }
    buf_add_str(to, ". Accepted: ");
    add_roff(to, accepted.p);
    buf_add_str(to, ".\n");
    buf_free(&accepted);
}

/* Each key is explained where it stands without a profile. */
static void man_overrides(const struct config_option *first, struct buf *to)
{
    add_roff(to, CONFIG_PROFILE_HELP " Keys:");
    for (const struct config_option *o = first; o; o = config_value_next(o)) {
        buf_addf(to, "\n.BR %s%s", o->key, config_value_next(o) ? " ," : " .");
    }
    buf_add_char(to, '\n');
}

static void print_man(struct buf *to)
{
    size_t n = 0;
    const struct config_option *o = config_value_options(&n);

    for (size_t i = 0; i < n; i++) {
        if (config_value_find_section(view_of(o[i].section)) != &o[i])
            continue;
        buf_addf(to, ".SS \"[%s%s]\"\n", o[i].section, o[i].group ? " NAME" : "");
        if (o[i].group && o[i].group->overrides) {
            man_overrides(&o[i], to);
            continue;
        }
        for (const struct config_option *k = &o[i]; k; k = config_value_next(k))
            man_option(k, to);
    }
}

void config_print(const struct config *c, enum config_format format, FILE *to)
{
    struct buf text = {0};

    if (format == CONFIG_FORMAT_INI)
        print_ini(c, &text);
    else
        print_man(&text);
    fwrite(text.p, 1, text.n, to);
    buf_free(&text);
}
