/*
 * ctl_link.h - spoolctl's end of the control socket: one request, lines back.
 *
 * Called by spoolctl.c. What spoold answers is input: packets are bounded, lines
 * are whole JSON objects or the answer is refused. Nothing here prints an answer.
 */
#ifndef TOOLS_CTL_LINK_H
#define TOOLS_CTL_LINK_H

#include "common/buf.h"

#include <jansson.h>

#define CTL_LINK_FIRST_MS 10000 /* spoold's loop never waits for a disk: longer means that it is stuck */
#define CTL_LINK_NEXT_MS  60000 /* between two packets; history may have to read old files */

struct ctl_link {
    int fd;
    bool absent;     /* after a failed open: nobody listens, as opposed to no right or no answer */
    bool answering;  /* a first packet has come */
    int patience_ms; /* for the first packet; 0: CTL_LINK_FIRST_MS */
};

/* Each call answers 0 or an exit code with the reason, for a person, added to `why`. */
int ctl_link_open(struct ctl_link *l, const char *root, const char *state, struct buf *why);
int ctl_link_send(struct ctl_link *l, const struct buf *request, struct buf *why);
/*
 * Calls `fn` for each line until the end line; `line` is without newline and `object` borrowed.
 * Answers the end line's code and adds its message to `why` (bytes from spoold: escape them).
 */
int ctl_link_receive(struct ctl_link *l, void (*fn)(struct view line, const json_t *object, void *arg),
                     void *arg, struct buf *why);
void ctl_link_close(struct ctl_link *l);

#endif
