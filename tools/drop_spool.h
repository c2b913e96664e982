/*
 * drop_spool.h - puts one message into an intake folder, whole or not at all.
 *
 * Called by spooldrop.c in the order open, create, copy, publish, close. The
 * folder is resolved once; afterwards everything goes by its descriptor. A
 * message exists for spoold only after the last rename in publish(); close()
 * removes whatever did not get that far. Names in the folder are never
 * overwritten, an fsync is never repeated.
 */
#ifndef TOOLS_DROP_SPOOL_H
#define TOOLS_DROP_SPOOL_H

#include "common/buf.h"

#define DROP_SPOOL_NAME_MAX 64
#define DROP_SPOOL_STOPPED  ".stopped" /* stands in an intake while spoold takes no messages */

struct drop_spool {
    int dir;     /* the intake; O_PATH where it may be entered but not read */
    int hold;    /* for syncfs when `dir` cannot be fsynced, else -1 */
    int data;    /* NAME.em_, open for writing, or -1 */
    int signals; /* signalfd: a request to end */
    bool published, eight_bit; /* eight_bit: the message has bytes above 0x7f */
    const char *eml, *hdr; /* suffixes under which our files stand now, or NULL */
    char name[DROP_SPOOL_NAME_MAX];
};

/* All answer 0 or an exit code with the reason added to `why`. drop_spool_close() is right after each of
 * them. */
int drop_spool_open(struct drop_spool *s, const char *root, const char *path, struct buf *why);
int drop_spool_create(struct drop_spool *s, struct buf *why);
int drop_spool_copy(struct drop_spool *s, int from, struct buf *why);
int drop_spool_publish(struct drop_spool *s, const struct buf *envelope, struct buf *why);
void drop_spool_close(struct drop_spool *s);

/* For create() and tests: takes `name` if none of its files exists. 0, or -1 with errno (EEXIST). */
int drop_spool_take(struct drop_spool *s, const char *name);

#endif
