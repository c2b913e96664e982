/*
 * av_stat.h - looking at files without the system call for it, which no locked down child has.
 *
 * sandbox_stat.c answers newfstatat(2) from a signal handler; that is right, but
 * dear: libclamav looks at its temporary files several times for each message. So
 * its stat64(3) and the like come here instead (as in av_guard.h, linked into the
 * program itself) and are answered by the calls that a child does have.
 */
#ifndef WORKERS_AV_STAT_H
#define WORKERS_AV_STAT_H

/* From now on in this process: a child that is about to be locked down. Before, the calls do what they always
 * do. */
void av_stat_stand_in(void);

#endif
