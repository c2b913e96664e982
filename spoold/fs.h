/*
 * fs.h - what a file system promises about renames at a power failure (protocol.md, top).
 */
#ifndef SPOOLD_FS_H
#define SPOOLD_FS_H

#include "spoold/spool.h"

struct fs_info {
    char type[32]; /* "ext4", "xfs" ... */
    bool journal;
    enum spool_model model;
    char why[160]; /* why it is not safe, in plain words; "" for models A and B */
};

/* Looks at the file system that `fd` stands on. Never fails: what is not known is SPOOL_MODEL_C. */
void fs_probe(int fd, struct fs_info *info);

struct fs_room {
    uint64_t free_bytes,
        free_inodes; /* for an unprivileged user; inodes UINT64_MAX where they are not counted */
};
/* 0 or -1 with errno. */
int fs_room(int fd, struct fs_room *room);

#endif
