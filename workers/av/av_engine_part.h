/*
 * av_engine_part.h - what the files av_engine*.c share and nobody else sees: the engine itself.
 *
 * av_engine.c opens and loads it, av_engine_scan.c asks it. Types of libclamav stay
 * in these files.
 */
#ifndef WORKERS_AV_AV_ENGINE_PART_H
#define WORKERS_AV_AV_ENGINE_PART_H

#include "workers/av/av_engine.h"
#include "workers/av/av_layer.h"

#include <clamav.h>

struct av_engine {
    struct cl_engine *cl;
    unsigned without;
    unsigned load_flags;
    struct cl_scan_options options;
    struct av_layer_rules rules;
    uint32_t scan_time_ms;
    struct charset_set *charsets; /* owned */
    bool links;                   /* there may be signatures of links, which are asked of mails only */
};

/* What libclamav says while there is no scan. */
void av_engine_hear(enum cl_msg severity, const char *words);
/* Has libclamav call back during scans. */
void av_engine_listen(struct av_engine *e);

#endif
