/*
 * mail_uu.h - files that are written into text: uuencode (POSIX uuencode(1), both kinds) and yEnc.
 *
 * Called by mail_leaf.c. Finds them line by line, decodes them into a buffer. One pass over ordinary text;
 * files that lie in each other cost a few more, and are bounded. The bytes are hostile.
 */
#ifndef WORKERS_MAIL_UU_H
#define WORKERS_MAIL_UU_H

#include "common/buf.h"

enum mail_uu_kind { MAIL_UU_LINES, MAIL_UU_BASE64, MAIL_UU_YENC, MAIL_UU__MAX };

struct mail_uu {
    struct view rest; /* of the text; begins at the start of a line */
    /* Out: not all was decoded, files lie in each other too often or say too little too briefly. */
    bool over;
    /* Zeroed by the caller, kept between calls. */
    bool begun, whole;   /* whole: the next file is the last one again, to its "end" */
    size_t again, zeros; /* bytes that may still be gone through again; filled in where lines are short */
    const char
        *end[MAIL_UU__MAX];  /* the line that ends a file of that kind, found ahead; NULL: not looked for */
    bool none[MAIL_UU__MAX]; /* ... there is none any more */
};
struct mail_uu_file {
    struct view name;  /* as it stands */
    struct view whole; /* its lines in the text */
    bool cut;          /* its end is missing */
};

/*
 * The next file: appends its bytes to `to`. False: no more. "begin 644 name", "begin-base64 644 name" and
 * "=ybegin" count when the line behind them can be one of such a file, or a line that ends one follows. A
 * file in which readers stop at a line while others go on to its "end" comes twice. What begins within a file
 * is one, too.
 */
bool mail_uu_next(struct mail_uu *u, struct mail_uu_file *file, struct buf *to);
/* A whole body whose encoding says that it is uuencoded, with or without its "begin" line. True: all of it
 * was decoded (see mail_uu.over). */
bool mail_uu_decode(struct view body, struct buf *to);

#endif
