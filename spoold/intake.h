/*
 * intake.h - one drop folder as the loop sees it: names to try, a cursor to walk, room to give.
 *
 * inotify is a hint, the directory is the truth (reliability.md I11): a name
 * that an event brings is tried at once; whatever does not fit in the small
 * table of names is found by the walk, which always runs to the end before it
 * starts again. Memory does not grow with the backlog.
 */
#ifndef SPOOLD_INTAKE_H
#define SPOOLD_INTAKE_H

#include "common/view.h"

#include <dirent.h>
#include <stdint.h>

#define INTAKE_HINTS_MAX 1024 /* names that wait to be tried */
#define INTAKE_LATER_MS  2000 /* until the walk that looks for names which could not be remembered */
#define INTAKE_WALK_MAX  4096 /* directory entries read in one task */

struct spoold;

struct intake_hint {
    char *name;  /* owned, without suffix */
    int64_t due; /* monotonic ms */
};

struct intake {
    struct intake_hint hint[INTAKE_HINTS_MAX];
    size_t hint_n;
    bool walk;           /* the cursor has not come to its end yet */
    bool again;          /* start another walk after this one */
    bool busy;           /* a scan task is under way */
    int64_t orphans_due; /* next walk that also looks for halves and strangers */
};

/* A name that may be complete now (delay 0) or after `delay` ms. */
void intake_hint(struct spoold *s, size_t i, struct view name, int64_t delay);
/* Have the whole folder looked through. */
void intake_walk(struct spoold *s, size_t i);
/* Queues scan tasks for intakes that have something to look at, as far as there is room. Returns the next due
 * time. */
int64_t intake_run(struct spoold *s, int64_t now);
/* Whether nothing is left to look at right now. */
bool intake_idle(const struct spoold *s, size_t i);
void intake_fini(struct spoold *s);

#endif
