/*
 * journal_value.h - the JSON values of a journal line, one at a time.
 *
 * For journal_line.c, which reads the form that json.c writes: no blanks
 * between members. Strings are given as views into the line when nothing had to
 * be decoded. An escape up to U+00FF stands for one byte, as json.c wrote it,
 * so every string comes back byte by byte. All functions return 0, or -1 when
 * the line does not go on as it should; the place is then meaningless.
 */
#ifndef SPOOLD_JOURNAL_VALUE_H
#define SPOOLD_JOURNAL_VALUE_H

#include "common/buf.h"

#include <stdint.h>

#define JOURNAL_VALUE_DEPTH_MAX 64 /* nested objects and arrays; one bit each in a uint64_t */

struct journal_value {
    const char *p, *end;
    struct buf *text; /* for decoded strings; reserved for end - p bytes, so that views into it stay good */
};

/* Whether the next byte is `want`; then it is passed. */
bool journal_value_take(struct journal_value *c, char want);
int journal_value_string(struct journal_value *c, struct view *v);
int journal_value_number(struct journal_value *c, uint64_t *v);
/* Any value, by balance of its brackets and quotes only. */
int journal_value_skip(struct journal_value *c);
/* `digits` hex digits at `p`; -1 when one is none. */
int64_t journal_value_hex(const char *p, size_t digits);

#endif
