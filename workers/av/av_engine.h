/*
 * av_engine.h - libclamav, loaded once and shared by all children; workers/av/av_engine.c is the only file
 * that includes <clamav.h>.
 *
 * The loader opens and loads it, each child settles it in a scratch folder of its
 * own after the fork, av_examine.c asks it. What it says is not believed: it
 * answers "clean" when it could not unpack, had no room for its temporary files,
 * or met a limit. Everything that can prove otherwise is collected in av_scan.
 */
#ifndef WORKERS_AV_ENGINE_H
#define WORKERS_AV_ENGINE_H

#include "common/antivirus.h"
#include "common/wire.h"
#include "workers/av/av_scan.h"

struct av_engine;

/* Proofs that a test can leave out, to show that they are needed; 0 in every worker. */
enum av_without {
    AV_WITHOUT_LIMITS = 1,    /* alerts when a limit was exceeded */
    AV_WITHOUT_WARNINGS = 2,  /* warnings and errors of the engine count */
    AV_WITHOUT_GUARD = 4,     /* failed calls for files and memory count */
    AV_WITHOUT_ZIP = 8,       /* our own look at the directories of archives */
    AV_WITHOUT_UNPACKER = 16, /* archives that nobody can unpack count */
    AV_WITHOUT_ENCRYPTED = 32,
    AV_WITHOUT_CANARY = 64,
    AV_WITHOUT_AGAIN = 128, /* what libclamav took for something else than it may be is scanned once more */
};

/* NULL with the reason. `without`: 0 in every worker. One engine in a process. */
struct av_engine *av_engine_open(const struct antivirus_settings *s, unsigned without, struct buf *why);
/* Loads every signature of a folder (relative paths are fine) and compiles. 0, or -1 with the reason: nothing
 * there, a file that is cut off or broken, not readable for this user. Fills `loaded`. */
int av_engine_load(struct av_engine *e, const char *dir, struct wire_loaded *loaded, struct buf *why);
/* From now on temporary files go there; a path that stays valid. 0 or -1. */
int av_engine_settle(struct av_engine *e, const char *scratch);
/* Scans bytes in memory, some of them more than once; scan_time is for all together. Never fails: what went
 * wrong is in `to`. */
void av_engine_scan(struct av_engine *e, struct view bytes, struct av_scan *to);
unsigned av_engine_without(const struct av_engine *e);
/* Takes seconds with a large set: for tests; a worker ends instead. */
void av_engine_free(struct av_engine **e);

#endif
