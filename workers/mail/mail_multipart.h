/*
 * mail_multipart.h - the delimiters of a multipart (RFC 2046, 5.1.1), and the parts between them in each way
 * in which readers cut it.
 *
 * Called by mail_tree.c. Views into the body; the bytes are hostile. It looks once for all
 * ways; time is one pass over the body.
 */
#ifndef WORKERS_MAIL_MULTIPART_H
#define WORKERS_MAIL_MULTIPART_H

#include "workers/mail/mail_arena.h"
#include "workers/mail/mail_limits.h"

#define MAIL_DELIMITERS_MAX (MAIL_PARTS_MAX + 2)

enum mail_cut {
    MAIL_CUT_USUAL,  /* whole delimiter lines, up to the first that closes */
    MAIL_CUT_BEYOND, /* ... also behind one that closes */
    MAIL_CUT_BEGIN,  /* wherever "--boundary" stands: also within a line, and with something behind it */
    MAIL_CUT__MAX
};
struct mail_delimiter {
    const char *line; /* its first byte */
    const char *rest; /* behind the boundary */
    const char *end;  /* behind its line end */
    bool exact;       /* nothing but blanks stand behind the boundary, or behind its "--" */
    bool close;
};
struct mail_multipart {
    struct view body;
    struct mail_delimiter *delimiter; /* in the arena */
    unsigned n, exact;                /* all; those that are whole lines */
    bool over;                        /* more than MAIL_DELIMITERS_MAX */
    bool inexact;                     /* some is not a whole line */
    bool beyond;                      /* some exact one stands behind one that closes */
};
/* What is between two delimiters, and around them. */
struct mail_segment {
    struct view bytes;
    bool preamble, epilogue;
};

/* Looks for "--boundary", which in the middle of a line is no exact one. `boundary` may be empty. */
void mail_multipart_find(struct mail_arena *a, struct view body, struct view boundary, bool bare_cr,
                         struct mail_multipart *m);
/* Cuts it; answers the number of segments in `*to` (in the arena), the preamble first and the epilogue last
 * where they are not empty. 0: no delimiter. `*closed`: the last delimiter closes. */
unsigned mail_multipart_cut(struct mail_arena *a, const struct mail_multipart *m, enum mail_cut cut,
                            struct mail_segment **to, bool *closed);
/* The boundary that a reader guesses where none is told: the first line that begins with "--" and goes on
 * with more than "-"; empty: none. */
struct view mail_multipart_guess(struct view body);

#endif
