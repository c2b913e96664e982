/*
 * av_again.h - bytes of one scan that are scanned once more, with something before them.
 *
 * Called by av_engine.c: libclamav goes by the first bytes of a file, and ignores
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

/* How: as data, in which archives are looked for; as a mail. */
enum { AV_AGAIN_DATA = 1, AV_AGAIN_MAIL = 2 };

struct av_again_item {
    char *room; /* owned: the bytes stand behind the room */
    size_t n;
    unsigned how;
};
struct av_again {
    uint64_t most, bytes; /* may be kept; are kept */
    unsigned n;
    bool over;        /* there was more than this keeps */
    unsigned message; /* how the message itself is to be scanned once more, by its type */
    bool inner;       /* the first scan has come to a layer below the message */
    struct av_again_item item[AV_AGAIN_MAX + 1];
};

/* A copy of a layer; beyond the limits none is made and `over` is set. */
void av_again_keep(struct av_again *a, struct view bytes, unsigned how);
/*
 * The next layer of the first scan: its type by libclamav, its level (0: the message) and how many mails
 * libclamav has begun to read in this scan so far. What a mail begins with decides whether libclamav takes it
 * for one, but with most it finds out later; then nothing is left to be done.
 */
void av_again_see(struct av_again *a, const char *type, uint32_t level, unsigned mails);
/* After the first scan: how the message itself is to be scanned once more; 0: not at all. */
unsigned av_again_of_message(struct av_again *a, unsigned mails);
/* The same for the message itself, for which there is always a place. */
void av_again_keep_message(struct av_again *a, struct view bytes, unsigned how);
/* The bytes with a NUL byte before them, or with a header line; valid until the next call. */
struct view av_again_as_data(struct av_again *a, unsigned i);
struct view av_again_as_mail(struct av_again *a, unsigned i);
/* Could a mail of these bytes have attachments? Else what comes out of it is its text, cut by lines. */
bool av_again_has_parts(struct view bytes);
void av_again_free(struct av_again *a);

#endif
