/*
 * literals.h - any number of texts looked for in one pass over another one, ASCII letters in either case.
 *
 * Aho-Corasick, used by rules.c. Made in the loader; what a search writes is a mark for each place of the
 * machine, so that each literal is told once a search: memory of the child that searches. Time is linear in
 * the bytes searched and the places of the machine. The texts looked for are the administrator's, the text
 * searched is hostile; bytes beyond ASCII are compared as they are.
 */
#ifndef WORKERS_ANTISPAM_LITERALS_H
#define WORKERS_ANTISPAM_LITERALS_H

#include "common/view.h"

#include <stdint.h>

#define LITERALS_MAX       100000
#define LITERALS_BYTES_MAX (2u << 20) /* of all together: at most 60 MB of memory */

struct literals;
/* Literal `i` ends before `end`, for the first time in this text. */
typedef void literals_fn(void *arg, uint32_t i, size_t end);

/* None of them empty; equal ones may be. NULL: one of the bounds is met. They are not needed afterwards. */
struct literals *literals_open(const struct view *literal, uint32_t n);
void literals_close(struct literals *l);
void literals_find(struct literals *l, struct view text, literals_fn *fn, void *arg);
size_t literals_bytes(const struct literals *l);

#endif
