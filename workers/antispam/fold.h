/*
 * fold.h - words as their reader sees them: text without characters that nobody sees, wide letters as ASCII.
 *
 * Called by rules.c, so that "che<soft hyphen>ap" and wide letters hide no word from rules, and by
 * judge_mail.c and check_body.c for fold_cut(). Pure, linear; text that needs no fold costs one scan. The
 * bytes are hostile and may be no UTF-8: what is none stays as it is.
 */
#ifndef WORKERS_ANTISPAM_FOLD_H
#define WORKERS_ANTISPAM_FOLD_H

#include "common/buf.h"

#include <stdbool.h>

/* Is there anything in it that fold_add() changes? */
bool fold_is_needed(struct view text);
/* Appends the folded text: never more bytes than it had. */
void fold_add(struct buf *to, struct view text);
/* At most `max` bytes of any text, not cut within a character where it is UTF-8. */
struct view fold_cut(struct view text, size_t max);

#endif
