/*
 * wildcard.h - patterns with "*" (any bytes, or none) and "?" (one character), which must fit a whole line.
 *
 * Used by rules.c. A pattern is a set of bits, one for each place in it, that is moved on byte by byte: time
 * is linear, a line cannot make it longer, and there is no way back. Opened in the loader, read only
 * afterwards. The text is hostile and taken for UTF-8.
 */
#ifndef WORKERS_ANTISPAM_WILDCARD_H
#define WORKERS_ANTISPAM_WILDCARD_H

#include "common/view.h"

#define WILDCARD_MAX 1000 /* bytes of a pattern */

struct wildcard;

/* At most WILDCARD_MAX bytes. ASCII letters in either case. */
struct wildcard *wildcard_open(struct view pattern);
void wildcard_close(struct wildcard *w);
/* The first line that fits, without blanks at both ends and its line end, which do not count; {NULL, 0}:
 * none. An empty line that fits has p. */
struct view wildcard_find(const struct wildcard *w, struct view text);
/* The longest run of bytes between "*" and "?": what a text that fits must have in it. May be empty. */
struct view wildcard_needle(struct view pattern);

#endif
