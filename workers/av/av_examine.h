/*
 * av_examine.h - one file, three answers: clean, infected, unexamined.
 *
 * Called by av_mail.c for a message and for each content of it. Puts together what the engine, the guard
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
void av_examine(struct av_engine *e, const struct av_order *order, struct av_answer *a);
/* Of several scans of one message: a virus stays found, else the worst counts. `all` begins as clean. */
void av_examine_join(struct av_answer *all, const struct av_answer *one);
/* One more objection. */
void av_examine_object(struct av_answer *a, enum antivirus_why why, const char *text);

#endif
