/*
 * entries.h - the entries of a list by number: their text, and the file and line where they stand.
 *
 * Shared by networks.c and names.c, whose tables hold numbers of entries. Everything is copied: the settings
 * may go away. Made in the loader, read only afterwards.
 */
#ifndef WORKERS_ANTISPAM_ENTRIES_H
#define WORKERS_ANTISPAM_ENTRIES_H

#include "common/settings.h"

#define ENTRIES_MAX  1000000 /* of one list */
#define ENTRIES_NONE UINT32_MAX

struct entries_row;
struct entries {             /* zeroed = empty */
    struct entries_row *row; /* owned, like the two buffers */
    uint32_t n, cap;
    struct buf text, files;
};

/* Its number, or ENTRIES_NONE: too many. `text` is what is kept of it. */
uint32_t entries_add(struct entries *e, struct view text, const struct settings_item *item);
struct view entries_text(const struct entries *e, uint32_t i);
/* Adds "192.0.2.0/24, lists/blacklist:12". */
void entries_say(const struct entries *e, uint32_t i, struct buf *to);
/* "lists/blacklist:12: " */
void entries_say_place(const struct settings_item *item, struct buf *to);
/* Gives back what was taken for growing: call it once, after the last one. */
void entries_settle(struct entries *e);
void entries_free(struct entries *e);

#endif
