/*
 * spool.h - the directories of one instance, and the only code that renames,
 * links, unlinks or fsyncs messages (protocol.md section 3).
 *
 * Each function is one system call or one flush; the order in which they are
 * called is the protocol and stands in the flow_*.c files. Store thread only.
 * Everything is done by directory descriptor; names come from base.h or from
 * readdir and hold no slash.
 */
#ifndef SPOOLD_SPOOL_H
#define SPOOLD_SPOOL_H

#include "spoold/config.h"

#include <sys/stat.h>
#include <sys/types.h>

#define SPOOL_CLASS_LEN 16 /* bytes of a quarantine class name, NUL included */

/* What a power failure may do to unflushed renames; protocol.md, top. */
enum spool_model { SPOOL_MODEL_A, SPOOL_MODEL_B, SPOOL_MODEL_C };

enum spool_class {
    SPOOL_CLASS_VIRUS,
    SPOOL_CLASS_SPAM,
    SPOOL_CLASS_POLICY,
    SPOOL_CLASS_POISON,
    SPOOL_CLASS_FAILED,
    SPOOL_CLASS__MAX
};

struct spool_dir {
    int fd;
    dev_t dev;
    const char *label; /* for messages to people; owned, for good: settings come and go */
    bool dirty;        /* has changes that are not flushed */
};

/* A file or step that waits for this batch's flush; *err is set when the flush fails. */
struct spool_pending {
    int fd;   /* owned, closed after the flush; -1: waits for directories or journal only */
    int *err; /* borrowed: the message's */
    unsigned needs;
};
enum { SPOOL_NEEDS_FILE = 1, SPOOL_NEEDS_DIRS = 2, SPOOL_NEEDS_JOURNAL = 4 };

struct spool {
    const struct config *cfg;
    struct spool_dir proc, quarantine;
    struct spool_dir class[SPOOL_CLASS__MAX], stray; /* stray: quarantine/failed/stray */
    struct spool_dir intake[CONFIG_INTAKE_MAX], outlet[CONFIG_INTAKE_MAX];
    size_t intake_n;
    enum spool_model model;
    char fs_type[32];
    bool fs_journal;
    gid_t outgoing_gid; /* of what is put into an outlet; -1 = spoold's own */
    struct spool_pending *pending;
    size_t pending_n, pending_cap, files_n;
    int journal_errno, dirs_errno, files_errno; /* of this batch */
    bool all;                                   /* this batch has a file that cannot be flushed by itself */
    uint64_t flushes;
};

/* 0, or -1 with errno. All renames are RENAME_NOREPLACE; both directories become dirty. */
int spool_move(struct spool *s, struct spool_dir *from, const char *name, struct spool_dir *to,
               const char *to_name);
/* The same within one folder, in the place of what has the new name: for records, never for a message. */
int spool_replace(struct spool *s, struct spool_dir *d, const char *name, const char *to_name);
/* 0 also when it was not there. */
int spool_remove(struct spool *s, struct spool_dir *d, const char *name);
/* A new file (O_EXCL), mode 0640, group of the outlets. The descriptor is the caller's until
 * spool_wait_file(). */
int spool_create(struct spool *s, struct spool_dir *d, const char *name);
/* Marks the intakes as open or closed for spooldrop (entry .stopped). 0, or -1 with errno when a mark could
 * not be set. */
int spool_mark_intakes(struct spool *s, bool stopped);

/* From here on `fd` is flushed and closed with this batch; *err gets the errno of a failure. */
void spool_wait_file(struct spool *s, int fd, int *err);
/* *err gets the errno of a failed directory flush of this batch. */
void spool_wait_dirs(struct spool *s, int *err);
/* For a file that cannot be opened: the whole file system is flushed. */
void spool_wait_all(struct spool *s, int *err);
void spool_wait_journal(struct spool *s, int *err);
/* Flushes one file or directory at once, outside the batch. 0 or -1 with errno. */
int spool_flush_now(int fd);
void spool_flush(struct spool *s);
void spool_journal_failed(struct spool *s, int err);
/* Tells every waiting message, and begins the next batch. */
void spool_settle_errors(struct spool *s);

bool spool_same_device(const struct spool *s, const struct spool_dir *d);
const char *spool_class_name(enum spool_class c);
/* -1 when there is no such class. */
int spool_class_find(struct view name);

#endif
