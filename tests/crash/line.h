/*
 * line.h - reads the few members of a journal line that crash tests need.
 *
 * On purpose not the journal's own reader: the oracle must not share code
 * with what it judges. Views point into the caller's buffer.
 */
#ifndef CRASH_LINE_H
#define CRASH_LINE_H

#include "common/view.h"

struct line_event {
    struct view event, id;
    unsigned copy;  /* 1 where the line names none */
    struct view to; /* the list of addresses, as it stands */
};

/* Takes the next whole line off `rest`; false at the end. A line without newline is torn and not given. */
bool line_next(struct view *rest, struct view *line);
/* False when the line is not one whole JSON object with an event and an id. */
bool line_parse(struct line_event *e, struct view line);

#endif
