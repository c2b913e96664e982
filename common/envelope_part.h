/*
 * envelope_part.h - how lines and lists of addresses are taken apart: for envelope.c and envelope_redirect.c.
 *
 * Nobody else includes it.
 */
#ifndef COMMON_ENVELOPE_PART_H
#define COMMON_ENVELOPE_PART_H

#include "common/envelope.h"

/* A line without its line end. */
struct view envelope_line_text(struct view line);
/* The next item of a comma-separated list, blanks cut; false at the end. */
bool envelope_cut_item(struct view *list, struct view *item);
/* The address without <> and the blanks around it. */
struct view envelope_strip_brackets(struct view v);

#endif
