/*
 * sealed.h - memory that travels as a descriptor: blobs, and the page that a child shares with the
 * supervisor.
 *
 * Used on both ends of each link (wire.h). A blob is a memfd sealed against every
 * change, so that what was checked stays what is used; what it holds is input.
 */
#ifndef COMMON_SEALED_H
#define COMMON_SEALED_H

#include "common/buf.h"

#include <stdint.h>

#define SEALED_BLOB_MAX 1048576 /* bytes of a blob, unless the reader says otherwise */

/* A memfd with these bytes, sealed against every change, offset 0. -1 with errno. The caller's. */
int sealed_blob(struct view bytes);
/*
 * Adds what a blob holds to `to`, by pread(2), after checking its seals and size. 0, or -1 with errno and
 * nothing added: EPROTO when it is not sealed, EFBIG beyond `max`.
 */
int sealed_read(int fd, size_t max, struct buf *to);

/* The page that a child shares with the supervisor: written before mail bytes are touched. */
enum sealed_phase {
    SEALED_PHASE_NONE,
    SEALED_PHASE_BEGUN,
    SEALED_PHASE_READING,
    SEALED_PHASE_WRITING,
    SEALED_PHASE_SCANNING,
    SEALED_PHASE__MAX
};
struct sealed_crumb {
    uint64_t job;
    uint32_t phase; /* enum sealed_phase; of roles with other phases, their number */
    uint32_t reserved;
};
#define SEALED_CRUMB_SIZE 4096
/* A memfd of that size, sealed against growing and shrinking. -1 with errno. */
int sealed_crumb_open(void);
/* Maps it; NULL with errno. */
struct sealed_crumb *sealed_crumb_map(int fd, bool writable);
void sealed_crumb_unmap(struct sealed_crumb **c);
const char *sealed_phase_name(uint32_t phase);

#endif
