/*
 * config_file.h - the files of the configuration: their bytes, their names, and the INI library's view of
 * them.
 *
 * Called by config.c and config_list.c. Only regular files are read, up to a
 * limit and without waiting (a FIFO in place of a file must not stop the start).
 * The only code that includes iniparser.h. Never complains: it says what
 * happened by errno or NULL.
 */
#ifndef SPOOLD_CONFIG_FILE_H
#define SPOOLD_CONFIG_FILE_H

#include "common/buf.h"

#include <glob.h>
#include <sys/stat.h>

/* Adds the file's bytes to `text`, and says in `st` which file it was. 0, or -1 with errno (EFBIG: over
 * `max`). */
int config_file_read(const char *path, size_t max, struct buf *text, struct stat *st);

/* Files named by `pattern`, relative to the folder of `main_file`, sorted by bytes. glob(3)'s answer; found:
 * globfree(). */
int config_file_find(const char *main_file, const char *pattern, glob_t *found);

struct config_file_library;
/* The same bytes as the INI library reads them. NULL: it refuses them or does not find just `entries` names.
 */
struct config_file_library *config_file_open_library(const struct buf *text, int entries);
/* Its value of a setting, borrowed; NULL where it has none. `name` is "" for a section without one. */
const char *config_file_library_value(const struct config_file_library *lib, const char *section,
                                      const char *name, const char *key);
void config_file_close_library(struct config_file_library **lib);

#endif
