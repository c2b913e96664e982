/*
 * dkim_text.h - header and body of a message as DKIM hashes them: each line ends with CR LF.
 *
 * Called by dkim_engine.c and check_dkim.c. In a spool lines may end with LF alone; a signer saw CR LF. The
 * body is never copied as a whole. The bytes are hostile.
 */
#ifndef WORKERS_ANTISPAM_DKIM_TEXT_H
#define WORKERS_ANTISPAM_DKIM_TEXT_H

#include "common/buf.h"

#include <stdint.h>

#define DKIM_TEXT_PIECE (16u << 10) /* bytes */

/* Adds a field of several lines, without its last line end. */
void dkim_text_add_field(struct buf *to, struct view whole);
struct dkim_text {
    struct view rest; /* the body, at first */
    char piece[DKIM_TEXT_PIECE];
    bool open; /* the last line that was given has no end yet */
};
/* The next piece, in `t`; false: no more. The last line gets its end where it has none. */
bool dkim_text_next(struct dkim_text *t, struct view *piece);
/* Bytes of the canonical form of a body (RFC 6376, 3.4.3, 3.4.4): what l= counts. */
uint64_t dkim_text_length(struct view body, bool relaxed);
/* Is there a CR that no LF follows? */
bool dkim_text_has_bare_cr(struct view v);

#endif
