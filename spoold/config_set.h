/*
 * config_set.h - the settings that were written down, each with its place, found by option and name.
 *
 * Filled by config.c while files and overrides are read; stays with the struct config afterwards, for the
 * places that records and complaints name. A default is not in it.
 */
#ifndef SPOOLD_CONFIG_SET_H
#define SPOOLD_CONFIG_SET_H

#include "spoold/config_value.h"

#define CONFIG_SET_NOWHERE SIZE_MAX /* as `source`: from the command line; to config_set_find(): any */

/* A section header has an empty value, the first option of its section, and `header` set. */
struct config_set_item {
    const struct config_option *o;
    char *name; /* of a named section, else "" */
    char *value;
    const char *file; /* memory of the set: the file, or "-o section.key=value" */
    unsigned lineno;
    size_t source; /* the number of its file */
    bool header;
};
struct config_set {
    struct config_set_item *item; /* owned, in the order in which they were read */
    size_t n, cap;
    uint32_t *slot; /* hash table of numbers + 1 */
    size_t slot_n;
    char **file; /* owned */
    size_t file_n;
};

struct config_set *config_set_new(void);
void config_set_free(struct config_set **s);
/* Keeps a copy of the text as long as the set. */
const char *config_set_keep(struct config_set *s, const char *file);
/* One setting per option and name. The answers are good until the next one is added; NULL: there is none. */
struct config_set_item *config_set_find(const struct config_set *s, const struct config_option *o,
                                        struct view name);
struct config_set_item *config_set_find_header(const struct config_set *s, const struct config_option *o,
                                               struct view name, size_t source);
/* Copies name and value of `from`; the caller fills in the place. */
struct config_set_item *config_set_add(struct config_set *s, const struct config_option *o,
                                       const struct config_setting *from);

#endif
