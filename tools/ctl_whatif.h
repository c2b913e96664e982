/*
 * ctl_whatif.h - spoolctl whatif: what other settings would have done with the mail of the past days.
 *
 * Called by spoolctl.c, and by ctl_reload.c before new settings are in force. Reads the journal and the kept
 * configurations as files, so it works with and without a running spoold, and changes nothing.
 */
#ifndef TOOLS_CTL_WHATIF_H
#define TOOLS_CTL_WHATIF_H

#include "spoold/config.h"
#include "spoold/whatif.h"
#include "tools/ctl_request.h"

#include <stdio.h>

#define CTL_WHATIF_DAYS     7
#define CTL_WHATIF_DAYS_MAX 3650
#define CTL_WHATIF_LIST     3
#define CTL_WHATIF_LIST_MAX 10000

struct ctl_whatif {
    const char *file; /* of the settings that are tried, as people know it */
    unsigned days, list;
    bool json;
};
/* What a run came to. */
struct ctl_whatif_done {
    struct whatif *whatif; /* owned */
    uint64_t damaged;      /* lines that were passed over */
    double seconds;
};

/* Looks at the words only. 0 or EXIT_USAGE_64. */
int ctl_whatif_parse(struct ctl_words words, struct ctl_whatif *o, struct buf *why);
/* The whole verb: `c` says where the journal is; the file is loaded with these overrides. */
int ctl_whatif(const struct config *c, const struct ctl_whatif *o, const char *const *override, size_t n,
               struct buf *why);
/* Tries `now`. 0, or an exit code with the reason in `why`; the caller calls ctl_whatif_close() after 0. */
int ctl_whatif_run(const struct config *c, const struct config *now, const struct ctl_whatif *o,
                   struct ctl_whatif_done *to, struct buf *why);
void ctl_whatif_close(struct ctl_whatif_done *d);

/* ctl_whatif_print.c: for people, or as one line of JSON. */
void ctl_whatif_print(FILE *to, const struct ctl_whatif *o, const struct ctl_whatif_done *d);

#endif
