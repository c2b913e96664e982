/*
 * av_scan.h - what is collected during the examination of one message, name by name and word by word.
 *
 * Filled by av_engine_scan.c from libclamav's callbacks, judged by av_examine.c. All
 * words come from libclamav, which speaks of hostile bytes: they are cut and made
 * printable here. It collects only; nothing of it is an answer.
 */
#ifndef WORKERS_AV_SCAN_H
#define WORKERS_AV_SCAN_H

#include "common/antivirus.h"

#define AV_NAME_MAX     200
#define AV_NAMES_MAX    8 /* of one scan; more are counted */
#define AV_WARNINGS_MAX 8 /* different ones of one scan; more are counted */

/* What one scan gave. Names and words are cut, printable ASCII. */
struct av_scan {
    int code; /* of libclamav; -1: it was not asked */
    bool code_clean, code_virus;
    enum antivirus_why code_why; /* what a code that is neither clean nor virus stands for */
    const char *code_text;       /* a constant */
    char name[AV_NAMES_MAX][AV_NAME_MAX];
    unsigned names;
    unsigned warnings; /* different ones, errors among them */
    char warning[AV_WARNINGS_MAX][AV_NAME_MAX];
    uint32_t layers, scans; /* scans: how often libclamav was asked, of the message and of bytes in it */
    enum antivirus_why layer_why; /* found in a layer by us: the worst */
    char layer_text[AV_NAME_MAX];
};

/* Printable ASCII, without the end of the line; NULL is nothing. */
void av_scan_copy_words(char to[AV_NAME_MAX], const char *from);
/* Each different one once. */
void av_scan_add_warning(struct av_scan *scan, const char *words);
void av_scan_add_name(struct av_scan *scan, const char *name);
/* An objection to a layer: the worst is kept. */
void av_scan_object(struct av_scan *scan, enum antivirus_why why, const char *text);
/* Does one of its names begin so? */
bool av_scan_has_name(const struct av_scan *scan, const char *begin);
/* A name that is no heuristic: those may be limits or encryption, and do not tell that there is no virus. */
bool av_scan_has_virus(const struct av_scan *scan);

#endif
