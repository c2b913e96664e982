/*
 * launch.h - starts the launcher, the one process that may start others.
 *
 * Called by main() before root is given up and before there is a thread. From
 * then on spoold neither forks nor executes anything.
 */
#ifndef SPOOLD_LAUNCH_H
#define SPOOLD_LAUNCH_H

/*
 * Starts spoold-launcher and returns the supervisor's end of its link
 * (non-blocking, close-on-exec). The binaries are looked for beside spoold's own
 * (a build tree), then in the folder of the installation. Fatal with the cure on
 * failure.
 */
int launch_start(void);
/* After the link was closed: waits, a few seconds at most, until nothing is left that the launcher had
 * started. */
void launch_wait(void);

/* Its two halves. The folder of the binaries (O_PATH, the caller's), or -1 when neither holds a launcher. */
int launch_find_dir(void);
/* Starts the launcher of that folder, which it gets too. The link, or -1 with errno. */
int launch_start_from(int dir);

#endif
