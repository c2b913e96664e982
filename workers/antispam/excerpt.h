/*
 * excerpt.h - a short piece of hostile text that may be shown.
 *
 * Used by rules.c and by checks that tell what they found. What is left is valid UTF-8 of one line, without
 * anything that a terminal or a reader's eye could be led astray by.
 */
#ifndef WORKERS_ANTISPAM_EXCERPT_H
#define WORKERS_ANTISPAM_EXCERPT_H

#include "common/buf.h"

/* Adds at most `max` bytes made of `text`: white space is one blank, what is no character or must not be
 * shown is "?"; "..." at the end where it was cut (`max` >= 3). */
void excerpt_add(struct buf *to, struct view text, size_t max);

#endif
