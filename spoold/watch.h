/*
 * watch.h - inotify over the intakes (and proc while other programs work there): a hint, never the truth.
 */
#ifndef SPOOLD_WATCH_H
#define SPOOLD_WATCH_H

struct spoold;
struct watch;

/* Adds the watches; the first scan comes after it (reliability.md I11). Without inotify the rescan alone
 * serves. */
struct watch *watch_start(struct spoold *s);
void watch_stop(struct watch **w);
/* Watches the folder of the virus signatures, in the place of the one before; -1: none. */
void watch_signatures(struct watch *w, int dir);
/* -1 when there is no inotify. */
int watch_fd(const struct watch *w);
/* Turns events into names to try; an overflow or a replaced folder into a walk. */
void watch_read(struct watch *w, struct spoold *s);

#endif
