/*
 * tag_list.h - lists of "name=value;" as DKIM and DMARC write them (RFC 6376, 3.2; RFC 7489, 6.4).
 *
 * Used for DKIM-Signature fields, key records and DMARC records. One tag after the other, as views into the
 * list; nothing is copied, and each byte is looked at once. The bytes are hostile.
 */
#ifndef WORKERS_ANTISPAM_TAG_LIST_H
#define WORKERS_ANTISPAM_TAG_LIST_H

#include "common/view.h"

#include <stdint.h>

#define TAG_LIST_MAX 100 /* tags that a reader of a list takes */

struct tag_list {
    struct view rest;
};
struct tag {
    struct view name, value; /* without the blanks and line ends around them; the value may be empty */
};

/* 1; 0 at the end; -1: what stands up to the next ";" is no tag, and it is passed over. */
int tag_list_next(struct tag_list *l, struct tag *t);
/* Value of the first tag of that name, in this very case. False: there is none. */
bool tag_list_find(struct view list, const char *name, struct view *value);
/* Without blanks, tabs, CR and LF at both ends. */
struct view tag_list_trim(struct view v);

/* The words of a value with ":" between them, trimmed: "a : b". */
bool tag_list_word(struct view *rest, struct view *word);
/* Is one of the words `wanted`, without regard to case? Counts them. */
unsigned tag_list_count(struct view words, const char *wanted);
/* Whole and decimal, digits only. False: it is none, or has more than `digits_max` (18 at most). */
bool tag_list_number(struct view v, size_t digits_max, uint64_t *to);

#endif
