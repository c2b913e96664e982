/*
 * release.h - takes messages out of quarantine again: release and delete (protocol.md section 3).
 *
 * Store thread, called by the quarantine verbs, quarantine_expire.c and recovery.
 * Everything is flushed before a call returns, so that its answer is the truth.
 * A release goes to those recipients only whom the entry still holds.
 */
#ifndef SPOOLD_RELEASE_H
#define SPOOLD_RELEASE_H

#include "spoold/quarantine.h"

#define RELEASE_WHY_MAX 200
#define RELEASE_MAX     999 /* parts of one entry; a number of more digits is understood nowhere */

enum release_end {
    RELEASE_DONE,
    RELEASE_ALREADY, /* it was done before */
    RELEASE_NOTHING, /* there is no such entry */
    RELEASE_REFUSED, /* it can never be done so; `why` says why */
    RELEASE_LATER,   /* it is in work, or the disk failed: to be asked again */
    RELEASE_END__MAX
};

struct release {
    const struct view *rcpt; /* to whom only; borrowed */
    size_t rcpt_n;           /* 0 = to all whom the entry holds */
    /* The answer: */
    size_t released, left;   /* recipients */
    char stem[MSG_NAME_MAX]; /* name in the outlet, without suffix */
    char why[RELEASE_WHY_MAX];
};

/* The original bytes and the original envelope, cut down to those recipients, into the intake's outlet. */
enum release_end release_entry(struct depot *d, const struct quarantine_entry *e, struct release *r);
/* `reason`: for the journal. `why` has room for RELEASE_WHY_MAX. */
enum release_end release_delete(struct depot *d, const struct quarantine_entry *e, const char *reason,
                                char *why);

/*
 * For recovery. `tail` is what stands between BASE and the suffix of an output in proc: the entry's tag, then
 * ".r" or ".rN". release_resume() does what is left of a committed release, release_undo() removes the
 * outputs of one that was not committed (it looks again). True when proc has changed.
 */
bool release_is_committed(struct depot *d, const struct base *b, const char *tail);
bool release_resume(struct depot *d, const struct base *b, const char *tail);
bool release_undo(struct depot *d, const struct base *b, const char *tail);
/* What is left of a release to some (.hdr.part), or a stale .json.rel. 0, or -1: to be tried again. */
int release_mend(struct depot *d, const struct quarantine_entry *e);

#endif
