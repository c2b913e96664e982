/*
 * av_engine.h - libclamav, loaded once and shared by all children; <clamav.h> is included by av_engine*.c
 * only.
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
/* What bytes are, for libclamav goes by that, too. */
enum av_how {
    AV_HOW_FILE,    /* a content: whatever libclamav takes it for, a mail in it is read by libclamav */
    AV_HOW_MESSAGE, /* a mail as it came: its parts come as files of their own, so libclamav does not look for
                       them */
    AV_HOW_READ,    /* a text in which messages were looked for already: libclamav does not */
    AV_HOW_HTML,    /* a content of that type: its links are looked at, where the signatures speak of links */
};
/* What all scans of one message may still use together. */
struct av_budget {
    uint64_t begun_ms; /* CLOCK_MONOTONIC */
    uint64_t bytes;    /* were scanned so far; of these antivirus.scan_size is the limit */
    uint32_t files;    /* were looked into; of these antivirus.files is the limit */
};
struct av_order {
    struct view bytes;
    enum av_how how;
    struct av_budget *budget; /* NULL: all of it is this scan's */
};
struct av_budget av_engine_budget(void);
/* Scans bytes in memory, some of them more than once. Never fails: what went wrong is in `to`. */
void av_engine_scan(struct av_engine *e, const struct av_order *order, struct av_scan *to);
unsigned av_engine_without(const struct av_engine *e);
/* Bytes that may be examined of one message. */
uint64_t av_engine_scan_size(const struct av_engine *e);
/* Opened when it was loaded; the engine's. */
struct charset_set *av_engine_charsets(const struct av_engine *e);
/* Takes seconds with a large set: for tests; a worker ends instead. */
void av_engine_free(struct av_engine **e);

#endif
