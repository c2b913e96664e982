/*
 * whatif_note.h - settings that differ and that results depend on, but that recorded results cannot be
 * changed by: who asks what other settings would do is told their names.
 *
 * For whatif.c. Pure.
 */
#ifndef SPOOLD_WHATIF_NOTE_H
#define SPOOLD_WHATIF_NOTE_H

#include "spoold/config.h"

/* Adds a line "section.key" for each. */
void whatif_note_differences(const struct config *then, const struct config *now, struct buf *to);

#endif
