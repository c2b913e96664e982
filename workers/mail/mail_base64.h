/*
 * mail_base64.h - base64 of mail (RFC 2045, 6.8), in each way in which readers decode what breaks its rules.
 *
 * Called by mail_leaf.c and mail_word.c. One pass, a table; output is at most 3/4 of the input. The bytes are
 * hostile.
 */
#ifndef WORKERS_MAIL_BASE64_H
#define WORKERS_MAIL_BASE64_H

#include "common/buf.h"

enum mail_base64_way {
    MAIL_BASE64_USUAL, /* foreign bytes are skipped (RFC 2045); "=" ends its group, decoding goes on behind it
                        */
    MAIL_BASE64_STOP,  /* ends at the first padding */
    MAIL_BASE64_FLAT,  /* "=" is skipped like a foreign byte: the bits go on without a gap */
    MAIL_BASE64_CUT,   /* ends at the first foreign byte that is no white space */
    MAIL_BASE64_LINES, /* each line is decoded by itself */
    MAIL_BASE64_FULL,  /* ends at the first padding that fills its group; any other "=" is skipped */
    MAIL_BASE64_QUADS, /* "=" is a letter of its group of four, which gives a byte less for each */
    MAIL_BASE64_OTHER, /* as USUAL, in the alphabet of RFC 4648, 5 */
    MAIL_BASE64__MAX
};
/* What was met. Decoding in the usual way tells which other ways give something else. */
enum {
    MAIL_BASE64_INSIDE = 1,  /* padding, and further letters behind it: STOP, FLAT, FULL, QUADS differ */
    MAIL_BASE64_FOREIGN = 2, /* foreign bytes other than white space before the last letter: CUT differs */
    MAIL_BASE64_SHORT = 4,   /* the last group has no padding or a single letter: truncated */
    MAIL_BASE64_UNEVEN = 8,  /* a line whose letters are no multiple of four, not the last: LINES differs */
    MAIL_BASE64_URL = 16,    /* "-" or "_": OTHER differs; foreign in all other ways */
};

/* Appends the bytes of `in`; answers what was met. An incomplete last group gives the bytes that are whole.
 */
unsigned mail_base64_decode(struct view in, enum mail_base64_way way, struct buf *to);
/* Which ways besides the usual one give something else, by what was met: bits 1 << way. */
unsigned mail_base64_other_ways(unsigned met);
/* Neither white space nor a letter of the alphabet nor "=". */
bool mail_base64_is_foreign(char c);

#endif
