/*
 * av_examine.h - one message, three answers: clean, infected, unexamined.
 *
 * Called by role_av.c and by its canary. Puts together what the engine, the guard
 * and our own look at archives say; "clean" is given only when none of them has
 * an objection (reliability.md, I7).
 */
#ifndef WORKERS_AV_EXAMINE_H
#define WORKERS_AV_EXAMINE_H

#include "workers/av/av_engine.h"
#include "workers/av/av_guard.h"

struct av_answer {
    enum antivirus_state state;
    enum antivirus_why why;
    char text[WIRE_TEXT_MAX]; /* infected: the name; unexamined: what it was; printable ASCII */
    uint32_t layers;
};

/* Pure: what follows from a scan. */
void av_examine_judge(const struct av_scan *scan, const struct av_guard_report *guard, unsigned without,
                      struct av_answer *a);
/* Scans and judges. */
void av_examine(struct av_engine *e, struct view bytes, struct av_answer *a);

#endif
