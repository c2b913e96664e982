/*
 * disk.h - the crash harness's few file helpers: paths, whole files, listings.
 *
 * Used by the depositor, the consumer and the oracle. They look at the spool only while
 * no program under test runs, so nothing here has to cope with change
 * under its feet. An impossible disk (no space for the harness itself) is fatal.
 */
#ifndef CRASH_DISK_H
#define CRASH_DISK_H

#include "common/buf.h"

#define DISK_FILE_MAX 16777216 /* bytes of one file that is read */

struct disk_path {
    char s[1024];
};

struct disk_list {
    char **name; /* sorted; without . and .. */
    size_t n;
};

__attribute__((format(printf, 1, 2))) struct disk_path disk_path(const char *fmt, ...);
bool disk_exists(const char *path);
/* Adds the file's bytes to `to`. 0 or -1 with errno. */
int disk_read(struct buf *to, const char *path);
/* Makes a new file; fatal when it exists already or cannot be written. */
void disk_write(const char *path, struct view v);
/* Fatal on error; a directory that is there already is good. */
void disk_make_dir(const char *path);
/* A directory that is not there counts as empty. */
void disk_list(struct disk_list *l, const char *dir);
void disk_list_free(struct disk_list *l);
void disk_remove_tree(const char *path);
/* Whether `name` ends in `suffix`; then the rest is copied to `stem`. */
bool disk_cut_suffix(struct disk_path *stem, const char *name, const char *suffix);

#endif
