/*
 * av_seen.h - which parts of messages were clean when a child of this loader scanned them, for all its
 * children.
 *
 * Used by role_av.c (the loader's and the child's hooks) and by whoever scans parts.
 * A child is a hostile place as soon as it has read mail, so its word counts only
 * while it lives: each has a table that it alone can write and that is emptied when
 * it has ended. All children read all tables. What is remembered belongs to one set
 * of signatures, because a reload is another loader. It is never needed: where
 * anything of it fails, nothing is remembered, and every part is scanned.
 */
#ifndef WORKERS_AV_AV_SEEN_H
#define WORKERS_AV_AV_SEEN_H

#include "common/buf.h"

#include "workers/sha256.h"

#define AV_SEEN_SLOTS_MAX 128

/* Loader, with its signatures loaded: tables for children with the numbers below `slots`, and away with those
 * there were. Costs a descriptor each, and memory only for what is written. 0, or -1 with the reason: then
 * nothing is remembered, and all other functions may be called all the same. */
int av_seen_open(unsigned slots, struct buf *why);
void av_seen_close(void);
/* Loader: the child that had this number has ended, and its word with it. */
void av_seen_ended(unsigned slot);

/* Child, before its lock-down: takes its table and closes the descriptors of all of them. */
void av_seen_born(unsigned slot);
/* Child, after its canary, which must be answered by scanning: before, nothing is found and nothing added. */
void av_seen_use(void);

/* `how`: the kind of scan, a number of the caller's; what was clean in one is not known in another. Neither
 * makes a system call. */
bool av_seen_has(const unsigned char sha256[SHA256_SIZE], unsigned how);
/* Only what this child has scanned itself and found clean; never what it knows by av_seen_has(). */
void av_seen_add(const unsigned char sha256[SHA256_SIZE], unsigned how);

#endif
