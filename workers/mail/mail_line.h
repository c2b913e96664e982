/*
 * mail_line.h - bytes as lines: each ends with LF or CRLF, and where it is asked for also with a CR alone.
 *
 * Used by the header, multipart and decoder files. Views only, nothing is copied. The
 * bytes are hostile; a line may hold NUL and be as long as the message.
 */
#ifndef WORKERS_MAIL_LINE_H
#define WORKERS_MAIL_LINE_H

#include "common/view.h"

struct mail_lines {
    struct view rest;
    bool bare_cr; /* a CR that no LF follows ends a line, too */
};
struct mail_line {
    struct view text;  /* without its end */
    struct view whole; /* with it; the last line may have none */
};

/* False: no more. */
bool mail_line_next(struct mail_lines *l, struct mail_line *line);

#endif
