/*
 * rewrite_subject.h - text in front of a subject: is it there, and how is it written so that it is seen as
 * meant?
 *
 * Called by the rewriting engine for the first Subject: field of a message. Nothing of the subject itself is
 * changed: the text is put before it. The bytes of the subject are hostile, the text is the supervisor's,
 * checked by common/edit.c.
 */
#ifndef WORKERS_REWRITE_SUBJECT_H
#define WORKERS_REWRITE_SUBJECT_H

#include "workers/rewrite_out.h"

/* Does the value (behind the colon, maybe cut off) begin with the text, as it stands or in encoded words?
 * Blanks count as equal however many they are, but behind the text there must be one, or the end. */
bool rewrite_subject_has(struct view value, struct view text);
/* Writes what goes between the colon and the value: a blank, the text, and a blank where the value has none.
 */
void rewrite_subject_put(struct view text, struct view value, bool crlf, struct rewrite_out *o);

#endif
