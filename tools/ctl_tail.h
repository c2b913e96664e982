/*
 * ctl_tail.h - spoolctl tail: what happens to mail, line by line, as it happens.
 *
 * Called by spoolctl.c. Asks spoold again and again for what its journal has
 * got since; a spoold that is restarted meanwhile is waited for. Ends at Ctrl-C
 * with exit code 0, or when nobody reads its output any more.
 */
#ifndef TOOLS_CTL_TAIL_H
#define TOOLS_CTL_TAIL_H

#include "spoold/config.h"
#include "tools/ctl_request.h"

#define CTL_TAIL_MS    500 /* between two questions */
#define CTL_TAIL_LINES 10  /* of the past, unless told otherwise */

/* Looks at the words only: 0 and the number of lines, or EXIT_USAGE_64 with the reason. */
int ctl_tail_parse(struct ctl_words words, unsigned *lines, struct buf *why);
/* An exit code, with the reason added to `why` unless it is 0. */
int ctl_tail(const struct config *c, unsigned lines, bool json, struct buf *why);

#endif
