/*
 * config_entries.h - values of type LIST, "@lists/FILE" or words, and the entries that stand there.
 *
 * For the files of the configuration, weigh.c and antispam_settings.c. What an entry may be is
 * said in common/entry.h and common/rule.h, for the supervisor and the workers alike.
 */
#ifndef SPOOLD_CONFIG_ENTRIES_H
#define SPOOLD_CONFIG_ENTRIES_H

#include "spoold/config_value.h"

/* Whether the value can be one: 0, or -1 and what is wrong added to `why`. The file is not read. */
int config_entries_check(const struct config_option *o, struct view text, struct buf *why);
/* Adds what may be written. */
void config_entries_add_accepted(const struct config_option *o, struct buf *to);
/* Fills in the entries of all lists, with every complaint in errs. List files come from `files`; NULL: only
 * those in line are read. */
void config_entries_load(struct config *c, struct config_source *files, struct config_errors *errs);
void config_entries_free(struct config_list *l);

/* The name under which entries of this option travel to the workers (common/settings.h). */
struct view config_entries_name(const struct config_option *o);
struct view config_entries_text(const struct config_list *l, size_t i);
/* NULL: there is no such rule in the list. */
const struct config_entry *config_entries_find_rule(const struct config_list *l, struct view name);

#endif
