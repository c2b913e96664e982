/*
 * config_entries.c - see config_entries.h: lists of networks, senders, domains and rules, from a file or in
 * line.
 *
 * Called while the configuration is loaded, also at a reload (in the store's thread).
 * Every entry is checked here, so that a worker never has to refuse one. Files belong to
 * the administrator: trusted, but he errs; config_list.c reads them, bounded. Entries
 * stand one behind the other in one block: a list may have a million of them.
 */
#include "spoold/config_entries.h"

#include "common/entry.h"
#include "common/rule.h"
#include "common/settings.h"
#include "common/xalloc.h"
#include "spoold/decide_profile.h"
#include "spoold/rule_check.h"

#include <stdlib.h>

#define ENTRIES_NAME_MAX 255      /* bytes of FILE in @lists/FILE */
#define ENTRIES_ITEM     (16 + 4) /* what common/settings.h adds to an entry, but for its texts */
#define ENTRIES_MAX      (SETTINGS_MAX - (1u << 20)) /* leaves room for the other settings */

#define WORD_BLANKS " \t,"

/* What an entry may be. Rules go on to the end of their line. */
static const struct kind {
    const char *name;
    const char *(*check)(struct view entry); /* NULL: a rule */
    enum rule_kind rule;
    const char *accepted;
} kinds[] = {
    {"network", entry_check_network, 0, "192.0.2.1, 192.0.2.0/24, 192.0.2.1-192.0.2.9, 2001:db8::/32"},
    {"sender", entry_check_sender, 0, "user@example.org, example.org, .example.org"},
    {"domain", entry_check_domain, 0, "example.org, .example.org"},
    {"profile", decide_profile_check_line, 0,
     "example.org PROFILE, .example.org PROFILE, user@example.org PROFILE"},
    {"header_rule", NULL, RULE_HEADER, "NAME WEIGHT TYPE Field: PATTERN"},
    {"body_rule", NULL, RULE_BODY, "NAME WEIGHT TYPE PATTERN"},
};

struct reading {
    const struct kind *kind;
    struct config_list *l;
    struct buf why;
};

static const struct kind *kind_of(const struct config_option *o)
{
    const char *name = strchr(o->values, '|') + 1;
    const struct kind *k = kinds;

    while (strcmp(k->name, name) != 0)
        k++;
    return k;
}

struct view config_entries_name(const struct config_option *o)
{
    return (struct view){o->values, strcspn(o->values, "|")};
}

struct view config_entries_text(const struct config_list *l, size_t i)
{
    return (struct view){l->bytes.p + l->entry[i].at, l->entry[i].n};
}

static struct view next_word(struct view *rest)
{
    struct view word = {rest->p, 0};

    while (rest->n && strchr(WORD_BLANKS, rest->p[0]))
        rest->p++, rest->n--;
    word.p = rest->p;
    while (rest->n && !strchr(WORD_BLANKS, rest->p[0]))
        rest->p++, rest->n--, word.n++;
    return word;
}

/* FILE of "@lists/FILE"; empty: it is something else. */
static struct view file_of(struct view text)
{
    static const struct view at = VIEW("@lists/");
    struct view file = {text.p + at.n, text.n - at.n};

    if (text.n <= at.n || memcmp(text.p, at.p, at.n) != 0 || file.n > ENTRIES_NAME_MAX)
        return VIEW("");
    if (memchr(file.p, '/', file.n) || view_equal(file, VIEW(".")) || view_equal(file, VIEW("..")))
        return VIEW("");
    return file;
}

/* A complaint of common/entry.h without what it accepts. */
static void add_fault(struct buf *to, const char *what)
{
    const char *end = strstr(what, "; accepted");

    buf_add(to, what, end ? (size_t)(end - what) : strlen(what));
}

int config_entries_check(const struct config_option *o, struct view text, struct buf *why)
{
    const struct kind *k = kind_of(o);
    struct view rest = text, word;

    if (text.n == 0 || file_of(text).n)
        return 0;
    if (text.p[0] == '@' || o->max == 0) {
        buf_addf(why, "\"%.*s\" names no list file", (int)text.n, text.p);
        return -1;
    }
    while ((word = next_word(&rest)).n) {
        const char *what = k->check(word);

        if (!what)
            continue;
        buf_addf(why, "\"%.*s\": ", (int)word.n, word.p);
        add_fault(why, what);
        return -1;
    }
    return 0;
}

void config_entries_add_accepted(const struct config_option *o, struct buf *to)
{
    const struct kind *k = kind_of(o);

    if (o->max)
        buf_addf(to, "words with blanks or commas between them (%s), or @lists/FILE", k->accepted);
    else
        buf_addf(to, "@lists/FILE, a file with lines like %s", k->accepted);
}

static struct config_entry *add_entry(struct config_list *l, struct view text, unsigned lineno)
{
    struct config_entry *e = NULL;

    /* Powers of two: a list is only ever added to. */
    if ((l->n & (l->n - 1)) == 0)
        l->entry = xrealloc(l->entry, l->n ? 2 * l->n : 1, sizeof *l->entry);
    e = &l->entry[l->n++];
    *e = (struct config_entry){.at = (uint32_t)l->bytes.n, .n = (uint32_t)text.n, .lineno = lineno};
    buf_add_view(&l->bytes, text);
    return e;
}

static const char *take_rule(struct view line, unsigned lineno, struct reading *r)
{
    struct rule rule;
    struct config_entry *e = NULL;

    buf_clear(&r->why);
    if (rule_check_line(line, r->kind->rule, &rule, &r->why) < 0)
        return r->why.p;
    e = add_entry(r->l, line, lineno);
    e->name_n = (uint32_t)rule.name.n;
    e->weight = rule.weight;
    return NULL;
}

static const char *take_line(struct view line, unsigned lineno, void *arg)
{
    struct reading *r = arg;
    const char *what = NULL;

    if (!r->kind->check)
        return take_rule(line, lineno, r);
    what = r->kind->check(line);
    if (!what)
        add_entry(r->l, line, lineno);
    return what;
}

static struct view rule_name(const struct config_list *l, uint32_t i)
{
    return (struct view){l->bytes.p + l->entry[i].at, l->entry[i].name_n};
}

static int compare_names(struct view a, struct view b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

    return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int compare_rules(const void *a, const void *b, void *arg)
{
    const uint32_t *x = a, *y = b;
    int order = compare_names(rule_name(arg, *x), rule_name(arg, *y));

    return order ? order : (*x > *y) - (*x < *y);
}

/* In records a rule is known by its name alone. */
static void sort_rules(struct config_list *l, struct config_errors *errs)
{
    l->by_name = xcalloc(l->n, sizeof *l->by_name);
    for (uint32_t i = 0; i < l->n; i++)
        l->by_name[i] = i;
    qsort_r(l->by_name, l->n, sizeof *l->by_name, compare_rules, l);
    for (size_t i = 1; i < l->n; i++) {
        struct view name = rule_name(l, l->by_name[i]);

        if (view_equal(name, rule_name(l, l->by_name[i - 1])))
            config_error(errs, l->path, l->entry[l->by_name[i]].lineno,
                         "the rule %.*s stands twice, first in line %u; accepted: each name once",
                         (int)name.n, name.p, l->entry[l->by_name[i - 1]].lineno);
    }
}

/* [paths] lists is relative to the configuration file. */
static char *path_of(const struct config *c, struct view file)
{
    const char *slash = c->file && c->lists[0] != '/' ? strrchr(c->file, '/') : NULL;

    return xasprintf("%.*s%s/%.*s", slash ? (int)(slash - c->file) + 1 : 0, slash ? c->file : "", c->lists,
                     (int)file.n, file.p);
}

static void load_words(struct config_list *l, unsigned lineno)
{
    struct view rest = view_of(l->text), word;

    while ((word = next_word(&rest)).n)
        add_entry(l, word, lineno);
}

static void load_file(struct config_source *files, struct config_list *l, const struct kind *k,
                      struct config_errors *errs)
{
    struct reading r = {.kind = k, .l = l};

    l->file = l->path;
    if (k->check)
        config_list_read(files, l->path, take_line, &r, errs);
    else if (config_list_read_lines(files, l->path, take_line, &r, errs) == 0)
        sort_rules(l, errs);
    buf_free(&r.why);
}

static void load_list(struct config *c, const struct config_option *o, struct config_source *files,
                      struct config_errors *errs)
{
    struct config_list *l = (struct config_list *)((char *)c + o->offset);
    struct config_place place = config_where(c, o->section, "", o->key);
    struct view file = file_of(view_of(l->text));

    l->file = place.file;
    if (!file.n) {
        load_words(l, place.lineno);
    } else if (files) {
        l->path = path_of(c, file);
        load_file(files, l, kind_of(o), errs);
    }
}

/* What the entries are when they travel to a worker. */
static size_t packed_size(const struct config_list *l, const struct config_option *o)
{
    return l->bytes.n + l->n * (ENTRIES_ITEM + config_entries_name(o).n + strlen(l->file ? l->file : ""));
}

void config_entries_load(struct config *c, struct config_source *files, struct config_errors *errs)
{
    size_t n = 0, all = 0;
    const struct config_option *o = config_value_options(&n);

    for (size_t i = 0; i < n; i++) {
        const struct config_list *l = (const void *)((const char *)c + o[i].offset);
        struct config_place place;

        if (o[i].type != CONFIG_VALUE_LIST)
            continue;
        load_list(c, &o[i], files, errs);
        if (all <= ENTRIES_MAX && (all += packed_size(l, &o[i])) > ENTRIES_MAX) {
            place = config_where(c, o[i].section, "", o[i].key);
            config_error(errs, place.file, place.lineno,
                         "%s: the lists take more than %u MB together; accepted: shorter lists", o[i].key,
                         ENTRIES_MAX >> 20);
        }
    }
}

void config_entries_free(struct config_list *l)
{
    free(l->text);
    free(l->path);
    buf_free(&l->bytes);
    free(l->entry);
    free(l->by_name);
    *l = (struct config_list){0};
}

const struct config_entry *config_entries_find_rule(const struct config_list *l, struct view name)
{
    size_t from = 0, to = l->by_name && name.n ? l->n : 0;

    while (from < to) {
        const size_t at = from + (to - from) / 2;
        int order = compare_names(name, rule_name(l, l->by_name[at]));

        if (order == 0)
            return &l->entry[l->by_name[at]];
        if (order < 0)
            to = at;
        else
            from = at + 1;
    }
    return NULL;
}
