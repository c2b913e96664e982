/*
 * quarantine_record.h - reads the .json of a quarantine entry, and writes it again for fewer recipients.
 *
 * The file was written by spoold, but lies there for weeks: it is parsed as
 * input, bounded and length-counted. What is not known is copied unchanged.
 */
#ifndef SPOOLD_QUARANTINE_RECORD_H
#define SPOOLD_QUARANTINE_RECORD_H

#include "common/buf.h"
#include "spoold/spool.h"

#include <stdint.h>

#define QUARANTINE_RECORD_MAX  33554432 /* bytes: 50,000 recipients, each byte escaped, and more */
#define QUARANTINE_MEMBERS_MAX 64       /* members of an object */

struct quarantine_record {
    struct buf raw, text; /* owned; the views point into them */
    struct view at, reason, sender, sha256, virus_name;
    struct view virus;           /* the object as it stands */
    struct view parts, oddities; /* arrays as they stand */
    uint64_t parts_more;
    bool ambiguous;
    struct view *rcpt; /* owned: those whom the entry still holds */
    size_t rcpt_n, rcpt_cap;
    bool has_sender, has_rcpt;
    uint64_t size, releases; /* releases so far, each to some of the recipients */
};

/*
 * 0; -1 with errno: ENOENT there is none, EBADMSG it is damaged. quarantine_record_free() in every case; `r`
 * needs no initialisation.
 */
int quarantine_record_read(struct quarantine_record *r, const struct spool_dir *dir, const char *name);
void quarantine_record_free(struct quarantine_record *r);
/* The record after one more release: with these recipients only. Also of an empty record. */
void quarantine_record_write(const struct quarantine_record *r, const struct view *rcpt, size_t n,
                             struct buf *out);
/* Exposed for fuzzing: takes raw->p over. */
int quarantine_record_parse(struct quarantine_record *r, struct buf *raw);

#endif
