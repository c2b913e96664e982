/*
 * config.c - reads the INI file, its includes and the overrides, and has the settings built of them.
 *
 * Called at start, at reload and by every tool. Each file is read once (config_source.c, which may also have
 * all of it from a text that was kept); the
 * strict pass (config_ini.c) and the checks here run over those bytes, and only
 * when they found nothing does the INI library read the same bytes. Both must
 * agree on every value. Then config_build.c fills the struct, config_entries.c reads
 * the list files, and config_check.c sees the whole. It never half-succeeds: a struct
 * without a mistake, or NULL and all complaints. Trusts the files' owner, not their contents.
 */
#include "spoold/config_build.h"
#include "spoold/config_entries.h"
#include "spoold/config_file.h"
#include "spoold/config_kept.h"
#include "spoold/config_profile.h"
#include "spoold/config_source.h"
#include "spoold/decide_profile.h"
#include "spoold/direction.h"

#include "common/xalloc.h"

#include <errno.h>
#include <stdlib.h>

#define CONFIG_SOURCE_MAX (CONFIG_INCLUDE_MAX + 1) /* the file itself and its includes */

struct source {
    const char *path; /* memory of the set */
    struct buf text;
    dev_t dev;
    ino_t ino;
    int entries; /* section headers and settings: what the INI library must find, too */
};

struct loader {
    struct config_errors *errs;
    struct config_source *from;
    struct source source[CONFIG_SOURCE_MAX];
    size_t source_n;
    size_t now; /* the source that is being parsed */
    bool known; /* its present section is one of ours */
    struct config_set *set;
    char *include; /* of the main file, or NULL */
    unsigned include_line;
    bool lists; /* list files are read, too */
};

/* Of [profile NAME] the weights are too many to be listed, and those that it cannot have are looked for
 * there. */
static void add_accepted(const char *section, struct view word, bool near, struct buf *text)
{
    const bool profile = section && config_value_find_section(view_of(section)) == config_profile_first();

    if (profile && !near && memmem(word.p, word.n, "weight", 6))
        buf_add_str(text, " (the weights of [rbl NAME], [uribl NAME] and rules are the same for everybody)");
    buf_add_str(text, "; accepted: ");
    config_value_list_names(section, profile ? ".weight_" : NULL, text);
    if (profile)
        buf_add_str(text, ", and the weights of checks, as spf.weight_fail");
}

static void complain_unknown(struct loader *l, const char *place, const struct config_setting *s,
                             const char *section)
{
    struct buf text = {0}, word = {0};
    const char *near;

    buf_add_view(&word, section ? s->key : s->section);
    if (!section && s->name.n)
        buf_addf(&word, " %.*s", (int)s->name.n, s->name.p);
    near = config_value_nearest(section, buf_view(&word));
    if (section)
        buf_addf(&text, "%s is not an option of [%s]", word.p, section);
    else
        buf_addf(&text, "[%s] is not a known section", word.p);
    if (near)
        buf_addf(&text, ", did you mean %s?", near);
    add_accepted(section, buf_view(&word), near != NULL, &text);
    config_error(l->errs, place, s->lineno, "%s", text.p);
    buf_free(&word);
    buf_free(&text);
}

/* The section's first option, or NULL after a complaint. */
static const struct config_option *check_section(struct loader *l, const char *place,
                                                 const struct config_setting *s)
{
    const struct config_option *o = config_value_find_section(s->section);

    if (!o) {
        complain_unknown(l, place, s, NULL);
    } else if (o->group && !config_ini_name_ok(s->name)) {
        config_error(l->errs, place, s->lineno,
                     "[%s] needs a name; accepted: [%s NAME], NAME of 1 to %d small letters, digits and -",
                     o->section, o->section, CONFIG_NAME_MAX);
        o = NULL;
    } else if (!o->group && s->name.n) {
        config_error(l->errs, place, s->lineno, "[%s] has no name; accepted: [%s]", o->section, o->section);
        o = NULL;
    }
    return o;
}

/* The option when key and value are good, or NULL after a complaint. */
static const struct config_option *check_setting(struct loader *l, const char *place,
                                                 const struct config_setting *s)
{
    const struct config_option *first = config_value_find_section(s->section);
    const struct config_option *o = config_value_find(s->section, s->key);
    struct buf why = {0};

    if (!o) {
        complain_unknown(l, place, s, first->section);
    } else if (config_value_check(o, s->value, &why) < 0) {
        config_error(l->errs, place, s->lineno, "%s: %s", o->key, why.p);
        o = NULL;
    }
    buf_free(&why);
    return o;
}

/* One level only: what is in force must be found by reading two files, not a tree. */
static void take_include(struct loader *l, const struct config_setting *s)
{
    const char *file = l->source[l->now].path;

    if (l->now > 0) {
        config_error(l->errs, file, s->lineno,
                     "include stands in an included file; accepted: in the main file only");
    } else if (l->include) {
        config_error(l->errs, file, s->lineno, "include stands twice, first in line %u; accepted: once",
                     l->include_line);
    } else if (s->value.n == 0) {
        config_error(l->errs, file, s->lineno,
                     "include names nothing; accepted: a path or pattern, as in conf.d/*.ini");
    } else {
        l->include = xstrndup(s->value.p, s->value.n);
        l->include_line = s->lineno;
    }
}

static void take_header(struct loader *l, const struct config_setting *s)
{
    const char *file = l->source[l->now].path;
    const struct config_option *o = check_section(l, file, s);
    const struct config_set_item *old = o ? config_set_find_header(l->set, o, s->name, l->now) : NULL;
    struct config_set_item *added = NULL;

    l->known = o != NULL;
    if (old) {
        config_error(l->errs, file, s->lineno,
                     "the section stands twice, first in line %u; accepted: once in a file", old->lineno);
    } else if (o) {
        added = config_set_add(l->set, o, s);
        added->header = true;
        added->file = file;
        added->source = l->now;
    }
}

/* The library would let the last one win without a word. */
static void take_key(struct loader *l, const struct config_setting *s)
{
    const char *file = l->source[l->now].path;
    const struct config_option *o = check_setting(l, file, s);
    const struct config_set_item *old = o ? config_set_find(l->set, o, s->name) : NULL;
    struct config_set_item *added = NULL;

    if (old) {
        config_error(l->errs, file, s->lineno, "%s is set twice, first at %s:%u; accepted: once", o->key,
                     old->file, old->lineno);
    } else if (o) {
        added = config_set_add(l->set, o, s);
        added->file = file;
        added->source = l->now;
    }
}

/* [level low] is a section of that name. */
static void join_section(struct config_setting *s)
{
    const char *whole = s->name.n ? config_value_find_joined(s->section, s->name) : NULL;

    if (!whole)
        return;
    s->section = view_of(whole);
    s->name = VIEW("");
}

static void take_setting(const struct config_setting *given, void *arg)
{
    struct loader *l = arg;
    struct config_setting joined = *given;
    const struct config_setting *s = &joined;

    join_section(&joined);
    l->source[l->now].entries++;
    if (s->section.n == 0)
        take_include(l, s);
    else if (s->key.n == 0)
        take_header(l, s);
    else if (l->known) /* the keys of an unknown section would only repeat its complaint */
        take_key(l, s);
}

static void load_source(struct loader *l, const char *path)
{
    struct source *s = &l->source[l->source_n];
    const struct config_source_file f = {l->source_n ? CONFIG_PIECE_INCLUDE : CONFIG_PIECE_MAIN, path,
                                         CONFIG_FILE_MAX};
    struct stat st = {0};

    s->path = config_set_keep(l->set, path);
    l->now = l->source_n++;
    if (config_source_read(l->from, &f, &s->text, &st) < 0) {
        config_error(l->errs, path, 0, "cannot read the file: %s; accepted: a regular file of up to %d bytes",
                     strerror(errno), CONFIG_FILE_MAX);
        return;
    }
    s->dev = st.st_dev;
    s->ino = st.st_ino;
    for (size_t i = 0; i < l->now; i++) {
        if (l->source[i].dev == s->dev && l->source[i].ino == s->ino) {
            config_error(l->errs, l->source[0].path, l->include_line,
                         "include reads %s a second time as %s; accepted: each file once", l->source[i].path,
                         path);
            return;
        }
    }
    config_ini_parse(path, buf_view(&s->text), take_setting, l, l->errs);
}

static void load_includes(struct loader *l)
{
    bool plain = !strpbrk(l->include, "*?[");
    size_t n = 0;
    int rc = config_source_find(l->from, l->include, &n);

    if (rc != 0 && (rc != GLOB_NOMATCH || plain)) {
        config_error(l->errs, l->source[0].path, l->include_line,
                     "include: %s %s; accepted: a file that is there, or a pattern", l->include,
                     rc == GLOB_NOMATCH ? "is not there" : "cannot be looked up");
    } else if (n > CONFIG_INCLUDE_MAX) {
        config_error(l->errs, l->source[0].path, l->include_line,
                     "include: %s names %zu files; accepted: up to %d", l->include, n, CONFIG_INCLUDE_MAX);
    } else {
        for (size_t i = 0; i < n; i++)
            load_source(l, config_source_found(l->from, i));
    }
}

/* Takes the library's value, which must be the one that the strict pass has read. */
static void take_library_value(struct loader *l, const struct config_file_library *lib,
                               struct config_set_item *s)
{
    const char *value = config_file_library_value(lib, s->o->section, s->name, s->o->key);

    if (!value || strcmp(value, s->value) != 0) {
        config_error(l->errs, s->file, s->lineno,
                     "%s: the INI library reads \"%s\" instead of \"%s\"; accepted: a value in quotes",
                     s->o->key, value ? value : "", s->value);
        return;
    }
    free(s->value);
    s->value = xstrdup(value);
}

static void take_library(struct loader *l, size_t at)
{
    const struct source *s = &l->source[at];
    struct config_file_library *lib = config_file_open_library(&s->text, s->entries);

    if (!lib)
        config_error(l->errs, s->path, 0,
                     "the INI library cannot read the file; accepted: sections and KEY = VALUE lines");
    for (size_t i = 0; lib && i < l->set->n; i++)
        if (l->set->item[i].source == at && !l->set->item[i].header)
            take_library_value(l, lib, &l->set->item[i]);
    config_file_close_library(&lib);
}

/* "section.key=value" or "section NAME.key=value". */
static bool split_override(const char *text, struct config_setting *s)
{
    const char *equals = strchr(text, '=');
    /* The first one: the keys of [profile NAME] have another. */
    const char *dot = equals ? memchr(text, '.', (size_t)(equals - text)) : NULL;
    const char *blank = dot ? memchr(text, ' ', (size_t)(dot - text)) : NULL;

    *s = (struct config_setting){.lineno = 0};
    if (!dot || config_ini_text_fault(view_of(text)))
        return false;
    s->section = (struct view){text, (size_t)((blank ? blank : dot) - text)};
    if (blank)
        s->name = (struct view){blank + 1, (size_t)(dot - blank) - 1};
    s->key = (struct view){dot + 1, (size_t)(equals - dot) - 1};
    s->value = view_of(equals + 1);
    join_section(s);
    return s->section.n && s->key.n;
}

/* The option when the override is good, or NULL after a complaint. */
static const struct config_option *check_override(struct loader *l, const char *place, const char *text,
                                                  struct config_setting *s)
{
    const struct config_option *o = NULL;
    struct buf line = {0};

    if (!split_override(text, s))
        config_error(l->errs, place, 0,
                     "cannot be read; accepted: -o section.key=value or -o 'intake NAME.key=value'");
    else if (check_section(l, place, s))
        o = check_setting(l, place, s);
    /* --print-config must be able to write it down. */
    if (o && (config_ini_quote(s->value, &line) < 0 ||
              line.n + strlen(o->key) + strlen(" = ") > CONFIG_LINE_MAX)) {
        config_error(l->errs, place, 0,
                     "the value is too long or needs both kinds of quotes; accepted: what can stand in one "
                     "line of a file");
        o = NULL;
    }
    buf_free(&line);
    return o;
}

static void take_override(struct loader *l, const char *text)
{
    char *place = xasprintf("-o %s", text);
    struct config_setting from;
    const struct config_option *o = check_override(l, place, text, &from);
    struct config_set_item *s = NULL;

    if (o) {
        s = config_set_find(l->set, o, from.name);
        s = s ? s : config_set_add(l->set, o, &from);
        free(s->value);
        s->value = xstrndup(from.value.p, from.value.n);
        s->file = config_set_keep(l->set, place);
        s->source = CONFIG_SET_NOWHERE;
        s->lineno = 0;
    }
    free(place);
}

/* The library sees the files only when all of them are free of mistakes; a kept text has passed it before. */
static void load_files(struct loader *l, const char *path)
{
    load_source(l, path);
    if (l->include)
        load_includes(l);
    for (size_t i = 0; l->errs->n == 0 && !config_source_is_text(l->from) && i < l->source_n; i++)
        take_library(l, i);
}

static void loader_free(struct loader **l)
{
    for (size_t i = 0; i < (*l)->source_n; i++)
        buf_free(&(*l)->source[i].text);
    config_set_free(&(*l)->set);
    config_source_free(&(*l)->from);
    free((*l)->include);
    free(*l);
    *l = NULL;
}

/* Each pass builds on what the one before has found to be right. */
static struct config *finish(struct loader *l, const char *path)
{
    struct config *c = config_build(l->set, path, l->errs);

    l->set = NULL;
    if (l->errs->n == 0)
        config_entries_load(c, l->lists ? l->from : NULL, l->errs);
    if (l->errs->n == 0)
        config_source_check_used(l->from, l->errs);
    if (l->errs->n == 0)
        config_check(c, l->errs);
    if (l->errs->n == 0) {
        decide_profile_resolve(c, l->errs);
        c->own = direction_new(c);
    }
    if (l->errs->n)
        config_free(&c);
    return c;
}

static void keep(struct config *c, struct config_source *from)
{
    struct buf text = config_source_take_text(from);

    c->kept = config_kept_new(&text);
}

struct config *config_load_source(struct config_source *from, bool lists, struct config_errors *errs)
{
    struct loader *l = xcalloc(1, sizeof(*l));
    const char *path = config_source_main(from), *override = NULL;
    struct config *c = NULL;

    *errs = (struct config_errors){0};
    l->errs = errs;
    l->from = from;
    l->lists = lists;
    l->set = config_set_new();
    if (path)
        load_files(l, path);
    while ((override = config_source_next_override(from)))
        take_override(l, override);
    if (errs->n == 0)
        c = finish(l, path);
    if (c && lists)
        keep(c, from);
    if (errs->n > CONFIG_ERRORS_MAX)
        buf_addf(&errs->text, "%u more mistakes are not shown\n", errs->n - CONFIG_ERRORS_MAX);
    loader_free(&l);
    return c;
}

struct config *config_load(const char *path, const char *const *override, size_t override_n,
                           struct config_errors *errs)
{
    return config_load_source(config_source_of_files(path, override, override_n), true, errs);
}

struct config *config_load_without_files(const char *path, const char *const *override, size_t override_n,
                                         struct config_errors *errs)
{
    return config_load_source(config_source_of_files(path, override, override_n), false, errs);
}
