/*
 * config_build.c - fills struct config from defaults and what was written, frees it, and tells places.
 *
 * Called by config.c for settings that were checked one by one; places are asked for
 * by config_check.c, config_entries.c, weigh.c and antispam_settings.c. Reads no file.
 * A value that cannot be parsed here is a mistake in the table, hence fatal.
 */
#include "spoold/config_build.h"

#include "spoold/config_kept.h"
#include "spoold/config_profile.h"
#include "spoold/decide_profile.h"
#include "spoold/direction.h"

#include "common/log.h"
#include "common/xalloc.h"

#include <stdlib.h>

static void set_value(const struct config_option *o, const char *value, void *base)
{
    struct buf why = {0};

    if (config_value_parse(o, view_of(value), base, &why) < 0)
        fatalx("[%s] %s: %s", o->section, o->key, why.p);
    buf_free(&why);
}

static void set_defaults(const struct config_group *group, void *base)
{
    size_t n = 0;
    const struct config_option *o = config_value_options(&n);

    for (size_t i = 0; i < n; i++)
        if (o[i].group == group)
            set_value(&o[i], o[i].preset, base);
}

/* Room for one more; the array is zeroed. */
static void grow(struct config *c, const struct config_group *g)
{
    const size_t n = config_value_count(c, g);
    char **array = (char **)((char *)c + g->at);

    if (n & (n - 1)) /* powers of two */
        return;
    *array = xrealloc(*array, n ? 2 * n : 1, g->size);
    memset(*array + n * g->size, 0, (n ? n : 1) * g->size);
}

/* The element of this name, made with the defaults when it is new; NULL when there are too many. */
static void *group_get(struct config *c, const struct config_group *g, const char *name)
{
    size_t *n = (size_t *)((char *)c + g->count_at);
    char **in = NULL;

    for (size_t i = *n; i-- > 0;) /* most often the last one */
        if (strcmp(config_value_name(c, g, i), name) == 0)
            return config_value_element(c, g, i);
    if (*n == g->max)
        return NULL;
    if (g->overrides)
        grow(c, g);
    in = config_value_element(c, g, (*n)++);
    *in = xstrdup(name);
    if (g->overrides)
        config_profile_inherit(c, (struct config_profile *)in);
    else
        set_defaults(g, in);
    return in;
}

static void take_item(struct config *c, const struct config_set_item *s, struct config_errors *errs)
{
    const struct config_group *g = s->o->group;
    void *base = g ? group_get(c, g, s->name) : c;

    if (!base)
        config_error(errs, s->file, s->lineno,
                     "[%s %s] is one too many; accepted: up to %zu sections [%s NAME]", g->section, s->name,
                     g->max, g->section);
    else if (!s->header)
        set_value(s->o, s->value, base);
}

/* What overrides comes when all is known that it overrides. */
static void take_items(struct config *c, const struct config_set *set, bool overrides,
                       struct config_errors *errs)
{
    for (size_t i = 0; i < set->n; i++) {
        const struct config_group *g = set->item[i].o->group;

        if ((g && g->overrides) == overrides)
            take_item(c, &set->item[i], errs);
    }
}

struct config *config_build(struct config_set *set, const char *file, struct config_errors *errs)
{
    struct config *c = xcalloc(1, sizeof *c);
    size_t n = 0;
    const struct config_group *g = config_value_groups(&n);

    c->set = set;
    c->file = file ? xstrdup(file) : NULL;
    set_defaults(NULL, c);
    take_items(c, set, false, errs);
    take_items(c, set, true, errs);
    for (size_t i = 0; i < n; i++)
        if (g[i].always && config_value_count(c, &g[i]) == 0)
            group_get(c, &g[i], g[i].always);
    return c;
}

static void free_values(const struct config_option *o, struct config *c)
{
    if (!o->group)
        config_value_free(o, c);
    for (size_t i = 0; o->group && i < config_value_count(c, o->group); i++)
        config_value_free(o, config_value_element(c, o->group, i));
}

void config_free(struct config **c)
{
    size_t n = 0;
    const struct config_option *o = config_value_options(&n);
    const struct config_group *g = NULL;

    if (!*c)
        return;
    for (size_t i = 0; i < n; i++)
        free_values(&o[i], *c);
    g = config_value_groups(&n);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < config_value_count(*c, &g[i]); k++)
            free(*(char **)config_value_element(*c, &g[i], k));
    free((*c)->profile);
    decide_profile_free(&(*c)->recipients);
    direction_free(&(*c)->own);
    config_set_free(&(*c)->set);
    config_kept_free(&(*c)->kept);
    free((*c)->file);
    free(*c);
    *c = NULL;
}

struct config_place config_where(const struct config *c, const char *section, const char *name,
                                 const char *key)
{
    const struct config_option *o = config_value_find(view_of(section), view_of(key));
    const struct config_set_item *s = o ? config_set_find(c->set, o, view_of(name)) : NULL;

    if (!s && o && o->group)
        s = config_set_find_header(c->set, config_value_find_section(view_of(section)), view_of(name),
                                   CONFIG_SET_NOWHERE);
    return s ? (struct config_place){s->file, s->lineno} : (struct config_place){NULL, 0};
}

/* A reload opens the file from the folder in which spoold was started: people know it by the rest. */
static const char *without_folder(const char *file)
{
    static const char from[] = "/proc/self/fd/";
    const char *end = strncmp(file, from, sizeof from - 1) == 0 ? strchr(file + sizeof from - 1, '/') : NULL;

    return end ? end + 1 : file;
}

const char *config_place_file(struct config_place place)
{
    return place.file && place.lineno ? without_folder(place.file) : "";
}

void config_place_add(struct config_place place, struct buf *to)
{
    if (place.lineno)
        buf_addf(to, "%s:%u", config_place_file(place), place.lineno);
    else
        buf_add_str(to, place.file ? place.file : "default");
}
