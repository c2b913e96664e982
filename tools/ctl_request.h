/*
 * ctl_request.h - turns spoolctl's words into a request of common/control.h.
 *
 * Called through the verb table in spoolctl.c, one builder per kind of verb.
 * Numbers and unknown options are refused here, so that a typing mistake never
 * reaches spoold; what an ID or an address means is spoold's business.
 */
#ifndef TOOLS_CTL_REQUEST_H
#define TOOLS_CTL_REQUEST_H

#include "common/buf.h"

/* The words after the verb; borrowed from argv. */
struct ctl_words {
    char *const *word;
    size_t n;
};

/*
 * A builder adds the arguments after the verb, which stands in `request` already.
 * 0, or EXIT_USAGE_64 with the reason added to `why`.
 */
typedef int ctl_request_fn(struct ctl_words words, struct buf *request, struct buf *why);
ctl_request_fn ctl_request_none, ctl_request_id, ctl_request_queue, ctl_request_history;

/* The whole request of `show`: one ID, and --parts before or behind it. */
int ctl_request_show(struct ctl_words words, bool *parts, struct buf *request, struct buf *why);

/* An option of a verb. */
struct ctl_flag {
    const char *typed, *key; /* what a person types, what spoold is told */
    const char *fixed;       /* the value of an option that takes none, else NULL */
};
/* Adds these options as key=value; the table ends with a row of NULL. */
int ctl_request_flags(const struct ctl_flag *flags, struct ctl_words words, struct buf *request,
                      struct buf *why);
/* One word and its NUL. 0, or -1: control characters, or the request would be too long. */
int ctl_request_add_word(struct buf *request, const char *key, const char *value);

#endif
