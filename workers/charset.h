/*
 * charset.h - character sets of mail, opened before the lock-down, and text in them as UTF-8.
 *
 * iconv_open(3) of the C library opens a module when a charset is used first, which
 * a locked-down worker may not do. Opened in the loader, they stay for its children. Names and bytes
 * are hostile; what comes out is always valid UTF-8 and never more than the caller allows.
 */
#ifndef WORKERS_CHARSET_H
#define WORKERS_CHARSET_H

#include "common/buf.h"

struct charset_set;

/* Opens each charset of the table to UTF-8; one that this machine does not have is passed over. Owned by the
 * caller. */
struct charset_set *charset_open_all(void);
/* How many of them this machine has. */
unsigned charset_count(const struct charset_set *set);
/* Closes and frees them; NULL stays NULL. */
void charset_close_all(struct charset_set **set);

/* Is there a charset of that name, written in any usual way? */
bool charset_is_known(const struct charset_set *set, struct view name);
/*
 * Appends `in` as UTF-8, at most `max` bytes and whole characters; bytes that mean nothing become U+FFFD.
 * ISO-8859-1 and US-ASCII are read as Windows-1252, and other old sets as the one that browsers and mail
 * clients take in their place. `set` may be NULL: then UTF-8, US-ASCII, ISO-8859-1 and Windows-1252 alone are
 * known. False: unknown charset, nothing was added.
 */
bool charset_decode(struct charset_set *set, struct view name, struct view in, size_t max, struct buf *to);
/* The same for text whose charset nobody tells: as it stands where it is valid UTF-8, else Windows-1252. */
void charset_guess(struct view in, size_t max, struct buf *to);
bool charset_is_utf8(struct view in);

#endif
