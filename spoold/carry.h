/*
 * carry.h - takes one file from a folder of the spool to another, also to another file system.
 *
 * Store thread. What stands at the target is whole or not there at all, whatever is
 * killed when; each call may be repeated.
 */
#ifndef SPOOLD_CARRY_H
#define SPOOLD_CARRY_H

#include "common/buf.h"
#include "spoold/spool.h"

/* The file `name` becomes `to_name` there: by rename, or by a durable copy and an unlink. 0, or -1 with
 * errno. 0 also when it has arrived before. */
int carry_out(struct spool *s, struct spool_dir *from, const char *name, struct spool_dir *to,
              const char *to_name);
/* A new file with this content, flushed; replaces what an earlier try left. 0, or -1 with errno. */
int carry_put(struct spool *s, struct spool_dir *to, const char *name, const struct buf *content);

#endif
