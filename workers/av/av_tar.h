/*
 * av_tar.h - a look of our own at a tar archive: does libclamav see each member of it?
 *
 * libclamav 1.4 goes by the header alone, knows sizes in octal only, and passes
 * over or misreads what other programs unpack. Called for each layer, beside
 * av_zip.h. Walks the headers as POSIX.1-2017 (pax) and GNU tar lay them out.
 * Hostile input; iterative, no memory of its own, reads within `file` only.
 */
#ifndef WORKERS_AV_TAR_H
#define WORKERS_AV_TAR_H

#include "common/antivirus.h"

#include <stdbool.h>

#define AV_TAR_TEXT_MAX 120

struct av_tar_report {
    bool is_tar;
    /* With content of which libclamav has to make a layer: so many must come out of it. */
    uint64_t members;
    /* EXAMINED: nothing against it; else the worse of: ambiguous, no-unpacker. */
    enum antivirus_why why;
    char text[AV_TAR_TEXT_MAX]; /* "member 3 is a sparse file"; names of members never stand here */
};

/* Looks at any bytes; without a header at their very beginning, known by its checksum or by the mark of POSIX
 * or GNU tar, they are no archive. */
void av_tar_check(struct view file, struct av_tar_report *r);

#endif
