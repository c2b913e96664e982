/*
 * settings.h - the settings of a role as they travel to its loader: section, name, key, value, and the place
 * where they were made.
 *
 * Packed by the supervisor from the configuration (spoold/antispam_settings.c, spoold/resolver.c), read by
 * loaders before there is any message: trusted, but every length is checked. A value is text: BOOL "1" or
 * "0", numbers whole and decimal, TIME in ms, SIZE in bytes, weights in thousandths, ENUM its word. The
 * entries of a list file (@lists/NAME) are items of section "list", name NAME, empty key, one for each
 * entry, in their order, `file` and `line` theirs.
 */
#ifndef COMMON_SETTINGS_H
#define COMMON_SETTINGS_H

#include "common/buf.h"

#include <stdint.h>

#define SETTINGS_MAX (64u << 20) /* bytes, packed */

struct settings_item {
    struct view section, name, key, value; /* name: "" where the section has none */
    struct view file;                      /* "" = the default, or the command line */
    uint32_t line;
};
struct settings {
    struct settings_item *item; /* owned; views into the bytes, which must stay */
    size_t n;
    uint32_t *slot; /* owned: finds one by section, name, key */
    size_t slot_n;
};

void settings_add(struct buf *to, const struct settings_item *i);
/* 0, or -1 (EPROTO) when the bytes are none. */
int settings_open(struct settings *s, struct view bytes);
void settings_free(struct settings *s);
/* NULL: it is not there. The first one where there are several. */
const struct settings_item *settings_find(const struct settings *s, const char *section, struct view name,
                                          const char *key);
/* Of a section without name; `preset` where it is not there or no number. */
int64_t settings_int(const struct settings *s, const char *section, const char *key, int64_t preset);
bool settings_bool(const struct settings *s, const char *section, const char *key, bool preset);
struct view settings_text(const struct settings *s, const char *section, const char *key); /* "" */
/* The same of a section with a name. */
int64_t settings_named_int(const struct settings *s, const char *section, struct view name, const char *key,
                           int64_t preset);
struct view settings_named_text(const struct settings *s, const char *section, struct view name,
                                const char *key);
/* The next item from *at on (0 at first) of this section and, unless it is NULL, this name; NULL at the end. */
const struct settings_item *settings_next(const struct settings *s, const char *section, const char *name,
                                          size_t *at);

#endif
