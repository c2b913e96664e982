/*
 * volume.h - a file system in an image file that can lose its power.
 *
 * ext4 (data=ordered) or xfs on a loop device, mounted in a mount namespace of the harness alone, so that
 * nothing is left mounted when the harness ends in any way. The power cut is the shutdown ioctl: from one
 * moment on the file system writes nothing more. VOLUME_KEPT writes the journal out first, but no file data:
 * it shows names whose bytes were never flushed. VOLUME_LOST drops what the journal has not written yet.
 */
#ifndef POWER_VOLUME_H
#define POWER_VOLUME_H

#include "tests/crash/disk.h"

enum volume_mode { VOLUME_KEPT, VOLUME_LOST, VOLUME_MODE__MAX };

struct volume {
    const char *fs; /* "ext4" or "xfs"; borrowed */
    struct disk_path dir, image, at;
    int loop; /* descriptor of the loop device while mounted, else -1 */
    char device[32];
};

/* A mount namespace of our own, with the /proc of our process namespace. NULL, or why that is not possible
 * here, in words. */
const char *volume_enter(void);
/* Names the files below `dir`. False where `fs` is no kind of file system that is known. */
bool volume_init(struct volume *v, const char *fs, const char *dir);
/* A new, empty file system in the image. 0, or -1 when there is no mkfs for it. */
int volume_make(const struct volume *v);
/* 0, or -1 with errno. Runs the recovery of the file system's own journal. */
int volume_mount(struct volume *v);
/* The power cut. `fd`: anything open on the file system. 0, or -1 with errno. */
int volume_cut(int fd, enum volume_mode mode);
/* Waits until no process uses it any more; fatal when that takes too long. */
void volume_unmount(struct volume *v);
/* Copies the image as it is now to DIR/image.cutN, over an older one: by reflink where that is possible, else
 * without its holes. */
void volume_save(const struct volume *v, unsigned n);

#endif
