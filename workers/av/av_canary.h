/*
 * av_canary.h - known answers: EICAR must be found raw, in a ZIP and in a MIME message, and a harmless
 * message be clean.
 *
 * Asked by each child in its own scratch folder, locked down, before it serves:
 * an engine that does not find these has no say in anything. EICAR is put
 * together at run time, so that no scanner takes our own binary for it.
 */
#ifndef WORKERS_AV_CANARY_H
#define WORKERS_AV_CANARY_H

#include "workers/av/av_mail.h"

/* 0, or -1 with what was answered wrongly. */
int av_canary_ask(struct av_engine *e, struct av_mail *m, struct buf *why);
/* The EICAR test file (68 bytes), the same in a ZIP archive and in a MIME message; for tests, too. */
enum av_canary { AV_CANARY_RAW, AV_CANARY_ZIP, AV_CANARY_MIME, AV_CANARY_CLEAN, AV_CANARY__MAX };
void av_canary_make(enum av_canary which, struct buf *to);
/* spoold's own test signatures: writes one file of them into the folder. 0 or -1 with errno. */
int av_canary_write_signatures(const char *dir);

#endif
