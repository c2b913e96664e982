/*
 * mail_type.h - values with parameters: Content-Type and Content-Disposition (RFC 2045, 5; RFC 2183; RFC
 * 2231).
 *
 * Called by mail_shape.c. What a mail client makes of a value that breaks the grammar differs from one to the
 * next, so a parameter is not one value but each that some reader may take. Pure: views and copies
 * in the arena. The bytes are hostile.
 */
#ifndef WORKERS_MAIL_TYPE_H
#define WORKERS_MAIL_TYPE_H

#include "workers/charset.h"
#include "workers/mail/mail_arena.h"
#include "workers/mail/mail_limits.h"

struct mail_param {
    struct view name; /* as it stands, with "*0*" */
    struct view raw;  /* all behind "=" up to the next ";" outside of quotes, blanks at the ends cut */
    bool quoted;      /* raw begins with a quote */
    bool hidden; /* where the grammar has none: within quotes, in a comment, behind a byte that is no blank */
};
struct mail_type {
    struct view type, subtype; /* without blanks and comments; empty where there is none */
    struct view value;         /* what was read: the value, or what an encoded word in its place stands for */
    struct mail_param *param;  /* in the arena; the hidden ones last */
    unsigned n;
    bool over; /* more than MAIL_PARAMS_MAX */
    bool odd;  /* the grammar was broken in a way in which readers differ (no ";" before a parameter, an open
                  quote, an encoded word for a whole value, no subtype, a boundary in pieces ...) */
};

/* `value` may be folded. Never fails: the worst is an empty type. */
void mail_type_parse(struct mail_arena *a, struct view value, struct mail_type *t);
/*
 * Each value that a reader may take for parameter `name`, all different, the most usual first: of each
 * parameter of that name; with RFC 2231 pieces put together and percent-decoded, and the plain one beside
 * them; unquoted with and without escapes; without a comment and with it; up to a blank and beyond it;
 * trimmed and not; before a NUL and as a whole; encoded words decoded. At most `max` (<= MAIL_WAYS_MAX) in
 * `to`; answers how many there are (a number above `max`: there were more). A value of more than
 * MAIL_VALUE_MAX bytes is cut; one may be empty (boundary="").
 */
unsigned mail_type_values(struct mail_arena *a, const struct mail_type *t, struct view name, struct view *to,
                          unsigned max);
/* The most usual value as UTF-8: from the charset that RFC 2231 has with it, encoded words decoded. `set` may
 * be NULL (see charset.h). Empty: none. */
struct view mail_type_text(struct mail_arena *a, const struct mail_type *t, struct view name,
                           struct charset_set *set);
/*
 * The beginning of a value that is not quoted, up to the first byte that RFC 2045 allows in quotes only;
 * empty: the value is quoted or has no such byte. Honest mailers write boundary=a/b=c, so what a strict
 * reader takes ("a") is none of the values above: it counts where lines of the body are such delimiters.
 */
struct view mail_type_strict(const struct mail_type *t, struct view name);

#endif
