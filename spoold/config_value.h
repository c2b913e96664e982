/*
 * config_value.h - the options as a table, and the text of a value as a C value and back.
 *
 * Called by config.c (checking and filling in) and config_print.c; the rows come
 * from config_table.h. Trusts its caller to pass the struct that belongs to the
 * option: struct config, or struct config_intake where `named` is set. Never
 * reads files and never prints.
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
    CONFIG_VALUE_ENUM,
    CONFIG_VALUE_READY,
    CONFIG_VALUE__MAX
};

struct config_option {
    const char *section;
    const char *key;
    enum config_value_type type;
    bool named;         /* of a section with a name: [intake NAME] */
    size_t offset;      /* of the field, in struct config or struct config_intake */
    const char *preset; /* the default, as text */
    int64_t min;
    int64_t max;
    const char *values; /* words of an ENUM, or NULL */
    const char *requirements;
    const char *help;
};

/* All options in the order of config_table.h; sections stand together. */
const struct config_option *config_value_options(size_t *n);
const struct config_option *config_value_find(struct view section, struct view key);
/* The first option of a section, or NULL: no such section. */
const struct config_option *config_value_find_section(struct view section);

/* Adds the names one may write, "a, b, c": sections for a NULL section, else its keys. */
void config_value_list_names(const char *section, struct buf *to);
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
