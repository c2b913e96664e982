/*
 * mail_qp.h - quoted-printable (RFC 2045, 6.7), in each way in which readers decode what breaks its rules.
 *
 * Called by mail_leaf.c and mail_word.c. One pass; output is never longer than the input. The bytes are
 * hostile.
 */
#ifndef WORKERS_MAIL_QP_H
#define WORKERS_MAIL_QP_H

#include "common/buf.h"

enum mail_qp_way {
    MAIL_QP_USUAL, /* "=" without two hexadecimal digits stays as it is; blanks at the end of a line are
                      dropped */
    MAIL_QP_DROP,  /* "=" that nothing sensible follows is dropped alone, what follows it stays */
    MAIL_QP_KEEP,  /* as USUAL, blanks at the ends of lines stay */
    MAIL_QP__MAX
};
enum {
    MAIL_QP_BROKEN = 1, /* "=" without two hexadecimal digits or a line end: DROP differs */
    MAIL_QP_BLANKS = 2, /* blanks at the end of a line: KEEP differs */
};

/* Lower case digits count. Appends; answers what was met. */
unsigned mail_qp_decode(struct view in, enum mail_qp_way way, struct buf *to);
/* As mail_base64_other_ways(). */
unsigned mail_qp_other_ways(unsigned met);
/* RFC 2047, 4.2 ("Q"): "_" is a blank. */
void mail_qp_decode_word(struct view in, struct buf *to);

#endif
