/*
 * mail_word.h - encoded words in header fields (RFC 2047), and names in RFC 2231 form, as UTF-8.
 *
 * Called for names of parts, subjects and display names. What cannot be decoded stays as it
 * stands; the result is always valid UTF-8 (what is none becomes U+FFFD). The
 * bytes are hostile.
 */
#ifndef WORKERS_MAIL_WORD_H
#define WORKERS_MAIL_WORD_H

#include "workers/charset.h"
#include "workers/mail/mail_arena.h"

/* An unstructured value: unfolded, encoded words decoded (blanks between two of them dropped, pieces of one
 * multi-byte character in adjacent words of one charset joined), raw 8-bit bytes taken as UTF-8, else as
 * Windows-1252. `set` may be NULL: then UTF-8, US-ASCII, ISO-8859-1 and Windows-1252 alone are known. The
 * result is in the arena or a part of `value`. */
struct view mail_word_decode(struct mail_arena *a, struct charset_set *set, struct view value);
/* Are there encoded words in it at all? Cheap. */
bool mail_word_is_encoded(struct view value);
/* The bytes that the encoded words of a value stand for, without conversion (as a lenient reader of a
 * structured field takes them: boundary="=?utf-8?Q?abc?="). */
struct view mail_word_bytes(struct mail_arena *a, struct view value);

#endif
