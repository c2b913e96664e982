/*
 * config_source.h - where the bytes of a configuration come from: from its files, or from the one text in
 * which they were kept (config_kept.h).
 *
 * For config.c, config_list.c and config_entries.c, who ask for a file by its name and do not know which it
 * is. What is read from files is written down on the way, so that the kept text holds just what was in force.
 */
#ifndef SPOOLD_CONFIG_SOURCE_H
#define SPOOLD_CONFIG_SOURCE_H

#include "spoold/config.h"

#include <sys/stat.h>

#define CONFIG_SOURCE_PIECES_MAX 4096 /* in a kept text */
#define CONFIG_SOURCE_NAME_MAX   4096 /* bytes of a name there */
#define CONFIG_SOURCE_HEAD       "#spoold-config 1\n"

enum config_piece {
    CONFIG_PIECE_MAIN,
    CONFIG_PIECE_INCLUDE,
    CONFIG_PIECE_LIST,
    CONFIG_PIECE_OVERRIDE,
    CONFIG_PIECE__MAX
};
struct config_source;

/* `path` (NULL: no file) and `override` are borrowed. */
struct config_source *config_source_of_files(const char *path, const char *const *override,
                                             size_t override_n);
/* `text` is borrowed. NULL after a complaint: the text is damaged. */
struct config_source *config_source_of_text(struct view text, struct config_errors *errs);
void config_source_free(struct config_source **s);
/* Nothing is opened; what the files said was good once. */
bool config_source_is_text(const struct config_source *s);

/* The name of the main file, or NULL. */
const char *config_source_main(const struct config_source *s);
/* One override after the other; NULL behind the last one. */
const char *config_source_next_override(struct config_source *s);
/* Adds the file's bytes; `st` says which file it is, so that one can be told from another. 0, or -1 with
 * errno (EFBIG: over `max`). */
struct config_source_file {
    enum config_piece kind;
    const char *path;
    size_t max;
};
int config_source_read(struct config_source *s, const struct config_source_file *f, struct buf *text,
                       struct stat *st);
/* Looks included files up, in the order in which they are read: glob(3)'s answer, and how many. */
int config_source_find(struct config_source *s, const char *pattern, size_t *n);
const char *config_source_found(const struct config_source *s, size_t i);

/* Complains about pieces of a kept text that nobody asked for. */
void config_source_check_used(const struct config_source *s, struct config_errors *errs);
/* The text of all that was read, for the caller to own; once. */
struct buf config_source_take_text(struct config_source *s);

/* config_load() of any source, which it takes over. Without `lists` no list file is read, and nothing is
 * kept. */
struct config *config_load_source(struct config_source *s, bool lists, struct config_errors *errs);

#endif
