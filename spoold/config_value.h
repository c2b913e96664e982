/*
 * config_value.h - the options as a table, and the text of a value as a C value and back.
 *
 * Called by config.c and config_build.c (checking and filling in), config_print.c and
 * antispam_settings.c; the rows come from config_table.h. Trusts its caller to pass the
 * struct that belongs to the option: struct config, or that of its group. Never reads
 * files and never prints.
 */
#ifndef SPOOLD_CONFIG_VALUE_H
#define SPOOLD_CONFIG_VALUE_H

#include "spoold/config.h"

enum config_value_type {
    CONFIG_VALUE_STR,
    CONFIG_VALUE_PATH,
    CONFIG_VALUE_BOOL,
    CONFIG_VALUE_INT,
    CONFIG_VALUE_SIZE,
    CONFIG_VALUE_TIME,
    CONFIG_VALUE_WEIGHT,
    CONFIG_VALUE_ENUM,
    CONFIG_VALUE_READY,
    CONFIG_VALUE_LIST,
    CONFIG_VALUE__MAX
};

/* Sections with a name, [intake NAME]: an array in struct config. */
struct config_group {
    const char *section;
    size_t at, count_at; /* the array and the number of its elements, in struct config */
    size_t size, max;    /* of one element, whose first member is `char *name`; how many there may be */
    const char *always;  /* the name of the one that is there where none is written, or NULL */
    bool overrides; /* [profile NAME]: what is not written is as without it; its array is allocated apart */
};

struct config_option {
    const char *section;
    const char *key;
    enum config_value_type type;
    const struct config_group *group; /* NULL: its section has no name */
    size_t offset;                    /* of the field, in struct config or in the element of the group */
    const char *preset;               /* the default, as text */
    int64_t min;
    int64_t max;
    const char *values; /* words of an ENUM; NAME|KIND of a LIST; else NULL */
    const char *requirements;
    const char *help;
};

/* All options in the order of config_table.h. */
const struct config_option *config_value_options(size_t *n);
const struct config_option *config_value_find(struct view section, struct view key);
/* The first option of a section, or NULL: no such section. */
const struct config_option *config_value_find_section(struct view section);
/* "level low" where [level low] is a section of its own and no name of a group; NULL: it is not. */
const char *config_value_find_joined(struct view section, struct view name);
/* The next option of the same section, in the order of the table; NULL behind the last one. */
const struct config_option *config_value_next(const struct config_option *o);

const struct config_group *config_value_groups(size_t *n);
size_t config_value_count(const struct config *c, const struct config_group *g);
/* The i-th element: where its options' fields are, and its name. */
void *config_value_element(const struct config *c, const struct config_group *g, size_t i);
const char *config_value_name(const struct config *c, const struct config_group *g, size_t i);

/* Adds the names one may write, "a, b, c": sections for a NULL section, else its keys; none that holds `but`
 * (may be NULL). */
void config_value_list_names(const char *section, const char *but, struct buf *to);
/* The name that was probably meant (at most two letters off), or NULL. */
const char *config_value_nearest(const char *section, struct view word);

/* Stores the value in its field. 0, or -1 and "what is wrong; accepted: ..." added to `why`; the field is
 * then unchanged. */
int config_value_parse(const struct config_option *o, struct view text, void *base, struct buf *why);
/* The same without storing. */
int config_value_check(const struct config_option *o, struct view text, struct buf *why);
/* Adds the field's value as text that config_value_parse reads back. */
void config_value_format(const struct config_option *o, const void *base, struct buf *to);
/* Adds what may be written: "a whole number from 1 to 9". */
void config_value_accepted(const struct config_option *o, struct buf *to);
void config_value_free(const struct config_option *o, void *base);

#endif
