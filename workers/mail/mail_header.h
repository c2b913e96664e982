/*
 * mail_header.h - one header (RFC 5322, 2.2; RFC 2045, 3): its fields as views with exact byte ranges, and
 * where the body begins.
 *
 * Called by mail_tree.c for the message and for each part. It never fails: what is
 * not as it should be is told in `odd`, and mail_tree.c then asks for the other
 * readings. The bytes are hostile.
 */
#ifndef WORKERS_MAIL_HEADER_H
#define WORKERS_MAIL_HEADER_H

#include "workers/mail/mail_arena.h"

/* What was met. NO_FIELD, BLANKS and MBOX_WITHIN are reasons for another reading, those that end in MAX
 * limits; the others are told. */
enum {
    MAIL_HEADER_NO_FIELD = 1,     /* a line before the empty one is no field and no fold */
    MAIL_HEADER_BLANKS = 2,       /* a line of blanks and tabs only */
    MAIL_HEADER_NO_END = 4,       /* the bytes end within it: no empty line, and the body is empty */
    MAIL_HEADER_BLANK_COLON = 8,  /* blanks between a name and its colon */
    MAIL_HEADER_NUL = 16,         /* within the block or the line behind it that ends it */
    MAIL_HEADER_BARE_CR = 32,     /* a CR that no LF follows, there */
    MAIL_HEADER_FOLD_FIRST = 64,  /* a line before the first field begins with a blank; it belongs to none */
    MAIL_HEADER_MBOX = 128,       /* a "From " or ">From " line stands before the first field */
    MAIL_HEADER_FIELDS_MAX = 256, /* more fields than MAIL_FIELDS_MAX: the further ones are not in `field` */
    MAIL_HEADER_SIZE_MAX = 512,   /* longer than MAIL_HEADER_MAX */
    MAIL_HEADER_LINE_MAX = 1024,  /* a line longer than MAIL_LINE_MAX */
    MAIL_HEADER_MBOX_WITHIN =
        2048, /* ... or behind it: fields were put before the mbox line of a stored mail */
};

/* How a reader finds the end of a header. All agree on a line that is empty. */
enum mail_split {
    /* At the first line that is neither field nor fold; that line belongs to the body already. A line of
     * blanks is a fold. What most readers do. */
    MAIL_SPLIT_USUAL,
    MAIL_SPLIT_SKIP,   /* such a line is passed over, with its folds */
    MAIL_SPLIT_BLANKS, /* USUAL, and a line of blanks counts as empty */
    MAIL_SPLIT_NAMES,  /* a name with blanks before its colon is no field */
    MAIL_SPLIT_MBOX,   /* an mbox line behind a field is no field either; else such lines are passed over */
};

struct mail_field {
    struct view name;  /* as it stands, without blanks before the colon */
    struct view value; /* behind the colon, blanks and line ends cut at both ends; folds inside stay */
    struct view whole; /* from the name to its last line, the line end (where there is one) included */
};
struct mail_header {
    struct mail_field *field; /* in the arena */
    size_t n;
    struct view block; /* all of the header: whole lines, without the empty one */
    struct view body;  /* what is behind the empty line, or behind the header where there is none */
    unsigned odd;
};

/*
 * Reads a header at the begin of `bytes`. Mbox lines before it (mbox(5): "From " or ">From ", no colon
 * behind the blanks) belong to no field. Where no end is found within MAIL_HEADER_MAX bytes, the line that
 * goes beyond them begins the body. A line longer than its limit is read all the same. Time: one pass over
 * the header, and never more than MAIL_HEADER_MAX bytes. Stack: 48 KB, for the list of fields.
 */
void mail_header_parse(struct mail_arena *a, struct view bytes, bool bare_cr, enum mail_split split,
                       struct mail_header *h);
/* The n-th field (0, 1, ...) of that name, without regard to case; NULL: none. */
const struct mail_field *mail_header_find(const struct mail_header *h, struct view name, size_t n);
/* A value with its folds taken out: each CRLF, LF or CR before a blank is dropped (RFC 5322, 2.2.3). A view
 * of the value itself where there is none, else a copy in the arena. */
struct view mail_header_unfold(struct mail_arena *a, struct view value);
/* Does a line begin like a field: printable ASCII without blanks (one byte at least), then a colon? */
bool mail_header_is_field(struct view line);

#endif
