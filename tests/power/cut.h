/*
 * cut.h - one power cut from the first deposit to the verdict.
 *
 * cut_run() needs a mounted volume with a spool on it and leaves it so. What is random about a cut is
 * drawn from the seed into struct cut_draw before it begins; the same draw does not give the same
 * moment twice, because the programs run freely.
 */
#ifndef POWER_CUT_H
#define POWER_CUT_H

#include "tests/power/judge.h"
#include "tests/power/traffic.h"

#include <stdint.h>

struct cut_draw {
    enum volume_mode mode;
    enum traffic_taker taker;
    unsigned messages, width; /* depositors at one time */
    unsigned after, delay;    /* the cut comes so many us after this number of messages was accepted */
    bool burst;               /* spoold stands still until then, and meets all of them at once */
    bool second;              /* another cut while spoold recovers from the first */
    enum volume_mode second_mode;
    unsigned second_delay;
    unsigned syncfs_above;
};

struct cut_draw cut_draw(uint64_t *seed, unsigned messages);
/* An empty spool on a new file system. 0, or -1 where this machine cannot do that; *why says why. */
int cut_new_spool(struct bench *b, const char **why);
void cut_run(struct mail_set *s, struct bench *b, const struct cut_draw *d, struct judge_sum *sum);

#endif
