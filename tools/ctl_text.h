/*
 * ctl_text.h - how spoolctl puts what came from mail onto a terminal.
 *
 * Called by the printing half of spoolctl. Everything that leaves through here
 * is harmless to a terminal: no control characters, nothing that reverses or
 * hides text, however hostile the address or file name was. Pure functions on
 * buffers; they never look at the locale.
 */
#ifndef TOOLS_CTL_TEXT_H
#define TOOLS_CTL_TEXT_H

#include "common/buf.h"

#include <stdint.h>

/*
 * Adds `text`, with every byte that is not printable as \xNN. `raw`: characters U+0080 to U+00FF
 * stand for single bytes, as in JSON objects with "raw":true, and are shown so.
 */
void ctl_text_add(struct buf *b, struct view text, bool raw);
/* Columns that printable text takes. */
size_t ctl_text_width(struct view printable);
/* Adds printable text in exactly `width` columns: cut with "..", or filled with blanks. */
void ctl_text_add_cell(struct buf *b, struct view printable, size_t width, bool right);
/* Takes off `rest` what stands in one line of `width` columns: up to a blank where there is one, else as much
 * as fits. */
struct view ctl_text_take_line(struct view *rest, size_t width);
/* "1023", "1.5k", "12M": at most 5 characters up to exabytes. */
void ctl_text_add_size(struct buf *b, int64_t bytes);
/* The last CTL_TEXT_ID characters of an id: enough for every verb, and they sort by time. Cut before
 * escaping, never through an escape. */
#define CTL_TEXT_ID 25
struct view ctl_text_short_id(struct view id);
/* RFC 3339 as "2026-01-02 03:04:05"; anything else as ctl_text_add. */
void ctl_text_add_time(struct buf *b, struct view rfc3339);

#endif
