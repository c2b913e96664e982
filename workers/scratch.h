/*
 * scratch.h - the folders for temporary files of a role: one of the loader's, in it one of each child.
 *
 * Used by the runtime for roles with scratch_mb. They lie in /tmp, which is a
 * small tmpfs of the loader's own where the launcher could mount one, else the
 * system's. Children of one loader never share a folder: libclamav's names of
 * temporary files are the same in all of them. What a child leaves there is
 * removed by the loader when the child has ended; what a loader left (it was
 * killed, and /tmp is the system's) by the next one.
 */
#ifndef WORKERS_SCRATCH_H
#define WORKERS_SCRATCH_H

#include "common/buf.h"

#include <stdint.h>

#define SCRATCH_PATH_MAX 64

struct scratch {
    char path[SCRATCH_PATH_MAX]; /* "/tmp/spoold-av-XXXXXX"; "" = none */
    int fd;                      /* of that folder, locked as long as its loader lives; -1 */
};

/* Loader: removes what dead loaders of this role and user left in /tmp, then makes its own. 0, or -1 with the
 * reason. scratch_close() in either case. */
int scratch_open(struct scratch *s, const char *role, struct buf *why);
/* Loader: with everything in it. */
void scratch_close(struct scratch *s);
/* Child `id`: makes its folder, empty, mode 0700; `path` has room for SCRATCH_PATH_MAX. Returns an O_PATH
 * descriptor of it, close-on-exec, or -1 with errno. */
int scratch_make_child(const struct scratch *s, uint64_t id, char *path);
/* Loader: removes the folder of a child that has ended, however deep and in whatever modes; follows no links.
 * What cannot be removed stays, quietly. */
void scratch_remove_child(const struct scratch *s, uint64_t id);

#endif
