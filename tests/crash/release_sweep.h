/*
 * release_sweep.h - `sweep --release`: kills in the middle of releases and deletions.
 */
#ifndef CRASH_RELEASE_SWEEP_H
#define CRASH_RELEASE_SWEEP_H

#include "tests/crash/options.h"
#include "tests/crash/disk.h"

/* Works below `dir`. 0 all is well (with a control: it was noticed), 1 else, -1 when tracing is impossible.
 */
int release_sweep(const struct options *o, const struct disk_path *dir);

#endif
