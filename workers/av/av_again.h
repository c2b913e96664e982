/*
 * av_again.h - bytes of one scan that are scanned once more, with something before them.
 *
 * Called by av_engine_scan.c: libclamav goes by the first bytes of a file, and ignores
 * some types of it altogether; what reads the message afterwards does not. Keeps
 * copies, for a layer lives only as long as its callback, with room before them for
 * what is put there. The bytes are hostile; they are copied and searched only.
 */
#ifndef WORKERS_AV_AGAIN_H
#define WORKERS_AV_AGAIN_H

#include "common/view.h"

#include <stdbool.h>
#include <stdint.h>

#define AV_AGAIN_MAX 16 /* of one scan */

/* How: as data, in which archives are looked for; as a mail; as a mail that is HTML. */
enum { AV_AGAIN_DATA = 1, AV_AGAIN_MAIL = 2, AV_AGAIN_HTML = 4 };

struct av_again_item {
    char *room; /* owned: the bytes stand behind the room */
    size_t n;
    unsigned how;
};
struct av_again {
    uint64_t most, bytes; /* may be kept; are kept */
    unsigned n;
    bool over;      /* there was more than this keeps */
    unsigned whole; /* how all of it is to be scanned once more, by its type; 0: not at all */
    struct av_again_item item[AV_AGAIN_MAX + 2];
};

/* A copy of a layer; beyond the limits none is made and `over` is set. */
void av_again_keep(struct av_again *a, struct view bytes, unsigned how);
/* The same for all of the bytes, for which there is always a place. */
void av_again_keep_whole(struct av_again *a, struct view bytes, unsigned how);
/* The bytes with a NUL byte before them, or with a header line; valid until the next call. */
struct view av_again_as_data(struct av_again *a, unsigned i);
struct view av_again_as_mail(struct av_again *a, unsigned i);
struct view av_again_as_html(struct av_again *a, unsigned i);
/* Could a mail of these bytes have attachments? Else what comes out of it is its text, cut by lines. */
bool av_again_has_parts(struct view bytes);
void av_again_free(struct av_again *a);

#endif
