/*
 * ctl_replay.h - "spoolctl replay": decisions are made again from their records, under the settings of then.
 *
 * Called by spoolctl.c. Changes nothing; as root or the user of spoold.
 */
#ifndef TOOLS_CTL_REPLAY_H
#define TOOLS_CTL_REPLAY_H

#include "spoold/config.h"
#include "tools/ctl_request.h"

struct ctl_replay {
    const char *word; /* the message; NULL with `all` */
    const char *file; /* its bytes, for `full`; NULL: those that spoold has */
    bool all, full;
    unsigned days; /* of the journal, with `all`; 0: every one */
};

/* 0, or EXIT_USAGE_64 with the reason. */
int ctl_replay_parse(struct ctl_words words, struct ctl_replay *o, struct buf *why);
/* 0: the same; EXIT_FINDING: not, or it cannot be told; else with the reason. */
int ctl_replay(const struct config *c, const struct ctl_replay *o, bool json, struct buf *why);
/* ctl_replay_full.c: the checks are made again by a worker, from the record's facts. As ctl_replay(). */
struct ctl_record;
struct replay_record;
int ctl_replay_full(const struct config *then, const struct ctl_record *found, const struct replay_record *r,
                    int fd, struct buf *difference, struct buf *why);

#endif
