/*
 * envelope_redirect.h - the envelope of a copy that goes to another address than its recipients have.
 *
 * Written when a message is settled; read again when it is accounted for: after a crash, and when spoold
 * itself hands the copy over. Lines "x-spoold-redirected: ID <address>,<address>" name those in whose place
 * the address stands. The ID is that of the message: a line that a depositor wrote cannot have it.
 */
#ifndef COMMON_ENVELOPE_REDIRECT_H
#define COMMON_ENVELOPE_REDIRECT_H

#include "common/envelope.h"

struct envelope_redirect {
    struct view to; /* as envelope_is_address() wants it */
    struct view id; /* of the message */
};

/*
 * To r->to in the place of rcpt[index[0..n-1]]. Line 3 is that address; recipient:, notify: and orcpt: lines
 * are left out (not "notify: NEVER"); everything else is kept byte for byte.
 */
void envelope_redirect_write(const struct envelope *e, const size_t *index, size_t n,
                             const struct envelope_redirect *r, struct buf *out);
/* Those in whose place the address stands; 0 when it is no such envelope of this message. The caller frees
 * the array, whose views point into the envelope. */
size_t envelope_redirect_read(const struct envelope *e, struct view id, struct view **rcpt);

#endif
