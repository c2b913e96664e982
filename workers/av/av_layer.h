/*
 * av_layer.h - a look of our own at each file that libclamav has taken out of a message.
 *
 * Called by av_engine_scan.c for each layer, the message itself included. Holds what
 * av_magic.h, av_zip.h and av_tar.h find in it, and counts the layers: an archive
 * from which not everything came was not examined. What libclamav passes over it
 * passes over without a word. The bytes are hostile and are never kept.
 */
#ifndef WORKERS_AV_LAYER_H
#define WORKERS_AV_LAYER_H

#include "workers/av/av_zip.h"

#include <stdint.h>

#define AV_LAYER_TEXT_MAX 200
#define AV_LAYER_LEAST    6   /* bytes: libclamav makes no layer of less, and there is room for nothing */
#define AV_LAYER_LEVELS   128 /* antivirus.recursion is at most 100 */

/* What holds for all scans. */
struct av_layer_rules {
    struct av_zip_limits zip;
    bool zips, unpackers, encrypted; /* which of the looks are taken */
    bool rar;                        /* libclamav can unpack RAR */
};

struct av_layer {
    const char *type; /* libclamav's name: "CL_TYPE_ZIP" */
    uint32_t level;   /* 0: the message */
    struct view bytes;
};

/* So many layers must come out of an archive. */
struct av_duty {
    uint64_t due, came;
    uint64_t mark; /* which archive it is */
    bool embedded; /* behind other bytes: the same archive may come as a layer, and then the duty is that
                      one's */
    bool unseen;   /* libclamav does not find its members; unless that layer comes */
};

/* Of one scan; zeroed at its begin. */
struct av_layers {
    uint32_t count;
    enum antivirus_why why; /* the worst so far */
    char text[AV_LAYER_TEXT_MAX];
    const char *waiting; /* the last layer was this kind of archive, and none of its members came yet; a
                            constant */
    uint32_t waiting_level;
    const char *member; /* the archive said that a member comes now, and no layer came yet; a constant */
    uint64_t member_size;
    const char *barren; /* an archive of which not everything came; a constant */
    struct av_duty zip[AV_LAYER_LEVELS],
        tar[AV_LAYER_LEVELS]; /* of archives on the way to the present layer */
    uint32_t deepest;         /* level of the last one that is open, + 1 */
};

void av_layer_see(struct av_layers *l, const struct av_layer_rules *rules, const struct av_layer *layer);
/* An archive of this type has a member of this size, which comes as the next layer. */
void av_layer_announce(struct av_layers *l, const struct av_layer_rules *rules, const char *type,
                       uint64_t size);
/* After the last layer. `encrypted`: libclamav said so of some layer, which explains archives without
 * members. */
void av_layer_end(struct av_layers *l, bool encrypted);

#endif
