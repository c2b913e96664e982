/*
 * mail_type_part.h - what the files of mail_type.h share: the bytes of the grammar, and the list of values
 * that is being made.
 *
 * Included by mail_type*.c alone. Everything is counted by length; what is gone through is bounded
 * by the caller's view.
 */
#ifndef WORKERS_MAIL_TYPE_PART_H
#define WORKERS_MAIL_TYPE_PART_H

#include "common/buf.h"
#include "workers/mail/mail_type.h"

/* Bytes of a parameter that are looked at: what a value of MAIL_VALUE_MAX needs with each byte escaped. */
#define MAIL_TYPE_RAW_MAX (2 * MAIL_VALUE_MAX + 2)

static inline bool mail_type_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Of a token (RFC 2045, 5.1). */
bool mail_type_is_token(char c);
/* The place of the first byte from `at` on that is no blank. */
size_t mail_type_skip_space(struct view v, size_t at);
/* Behind the comment that begins at `at`; the end when it is open. */
size_t mail_type_skip_comment(struct view v, size_t at);
/* Behind the quoted string that begins at `at`; the end when it is open. */
size_t mail_type_skip_quoted(struct view v, size_t at, bool *open);
/* The next ";" outside of quotes from `at` on, or the end. */
size_t mail_type_segment_end(struct view v, size_t at, bool *open);
/* From `at` to `end`, blanks at the ends cut. */
struct view mail_type_cut(struct view v, size_t at, size_t end);

struct mail_ways {
    struct mail_arena *arena;
    struct view *to;
    unsigned max, n; /* n > max: there were more */
    struct buf made; /* owned: the one that is being put together */
};
/* How bytes are taken over. */
enum {
    MAIL_MAKE_UNESCAPE = 1,       /* a backslash goes, what is behind it stays */
    MAIL_MAKE_NO_QUOTES = 2,      /* quotes go */
    MAIL_MAKE_NO_COMMENTS = 4,    /* comments go */
    MAIL_MAKE_NO_NUL = 8,         /* NUL goes */
    MAIL_MAKE_FOLD_TO_BLANK = 16, /* a fold is one blank; else its line end goes and its blanks stay */
    MAIL_MAKE_TRIMMED = 64,       /* no blanks at the ends */
    MAIL_MAKE_FOLD_TO_NONE = 32,  /* a fold goes with its blanks */
};

/* Adds a view of something that lasts, unless it is there; and without blanks at its ends, and up to a NUL.
 */
void mail_ways_add(struct mail_ways *w, struct view v);
/* Adds `v` made in this way. */
void mail_ways_make(struct mail_ways *w, struct view v, unsigned how);
/* Adds what is in w->made. */
void mail_ways_add_made(struct mail_ways *w);

/* Is it the parameter `name`, or ("name*0") a piece of it? `rest`: what follows the name. */
bool mail_type_is_piece(const struct mail_param *p, struct view name, struct view *rest);
/* The values of RFC 2231 pieces (mail_type_pieces.c). */
void mail_ways_add_pieces(struct mail_ways *w, const struct mail_type *t, struct view name);
/* As RFC 2231 has it, in to; false: there are no pieces from 0 on. `charset`: what is told with it, or empty.
 */
bool mail_type_join(const struct mail_type *t, struct view name, struct buf *to, struct view *charset);

#endif
