/*
 * program.h - starts spoold, spooldrop and spoolctl on the file system under test.
 *
 * All get the same settings, by -o; there is no configuration file. With a shim they run without fsync.
 * spoold leads a process group of its own, so that it can be ended together with its launcher and workers, as
 * the power cut ends all of them.
 */
#ifndef POWER_PROGRAM_H
#define POWER_PROGRAM_H

#include "tests/power/volume.h"

#include <sys/types.h>

struct bench {
    struct volume vol;
    struct disk_path root, log; /* the spool on the volume; what spoold says, outside of it */
    const char *bin;            /* folder of the programs */
    const char *shim;           /* NULL: fsync is fsync */
    unsigned syncfs_above;
    pid_t spoold; /* 0: not running */
};

/* Starts bin/NAME with the settings and `words` (NULL at the end); `in` and `out` may be -1. Fatal when it
 * cannot fork. */
pid_t program_start(const struct bench *b, const char *name, const char *const words[], int in, int out);
/* Its exit code; 128 and more for a signal. */
int program_wait(pid_t pid);
pid_t program_spoold_start(const struct bench *b);
/* Starts spoold and waits until it takes messages. 0, or -1 when it ended or did not come up. */
int program_spoold_up(struct bench *b);
/* Kills spoold, its launcher and its workers. */
void program_spoold_kill(struct bench *b);
/* Takes note of the ends of launchers and workers that have lost their spoold; they are children of the
 * harness then. */
void program_reap(void);
/* Ends it in order. Its exit code. */
int program_spoold_stop(struct bench *b);
/* Runs spoolctl; what it prints is added to `to`. Its exit code. */
int program_ask(const struct bench *b, struct buf *to, const char *const words[]);

#endif
