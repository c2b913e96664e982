/*
 * flow_copy.h - the copy of a message with our trace field; until the rewrite worker does it. See
 * flow_copy.c.
 */
#ifndef SPOOLD_FLOW_COPY_H
#define SPOOLD_FLOW_COPY_H

#include "common/view.h"

#include <stdint.h>
#include <time.h>

#define FLOW_TRACE_MAX 700 /* bytes; host <= 255, BASE <= 211, date 31 */

struct flow_trace {
    const char *host;
    const char *id;
    time_t at;
    bool crlf;
};

/* Where the trace field goes in the first bytes of a message, and the line end that is in use there. */
size_t flow_copy_offset(struct view first, bool *crlf);
size_t flow_copy_trace(char *to, size_t size, const struct flow_trace *t);
/* Copies all of `from` (read by offset) to `to`. 0 and the bytes read from `from`, or -1 with errno. */
int flow_copy_message(int from, int to, struct flow_trace *t, uint64_t *copied);
/* The rest of `from`, as it is. 0, or -1 with errno. */
int flow_copy_bytes(int from, int to);

#endif
