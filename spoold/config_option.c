/*
 * config_option.c - the options and the groups of named sections as tables, and finding one of them.
 *
 * Called by all that reads, fills in, prints or packs settings. The rows come from
 * config_table.h and common/check_table.h. A section may have its rows at several
 * places of the table (those of a check are made of its row there, others are added),
 * so whoever goes through a section asks for the next one. Trusts nothing in a name;
 * keeps nothing.
 */
#include "spoold/config_value.h"

#include "common/check.h"

#define OPTION_WORD_MAX 64 /* longest name that gets a "did you mean" */
#define OPTION_NEAR     2  /* letters that may differ */

enum { GROUP_INTAKE, GROUP_RBL, GROUP_URIBL, GROUP_PROFILE, GROUP__MAX };
#define GROUP(section, array, max, always)                                                                   \
    {                                                                                                        \
        section, offsetof(struct config, array), offsetof(struct config, array##_n),                         \
            sizeof(struct config_##array), max, always, false                                                \
    }
static const struct config_group group_table[GROUP__MAX] = {
    [GROUP_INTAKE] = GROUP("intake", intake, CONFIG_INTAKE_MAX, "main"),
    [GROUP_RBL] = GROUP("rbl", rbl, CONFIG_RBL_MAX, NULL),
    [GROUP_URIBL] = GROUP("uribl", uribl, CONFIG_URIBL_MAX, NULL),
    [GROUP_PROFILE] = {"profile", offsetof(struct config, profile), offsetof(struct config, profile_n),
                       sizeof(struct config_profile), CONFIG_PROFILE_MAX, NULL, true},
};

static const struct config_option option_table[] = {
#define OPT(sec, k, TYPE, field, ...)                                                                        \
    {sec, k, CONFIG_VALUE_##TYPE, NULL, offsetof(struct config, field), __VA_ARGS__},
#define OPT_CHECK OPT
#define OPT_INTAKE(k, TYPE, field, ...)                                                                      \
    {"intake",   k, CONFIG_VALUE_##TYPE, &group_table[GROUP_INTAKE], offsetof(struct config_intake, field),  \
     __VA_ARGS__},
#define OPT_RBL(k, TYPE, field, ...)                                                                         \
    {"rbl", k, CONFIG_VALUE_##TYPE, &group_table[GROUP_RBL], offsetof(struct config_rbl, field), __VA_ARGS__},
#define OPT_URIBL(k, TYPE, field, ...)                                                                       \
    {"uribl",    k, CONFIG_VALUE_##TYPE, &group_table[GROUP_URIBL], offsetof(struct config_uribl, field),    \
     __VA_ARGS__},
#define OPT_POLICY(short, sec, k, TYPE, field, ...)                                                          \
    {sec, k, CONFIG_VALUE_##TYPE, NULL, offsetof(struct config, policy.field), __VA_ARGS__},                 \
        {"profile",                                                                                          \
         short "." k,                                                                                        \
         CONFIG_VALUE_##TYPE,                                                                                \
         &group_table[GROUP_PROFILE],                                                                        \
         offsetof(struct config_profile, policy.field),                                                      \
         __VA_ARGS__},
#include "spoold/config_table.h"
};
_Static_assert((int)CONFIG_CHECKS == (int)CHECK__MAX && (int)CONFIG_RESULTS >= (int)RESULT__MAX,
               "room in struct config");
#define OPTIONS (sizeof(option_table) / sizeof(option_table[0]))

const struct config_option *config_value_options(size_t *n)
{
    *n = OPTIONS;
    return option_table;
}

/* Most words differ in their first byte. */
static bool is(const char *word, struct view v)
{
    return v.n && word[0] == v.p[0] && strncmp(word, v.p, v.n) == 0 && word[v.n] == '\0';
}

const struct config_option *config_value_find(struct view section, struct view key)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (is(option_table[i].section, section) && is(option_table[i].key, key))
            return &option_table[i];
    return NULL;
}

const struct config_option *config_value_find_section(struct view section)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (is(option_table[i].section, section))
            return &option_table[i];
    return NULL;
}

const char *config_value_find_joined(struct view section, struct view name)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        struct view whole = view_of(option_table[i].section);

        if (whole.n == section.n + 1 + name.n && name.n && whole.p[section.n] == ' ' &&
            memcmp(whole.p, section.p, section.n) == 0 && view_ends_with(whole, name))
            return whole.p;
    }
    return NULL;
}

const struct config_option *config_value_next(const struct config_option *o)
{
    const char *section = o->section;

    while (++o < option_table + OPTIONS)
        if (strcmp(o->section, section) == 0)
            return o;
    return NULL;
}

const struct config_group *config_value_groups(size_t *n)
{
    *n = GROUP__MAX;
    return group_table;
}

size_t config_value_count(const struct config *c, const struct config_group *g)
{
    return *(const size_t *)((const char *)c + g->count_at);
}

void *config_value_element(const struct config *c, const struct config_group *g, size_t i)
{
    uintptr_t array = (uintptr_t)c + g->at;

    if (g->overrides)
        array = (uintptr_t) * (void *const *)array;
    return (void *)(array + i * g->size);
}

const char *config_value_name(const struct config *c, const struct config_group *g, size_t i)
{
    return *(char **)config_value_element(c, g, i);
}

/* The i-th name of a section's keys, or of the sections themselves; NULL where the row adds none. */
static const char *name_at(size_t i, const char *section)
{
    const struct config_option *o = &option_table[i];

    if (section)
        return strcmp(o->section, section) == 0 ? o->key : NULL;
    return config_value_find_section(view_of(o->section)) == o ? o->section : NULL;
}

void config_value_list_names(const char *section, const char *but, struct buf *to)
{
    const char *comma = "";

    for (size_t i = 0; i < OPTIONS; i++) {
        const char *name = name_at(i, section);

        if (!name || (but && strstr(name, but)))
            continue;
        if (section)
            buf_addf(to, "%s%s", comma, name);
        else
            buf_addf(to, "%s[%s%s]", comma, name, option_table[i].group ? " NAME" : "");
        comma = ", ";
    }
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Letters to add, drop or change to get from one word to the other; both at most OPTION_WORD_MAX long. */
static size_t distance(struct view a, struct view b)
{
    size_t row[OPTION_WORD_MAX + 1];

    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t above = row[j];

            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a.p[i - 1] != b.p[j - 1]));
            diagonal = above;
        }
    }
    return row[b.n];
}

const char *config_value_nearest(const char *section, struct view word)
{
    const char *best = NULL;
    size_t best_distance = OPTION_NEAR + 1;

    if (word.n > OPTION_WORD_MAX)
        return NULL;
    for (size_t i = 0; i < OPTIONS; i++) {
        const char *name = name_at(i, section);
        size_t d = name ? distance(word, view_of(name)) : best_distance;

        /* A word of two letters is two letters away from every other one. */
        if (d < best_distance && d < word.n) {
            best = name;
            best_distance = d;
        }
    }
    return best;
}
