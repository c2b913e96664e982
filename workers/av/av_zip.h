/*
 * av_zip.h - a look of our own at the directory of a ZIP archive: does libclamav see all of it?
 *
 * libclamav 1.4 passes over members in the zip64 format, cuts members at its limit
 * without a word, and skips methods of compression that it does not know. The
 * directory says what is there (APPNOTE.TXT 6.3.10, sections 4.3 and 4.4).
 * Hostile input; iterative, 16 bytes of memory a member, reads within `file` only.
 */
#ifndef WORKERS_AV_ZIP_H
#define WORKERS_AV_ZIP_H

#include "common/antivirus.h"
#include "common/view.h"

#include <stdbool.h>

#define AV_ZIP_TEXT_MAX 120

struct av_zip_limits {
    uint64_t file_size, scan_size; /* bytes: of one member, of all together */
    uint32_t files;
};
struct av_zip_report {
    bool is_zip;
    uint64_t members;
    /* So many layers must come out of it, or a member was broken and libclamav passed over it. */
    uint64_t layers;
    /* It stands behind other bytes, and the sizes of members behind them: libclamav, which looks for members
     * by their headers there, passes over it; unless it comes out of something as a layer of its own. */
    bool unseen;
    struct view directory; /* within the file; empty when it was not walked to its end */
    /* EXAMINED: nothing against it; else the worst: ambiguous, limit, no-unpacker, encrypted, in this order.
     */
    enum antivirus_why why;
    char text[AV_ZIP_TEXT_MAX]; /* "member 3 is 5000000000 bytes long"; names of members never stand here */
};

/* Looks at any bytes: an archive may stand behind a program or other bytes, only its end counts. */
void av_zip_check(struct view file, const struct av_zip_limits *l, struct av_zip_report *r);

#endif
